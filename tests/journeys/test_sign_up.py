"""A company signs up and opens its dashboard."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, Demo

CHECKED = 60_000  # ms for the captcha, which computes while everything else does, too


def fill_in(page: Page, company: str, email: str) -> None:
    page.fill("[name=company]", company)
    page.locator("[name=company]").blur()
    page.fill("[name=name]", "Nora Vidal")
    page.fill("[name=email]", email)
    page.fill("[name=password]", "long-enough-to-guess-not")
    page.select_option("[name=country]", "MX")


def test_company_signs_up_and_opens_its_dashboard(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    page = visit()
    page.goto(demo.about["platform"])
    picture(page, "platform")
    page.goto(f"{demo.about['platform']}sign-up/")
    fill_in(page, "Redes del Valle", "nora@redesdelvalle.example")
    expect(page.locator("[name=slug]")).to_have_value("redes-del-valle")
    picture(page, "sign-up")
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    page.wait_for_url(re.compile(r"/sign-up/[0-9a-f-]{36}/"), timeout=CHECKED)
    picture(page, "sign-up-progress")

    # A mail scanner that only looks confirms nothing.
    link = demo.link_in(demo.mail_to("nora@redesdelvalle.example"))
    scanner = visit()
    scanner.goto(link)
    expect(scanner.get_by_role("button", name="Confirm and set up")).to_be_visible()

    page.goto(link)
    page.get_by_role("button", name="Confirm and set up").click()
    page.get_by_role("button", name="Open the dashboard").click(timeout=30_000)
    page.wait_for_url(re.compile(r"app\.localhost:\d+/redes-del-valle/"))
    expect(page.get_by_role("heading", name="What to set up next")).to_be_visible()
    picture(page, "dashboard-new")


def test_sign_up_on_a_phone_in_spanish(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    page = visit(size=PHONE, language="es-MX", dark=True)
    page.goto(f"{demo.about['platform']}sign-up/")
    page.fill("[name=slug]", "wispmega")
    page.locator("[name=slug]").blur()
    expect(page.locator("#id_slug_field .invalid-feedback")).not_to_be_empty()
    picture(page, "sign-up-phone-es")
