"""Pages hold the rules of WCAG 2.1 AA that a program can check, on a phone in light and on a desktop in dark."""

import itertools
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import DESKTOP, PHONE, ROOT, Demo, at_rest, sign_in_staff, sign_in_subscriber

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
# Left out: colour samples, whose contrast is what they tell, and pictures made of text, which readers skip.
CHECK = """axe.run(
    {exclude: ["[data-sample]", "[aria-hidden=true]"]},
    {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]},
).then((found) => found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`))"""


@pytest.fixture(params=[(PHONE, "light"), (DESKTOP, "dark")], ids=["phone-light", "desktop-dark"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    size, scheme = request.param
    # Our policy forbids the checker's script; for the check alone it is set aside.
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="es-MX", bypass_csp=True)
    yield context.new_page()
    context.close()


def faults(page: Page, address: str) -> list[Any]:
    page.goto(address)
    at_rest(page)
    page.add_script_tag(path=AXE)
    return [f"{address} {fault}" for fault in page.evaluate(CHECK)]


def test_public_pages(demo: Demo, page: Page) -> None:
    isp = demo.isp("wispmega")
    addresses = [demo.about["platform"], f"{demo.about['platform']}sign-up/", demo.about["shared_portal"]]
    addresses += [f"{isp['portal'][0]}forgot/", f"{isp['portal'][0]}go/x/"]
    addresses += [
        f"{isp['portal'][0]}notice/{kind}/" for kind in ("cut-off", "payment-due", "maintenance", "custom", "check")
    ]
    addresses += [f"{isp['portal'][0]}balance/wispmega/"]
    addresses += [isp["portal"][0], isp["install_form"][0], f"{demo.about['dashboard']}sign-in/"]
    assert [fault for address in addresses for fault in faults(page, address)] == []


def test_the_subscribers_pages(demo: Demo, page: Page) -> None:
    isp = demo.isp("wispmega")
    sign_in_subscriber(page, isp["portal"][0], isp["subscribers"][0]["username"], isp["subscribers"][0]["password"])
    parts = ("", "account/", "colleagues/", "contact/", "payment-methods/", "promise/", "instalments/")
    parts += ("invoices/", "payments/", "payments/report/", "pay/", "pay/card/")
    assert [fault for part in parts for fault in faults(page, isp["portal"][0] + part)] == []


def test_the_staffs_pages(demo: Demo, page: Page) -> None:
    isp = demo.isp("wispmega")
    sign_in_staff(page, demo, isp["staff"]["owner"])
    parts = [
        "",
        "requests/",
        "requests/4/",
        "requests/4/activate/",
        "installations/",
        "installations/calendar/",
        "installations/2/",
        "installations/2/finish/",
        "subscribers/",
        "subscribers/1001/",
        "subscribers/new/",
        "import/",
        "subscribers/1035/logins/add/",
        "settings/logins/",
        "settings/logins/start/",
        "staff/",
        "audit/",
        "suspension/",
        "subscribers/1003/suspension/",
        "money/",
        "cash/",
    ]
    card = ("services/", "services/5001/", "services/new/", "account/", "logins/", "requests/", "documents/", "notes/")
    parts += [f"subscribers/1001/{name}" for name in (*card, "history/", "edit/", "delete/")]
    parts += [
        f"catalogue/{name}" for name in ("tariffs/", "tariffs/add/", "zones/", "routers/", "groups/", "groups/add/")
    ]
    parts += [
        f"settings/{name}/"
        for name in ("profile", "branding", "portal", "domains", "documents", "captcha", "chat", "router", "payments")
        + ("suspension", "suspension/rules/add", "notices", "notices/cut-off", "cut-off-list")
    ]
    # The pages share their pieces, so each is looked at in one of the two sizes and colours.
    parts = parts[::2] if page.viewport_size == DESKTOP else parts[1::2]
    assert [fault for part in parts for fault in faults(page, isp["dashboard"][1] + part)] == []


# Pages of money, each with what leads from it to one of its rows.
MONEY = {
    "billing/": "/billing/invoices/",
    "billing/runs/": "/billing/runs/",
    "payments/": "/payments/5",
    "payments/new/": "",
    "payments/reports/": "/payments/reports/",
    "payments/online/": "",
    "payments/strays/": "",
    "payments/inbox/": "/payments/inbox/",
    "payments/inbox/certain/": "",
    "payments/inbox/statements/": "/inbox/statements/",
    "money/collected/": "",
    "cash/": "/cash/closings/",
    "subscribers/1003/payments/": "",
    "subscribers/?zone=none": "",
    "settings/payment-rules/": "",
    "settings/balance/": "",
    "settings/payments/add/": "",
    "settings/billing/": "",
    "settings/online-payments/": "",
    "settings/online-payments/stripe/": "",
    "settings/notices/custom/": "",
}
ROW = re.compile(r"/([0-9a-f-]{36}|\d+)/$")


def test_the_staffs_pages_of_money(demo: Demo, page: Page) -> None:
    isp = demo.isp("wispmega")
    sign_in_staff(page, demo, isp["staff"]["owner"])
    found = []
    for part, rows in MONEY.items():
        found += faults(page, isp["dashboard"][1] + part)
        if rows:
            links = [link.get_attribute("href") or "" for link in page.locator(f"main a[href*='{rows}']").all()]
            found += faults(page, demo.about["dashboard"].rstrip("/") + next(filter(ROW.search, links)))
    # The list of those who would be cut off, before anybody is.
    page.goto(f"{isp['dashboard'][1]}suspension/")
    page.locator("form[action$='/look/'] button").first.click()
    page.wait_for_url(re.compile(r"/suspension/[0-9a-f-]{36}/"))
    assert [*found, *faults(page, page.url)] == []


# Pages of messages, each with what leads from it to one of its rows.
MESSAGES = {
    "messages/": "/messages/",
    "messages/portal/": "/messages/portal/",
    "messages/portal/new/": "",
    "messages/stopped/": "",
    "messages/many/": "/messages/many/",
    "messages/many/new/": "",
    "settings/": "",
    "settings/channels/": "",
    "settings/channels/http_sms/": "",
    "settings/channels/own_smtp/": "",
    "settings/texts/": "",
    "settings/texts/billing-reminder/": "",
    "settings/rules/": "",
    "settings/rules/billing-reminder/": "",
    "settings/sender/": "",
    "settings/messages/": "",
    "settings/portal-sms/": "",
    "subscribers/1001/messages/": "",
    "subscribers/1001/messages/preferences/": "",
    "subscribers/1001/messages/new/": "",
}
OF_PORTAL = {
    "messages/": "",
    "account/messages/": "",
    "account/notifications/": "",
    "sms/": "/sms/contacts/",
    "opt-out/x/": "",
    "notice/cut-off/": "",
}


def faults_in_two_looks(page: Page, address: str, schemes: tuple[str, str]) -> list[Any]:
    """Those on a phone in the first scheme, and with the same load on a desktop in the second."""
    found = []
    for size, scheme in zip((PHONE, DESKTOP), schemes, strict=True):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        if page.url != address:
            page.goto(address)
            at_rest(page)
            page.add_script_tag(path=AXE)
            # Colours must not be on their way from one scheme to the other while they are looked at.
            page.add_style_tag(content="*, ::before, ::after { transition: none !important; }")
        page.evaluate("(scheme) => { document.documentElement.dataset.bsTheme = scheme; }", scheme)
        found += [f"{address} {scheme} {fault}" for fault in page.evaluate(CHECK)]
    return found


def test_the_pages_of_messages_in_each_size_and_scheme(demo: Demo, browser: Browser) -> None:
    isp = demo.isp("wispmega")
    context = browser.new_context(locale="es-MX", bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    sign_in_staff(page, demo, isp["staff"]["owner"])
    login = isp["subscribers"][0]
    sign_in_subscriber(page, isp["portal"][0], login["username"], login["password"])
    found = []
    # The pages share their pieces, so one has light on the phone and dark on the desktop, and the next the other way.
    pairs = itertools.cycle([("light", "dark"), ("dark", "light")])
    for home, pages in ((isp["dashboard"][1], MESSAGES), (isp["portal"][0], OF_PORTAL)):
        for part, rows in pages.items():
            found += faults_in_two_looks(page, home + part, next(pairs))
            if rows:
                links = [link.get_attribute("href") or "" for link in page.locator(f"main a[href*='{rows}']").all()]
                found += faults_in_two_looks(page, urljoin(home, next(filter(ROW.search, links))), next(pairs))
    context.close()
    assert found == []


def test_the_pages_of_a_domain(demo: Demo, page: Page) -> None:
    isp = demo.isp("wispmega")
    sign_in_staff(page, demo, isp["staff"]["owner"])
    page.goto(f"{isp['dashboard'][1]}settings/domains/")
    path = page.locator("#content a.list-group-item-action[href*='/settings/domains/']").last.get_attribute("href")
    assert faults(page, demo.about["dashboard"].rstrip("/") + path) == []
    assert faults(page, page.locator("#share").input_value()) == []


def test_the_check_finds_what_is_wrong(demo: Demo, page: Page) -> None:
    page.goto(demo.isp("wispmega")["portal"][0])
    page.add_script_tag(path=AXE)
    page.evaluate("document.querySelector('label').remove()")
    assert any("label" in fault for fault in page.evaluate(CHECK))
