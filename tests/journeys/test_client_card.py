"""A clerk finds a customer, corrects the card, adds a service, suspends and resumes it; two clerks edit one card."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, Demo, sign_in_staff, sign_in_subscriber


def test_a_clerk_works_on_a_card(demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]) -> None:
    isp = demo.isp("podhori")
    page = visit()
    sign_in_staff(page, demo, isp["staff"]["support"])
    page.goto(f"{isp['dashboard'][1]}subscribers/")
    page.fill("[name=q]", "1004")
    page.keyboard.press("Enter")
    page.locator("table a[href$='/subscribers/1004/']").click()
    expect(page.get_by_role("heading", name="Contact")).to_be_visible()
    picture(page, "card-overview")

    # The tabs exchange the content without loading the page anew, and are addresses of their own.
    page.evaluate("window.stayed = true")
    page.get_by_role("navigation", name="Parts of the card").get_by_role("link", name=re.compile("^Notes")).click()
    page.wait_for_url(re.compile(r"/subscribers/1004/notes/$"))
    expect(page.get_by_role("heading", name="Notes")).to_be_visible()
    expect(page.locator(".tabs [aria-current=page]")).to_contain_text("Notes")
    assert page.evaluate("window.stayed")
    page.go_back()
    expect(page.get_by_role("heading", name="Contact")).to_be_visible()

    page.get_by_role("link", name="Edit").click()
    page.fill("[name=city]", "Ústí nad Orlicí")
    page.fill("[name=tax_id]", "25123892")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#id_tax_id_error")).to_contain_text("This is not a valid DIČ / IČO")
    expect(page.locator("[name=city]")).to_have_value("Ústí nad Orlicí")
    page.fill("[name=tax_id]", "25123891")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#messages .alert-success")).to_be_visible()
    expect(page.get_by_text("25123891")).to_be_visible()

    page.get_by_role("link", name="Add a service").first.click()
    page.select_option("[name=tariff]", label="Air 30")
    page.fill("[name=ip_address]", "10.99.0.7")
    page.get_by_role("button", name="Add the service").click()
    expect(page.locator("#messages .alert-success")).to_contain_text("was added")

    page.locator("summary", has_text="Suspend").click()
    page.get_by_role("button", name="Suspend the service").click()
    expect(page.locator("#id_suspended_reason_error")).to_contain_text("Say why")
    page.locator("#id_suspended_reason").fill("Two months unpaid")
    page.get_by_role("button", name="Suspend the service").click()
    expect(page.locator("#messages .alert-success")).to_contain_text("suspended")
    page.locator("summary", has_text="Resume").click()
    page.locator("#id_active_reason").fill("Paid at the desk")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".service-history")).to_contain_text("Two months unpaid")
    expect(page.locator(".service-history li").first).to_contain_text("Paid at the desk")
    picture(page, "card-service")


def test_the_second_clerk_sees_what_the_first_changed(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    isp = demo.isp("podhori")
    first, second = visit(), visit(size=PHONE)
    for page, role in ((first, "support"), (second, "admin")):
        sign_in_staff(page, demo, isp["staff"][role])
        page.goto(f"{isp['dashboard'][1]}subscribers/1012/edit/")
    first.fill("[name=city]", "Jablonné")
    first.fill("[name=district]", "Dolní")
    first.get_by_role("button", name="Save").click()
    expect(first.locator("#messages .alert-success")).to_be_visible()

    second.fill("[name=city]", "Letohrad")
    second.get_by_role("button", name="Save").click()
    warning = second.locator(".alert-warning")
    expect(warning).to_contain_text("Somebody else saved this card while you had it open")
    expect(warning).to_contain_text("Jablonné")
    expect(second.locator("[name=city]")).to_have_value("Letohrad")
    expect(second.locator("[name=district]")).to_have_value("Dolní")
    picture(second, "card-conflict-phone")
    second.get_by_role("button", name="Save again").click()
    expect(second.locator("#messages .alert-success")).to_be_visible()
    expect(second.get_by_text("Letohrad").first).to_be_visible()


def test_a_subscriber_reads_the_paper_that_staff_show(demo: Demo, visit: Callable[..., Page]) -> None:
    isp = demo.isp("wispmega")
    who = isp["subscribers"][0]
    page = visit(size=PHONE, language="es-MX")
    sign_in_subscriber(page, isp["portal"][0], who["username"], who["password"])
    paper = page.get_by_role("link", name=re.compile("Contrato de servicio"))
    expect(paper).to_be_visible()
    begin = "(path) => fetch(path).then((answer) => answer.text()).then((text) => text.slice(0, 4))"
    assert page.evaluate(begin, paper.get_attribute("href")) == "%PDF"
