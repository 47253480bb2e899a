"""The office makes an installation of a request; the technician finishes it on a phone."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from tests.factories.preinstall import picture as photo
from tests.journeys.conftest import PHONE, Demo


def enter(page: Page, demo: Demo, role: str, path: str) -> None:
    isp = demo.isp("podhori")
    page.goto(f"{isp['dashboard'][1]}{path}")
    page.fill("[name=email]", isp["staff"][role]["email"])
    page.fill("[name=password]", isp["staff"][role]["password"])
    page.get_by_role("main").get_by_role("button").click()


def test_a_request_becomes_a_service(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None], tmp_path: Path
) -> None:
    office = visit()
    enter(office, demo, "support", "requests/?state=approved")
    office.locator("tbody a").first.click()
    office.get_by_role("link", name="Make it an installation").click()
    office.select_option("[name=tariff]", index=1)
    office.fill("[name=username]", "nova.zakaznice")
    office.fill("[name=on]", datetime.now(ZoneInfo("Europe/Prague")).date().isoformat())
    office.locator("[name=technician]").select_option(
        label=office.locator("[name=technician] option").nth(1).inner_text()
    )
    picture(office, "installation-activate")
    office.get_by_role("button", name="Make it an installation").click()
    expect(office.get_by_text(re.compile("The installation I-.* was planned"))).to_be_visible()
    reference = re.search(r"I-\d{6}", office.get_by_role("heading", level=1).inner_text()).group()
    number = int(reference[2:])
    office.goto(office.url.replace(f"{number}/", "calendar/"))
    picture(office, "installation-week")

    technician = visit(size=PHONE)
    enter(technician, demo, "technician", "installations/day/")
    picture(technician, "installation-day-phone")
    technician.goto(technician.url.replace("day/", "calendar/"))
    picture(technician, "installation-week-phone")
    technician.goto(technician.url.replace("calendar/", "day/"))
    technician.goto(technician.url.replace("day/", f"{number}/finish/"))
    shot = tmp_path / "roof.jpg"
    shot.write_bytes(photo())
    technician.set_input_files("[name=photos]", shot)
    area = technician.locator("canvas").bounding_box()
    technician.mouse.move(area["x"] + 20, area["y"] + 40)
    technician.mouse.down()
    technician.mouse.move(area["x"] + 150, area["y"] + 70, steps=5)
    technician.mouse.up()
    expect(technician.get_by_role("status").get_by_text("Signed")).to_be_visible()
    picture(technician, "installation-finish-phone")
    technician.get_by_role("button", name="Mark it as done").click()
    expect(technician.get_by_text(f"{reference} is done.")).to_be_visible()

    office.goto(office.url.replace("calendar/", f"{number}/"))
    expect(office.get_by_role("img", name="Signature")).to_be_visible()
    picture(office, "installation-done")
    expect(office.get_by_role("img", name="Picture 1 of the installation")).to_be_visible()

    # The login that was opened with it becomes one that works.
    office.get_by_role("link", name=re.compile(r"^\d+ · ")).click()
    office.get_by_role("link", name=re.compile("^Logins")).click()
    office.get_by_role("link", name="nova.zakaznice").click()
    address = office.input_value("[name=email]")
    office.get_by_role("button", name="Send a link to set a password").click()
    expect(office.get_by_role("status").first).to_contain_text(address)
    person = visit(size=PHONE)
    person.goto(demo.link_in(demo.mail_to(address, about="portal")))
    person.fill("[name=password]", "tres tristes tigres")
    person.fill("[name=again]", "tres tristes tigres")
    person.locator("main form button").click()
    person.wait_for_url(re.compile("/sign-in/"))
    person.fill("[name=login]", "nova.zakaznice")
    person.fill("[name=password]", "tres tristes tigres")
    person.locator("main form button:not([type=button])").first.click()
    expect(person.get_by_text("Active since", exact=False)).to_be_visible()
