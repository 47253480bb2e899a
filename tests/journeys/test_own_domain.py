"""A company brings its own domain, from the sign-up to the warning, over HTTPS in `bin/domains-lab`."""

import fcntl
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.run import MARK
from lab.visit import visit as visit_without_browser
from tests.journeys.conftest import (
    PHONE,
    ROOT,
    Demo,
    chromium,
    free_ports,
    open_to_services,
    start_demo,
    stop_demo,
)
from tests.journeys.test_install_request import fill_in as fill_in_request
from tests.journeys.test_install_request import photo
from tests.journeys.test_sign_up import CHECKED
from tests.journeys.test_sign_up import fill_in as fill_in_sign_up

pytestmark = [pytest.mark.needs("caddy"), pytest.mark.needs("pebble"), pytest.mark.needs("certutil")]
HOST = "clientes.redesdelvalle.test"
PASSWORD = "long-enough-to-guess-not"  # what the sign-up is filled in with
WELL = 60_000  # ms for what the checks in the background bring about


class Lab(Demo):
    """A running lab, and its DNS as whoever runs that would change it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder
        self.parts = self.about["lab"]

    def record(self, *what: str) -> str:
        command = [sys.executable, "-m", "demo.lab", "record", "--data", str(self.folder), *what]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def get(self, host: str, path: str = "/sign-in/"):
        root = Path(self.parts["root"]).read_text()
        return visit_without_browser(self.parts["https"], host, root=root, path=path)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    open_to_services(folder)
    process = start_demo(folder, free_ports(5), "--empty", module="demo.lab")
    yield Lab(folder)
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal() and _names(path, str(folder))]
    assert len(pids) > 6
    assert stop_demo(process) == 0
    # Ctrl-C has ended all that was started.
    for _ in range(50):
        if not (left := [pid for pid in pids if _names(Path(f"/proc/{pid}"), str(folder))]):
            break
        time.sleep(0.1)
    assert not left


@pytest.fixture
def browser(lab: Lab) -> Iterator[Browser]:
    """The Chromium that the lab says how to start: it knows the lab's names, and trusts its authority."""
    rules = next(flag for flag in lab.parts["browser"] if flag.startswith("--host-resolver-rules="))
    with chromium(rules.partition("=")[2], home=lab.parts["home"]) as started:
        yield started


@pytest.mark.slow
def test_a_company_brings_its_own_domain(
    lab: Lab, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    office = visit()
    _sign_up(office, lab)
    page = f"https://app.lastmile.test/{_slug(office)}"

    # Typed as it was copied; the page shows two records, and that neither is there.
    office.goto(f"{page}/settings/domains/")
    office.fill("[name=host]", f"https://{HOST.title()}/")
    office.get_by_role("button", name="Show me the records").click()
    expect(office.get_by_role("heading", name=HOST)).to_be_visible()
    expect(office.locator("#checklist")).to_contain_text("waits for the DNS")
    picture(office, "own-domain-records")

    # Whoever runs the DNS puts in what stands there; the list turns green without a reload.
    for number, kind in ((1, "CNAME"), (2, "TXT")):
        expect(office.get_by_text(f"Record {number}: type {kind}")).to_be_visible()
        name = office.locator(f".form-hint:below(#name-{number}) code").first.inner_text()
        lab.record("add", name, kind, office.locator(f"#value-{number}").input_value())
    office.get_by_role("button", name="Look again now").click()
    expect(office.locator("#checklist .card-header [role=status]")).to_have_text("works", timeout=WELL)
    # The self-test of a captcha is a line of its own; all others are green.
    expect(office.locator("#checklist .text-red, #checklist .text-orange")).to_have_count(0)
    picture(office, "own-domain-works")
    lab.mail_to("nora@redesdelvalle.example", about=HOST)

    # The portal opens there, on a phone, with a certificate that the browser trusts, and takes a request.
    phone = visit(size=PHONE)
    answer = phone.goto(f"http://{HOST}/")
    assert answer.url == f"https://{HOST}/sign-in/"
    assert answer.security_details()["issuer"].startswith("Pebble Intermediate")
    expect(phone.get_by_text("Redes del Valle").first).to_be_visible()
    picture(phone, "own-domain-portal-phone")
    phone.goto(f"https://{HOST}/install/{_slug(office)}/")
    fill_in_request(phone, "rosa@mail.example")
    for document in ("id_front", "id_back", "proof_of_address"):
        phone.set_input_files(f"input[type=file][name={document}]", photo("teal"))
    phone.locator("#send").click()
    phone.wait_for_url(re.compile(rf"^https://{HOST}/install/.*/done/"), timeout=40_000)
    reference = phone.locator(".reference").inner_text()

    # The office finds it, and gives a subscriber a login, with which she signs in on the company's domain.
    office.goto(f"{page}/requests/")
    expect(office.get_by_role("link", name=reference).first).to_be_visible()
    _add_subscriber(office, page)
    phone.goto(f"https://{HOST}/sign-in/")
    phone.fill("[name=login]", "rosa.ibarra")
    phone.fill("[name=password]", PASSWORD)
    phone.locator("main form button:not([type=button])").first.click()
    expect(phone).to_have_url(f"https://{HOST}/")
    expect(phone.get_by_text("Rosa").first).to_be_visible()
    lab.record("add", f"www.{HOST}", "CNAME", HOST)
    # Its first visitor is turned away; who comes some seconds later gets a certificate, and where to go.
    assert _www(lab).header("Location") == f"https://{HOST}/sign-in/?a=1"

    # An outage of the DNS is a warning; a record that is gone is a loss, and the portal goes on meanwhile.
    office.goto(f"{page}/settings/domains/")
    office.get_by_role("link", name=HOST).first.click()
    kept = lab.record("list")
    lab.record("remove", HOST, "CNAME")
    lab.record("add", HOST, "SERVFAIL")
    office.get_by_role("button", name="Look again now").click()
    # A domain that works is looked at each minute by the page: people who wait reload it.
    _reload_until(office, "#checklist .text-orange")
    expect(office.locator("#checklist .card-header [role=status]")).to_have_text("works")
    lab.record("remove", HOST, "SERVFAIL")
    office.get_by_role("button", name="Look again now").click()
    _reload_until(office, "#checklist .alert-warning")
    expect(office.locator("#checklist .card-header [role=status]")).to_have_text("DNS records missing")
    picture(office, "own-domain-lost")
    assert lab.get(HOST).status == 200

    # Put back, it is as it was.
    value = re.search(rf"^{re.escape(HOST)} CNAME (\S+)$", kept, re.MULTILINE).group(1)
    lab.record("add", HOST, "CNAME", value)
    office.get_by_role("button", name="Look again now").click()
    _reload_until(office, "#checklist .card-header [role=status] :text-is('works')")


def _sign_up(page: Page, lab: Lab) -> None:
    page.goto("https://lastmile.test/sign-up/")
    fill_in_sign_up(page, "Redes del Valle", "nora@redesdelvalle.example")
    expect(page.locator("[name=slug]")).to_have_value("redes-del-valle")
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    page.wait_for_url(re.compile(r"/sign-up/[0-9a-f-]{36}/"), timeout=CHECKED)
    page.goto(lab.link_in(lab.mail_to("nora@redesdelvalle.example")))
    page.get_by_role("button", name="Confirm and set up").click()
    page.get_by_role("button", name="Open the dashboard").click(timeout=30_000)
    page.wait_for_url(re.compile(r"^https://app\.lastmile\.test/redes-del-valle/"))


def _slug(page: Page) -> str:
    return page.url.split("/")[3]


def _add_subscriber(page: Page, home: str) -> None:
    page.goto(f"{home}/subscribers/new/")
    values = {"first_name": "Rosa", "last_name": "Ibarra Luna", "mobile": "55 1234 5678", "username": "rosa.ibarra"}
    for name, value in {**values, "password": PASSWORD, "again": PASSWORD}.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("main").get_by_role("button", name="Add a subscriber").click()
    expect(page.locator("#messages .alert-success")).to_be_visible()


def _www(lab: Lab):
    for _ in range(WELL // 2000):
        try:
            return lab.get(f"www.{HOST}", "/sign-in/?a=1")
        except ssl.SSLError:
            time.sleep(2)
    raise AssertionError(f"www.{HOST} got no certificate.")


def _reload_until(page: Page, selector: str) -> None:
    for _ in range(WELL // 2000):
        if page.locator(selector).count():
            return
        page.wait_for_timeout(2000)
        page.reload()
    raise AssertionError(f"{selector} did not come: {page.locator('#checklist').inner_text()}")


def refused(*options: str, path: str | None = None) -> str:
    """What the lab says when it does not start."""
    environment = None if path is None else {"PATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "demo.lab", *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    return done.stderr


def test_missing_programs_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "pebble").symlink_to(shutil.which("pebble"))
    assert refused("--data", str(tmp_path / "data"), path=str(tmp_path)) == (
        "The lab needs caddy (on Debian: apt-get install caddy).\n"
    )


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    port = free_ports(5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 2))
        taken.listen()
        said = refused("--port", str(port), "--data", str(tmp_path))
    assert f"Port {port + 2} is in use" in said


def test_records_of_a_lab_that_does_not_run_cannot_be_changed(tmp_path: Path) -> None:
    assert "No lab runs" in refused("record", "--data", str(tmp_path), "list")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (("clientes.wispmega.example", "A", "192.0.2.1"), "does not end in .test"),
        (("wispmega.test", "A", "192.0.2"), "is no value of a A record"),
        (("wispmega.test", "SPF", "x"), "SPF is none of"),
        (("a b.test", "A", "192.0.2.1"), "is no name"),
        (("wispmega.test", "CNAME", "a.lastmile.test"), "stands alone"),
    ],
)
def test_a_record_that_cannot_be_is_one_line(tmp_path: Path, what: tuple[str, ...], said: str) -> None:
    zone = tmp_path / "zone.txt"
    zone.write_text(before := "wispmega.test A 192.0.2.10\n")
    with (tmp_path / MARK).open("a") as mark:
        fcntl.flock(mark, fcntl.LOCK_EX)  # as a lab that runs does
        assert said in refused("record", "--data", str(tmp_path), "add", *what)
    assert zone.read_text() == before


def _names(process: Path, text: str) -> bool:
    """Whether a process was started with a text among its arguments or in its environment."""
    try:
        return text.encode() in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    except OSError:
        return False
