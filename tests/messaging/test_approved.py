"""Approved texts of WhatsApp: what can be sent, where their buttons lead, and how they read."""

import pytest

from messaging.approved import CannotFill, Template, filled, origin_of
from messaging.approved_texts import samples_of
from messaging.channels.whatsapp.templates import components
from messaging.chat_marks import without_marks
from messaging.events.many import INFORMATION
from messaging.hole_forms import checked
from messaging.models import Message
from messaging.occasions import EVENTS
from messaging.wording import BadWording

REMINDER, LOGIN = EVENTS["billing/reminder"], EVENTS["portal/auto_login"]
HERE = ["https://clientes.mega.example", "https://mega.lastmile.example"]
PAY = {"kind": "url", "title": "Pagar", "address": "https://clientes.mega.example/{{1}}"}
DUE = {
    "name": "due",
    "language": "es_MX",
    "state": "approved",
    "header": "Factura {{1}}",
    "text": "Hola {{1}}, debe {{2}}.",
    "footer": "Mega",
    "buttons": [{"kind": "quick_reply", "title": "Ya pagué"}, PAY],
}
SAID = {"header:1": "{{ invoices }}", "body:1": "{{ name }}", "body:2": "{{ total }}", "url:1": "{{ link }}"}
VALUES = {
    "name": "Ana *",
    "total": "349",
    "invoices": "A-2041",
    "link": "https://mega.lastmile.example/notice/s/gAAA_b-/",
    "debts": "- A-2041\n- A-2042",
    "situation": "",
}


def template(**changed):
    return Template.of(DUE | changed)


def fill(holes=SAID, values=VALUES, origins=HERE, event=REMINDER, **changed):
    return filled(template(**changed), holes, event=event, values=values, origins=origins)


def with_button(address):
    return {"buttons": [PAY | {"address": address}]}


def test_all_parts_are_filled_and_all_of_it_is_kept_as_it_is_read():
    found = fill()
    assert found.bubble.plain == (
        "Factura A-2041\n\nHola Ana *, debe 349.\n\nMega\n\n"
        "[Ya pagué]\n[Pagar] https://clientes.mega.example/notice/s/gAAA_b-/"
    )
    assert found.data["holes"]["url:1"] == "notice/s/gAAA_b-/"
    assert found.data["shown"]["buttons"][1]["address"] == "https://clientes.mega.example/notice/s/gAAA_b-/"
    assert [part["type"] for part in components(found.data["holes"])] == ["header", "body", "button"]


def test_no_place_stays_empty_has_lines_or_is_longer_than_meta_takes_it():
    holes = SAID | {"body:1": "{{ situation }}", "body:2": "{{ debts }}"}
    assert fill(holes).bubble.text == "Hola -, debe - A-2041 - A-2042."
    long = VALUES | {"invoices": "A-2041, " * 20, "total": "9" * 2000, "name": VALUES["link"] + "x" * 200}
    found = fill(values=long).bubble
    assert (len(found.header), len(found.text)) == (60, 1024)
    assert found.header.endswith("…")
    assert long["name"] in found.text  # a link is not cut


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"obstacle": "header:document"}, "a document"),
        ({"obstacle": "code"}, "one-time codes"),
        ({"obstacle": "button:voice_call"}, "voice call"),
        ({"text": "Hola {{1}} {{3}}"}, "numbered"),
        ({"text": "Hola {{name}} {{1}}"}, "numbered"),
        ({"header": "{{1}} {{2}}"}, "numbered"),
        ({"text": ""}, "no text"),
        ({"name": "x" * 130}, "too long"),
        (
            with_button("https://pay.example/{{1}}"),
            "not of your portal. It has to begin with https://clientes.mega.example/",
        ),
        (with_button("https://clientes.mega.example{{1}}"), "not of your portal"),
        (with_button("https://clientes.mega.example.evil.example/{{1}}"), "not of your portal"),
        (with_button("https://clientes.mega.example@evil.example/{{1}}"), "not of your portal"),
        (with_button("https://clientes.mega.example:8443/{{1}}"), "not of your portal"),
        (with_button("http://clientes.mega.example/{{1}}"), "not of your portal"),
        (with_button("{{1}}"), "not of your portal"),
        (with_button("https://clientes.mega.example/go?next={{1}}"), "not of your portal"),
        (with_button("https://clientes.mega.example/{{1}}/x"), "does not stand at its end"),
    ],
)
def test_what_cannot_be_sent_says_why(in_isp, changed, says):
    assert says in template(**changed).obstacle(HERE)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"header": "", "text": "Hola {{first_name}}, {{amount}}"},
        {"header": "{{who}}", "text": "Hola"},
        with_button("https://CLIENTES.mega.example/notice/s/{{1}}"),
        with_button("https://wa.example/fixed"),
        {"buttons": [{"kind": "phone", "title": "Llamar", "address": "+52"}]},
    ],
)
def test_what_can_be_sent_has_no_obstacle(changed):
    assert template(**changed).obstacle(HERE) == ""


@pytest.mark.parametrize(
    "link",
    ["", "https://evil.example/notice/s/a/", "//evil.example/a", "https://clientes.mega.example@evil.example/a", "/a"],
)
def test_a_button_leads_nowhere_but_to_the_portal(in_isp, link):
    with pytest.raises(CannotFill):
        fill(values=VALUES | {"link": link})


def test_a_domain_that_is_gone_is_not_linked_to_any_more(in_isp):
    assert template().obstacle(HERE[1:])
    with pytest.raises(CannotFill):
        fill(origins=["https://new.mega.example"])


def test_an_origin_is_whole_or_nothing():
    assert origin_of("https://clientes.Señal.example:8443/x") == "https://clientes.xn--seal-hqa.example:8443"
    none = ("javascript:alert(1)", "https://a b/", "https://[::1/", "https://a\\b/", "https://a.example:x/")
    assert {origin_of(each) for each in none} == {""}


@pytest.mark.parametrize(
    ("place", "text", "event", "says"),
    [
        ("header:1", "{{ autologin_url }}", INFORMATION, "lets somebody in"),
        ("copy_code:0", "{{ autologin_url }}", INFORMATION, "lets somebody in"),
        ("copy_code:0", "10 %", INFORMATION, "letters and digits alone"),
        ("body:1", "{{ nmae }}", INFORMATION, "Did you mean"),
        ("body:1", "  ", INFORMATION, "Say what stands here"),
        ("url:1", "{{ name }}", INFORMATION, "Choose where the button leads"),
        ("url:1", "{{ pay_url }}{{ name }}", INFORMATION, "Choose where the button leads"),
        ("url:1", "https://evil.example/", INFORMATION, "Choose where the button leads"),
        ("url:1", "", INFORMATION, "Choose where the button leads"),
        ("url:1", "{{ link }}", EVENTS["payments/report_rejected"], "No link of this message"),
        ("url:1", "{{ name }}", EVENTS["preinstall/received"], "No link of this message"),
    ],
)
def test_what_may_not_stand_in_a_place_is_refused_with_the_reason(in_isp, place, text, event, says):
    (hole,) = [each for each in _holes() if each.place == place]
    with pytest.raises(Exception, match=says):
        checked(hole, text, event, samples_of(event))


def _holes():
    code = {"kind": "copy_code", "title": "Copiar"}
    return [*template().holes, *template(header="", text="x", buttons=[code]).holes]


def test_a_button_takes_the_links_of_a_message_that_begin_as_it_does(in_isp):
    anywhere = template().holes[-1]
    pay = template(**with_button(PAY["address"].replace("{{1}}", "notice/s/{{1}}"))).holes[-1]
    assert checked(anywhere, "{{ autologin_url }}", INFORMATION, samples_of(INFORMATION))
    assert checked(pay, "{{ pay_url }}", INFORMATION, samples_of(INFORMATION)) == "{{ pay_url }}"
    with pytest.raises(Exception, match="Choose"):
        checked(pay, "{{ autologin_url }}", INFORMATION, samples_of(INFORMATION))
    assert checked(anywhere, "{{link}}", LOGIN, samples_of(LOGIN))


def test_bad_wording_in_a_place_is_no_message(in_isp):
    with pytest.raises(BadWording):
        fill(SAID | {"body:1": "{{ gone }}"})


def test_titles_have_no_marks_and_what_is_no_mark_stays():
    assert without_marks("Debe *$1* _ya_, 2*3*4 y ~no~ ```x```, a_b_c") == "Debe $1 ya, 2*3*4 y no x, a_b_c"
    message = Message(medium="whatsapp", text="Debe *$1*\nya")
    assert message.headline == "Debe $1 ya"
    message.medium = "sms"
    assert message.headline == "Debe *$1* ya"
