"""A subscriber pays by card at the demo's Stripe; staff see it and pay a part back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Demo, at_rest, sign_in_staff, sign_in_subscriber


def enter_card(page: Page, number: str) -> None:
    page.fill("#number", number)
    page.fill("#until", "12/34")
    page.fill("#code", "123")
    page.get_by_role("button").click()


def find_debtor(page: Page, isp: dict[str, object]) -> None:
    """Sign in as one of the demo's subscribers who owes something."""
    portal = isp["portal"][0]
    for who in isp["subscribers"]:
        sign_in_subscriber(page, portal, who["username"], who["password"])
        page.goto(f"{portal}pay/")
        if page.locator("[name=chosen]").count():
            return
        page.context.clear_cookies()
    pytest.fail("Nobody of the demo owes anything.")


@pytest.mark.parametrize(("slug", "size", "language"), [("wispmega", DESKTOP, "en"), ("fibrandina", PHONE, "es-CO")])
def test_a_card_is_paid_and_a_part_paid_back(
    demo: Demo,
    visit: Callable[..., Page],
    picture: Callable[[Page, str], None],
    slug: str,
    size: dict[str, int],
    language: str,
) -> None:
    isp = demo.isp(slug)
    page = visit(size=size, language=language)
    find_debtor(page, isp)
    picture(page, f"pay-{slug}")
    page.locator("form[data-pay] button").click()
    page.wait_for_url("**/c/pay/**")
    enter_card(page, "4000 0000 0000 0002")
    expect(page.get_by_role("alert")).to_be_visible()
    enter_card(page, "4242 4242 4242 4242")
    page.wait_for_url(lambda url: url.startswith(isp["portal"][0]))
    at_rest(page)
    expect(page.locator("#payment .text-green")).to_be_visible()
    picture(page, f"paid-{slug}")
    page.goto(f"{isp['portal'][0]}pay/")
    expect(page.locator("[name=chosen]")).to_have_count(0)
    if size is PHONE:
        return
    staff = visit(size=DESKTOP, language="en")
    sign_in_staff(staff, demo, isp["staff"]["billing"])
    home = isp["dashboard"][1]
    staff.goto(f"{home}settings/online-payments/")
    expect(staff.locator(".bg-green")).to_have_count(1)
    picture(staff, "online-payments-settings")
    staff.goto(f"{home}payments/online/?state=paid")
    picture(staff, "online-payments")
    staff.locator("a[href$='/refund/']").first.click()
    staff.fill("[name=amount]", "10")
    staff.fill("[name=reason]", "Outage on Sunday")
    staff.locator("main form button.btn-danger").click()
    at_rest(staff)
    expect(staff.locator(".alert-success, .alert").first).to_be_visible()
    expect(staff.get_by_text("Outage on Sunday").first).to_be_visible()
    picture(staff, "refund")
