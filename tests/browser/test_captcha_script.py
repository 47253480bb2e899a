"""What happens when a form is sent before its captcha is done, in a real browser.

The page and the challenge come from Django; the test says when the challenge arrives, and hands what the browser sent
back to Django afterwards. Nothing listens and nothing leaves the machine.
"""

import shutil
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Locator, Page, Request, Route, expect, sync_playwright

from tests.factories.tenants import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.needs("chromium")]
TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
PAGE = "http://localhost/sign-up/"
CHALLENGE = "http://localhost/captcha/sign-up/"


class Visit:
    """A sign-up page in a browser. Challenges wait until `answer_challenges`; what is sent is kept in `sent`."""

    def __init__(self, page: Page, answers: dict, without: tuple[str, ...] = ()) -> None:
        self.page, self.answers, self.without = page, answers, without
        self.challenges: list[Route] = []
        self.sent: list[Request] = []
        page.route("**/*", self._answer)

    def open(self) -> None:
        self.page.goto(PAGE)
        self.page.wait_for_load_state("load")
        for name, value in {
            "company": "Valle",
            "slug": "valle",
            "name": "Nora Vidal",
            "email": "nora@valle.example",
            "password": PASSWORD,
        }.items():
            self.page.fill(f"[name={name}]", value)

    def answer_challenges(self, *, status: int = 200) -> None:
        self._until(lambda: self.challenges)
        for route in self.challenges:
            route.fulfill(status=status, content_type="application/json", body=self.answers[CHALLENGE].content)
        self.challenges.clear()

    def wait_until_sent(self) -> dict[str, str]:
        self._until(lambda: self.sent)
        return {name: values[0] for name, values in parse_qs(self.sent[0].post_data).items()}

    def _until(self, has_come) -> None:
        for _ in range(200):
            if has_come():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError("It did not come.")

    def _answer(self, route: Route) -> None:
        address = route.request.url
        path = address.partition("/static/")[2]
        if route.request.method == "POST":
            self.sent.append(route.request)
            route.fulfill(content_type="text/html", body="<h1>Sent</h1>")
        elif address == CHALLENGE:
            self.challenges.append(route)
        elif address in self.answers:
            response = self.answers[address]
            route.fulfill(status=response.status_code, headers=dict(response.headers), body=response.content)
        elif not path or path in self.without:
            route.fulfill(status=404)
        else:
            found = finders.find(path)
            assert found, f"There is no {address}"
            route.fulfill(path=found, content_type=TYPES.get(Path(found).suffix[1:], "application/octet-stream"))


@pytest.fixture
def answers(at) -> dict:
    """The page and one challenge. Asked for before the browser runs: its event loop keeps Django from the database."""
    client = at("localhost")
    return {address: client.get(address.removeprefix("http://localhost")) for address in (PAGE, CHALLENGE)}


def size(button: Locator) -> tuple[float, float]:
    box = button.bounding_box()
    return box["width"], box["height"]


def press(page: Page, times: int = 1) -> None:
    # As a person does who does not wait: straight on the button, whatever the page shows over it.
    for _ in range(times):
        page.evaluate("document.querySelector('main form .btn-primary').click()")


def in_a_browser(answers: dict, story, *without: str) -> Visit:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        visit = Visit(chromium.new_page(), answers, without)
        visit.open()
        story(visit, visit.page.locator("main form .btn-primary"))
        chromium.close()
    return visit


def test_a_form_that_is_sent_while_the_check_runs_arrives_once_and_whole(answers, at):
    values: dict[str, str] = {}

    def story(visit, button):
        expect(visit.page.locator("altcha-widget")).to_contain_text("Checking…")
        before = size(button)
        press(visit.page, times=3)
        expect(button).to_have_attribute("aria-busy", "true")
        expect(visit.page.locator("[data-captcha-status]")).to_have_text("Still checking. Please wait a moment.")
        assert size(button) == before
        assert visit.sent == []
        visit.answer_challenges()
        values.update(visit.wait_until_sent())
        visit.page.get_by_role("heading", name="Sent").wait_for()
        assert len(visit.sent) == 1

    in_a_browser(answers, story)
    assert values["password"] == PASSWORD
    answer = at("localhost").post("/sign-up/", values)
    assert answer["Location"].startswith("/sign-up/")


def test_without_the_holding_it_comes_back(answers, at):
    """The control: the form goes with no solution, and is refused."""
    values: dict[str, str] = {}

    def story(visit, button):
        press(visit.page)
        values.update(visit.wait_until_sent())

    in_a_browser(answers, story, "js/captcha.js")
    assert "captcha" not in values
    answer = at("localhost").post("/sign-up/", values)
    assert "Please tick this box" in answer.content.decode()


def test_a_form_whose_check_nobody_began_begins_it(answers, at):
    values: dict[str, str] = {}

    def story(visit, button):
        visit.answer_challenges()
        expect(visit.page.locator("altcha-widget [type=checkbox]")).to_be_checked()
        visit.page.evaluate("document.querySelector('altcha-widget').reset()")
        press(visit.page)
        visit.answer_challenges()
        values.update(visit.wait_until_sent())

    in_a_browser(answers, story)
    answer = at("localhost").post("/sign-up/", values)
    assert answer["Location"].startswith("/sign-up/")


def test_a_check_that_fails_says_so_and_leaves_all_as_it_was(answers):
    def story(visit, button):
        press(visit.page)
        for _ in range(2):  # the one that ran, and one more
            visit.answer_challenges(status=503)
        expect(visit.page.locator("altcha-widget")).to_contain_text("The check failed. Please try again.")
        expect(button).not_to_have_attribute("aria-busy", "true")
        expect(visit.page.locator("[name=password]")).to_have_value(PASSWORD)
        assert visit.sent == []
        # Pressed again it is tried again.
        press(visit.page)
        visit.answer_challenges()
        visit.wait_until_sent()

    assert len(in_a_browser(answers, story).sent) == 1


def test_where_the_widget_did_not_load_the_form_goes_as_it_is(answers):
    def story(visit, button):
        press(visit.page)
        assert visit.wait_until_sent()["password"] == PASSWORD

    in_a_browser(answers, story, "altcha/external/altcha.min.js")
