"""An ISP brings 5,000 customers over: 40 bad rows are refused, mended and loaded again. Then the file is undone."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.imports.exports import WISPHUB, wisphub
from tests.journeys.conftest import PHONE, Demo, sign_in_staff

ROWS, LONG = 5_000, 240_000  # milliseconds that the work may take on a busy machine
# What goes wrong in real exports, eight ways, five times each.
WRONG = [
    ("Email", "sin-correo@", "corregido{n}@correo.example"),
    ("Telefono", "no tiene", "222 555 {n:04d}"),
    ("Ip", "10.50.0", "10.99.{m}.{k}"),
    ("Fecha Instalacion", "31/02/2024", "28/02/2024"),
    ("Estado", "???", "Activo"),
    ("Saldo", "cien", "100.00"),
    ("Usuario", "año nuevo", "corregido{n:05d}"),
    ("Id Servicio", "S/N-x", "{s}"),
]


def wrong_rows() -> dict[int, dict[str, str]]:
    """The cells of 40 customers that are wrong, by customer."""
    return {100 + 121 * n: {WRONG[n % 8][0]: WRONG[n % 8][1]} for n in range(40)}


def mended(text: str) -> str:
    """The refused rows as a clerk sends them back."""
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    titles, body = rows[0], rows[1:]
    assert len(body) == 40
    assert titles[:-1] == WISPHUB
    for n, row in enumerate(body):
        for title, bad, good in WRONG:
            place = WISPHUB.index(title)
            if row[place] == bad:
                assert row[-1].startswith(f"{title}: "), row[-1]
                row[place] = good.format(n=n, m=n, k=n + 2, s=900_000 + n)
    out = io.StringIO(newline="")
    csv.writer(out).writerows([titles, *body])
    return out.getvalue()


def go_through(page: Page, name: str, data: bytes) -> None:
    """From the file to the check."""
    page.set_input_files("input[type=file]", {"name": name, "mimeType": "text/csv", "buffer": data})
    page.get_by_role("button", name="Subir").click()
    expect(page.get_by_role("heading", name="¿Qué son las columnas?")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("Parece una exportación de WispHub")).to_be_visible()
    page.get_by_role("button", name="Continuar").click()
    expect(page.get_by_role("heading", name="Algunas preguntas")).to_be_visible()


def test_five_thousand_customers_with_forty_bad_rows(
    demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None], tmp_path: Path
) -> None:
    isp = demo.isp("wispmega")
    page = visit(language="es-MX")
    sign_in_staff(page, demo, isp["staff"]["owner"])
    home = f"{demo.about['dashboard']}wispmega/import/"
    page.goto(home)
    picture(page, "import-es")
    go_through(page, "clientes-de-wisphub.csv", wisphub(ROWS, changed=wrong_rows(), encoding="cp1252"))
    picture(page, "import-questions-es")
    refuse = page.locator(".list-group-item", has_text="???").locator("select")
    refuse.select_option("bad")
    page.get_by_role("button", name="Revisar las filas").click()
    run = page.get_by_role("button", name=re.compile("Importar .* filas ahora"))
    expect(run).to_be_visible(timeout=LONG)
    expect(run).to_contain_text("4960")
    expect(page.locator("dl.figures")).to_contain_text("40")
    picture(page, "import-check-es")
    run.click()
    expect(page.get_by_text("Importada el")).to_be_visible(timeout=LONG)

    with page.expect_download() as download:
        page.get_by_role("link", name="Descargar las filas rechazadas").click()
    refused = tmp_path / "refused.csv"
    download.value.save_as(refused)
    page.goto(home)
    go_through(page, "rechazadas.csv", mended(refused.read_text(encoding="utf-8")).encode())
    page.get_by_role("button", name="Revisar las filas").click()
    expect(run).to_be_visible(timeout=LONG)
    expect(page.locator("dl.figures div").last).to_contain_text("0")
    run.click()
    expect(page.get_by_text("Importada el")).to_be_visible(timeout=LONG)

    # All are there, once.
    page.goto(f"{demo.about['dashboard']}wispmega/subscribers/?q=CURP00000100")
    expect(page.locator("main tbody tr")).to_have_count(1)
    page.goto(f"{demo.about['dashboard']}wispmega/subscribers/?q=CURP00004999")
    expect(page.locator("main tbody tr")).to_have_count(1)

    # The first import is taken back; what the second one brought stays.
    page.goto(home)
    page.get_by_role("link", name="clientes-de-wisphub.csv").click()
    page.get_by_role("link", name="Deshacer esta importación").click()
    picture(page, "import-undo-es")
    page.get_by_role("button", name="Deshacer esta importación").click()
    expect(page.get_by_text("Deshecha el")).to_be_visible(timeout=LONG)
    page.goto(f"{demo.about['dashboard']}wispmega/subscribers/?q=CURP00004999")
    expect(page.locator("main tbody")).to_contain_text("Nadie")
    page.goto(f"{demo.about['dashboard']}wispmega/subscribers/?q=CURP00000100")
    expect(page.locator("main tbody tr")).to_have_count(1)


def test_a_phone_shows_every_step(demo: Demo, visit: Callable[..., Page], picture: Callable[[Page, str], None]) -> None:
    isp = demo.isp("wispmega")
    page = visit(size=PHONE, dark=True, language="es-MX")
    sign_in_staff(page, demo, isp["staff"]["owner"])
    page.goto(f"{demo.about['dashboard']}wispmega/import/")
    picture(page, "import-phone-dark-es")
    go_through(page, "pocos.csv", wisphub(12, changed={3: {"Email": "no"}, 5: {"Ip": "x"}}))
    picture(page, "import-questions-phone-dark-es")
    page.go_back()
    expect(page.get_by_role("heading", name="¿Qué son las columnas?")).to_be_visible()
    picture(page, "import-columns-phone-dark-es")
    page.get_by_role("button", name="Continuar").click()
    page.get_by_role("button", name="Revisar las filas").click()
    expect(page.get_by_role("button", name=re.compile("Importar"))).to_be_visible(timeout=LONG)
    picture(page, "import-check-phone-dark-es")
    page.get_by_role("button", name="Descartar este archivo").click()
    expect(page.get_by_text("Nada de él está en su base")).to_be_visible()


def test_a_file_over_the_limit_is_told_before_it_is_sent(
    demo: Demo, visit: Callable[..., Page], tmp_path: Path
) -> None:
    isp = demo.isp("wispmega")
    page = visit()
    sign_in_staff(page, demo, isp["staff"]["owner"])
    page.goto(f"{demo.about['dashboard']}wispmega/import/")
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(51 * 2**20)
    page.set_input_files("input[type=file]", large)
    message = page.locator("input[type=file]").evaluate("field => field.validationMessage")
    assert "demasiado grande" in message
    page.get_by_role("button", name="Subir").click()
    expect(page).to_have_url(re.compile(r"/import/$"))
