"""Stories in a real Chromium against a running demo with data of its own.

With KEEP_PICTURES=1 the screenshots replace those in docs/pictures/; otherwise they go to the test's folder.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PHONE = {"width": 375, "height": 812}
DESKTOP = {"width": 1280, "height": 860}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "journeys" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.needs("chromium"))


class Demo:
    """A running demo: what it says of itself, and the mail it sent."""

    def __init__(self, folder: Path) -> None:
        self.about: dict[str, Any] = json.loads((folder / "demo.json").read_text())

    def isp(self, slug: str) -> dict[str, Any]:
        return next(isp for isp in self.about["isps"] if isp["slug"] == slug)

    def mails(self) -> list[dict[str, str]]:
        with urllib.request.urlopen(f"{self.about['mail']}messages.json", timeout=5) as answer:
            return json.load(answer)

    def mail_to(self, address: str, *, about: str = "") -> dict[str, str]:
        """The newest mail to an address, once it has arrived. The wait is bounded."""
        for _ in range(100):
            for mail in self.mails():
                if address in mail["to"] and about.lower() in mail["subject"].lower():
                    return mail
            time.sleep(0.2)
        raise AssertionError(f"No mail to {address} arrived.")

    def link_in(self, mail: dict[str, str]) -> str:
        return re.search(r"https?://\S+", mail["text"]).group(0)


def free_ports(count: int = 3) -> int:
    """A port that is free together with those behind it."""
    while True:
        with ExitStack() as probes:
            port = 0
            try:
                for number in range(count):
                    probe = probes.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", port + number if port else 0))
                    port = port or probe.getsockname()[1]
            except (OSError, OverflowError):
                continue
            return port


def start_demo(folder: Path, port: int, *options: str, module: str = "demo.run") -> subprocess.Popen[str]:
    """A demo with its own services; it has said 'Ready' when this returns."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in {"DATABASE_URL", "REDIS_URL", "LASTMILE_TESTING", "LASTMILE_DATA", "PYTEST_XDIST_WORKER"}
    }
    command = [sys.executable, "-m", module, "--port", str(port), "--data", str(folder), *options]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Ready"):
            return process
    raise AssertionError("The demo did not start:\n" + "".join(said))


def stop_demo(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=90)
    print(said)
    return process.returncode


def open_to_services(folder: Path) -> None:
    """Let others reach a folder: the database server may run as another user."""
    for part in (folder, *folder.parents):
        if os.access(part, os.W_OK) and part.stat().st_uid == os.getuid():
            part.chmod(part.stat().st_mode | 0o055)


class SharedDemo(Demo):
    """The demo of all journeys. It can be stopped and started again with what it holds."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_ports()
        self.start()

    def start(self) -> None:
        open_to_services(self.folder)
        self.process = start_demo(self.folder, self.port)
        super().__init__(self.folder)

    def stop(self) -> int:
        open_to_services(self.folder)  # another run of pytest closes the folder of all runs
        return stop_demo(self.process)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDemo]:
    made = SharedDemo(tmp_path_factory.mktemp("demo"))
    yield made
    assert made.stop() == 0


@contextmanager
def chromium(rules: str, home: str = "") -> Iterator[Browser]:
    """A Chromium whose names lead where the rules say, and whose trust is that of a home folder."""
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    arguments += ["--disable-component-update", "--disable-sync", f"--host-resolver-rules={rules}"]
    environment = {**os.environ, "HOME": home} if home else None
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        started = playwright.chromium.launch(executable_path=program, args=arguments, env=environment)
        yield started
        started.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A Chromium of the test's own: while one runs, its event loop keeps Django from the database in this process."""
    with chromium("MAP *.localhost 127.0.0.1") as started:
        yield started


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visit(size=PHONE, language="es", dark=True)` is a new visitor; an error in its console fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_page(size: dict[str, int] = DESKTOP, language: str = "en", dark: bool = False) -> Page:
        context = browser.new_context(
            viewport=size, locale=language, color_scheme="dark" if dark else "light", reduced_motion="reduce"
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                errors.append(message.text)
                if message.type == "error" and not any(code in message.text for code in ("404", "409", "422"))
                else None
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors


# Loaded, with fonts and pictures; nothing of htmx under way or half in place, no form on its way (js/once.js); the
# captcha not computing.
AT_REST = """async () => {
  await document.fonts.ready;
  await Promise.all([...document.images].map((image) => image.complete || image.decode().catch(() => {})));
  const busy = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added, form[data-sent]";
  const computing = [...document.querySelectorAll("altcha-widget")].some((each) => each.getState?.() === "verifying");
  return document.readyState === "complete" && !document.querySelector(busy) && !computing;
}"""


def at_rest(page: Page) -> None:
    """Wait until a page shows what it is going to show.

    Not for `networkidle`: a captcha ends its other workers when one has found the solution, and the request for the
    script of a worker that was still being loaded never ends for Playwright.
    """
    page.wait_for_load_state("load")
    for _ in range(150):
        try:
            if page.evaluate(AT_REST):
                return
        except Error as error:
            # The page was left while it was being asked; the next one is waited for.
            if "context was destroyed" not in str(error):
                raise
        page.wait_for_timeout(100)
    raise AssertionError(f"{page.url} was not at rest after 15 seconds.")


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[Page, str], None]:
    """`picture(page, "portal-home")` keeps a screenshot, and fails if the page is wider than the window."""
    folder = ROOT / "docs" / "pictures" if os.environ.get("KEEP_PICTURES") == "1" else tmp_path

    def keep(page: Page, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        at_rest(page)
        page.screenshot(path=folder / f"{name}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 1, f"{name} is {wide} pixels wider than the window"

    return keep


def sign_in_staff(page: Page, demo: Demo, who: dict[str, str]) -> None:
    page.goto(f"{demo.about['dashboard']}sign-in/")
    page.fill("[name=email]", who["email"])
    page.fill("[name=password]", who["password"])
    page.locator("main form button:not([type=button])").first.click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    at_rest(page)


def sign_in_subscriber(page: Page, portal: str, login: str, password: str) -> None:
    page.goto(f"{portal}sign-in/")
    page.fill("[name=login]", login)
    page.fill("[name=password]", password)
    page.locator("main form button:not([type=button])").first.click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    at_rest(page)


@pytest.fixture
def isp(demo: Demo) -> dict[str, Any]:
    """The demo's third ISP, which few stories spend."""
    return demo.isp("podhori")


@pytest.fixture
def office(demo: Demo, isp: dict[str, Any], visit: Callable[..., Page]) -> Page:
    """Its owner at a desk, in English."""
    page = visit(size=DESKTOP)
    sign_in_staff(page, demo, isp["staff"]["owner"])
    page.goto(isp["dashboard"][1])
    page.locator("button[name=language][value=en]").click()
    at_rest(page)
    return page
