"""How subscribers come by a password, a link, a way in. The staff of the demo read Spanish."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESKTOP, PHONE, Demo, at_rest, sign_in_staff, sign_in_subscriber

OWN = "tres tristes tigres"


def login_page(page: Page, demo: Demo, number: int) -> None:
    """The page of the first login of a subscriber, by way of the client card."""
    isp = demo.isp("wispmega")
    sign_in_staff(page, demo, isp["staff"]["support"])
    page.goto(f"{isp['dashboard'][1]}subscribers/{number}/logins/")
    page.locator("section[aria-labelledby=logins] tbody a").first.click()
    page.wait_for_url(re.compile(r"/logins/[0-9a-f-]{36}/"))
    at_rest(page)


def test_a_link_from_the_card_to_a_password_of_ones_own(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    staff = visit()
    login_page(staff, demo, 1018)
    picture(staff, "dashboard-login")
    address = staff.input_value("[name=email]")
    staff.get_by_role("button", name="Enviar un enlace para poner una contraseña").click()
    expect(staff.get_by_text(f"va en camino a {address}")).to_be_visible()
    mail = demo.mail_to(address, about="portal")
    person = visit(size=PHONE, language="es-MX")
    link = demo.link_in(mail)
    person.goto(link)
    picture(person, "portal-set-password-phone-es")
    person.fill("[name=password]", OWN)
    person.fill("[name=again]", OWN)
    person.locator("main form button").click()
    person.wait_for_url(re.compile("/sign-in/"))
    person.fill("[name=password]", OWN)
    person.locator("main form button:not([type=button])").first.click()
    person.wait_for_url(re.compile("[0-9]/$"))
    expect(person.get_by_text("1018").first).to_be_visible()
    late = visit()
    late.goto(link)
    expect(late.get_by_text("This link does not work any more")).to_be_visible()


def test_a_link_that_a_scanner_opens_first(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    staff = visit()
    login_page(staff, demo, 1013)
    staff.get_by_text("Todo", exact=True).click()
    staff.get_by_role("button", name="Crear enlace").click()
    url = staff.input_value("#link")
    picture(staff, "dashboard-auto-login-link")
    scanner = visit()
    for _ in range(2):
        scanner.goto(url)
    assert not [cookie for cookie in scanner.context.cookies() if "session" in cookie["name"]]
    person = visit(size=PHONE, dark=True, language="es-MX")
    person.goto(url)
    picture(person, "portal-auto-login-phone-dark-es")
    person.get_by_role("button", name="Abrir mi cuenta").click()
    expect(person.get_by_text("1013").first).to_be_visible()
    staff.get_by_role("link", name="Listo").click()
    expect(staff.get_by_text("una vez").first).to_be_visible()
    staff.get_by_role("button", name="Anularlo").first.click()
    expect(staff.get_by_text("El enlace ya no sirve.")).to_be_visible()
    person.reload()
    person.wait_for_url(re.compile("/sign-in/"))


def test_a_dictated_password_and_the_choice_that_follows(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    staff = visit()
    login_page(staff, demo, 1014)
    username = staff.input_value("[name=username]")
    staff.get_by_role("button", name="Crear una contraseña de un solo uso").click()
    said = staff.input_value("#one-time")
    picture(staff, "dashboard-one-time-password")
    person = visit(size=DESKTOP)
    portal = demo.isp("wispmega")["portal"][0]
    sign_in_subscriber(person, portal, username, said.replace("-", " ").upper())
    person.wait_for_url(re.compile("/account/new-password/"))
    person.goto(f"{portal}contact/")
    person.wait_for_url(re.compile("/account/new-password/"))
    picture(person, "portal-new-password")
    person.fill("[name=password]", OWN)
    person.fill("[name=again]", OWN)
    person.locator("main form button").click()
    expect(person.get_by_text("Welcome!", exact=False)).to_be_visible()
    again = visit()
    again.goto(f"{portal}sign-in/")
    again.fill("[name=login]", username)
    again.fill("[name=password]", said)
    again.locator("main form button:not([type=button])").first.click()
    expect(again.get_by_text("That did not work.", exact=False)).to_be_visible()


def test_a_forgotten_password(demo: Demo, visit: Callable[..., Page]) -> None:
    portal = demo.isp("wispmega")["portal"][0]
    person = visit()
    person.goto(f"{portal}sign-in/")
    person.get_by_role("link", name="Forgot your password").click()
    person.fill("[name=login]", "cliente1016")
    expect(person.locator("altcha-widget [type=checkbox]")).to_be_checked()
    person.get_by_role("button", name="Send the link").click()
    expect(person.get_by_text("Look into your mail").first).to_be_visible()
    for _ in range(100):
        links = [mail for mail in demo.mails() if "cliente1016" in mail["text"]]
        if links:
            break
        person.wait_for_timeout(200)
    person.goto(demo.link_in(links[0]))
    expect(person.get_by_text("cliente1016")).to_be_visible()


def test_links_for_those_who_were_picked_out_of_the_list(demo: Demo, visit: Callable[..., Page]) -> None:
    staff = visit()
    isp = demo.isp("wispmega")
    sign_in_staff(staff, demo, isp["staff"]["owner"])
    staff.goto(f"{isp['dashboard'][1]}subscribers/?q=10")
    at_rest(staff)
    for place in range(2):
        staff.locator("[name=chosen]").nth(place).check()
    staff.get_by_role("button", name="Enviar enlaces para poner contraseña").click()
    staff.wait_for_url(re.compile("/bulk/[0-9a-f-]{36}/"))
    before = len(demo.mails())
    staff.locator("main form button.btn-primary").click()
    expect(staff.get_by_text("terminado", exact=False).first).to_be_visible()
    for _ in range(100):
        if len(demo.mails()) > before:
            break
        staff.wait_for_timeout(100)
    assert any("/set-password/" in mail["text"] for mail in demo.mails())
    assert len(demo.mails()) > before
