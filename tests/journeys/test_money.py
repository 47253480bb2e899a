"""Money as people meet it: a report approved by keyboard, a suspension from its list to a promise, a bank statement."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, at_rest, sign_in_subscriber
from tests.journeys.test_install_request import photo


def test_a_report_approved_by_keyboard_brings_the_service_back(
    isp: dict[str, Any], office: Page, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    home, portal, who = isp["dashboard"][1], isp["portal"][0], isp["subscribers"][1]
    office.goto(f"{home}settings/payment-rules/")
    office.locator("[name=reactivates]").uncheck()
    office.locator("#content form button.btn-primary").click()
    at_rest(office)
    phone = visit(size=PHONE)
    sign_in_subscriber(phone, portal, who["username"], who["password"])
    expect(phone.get_by_text("suspended", exact=True).first).to_be_visible()
    phone.goto(f"{portal}payments/report/")
    for box in phone.locator("[name=invoices]").all():
        box.check()
    owed = sum(float(box.get_attribute("data-open") or 0) for box in phone.locator("[name=invoices]").all())
    phone.fill("[name=amount]", f"{owed:.2f}")
    phone.select_option("[name=method]", index=1)
    phone.fill("[name=reference]", "7741093")
    phone.set_input_files("[name=voucher]", photo("teal"))
    picture(phone, "report-payment-phone")
    phone.locator("form[data-money-form] button.btn-primary").click()
    phone.wait_for_url(f"{portal}payments/")
    phone.goto(portal)
    expect(phone.get_by_text("suspended", exact=True).first).to_be_visible()

    office.goto(f"{home}payments/reports/?q=7741093")
    office.locator("main tbody a[href*='/payments/reports/']").first.click()
    at_rest(office)
    expect(office.locator("img[alt^=Voucher]")).to_be_visible()
    picture(office, "report-approve")
    office.keyboard.press("a")
    office.keyboard.press("Enter")
    office.wait_for_url(lambda url: "7741093" not in url)
    expect(office.locator(".alert-success").first).to_be_visible()
    phone.reload()
    expect(phone.get_by_text("suspended", exact=True)).to_have_count(0)
    expect(phone.get_by_text("Nothing to pay at the moment")).to_be_visible()


def test_a_suspension_is_looked_at_carried_out_explained_and_ended_by_a_promise(
    isp: dict[str, Any], office: Page, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    home = isp["dashboard"][1]
    allow_every_hour(office, home)
    office.goto(f"{home}suspension/")
    office.locator("form[action$='/look/'] button").first.click()
    at_rest(office)
    would = int(re.search(r"\d+", office.locator("#go").inner_text()).group())
    assert would > 0
    first = office.locator("main tbody tr").first
    card = office.url.split("/suspension/")[0] + "/" + first.locator("a").first.get_attribute("href").split("/", 2)[2]
    picture(office, "suspension-preview")
    office.get_by_role("button", name="Switch them off").click()
    for _ in range(60):
        at_rest(office)
        if office.get_by_text("Stop what is left").count() == 0:
            break
        office.wait_for_timeout(500)
        office.reload()
    expect(office.get_by_text(f"Switched off: {would}")).to_be_visible()

    office.goto(re.sub(r"(/subscribers/\d+/).*", r"\1suspension/", card))
    picture(office, "suspension-record")
    link = office.locator("input[value*='/notice/s/']").input_value()
    phone = visit(size=PHONE, dark=True)
    phone.goto(link)
    page = phone.locator("main").inner_text()
    assert "Switched off on" in page
    number = phone.locator("main tbody th").first.inner_text().split("\n")[0]
    assert number in office.locator("main").inner_text()
    picture(phone, "notice-cut-off-phone")
    phone.get_by_text("Promise to pay").click()
    phone.get_by_role("button", name="I promise to pay").click()
    expect(phone.get_by_role("status")).to_be_visible()
    office.reload()
    expect(office.get_by_text("promise to pay").first).to_be_visible()
    expect(office.get_by_text("on again").first).to_be_visible()


def allow_every_hour(office: Page, home: str) -> None:
    """Let the rule cut now, whatever day and hour this runs at."""
    office.goto(f"{home}settings/suspension/")
    office.locator("[name=keeps_public_holidays]").uncheck()
    office.locator("form:has([name=keeps_public_holidays]) button.btn-primary").click()
    at_rest(office)
    office.goto(f"{home}settings/suspension/")
    office.locator("a[href*='/suspension/rules/']:not([href$='/add/'])").first.click()
    at_rest(office)
    for box in office.locator("[name=weekdays]").all():
        box.check()
    office.fill("[name=begins]", "00:00")
    office.fill("[name=ends]", "23:59")
    office.locator("#content form button.btn-primary").first.click()
    office.wait_for_url(f"{home}settings/suspension/")


def test_a_statement_is_brought_and_its_line_booked(
    isp: dict[str, Any], office: Page, picture: Callable[[Page, str], None]
) -> None:
    home = isp["dashboard"][1]
    office.goto(f"{home}billing/?state=overdue")
    row = office.locator("main tbody tr").last
    person = row.locator("a[href*='/subscribers/']").get_attribute("href").split("/")[3]
    office.goto(f"{home}subscribers/{person}/suspension/")
    owed = re.sub(r"[^\d,]", "", office.locator(".card-header strong").first.inner_text())
    name = office.locator("h1").first.inner_text()
    lines = f"Date;Payer;Text;Amount\n2026-11-20;{name};internet {person} november bill;{owed}\n"
    office.goto(f"{home}payments/inbox/statements/")
    file = {"name": "november.csv", "mimeType": "text/csv", "buffer": lines.encode()}
    office.set_input_files("input[type=file]", file)
    office.get_by_role("button", name="Upload").click()
    office.wait_for_url(re.compile("/statements/[0-9a-f-]{36}/"))
    expect(office.get_by_text("What are the columns?")).to_be_visible()
    office.select_option("[name=account]", index=1)
    office.select_option("[name=c2]", value="text")
    picture(office, "statement-columns")
    office.get_by_role("button", name="Take it in").click()
    expect(office.get_by_text("taken in", exact=True)).to_be_visible()

    office.goto(f"{home}payments/inbox/?q=november+bill")
    expect(office.get_by_text("certain", exact=True)).to_be_visible()
    office.keyboard.press("j")
    office.keyboard.press("Enter")
    office.wait_for_url(re.compile("/inbox/[0-9a-f-]{36}/"))
    picture(office, "bank-line")
    office.keyboard.press("b")
    expect(office.locator(".alert-success").first).to_be_visible()
    office.goto(f"{home}payments/inbox/?q=november+bill&show=booked")
    expect(office.get_by_text("november bill").first).to_be_visible()
    office.goto(f"{home}subscribers/{person}/suspension/")
    expect(office.get_by_text("Overdue:")).to_contain_text("0,00")
