"""The small language of texts: it shows values, leaves out what has none, and can do nothing else."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.wording import LONGEST, BadWording, TooLong, fill, names_in, parse

NAMES = {"name", "total", "link"}
VALUES = {"name": "Rosa", "total": "$349.50", "link": ""}


def said(text):
    return fill(parse(text, names=NAMES), VALUES)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Hola {{ name }}, {{total}}.", "Hola Rosa, $349.50."),
        ("{% if link %}Pay: {{ link }}{% else %}Call us{% endif %}.", "Call us."),
        ("{% if not link %}none{% endif %}{% if total %}{% if name %}both{% endif %}{% endif %}", "noneboth"),
        ("A brace } and { and 50 % stay.", "A brace } and { and 50 % stay."),
    ],
)
def test_values_are_shown_and_what_has_none_is_left_out(text, result):
    assert said(text) == result


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("one\ntwo {{ nmae }}", 2, "“nmae”. Did you mean “name”"),
        ("{{ shoe }}", 1, "no variable “shoe”"),
        ("{{ name.__class__.__mro__ }}", 1, "no dots"),
        ("{{ name|safe }}", 1, "no dots, calls or filters"),
        ("{{ ''.join(name) }}", 1, "no dots, calls or filters"),
        ("a\n\n{{ name", 3, "not closed by “}}”"),
        ("{{ name }", 1, "not closed"),
        ("{{ name\n}}", 1, "not closed"),
        ("name }}", 1, "closes or begins nothing"),
        ("{# note #}", 1, "closes or begins nothing"),
        ("x\n{% if name %}y\nz", 2, "no “endif”"),
        ("{% endif %}", 1, "without an “if”"),
        ("{% if name %}{% else %}{% else %}{% endif %}", 1, "without an “if”"),
        ("{% load static %}", 1, "only “if”"),
        ("{% for x in name %}{% endfor %}", 1, "only “if”"),
        ("{% if name == 'x' %}{% endif %}", 1, "only “if”"),
        ("{% if secret_key %}{% endif %}", 1, "“secret_key”"),
        ("{% if name %}" * 6 + "{% endif %}" * 6, 1, "Too many conditions"),
        ("{{ }}", 1, "not the name"),
        ("{{ {{ name }} }}", 1, "not closed"),
    ],
)
def test_what_is_not_possible_is_named_with_its_line(text, line, words):
    with pytest.raises(BadWording) as caught:
        parse(text, names=NAMES)
    assert caught.value.line == line
    assert words in str(caught.value)
    assert f"Line {line}" in str(caught.value)


def test_a_megabyte_is_refused_before_it_is_read():
    with pytest.raises(BadWording, match="1048576 characters"):
        parse("{{" * (1 << 19), names=NAMES)
    # The control: the same, short enough to be read, is refused for what it is.
    with pytest.raises(BadWording, match="not closed"):
        parse("{{" * (LONGEST // 2), names=NAMES)


def test_what_values_make_too_long_is_not_made():
    pieces = parse("{{ name }}" * 1000, names=NAMES)
    with pytest.raises(TooLong):
        fill(pieces, {"name": "x" * 101})
    assert len(fill(pieces, {"name": "x" * 100})) == 100_000


def test_a_value_is_never_read_as_a_text_of_its_own():
    assert fill(parse("{{ name }}", names=NAMES), {"name": "{{ total }}{% if x %}"}) == "{{ total }}{% if x %}"


PARTS = ["{{", "}}", "{%", "%}", " ", "name", "if", "endif", "else", "\n", "x", "{", "%", "}"]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(PARTS), max_size=30).map("".join))
def test_whatever_is_typed_is_understood_or_refused(text):
    try:
        pieces = parse(text, names=NAMES)
    except BadWording as error:
        assert 0 <= error.line <= text.count("\n") + 1  # noqa: PT017 - whether it is raised is what is open
    else:
        assert names_in(pieces) <= NAMES
        assert isinstance(fill(pieces, VALUES), str)
