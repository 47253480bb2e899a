"""A prospect asks for an installation on the ISP's own domain, and the office works on it."""

import io
import re
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, Demo, sign_in_staff


def photo(colour: str) -> dict[str, object]:
    buffer = io.BytesIO()
    Image.new("RGB", (900, 570), colour).save(buffer, "JPEG")
    return {"name": "foto.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def fill_in(page: Page, email: str) -> None:
    for name, value in {
        "first_name": "Rosa",
        "last_name": "Ibarra Luna",
        "email": email,
        "mobile": "55 1234 5678",
        "address": "Calle Hidalgo 12",
        "city": "Toluca",
    }.items():
        page.fill(f"[name={name}]", value)


def test_prospect_asks_and_staff_read_it(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]
) -> None:
    isp = demo.isp("wispmega")
    page = visit(size=PHONE, language="es-MX")
    page.goto(isp["install_form"][0])
    fill_in(page, "rosa@mail.example")
    for kind, colour in (("id_front", "teal"), ("id_back", "orange")):
        page.set_input_files(f"input[type=file][name={kind}]", photo(colour))
    picture(page, "install-form-phone-es")

    # A required document is missing: told at its field, and everything else is kept.
    page.locator("#send").click()
    expect(
        page.locator("#id_proof_of_address_field .invalid-feedback, #proof_of_address-error").first
    ).not_to_be_empty()
    expect(page.locator("[name=first_name]")).to_have_value("Rosa")

    page.set_input_files("input[type=file][name=proof_of_address]", photo("navy"))
    page.locator("#send").click()
    page.wait_for_url(re.compile(r"/install/wispmega/done/"), timeout=40_000)
    reference = page.locator(".reference").inner_text()
    assert re.fullmatch(r"R-\d{6}", reference)
    picture(page, "install-done-phone-es")
    assert reference in demo.mail_to("rosa@mail.example")["text"]

    office = visit(language="es-MX")
    sign_in_staff(office, demo, isp["staff"]["support"])
    office.goto(f"{isp['dashboard'][1]}requests/")
    picture(office, "requests-es")
    office.get_by_role("link", name=reference).first.click()
    expect(office.get_by_text("Rosa Ibarra Luna").first).to_be_visible()
    office.locator("[hx-get*=documents]").first.click()
    expect(office.locator("[id^=document-] img").first).to_be_visible()
    natural = office.locator("[id^=document-] img").first.evaluate("image => image.complete && image.naturalWidth")
    assert natural == 900
    picture(office, "request-es")
    office.locator("button[name=to][value=in_review]").click()
    expect(office.locator("#messages .alert-success")).to_be_visible()


def test_typed_text_survives_a_broken_line(demo: Demo, visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto(demo.isp("podhori")["install_form"][0])
    fill_in(page, "jan@mail.example")
    page.fill("[name=mobile]", "603 123 456")
    page.set_input_files("input[type=file][name=id_front]", photo("green"))
    expect(page.locator("#id_front-received, .document-received").first).to_be_visible()
    page.wait_for_timeout(300)
    page.reload()
    expect(page.locator("[name=first_name]")).to_have_value("Rosa")
    expect(page.locator("[name=address]")).to_have_value("Calle Hidalgo 12")
    page.locator("#send").click()
    page.wait_for_url(re.compile(r"/done/"), timeout=40_000)
