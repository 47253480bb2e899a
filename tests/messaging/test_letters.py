"""Built-in mails as HTML: the same words, the company's look, and nothing of what people typed as HTML."""

import html
import re
from html.parser import HTMLParser

import pytest
from django.utils import translation

from company.models import Branding, Profile
from messaging.models import Medium
from messaging.occasions import EVENTS
from messaging.plain_letters import body_of
from messaging.reader import Reader, Values, current_isp
from messaging.texts import built_in, words_for

LINK = "https://mega.example/pay/1"
VOID = {"meta", "br", "img"}


class _Balance(HTMLParser):
    """Each tag is closed in its order."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def said(text):
    """The words of an HTML text."""
    plain = re.sub(r"<style>.*?</style>|<title>.*?</title>|<!--.*?-->", " ", text, flags=re.S)
    return html.unescape(re.sub(r"<[^>]+>", " ", plain))


def sample_of(event, **more):
    reader = Reader(current_isp())
    return event.sample(reader) | more, reader


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", list(EVENTS))
def test_each_says_in_html_what_its_text_says(in_isp, name, language):
    Profile.objects.create(pk=1, display_name="Mega", phone="+525512345678", email="hola@mega.example")
    with translation.override(language):
        context, reader = sample_of(EVENTS[name])
        words = built_in(EVENTS[name], Medium.EMAIL, context=context, reader=reader)
        values = Values(EVENTS[name].named, context, reader)
        links = [values[each.name] for each in EVENTS[name].variables if each.is_link]
    shown = " ".join(said(words.html).split())
    for line in words.text.splitlines():
        pieces = line.removeprefix("- ").split(": ", 1) if not line.startswith("http") else [line]
        assert all(" ".join(piece.split()).rstrip(":") in shown for piece in pieces), line
    assert f'lang="{language}"' in words.html
    for link in filter(None, links):
        assert words.html.count(f'href="{html.escape(link)}"') == (1 if link in words.text else 0)
    parser = _Balance()
    parser.feed(words.html)
    assert parser.open == []
    assert len(words.html) < 10_000


def test_it_has_the_companys_look_and_loads_nothing_from_others(in_isp):
    Profile.objects.create(pk=1, display_name="Mega & Co", phone="+525512345678")
    Branding.objects.create(pk=1, colour="#7a1fa2")
    event = EVENTS["billing/reminder"]
    context, _reader = sample_of(event, link=LINK)
    words = words_for(event, Medium.EMAIL, language="es-mx", context=context)
    assert "background:#7a1fa2" in words.html
    assert "Mega &amp; Co" in words.html
    assert "tel:+525512345678" in words.html
    assert "prefers-color-scheme: dark" in words.html
    assert not re.findall(r"<script|<img|<link|url\(|@import", words.html)
    assert LINK in words.text


def test_what_people_typed_is_text(in_isp):
    evil = '<img src=x onerror=alert(1)>"\n\nhttps://evil.example/\n\n- https://evil.example/'
    event = EVENTS["payments/report_rejected"]
    context, _reader = sample_of(event, reason=evil, name="*Ana* <b>")
    words = words_for(event, Medium.EMAIL, language="en", context=context)
    assert "<img" not in words.html
    assert 'href="https://evil' not in words.html
    assert "*Ana* &lt;b&gt;" in words.html


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x"])
def test_only_addresses_of_pages_become_buttons(in_isp, link):
    context, _reader = sample_of(EVENTS["billing/reminder"], link=link)
    words = words_for(EVENTS["billing/reminder"], Medium.EMAIL, language="en", context=context)
    assert f'href="{link}"' not in words.html


def test_the_shapes_of_a_text():
    text = "Hello,\n\nsee:\n- one\n- two\nDate: 1 May\nAmount: $5\n\nNote: alone\nhttps://a.example/\nhttps://b.example/\nMega"
    made = body_of(text, links={"https://a.example/"}, action="Pay", signature={"Mega"})
    assert "<ul><li>one</li><li>two</li></ul>" in made
    assert '<tr><th scope="row">Date</th><td>1 May</td></tr>' in made
    assert "<p>Note: alone</p>" in made
    assert '<a class="button" href="https://a.example/">Pay</a>' in made
    assert "<p>https://b.example/</p>" in made
    assert "Mega" not in made
