"""Which short names an ISP may have."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from tenants import slugs


@pytest.mark.parametrize("slug", ["abc", "wispmega", "fibra-sur", "net4you", "a" * 40])
def test_good_ones(slug):
    slugs.check(slug)
    assert slugs.is_allowed(slug)


@pytest.mark.parametrize(
    ("slug", "code"),
    [
        ("ab", "form"),
        ("a" * 41, "form"),
        ("4net", "form"),
        ("-net", "form"),
        ("net-", "form"),
        ("net--x", "form"),
        ("Net", "form"),
        ("señal", "form"),
        ("a.b", "form"),
        ("xn--abc", "form"),
        ("", "form"),
        ("app", "reserved"),
        ("portal", "reserved"),
        ("p0rtal", "reserved"),
        ("porta1", "reserved"),
        ("adrnin", "reserved"),
        ("sign-in", "reserved"),
        ("signin", "reserved"),
        ("console", "reserved"),
    ],
)
def test_refused_ones(slug, code):
    with pytest.raises(ValidationError) as refusal:
        slugs.check(slug)
    assert refusal.value.code == code
    assert not slugs.is_allowed(slug)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("wispmega", "wlspmega"),
        ("wispmega", "vvispmega"),
        ("modem", "rnodern"),
        ("fibra-sur", "fibrasur"),
        ("d1", "cll"),
    ],
)
def test_lookalikes_share_a_skeleton(one, other):
    assert slugs.skeleton(one) == slugs.skeleton(other)


def test_different_names_do_not():
    assert len({slugs.skeleton(slug) for slug in ("wispmega", "wispmego", "fibrandina", "podhori")}) == 4


@pytest.mark.parametrize(
    ("company", "slug"),
    [("Fibra Sur S.A.", "fibra-sur-s-a"), ("Podhoří Net", "podhori-net"), ("42", ""), ("ИП", ""), ("A&B", "a-b")],
)
def test_suggestions(company, slug):
    assert slugs.suggest(company) == slug


@given(st.text(max_size=120))
def test_a_suggestion_always_has_the_right_form(company):
    slug = slugs.suggest(company)
    assert not slug or (slugs.SLUG.fullmatch(slug) and "--" not in slug)
