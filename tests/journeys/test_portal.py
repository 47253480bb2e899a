"""Subscribers sign in to their ISP's portal, staff to the dashboard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Demo, sign_in_staff, sign_in_subscriber


@pytest.mark.parametrize(
    ("name", "size", "dark", "language"),
    [
        ("portal-home", DESKTOP, False, "en"),
        ("portal-home-phone-es", PHONE, False, "es-MX"),
        ("portal-home-phone-dark-es", PHONE, True, "es-MX"),
        ("portal-home-dark-es", DESKTOP, True, "es-MX"),
    ],
)
def test_subscriber_signs_in(
    demo: Demo,
    visit: Callable[..., Page],
    picture: Callable[[Page, str], None],
    name: str,
    size: dict[str, int],
    dark: bool,
    language: str,
) -> None:
    isp = demo.isp("wispmega")
    subscriber = isp["subscribers"][0]
    page = visit(size=size, dark=dark, language=language)
    page.goto(isp["portal"][0])
    page.wait_for_url(re.compile("/sign-in/"))
    if name.endswith("-es"):
        picture(page, name.replace("home", "sign-in"))
    sign_in_subscriber(page, isp["portal"][0], subscriber["username"], subscriber["password"])
    expect(page.get_by_text(subscriber["name"].split()[0]).first).to_be_visible()
    expect(page.get_by_text("Hogar").first).to_be_visible()
    picture(page, name)
    if size is PHONE:
        return
    page.locator("form[action='/sign-out/'] button").first.click()
    page.wait_for_url(re.compile("/sign-in/"))


def test_shared_host_leads_home(demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]) -> None:
    isp = demo.isp("fibrandina")
    subscriber = isp["subscribers"][0]
    page = visit(language="es-CO")
    page.goto(demo.about["shared_portal"])
    picture(page, "shared-portal-es")
    page.fill("main input[type=text]", f"{subscriber['username']}@fibrandina")
    page.locator("main form button").first.click()
    page.wait_for_url(re.compile(r"fibrandina.*/sign-in/"))
    expect(page.locator("[name=login]")).to_have_value(subscriber["username"])
    page.fill("[name=password]", subscriber["password"])
    page.locator("main form button:not([type=button])").first.click()
    expect(page.get_by_text(subscriber["name"].split()[0]).first).to_be_visible()


@pytest.mark.parametrize(
    ("name", "size", "dark", "language"),
    [("dashboard", DESKTOP, False, "es-MX"), ("dashboard-phone-dark", PHONE, True, "es-MX")],
)
def test_staff_look_around(
    demo: Demo,
    visit: Callable[..., Page],
    picture: Callable[[Page, str], None],
    name: str,
    size: dict[str, int],
    dark: bool,
    language: str,
) -> None:
    isp = demo.isp("wispmega")
    page = visit(size=size, dark=dark, language=language)
    sign_in_staff(page, demo, isp["staff"]["owner"])
    for part in ("", "requests/", "subscribers/", "settings/branding/", "settings/chat/", "staff/", "audit/"):
        page.goto(f"{isp['dashboard'][1]}{part}")
        picture(page, f"{name}-{part.strip('/').replace('/', '-') or 'home'}")
    page.goto(isp["dashboard"][0])
    expect(page).to_have_url(re.compile("sistema.wispmega.localhost.*/sign-in/"))
