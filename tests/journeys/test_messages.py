"""Messages as people meet them: a gateway, own words, many written to, and a customer who wants no news."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lab.carriers import FAULTS, Call, CarrierLab, Reply
from tests.journeys.conftest import PHONE, at_rest, sign_in_subscriber

KEY = "the-right-key"
EMOJI = "😀"
TITLE = "Výpadek v Letohradu"


@pytest.fixture
def gateway() -> Iterator[CarrierLab]:
    """An SMS gateway on loopback that knows one key."""
    lab = CarrierLab()

    def answer(call: Call) -> Reply:
        return lab.take(call) if KEY in (call.query.get("key"), call.form.get("key")) else FAULTS["keys"]

    lab.answer = answer
    lab.start()
    yield lab
    lab.stop()


def test_from_a_gateway_to_a_customer_who_wants_no_news(
    isp: dict[str, Any],
    office: Page,
    gateway: CarrierLab,
    visit: Callable[..., Page],
    picture: Callable[[Page, str], None],
) -> None:
    home, portal, who = isp["dashboard"][1], isp["portal"][0], isp["subscribers"][0]
    connect(office, home, gateway, picture)
    change_the_words(office, home, picture)
    meant = write_to_a_zone(office, home, gateway, picture)

    office.goto(f"{home}messages/portal/new/?kind=outage")
    office.fill("[name=title]", TITLE)
    office.locator("[name=is_urgent]").check()
    office.locator("#content form button.btn-primary").click()
    expect(office.get_by_text(TITLE).first).to_be_visible()
    phone = visit(size=PHONE, dark=True)
    phone.goto(f"{portal}sign-in/")
    expect(phone.get_by_text(TITLE).first).to_be_visible()
    sign_in_subscriber(phone, portal, who["username"], who["password"])
    phone.goto(portal)
    told = phone.locator(".alert", has_text=TITLE).first
    expect(told).to_be_visible()
    picture(phone, "portal-outage-phone-dark")
    expect(told.get_by_role("button")).to_have_count(0)  # what is urgent stays as long as it is true
    phone.goto(f"{portal}account/messages/")
    phone.locator("[name=news][value=sms]").focus()
    phone.keyboard.press("Space")
    picture(phone, "portal-preferences-phone-dark")
    phone.keyboard.press("Enter")
    expect(phone.locator(".alert-success").first).to_be_visible()

    draft(office, home, "Nothing but news")
    expect(office.locator("main")).to_contain_text(re.compile(rf"\b{meant - 1} customers? will be written to"))
    expect(office.locator("main")).to_contain_text("1 left out: wants no messages of this kind")


def connect(office: Page, home: str, gateway: CarrierLab, picture: Callable[[Page, str], None]) -> None:
    """The demo's own gateway goes; another one refuses the keys once and then takes them. At any hour it may send."""
    office.goto(f"{home}settings/rules/")
    office.fill("[name=begins]", "")
    office.fill("[name=ends]", "")
    office.locator("form:has([name=begins]) button.btn-primary").click()
    at_rest(office)
    office.goto(f"{home}settings/channels/http_sms/")
    if office.locator("form[action$='/disconnect/']").count():
        office.locator("form[action$='/disconnect/'] button").click()
        office.wait_for_url(f"{home}settings/channels/")
        office.goto(f"{home}settings/channels/http_sms/")
    form = office.locator("form:has([name=url])")
    office.fill("[name=url]", f"{gateway.url}/send")
    office.fill("[name=parameters]", "to={number}\ntext={text}\nkey={secret}")
    office.fill("[name=secret]", "the-wrong-key")
    office.fill("[name=sender]", "Podhori")
    office.fill("[name=success]", "status=ok")
    office.fill("[name=number_at]", "id")
    office.fill("[name=balance_url]", gateway.url + "/balance?key={secret}")
    form.locator("button.btn-primary").click()
    mistake = form.locator(".is-invalid, .alert-danger").first
    expect(mistake).to_be_in_viewport()
    expect(form).to_contain_text("does not know these keys")
    expect(office.locator("[name=url]")).to_have_value(f"{gateway.url}/send")
    office.fill("[name=secret]", KEY)
    office.keyboard.press("Enter")
    expect(office.locator(".alert-success").first).to_contain_text("in use")
    office.fill("[name=price]", "1.50")
    office.keyboard.press("Enter")
    expect(office.locator(".alert-success").first).to_contain_text("Saved")
    office.goto(f"{home}settings/channels/")
    picture(office, "channels")


def change_the_words(office: Page, home: str, picture: Callable[[Page, str], None]) -> None:
    """A reminder in Spanish: a mistake is told at its field, a customer's own values are shown, and it is kept."""
    page = f"{home}settings/texts/billing-reminder/?medium=email&language=es"
    office.goto(page)
    office.fill("[name=subject]", "Por pagar: {{ total }}")
    office.fill("[name=text]", "Hola, {{ nombre }}:\n\n{{ debts }}\n\n{{ link }}")
    office.fill("[name=customer]", "1001")
    office.keyboard.press("Enter")
    field = office.locator("[name=text]")
    expect(field).to_be_focused()
    expect(office.locator("#text-form")).to_contain_text("Line 1: There is no variable “nombre”")
    expect(field).to_have_value(re.compile("nombre"))
    expect(office.locator("[name=subject]")).to_have_value("Por pagar: {{ total }}")
    field.fill("Hola, ")
    office.locator("[data-insert='{{ name }}']").click()
    office.keyboard.type(":\n\n{{ debts }}\n\n{{ link }}")
    office.locator("[name=customer]").focus()
    office.keyboard.press("Enter")
    expect(office.locator("#preview")).to_contain_text("customer 1001")
    expect(office.locator("#preview")).to_contain_text("Hola, Milada:")
    picture(office, "text-preview")
    office.locator("#text-form button.btn-primary").click()
    expect(office.locator(".alert-success").first).to_contain_text("Saved")
    expect(office.locator("[name=text]")).to_have_value(re.compile(r"^Hola, \{\{ name \}\}:"))


def draft(office: Page, home: str, text: str) -> None:
    """News by SMS to the zone of the customer of this story, as far as the page that says what it comes to."""
    office.goto(f"{home}messages/many/new/")
    office.select_option("[name=audience]", "zone")
    office.select_option("[name=zone]", label="Letohrad")
    office.select_option("[name=medium]", "sms")
    office.select_option("[name=kind]", "news")
    office.fill("[name=text]", text)
    office.locator("#content form button.btn-primary").first.click()
    office.wait_for_url(re.compile("/many/[0-9a-f-]{36}/$"))


def write_to_a_zone(office: Page, home: str, gateway: CarrierLab, picture: Callable[[Page, str], None]) -> int:
    """What it comes to is said before, and how far it is while it runs. How many were written to."""
    draft(office, home, f"Nova kancelar {EMOJI}")
    page = office.locator("main")
    meant = int(re.search(r"(\d+) customers? will be written to", page.inner_text()).group(1))
    assert meant > 0
    expect(page).to_contain_text("70 characters a segment")
    expect(page).to_contain_text("U+1F600")
    price = f"{meant * 1.5:.2f}".replace(".", ",")
    expect(page).to_contain_text(f"{price} CZK")
    picture(office, "sending-forecast")
    office.locator("button[value=start]").click()
    expect(page.get_by_text("done", exact=True).first).to_be_visible(timeout=30_000)
    for _ in range(60):
        texts = [call.form.get("text") for call in gateway.calls if call.path == "/send"]
        if len(texts) == meant:
            break
        office.wait_for_timeout(250)
    assert texts == [f"Nova kancelar {EMOJI}"] * meant
    picture(office, "sending-done")
    office.get_by_role("link", name="Its messages").click()
    at_rest(office)
    rows = office.locator("main tbody tr")
    expect(rows).to_have_count(meant)
    for _ in range(40):
        if rows.get_by_text("sent", exact=True).count() == meant:
            break
        office.wait_for_timeout(250)
        office.reload()
    expect(rows.get_by_text("sent", exact=True)).to_have_count(meant)
    rows.first.locator("a").first.click()
    at_rest(office)
    expect(page).to_contain_text(f"Nova kancelar {EMOJI}")
    expect(page).to_contain_text("1,50 CZK")
    return meant
