"""The settings, found by keyboard and on a phone."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, Demo, at_rest, sign_in_staff


def test_a_setting_is_found_by_a_word_and_opened_by_keyboard(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    isp = demo.isp("podhori")
    page = visit(size=PHONE, language="es")
    sign_in_staff(page, demo, isp["staff"]["owner"])
    settings = f"{isp['dashboard'][1]}settings/"
    page.goto(settings)
    page.locator("button[name=language][value=es]").click()
    at_rest(page)
    picture(page, "settings-phone-es")
    entries = page.locator("[data-filtered-entry]:visible")
    every = entries.count()
    page.keyboard.press("/")
    page.keyboard.type("PAGINA avísó")
    expect(entries).to_have_count(1)
    page.keyboard.press("Escape")
    expect(entries).to_have_count(every)
    page.keyboard.type("zzz")
    expect(page.locator("[data-filter-found]")).to_contain_text("Nada")
    expect(page.locator("[data-filtered-group]:visible")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.type("dkim")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{settings}sender/")
    picture(page, "settings-sender-phone-es")

    page.set_viewport_size({"width": 1280, "height": 860})
    page.keyboard.press("/")
    page.keyboard.type("mensajes")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(entries.first.locator("a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{settings}channels/")
