"""What the scripts of the list of subscribers do in a real browser."""

import re
import shutil
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import expect, sync_playwright

from core.scope import isp_scope
from tenants.roles import Role
from tests.browser.test_settings_scripts import TYPES
from tests.dashboard.test_subscribers import LIST, staff_client
from tests.factories.subscribers import ServiceFactory, SubscriberFactory

pytestmark = [pytest.mark.browser, pytest.mark.needs("chromium")]
HOST = "http://app.localhost"


@pytest.fixture
def answers(isp):
    """Our responses for what the page asks: the list, the list while one types, and the card."""
    with isp_scope(isp):
        for number, name in [(11, "Álvarez"), (12, "Benítez"), (13, "Ruiz")]:
            ServiceFactory(subscriber=SubscriberFactory(number=number, last_name=name, first_name="Ana"))
    client = staff_client(isp, Role.OWNER)

    def ask(path, **headers):
        answer = client.get(path, headers=headers)
        return {"status": answer.status_code, "headers": dict(answer.headers), "body": answer.content}

    page, typed = ask(f"{LIST}?all=1"), {"HX-Request": "true"}
    return {
        "page": page,
        "ruiz": ask(f"{LIST}?q=ruiz&sort=name", **typed),
        "all": ask(f"{LIST}?q=&sort=name", **typed),
        "card": ask(f"{LIST}12/"),
    }


@pytest.fixture
def page(answers):
    asked = []

    def serve(route):
        address = urlsplit(route.request.url)
        if address.path.startswith("/static/"):
            path = finders.find(address.path.removeprefix("/static/"))
            route.fulfill(path=path, content_type=TYPES.get(path.rpartition(".")[2], "application/octet-stream"))
            return
        name = "page"
        if route.request.headers.get("hx-request"):
            text = re.search(r"(?:^|&)q=([^&]*)", address.query)
            name = "ruiz" if text and text[1] == "ruiz" else "all"
            asked.append(address.query)
        elif address.path == f"{LIST}12/":
            name = "card"
        route.fulfill(**answers[name])

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page()
        page.set_default_timeout(15_000)
        page.route("**/*", serve)
        page.asked = asked
        page.goto(f"{HOST}{LIST}?all=1")
        yield page
        chromium.close()


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def test_a_clerk_finds_and_opens_a_customer_without_a_mouse(page):
    page.keyboard.press("/")
    assert focused(page) == "id_q"
    assert page.input_value("#id_q") == ""
    page.keyboard.type("ruiz", delay=20)
    expect(page.locator("[data-row]")).to_have_count(1)
    assert page.asked == [query for query in page.asked if "q=ruiz" in query], "asked once one has stopped typing"
    assert len(page.asked) == 1
    assert page.url == f"{HOST}{LIST}?q=ruiz"
    assert page.inner_text("#hits-said").strip() == "1 subscriber"
    assert page.inner_text("#hits").strip() == "1 subscriber"
    page.keyboard.press("Escape")
    expect(page.locator("[data-row]")).to_have_count(3)
    assert (focused(page), page.input_value("#id_q")) == ("id_q", "")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Benítez, Ana"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert focused(page) == "id_q"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{LIST}12/")


def test_ticks_are_counted_and_the_bar_comes_when_there_is_something_to_do(page):
    bar = page.locator("[data-bulk-bar]")
    assert bar.is_hidden()
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    assert bar.is_visible()
    assert page.inner_text("[data-count]") == "1 selected"
    page.check("[data-tick-all]")
    assert page.inner_text("[data-count]") == "3 selected"
    page.uncheck("[name=chosen] >> nth=0")
    assert page.inner_text("[data-count]") == "2 selected"
    assert page.evaluate("document.querySelector('[data-tick-all]').indeterminate")
    page.uncheck("[name=chosen] >> nth=1")
    page.uncheck("[name=chosen] >> nth=2")
    assert bar.is_hidden()


def test_keys_mean_themselves_where_one_writes(page):
    page.locator("summary", has_text="Save as a view").click()
    page.fill("#id_name", "")
    page.click("#id_name")
    page.keyboard.type("a/x")
    assert page.input_value("#id_name") == "a/x"
    page.keyboard.press("Escape")
    assert not page.locator("#id_name").is_visible()


def test_j_and_k_walk_through_the_rows_and_are_letters_in_the_search(page):
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == "Benítez, Ana"
    page.keyboard.press("k")
    assert focused(page) == "Álvarez, Ana"
    page.click("#id_q")
    page.keyboard.type("jk")
    assert page.input_value("#id_q") == "jk"
