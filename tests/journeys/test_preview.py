"""Staff see the portal as a subscriber does, on the ISP's own domain, and stay signed in at the dashboard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Demo, sign_in_staff, sign_in_subscriber
from tests.journeys.test_accessibility import faults


def open_preview(page: Page, dashboard: str, number: int) -> Page:
    """Press the button on the client card; the portal opens in another tab."""
    page.goto(f"{dashboard}subscribers/{number}/logins/")
    with page.expect_popup() as opened:
        page.get_by_role("button", name=re.compile("See the portal as they do|Ver el portal como el cliente")).click()
    portal = opened.value
    portal.wait_for_url(re.compile(r"/(\?.*)?$"))
    expect(portal.locator(".preview-banner")).to_be_visible()
    return portal


def test_the_owner_sees_the_portal_as_a_subscriber(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    isp = demo.isp("wispmega")
    page = visit()
    sign_in_staff(page, demo, isp["staff"]["owner"])
    page.goto(f"{isp['dashboard'][1]}subscribers/1001/")
    picture(page, "client-card")
    portal = open_preview(page, isp["dashboard"][1], 1001)
    assert portal.url == isp["portal"][0], "the ISP's own domain"
    name = isp["subscribers"][0]["name"]
    expect(portal.locator(".preview-banner")).to_contain_text(name)
    expect(portal.locator(".preview-banner")).to_contain_text(re.compile(r"(29|30):\d\d"))
    picture(portal, "portal-preview")
    # It changes nothing of the subscriber's.
    portal.goto(f"{isp['portal'][0]}account/")
    portal.fill("[name=current]", isp["subscribers"][0]["password"])
    portal.fill("[name=new]", "a-wholly-other-password")
    portal.fill("[name=again]", "a-wholly-other-password")
    answers: list[int] = []
    portal.on("response", lambda answer: answers.append(answer.status) if answer.request.method == "POST" else None)
    portal.locator("form[action='/account/'] button").click()
    expect(portal.get_by_role("heading", name="Nothing was changed")).to_be_visible()
    assert answers == [403]
    picture(portal, "portal-preview-refused")
    portal.locator(".preview-banner button").click()
    expect(portal.get_by_role("heading", name="The preview has ended")).to_be_visible()
    expect(portal.locator(".preview-banner")).to_have_count(0)
    picture(portal, "portal-preview-over")
    portal.goto(isp["portal"][0])
    portal.wait_for_url(re.compile("/sign-in/"))
    # The dashboard, in the language of its owner, has not noticed.
    page.goto(f"{isp['dashboard'][1]}audit/")
    row = page.locator("tbody tr", has_text="Dejó de ver el portal como un cliente").first
    expect(row).to_contain_text(isp["staff"]["owner"]["email"])
    expect(row).to_contain_text("cliente1001")
    picture(page, "audit-of-a-preview")
    # The old password still opens the portal.
    sign_in_subscriber(portal, isp["portal"][0], isp["subscribers"][0]["username"], isp["subscribers"][0]["password"])
    expect(portal.locator(".preview-banner")).to_have_count(0)
    expect(portal.get_by_text(name.split()[0]).first).to_be_visible()


@pytest.mark.parametrize(
    ("name", "size", "dark"), [("phone", PHONE, False), ("phone-dark", PHONE, True), ("dark", DESKTOP, True)]
)
def test_the_banner_in_all_sizes_and_colours(
    demo: Demo,
    visit: Callable[..., Page],
    picture: Callable[[Page, str], None],
    name: str,
    size: dict[str, int],
    dark: bool,
) -> None:
    isp = demo.isp("wispmega")
    page = visit(size=size, dark=dark, language="es-MX")
    sign_in_staff(page, demo, isp["staff"]["support"])
    page.goto(f"{isp['dashboard'][1]}subscribers/1002/")
    picture(page, f"client-card-{name}-es")
    portal = open_preview(page, isp["dashboard"][1], 1002)
    picture(portal, f"portal-preview-{name}-es")
    portal.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(portal.locator(".preview-banner button")).to_be_in_viewport()
    portal.goto(f"{isp['portal'][0]}preview/")
    picture(portal, f"portal-preview-status-{name}-es")


def test_a_subscriber_who_is_signed_in_in_the_same_browser_stays_so(demo: Demo, visit: Callable[..., Page]) -> None:
    isp = demo.isp("wispmega")
    page = visit()
    sign_in_subscriber(page, isp["portal"][0], isp["subscribers"][2]["username"], isp["subscribers"][2]["password"])
    number = page.locator("main strong").first.inner_text()
    assert number != "1001"
    other = page.context.new_page()
    sign_in_staff(other, demo, isp["staff"]["admin"])
    portal = open_preview(other, isp["dashboard"][1], 1001)
    expect(portal.get_by_text("1001").first).to_be_visible()
    portal.locator(".preview-banner button").click()
    page.reload()
    expect(page.locator(".preview-banner")).to_have_count(0)
    expect(page.get_by_text(number, exact=True).first).to_be_visible()


def test_pages_of_a_preview_are_accessible(demo: Demo, browser: Browser) -> None:
    isp = demo.isp("wispmega")
    for size, scheme in ((PHONE, "light"), (DESKTOP, "dark")):
        context = browser.new_context(viewport=size, color_scheme=scheme, locale="es-MX", bypass_csp=True)
        page = context.new_page()
        sign_in_staff(page, demo, isp["staff"]["billing"])
        portal = open_preview(page, isp["dashboard"][1], 1001)
        found = [fault for part in ("", "account/", "preview/") for fault in faults(portal, isp["portal"][0] + part)]
        assert found == []
        context.close()
