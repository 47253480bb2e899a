"""Files that are not what they should be, through the page and the task."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from core.models import StoredFile
from core.scope import isp_scope
from core.tabular import BadFile, workbooks
from imports.models import Batch
from imports.problems import sentence
from imports.services import batches
from subscribers.models import Subscriber
from tests.imports.exports import WISPHUB, table, wisphub, wisphub_row, workbook
from tests.imports.test_pages import HOME, filled, office, upload, work_on

__all__ = ["office"]
TITLES = ["Nombre", "Correo", "Telefono", "Fecha Instalacion", "Plan"]


def refusal(isp, office, data, name="clientes.csv"):
    """What the page says of a file that is not even taken."""
    response = upload(office, data, name)
    assert response.status_code == 422
    with isp_scope(isp):
        assert not Batch.objects.exists()
        assert not StoredFile.objects.exists()
    return response.content.decode()


def trouble(isp, office, data, name="clientes.csv"):
    """What the page says of a file that was taken and cannot be read."""
    page = upload(office, data, name)["Location"]
    batch = work_on(isp)
    assert batch.state == Batch.State.FAILED
    text = office.get(page).content.decode()
    assert "Nothing of this file is in your base." in text
    assert sentence(batch.trouble)
    return text


@pytest.mark.parametrize("data", [b"", b"  \r\n\r\n", b"\xef\xbb\xbf"])
def test_an_empty_file(isp, office, data):
    assert "This file is empty" in refusal(isp, office, data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7\n" + b"x" * 500, "of another kind"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 500, "of another kind"),
        (b"<html><table><tr><td>Nombre</td></tr></table></html>", "web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old Excel"),
        (b"MZ" + bytes(range(256)) * 4, "of another kind"),
        (b"PK\x03\x04" + b"\0" * 100, "damaged"),
    ],
)
def test_what_is_no_table_is_refused_whatever_its_name_says(isp, office, data, said):
    assert said in refusal(isp, office, data, "clientes.xlsx")


def test_titles_without_rows(isp, office):
    assert "no rows below" in trouble(isp, office, table(TITLES))


def test_one_column_only(isp, office):
    assert "Only one column" in trouble(isp, office, table(["Nombre"], ["Ana"], ["Luis"]))


def test_a_thousand_columns(isp, office):
    data = table([f"c{n}" for n in range(1000)], ["x"] * 1000)
    assert "1000 columns" in trouble(isp, office, data)
    assert "1000 columns" in trouble(isp, office, workbook([f"c{n}" for n in range(1000)], ["x"] * 1000), "a.xlsx")


def test_a_quotation_mark_that_is_never_closed(isp, office):
    data = table(TITLES) + b'"Ana,a@x.example\r\n' + b"Luis,l@x.example,,,\r\n" * 8000
    assert "never closed" in trouble(isp, office, data)


def test_a_line_without_an_end(isp, office):
    assert "longer than a line" in trouble(isp, office, b"Nombre,Correo\n" + b"a" * 3 * 2**20)


def test_a_file_without_titles_is_read_and_may_be_told_to_have_them(isp, office):
    rows = [wisphub_row(n) for n in range(5)]
    data = table(*[[row["Nombre"], row["Email"], row["Telefono"], row["Ip"]] for row in rows])
    page = upload(office, data)["Location"]
    batch = work_on(isp)
    assert (batch.header_row, batch.shape["rows"]) == (0, 5)
    text = office.get(f"{page}columns/").content.decode()
    assert "the first row looks like a customer" in text
    assert batch.mapping["1"] == "email"
    assert batch.mapping["3"] == "ip"
    office.post(f"{page}read-again/", {"titles": "yes"})
    batch = work_on(isp)
    assert (batch.header_row, batch.shape["rows"], batch.columns[0]["title"]) == (1, 4, rows[0]["Nombre"])


def test_a_title_that_stands_twice_and_titles_that_come_again(isp, office):
    data = table(["Nombre", "Telefono", "Telefono"], ["Ana Ruiz", "2221234567", ""], ["Nombre", "Telefono", "Telefono"],
                 ["Luis Mora", "2221234568", "2221234569"])  # fmt: skip
    page = upload(office, data)["Location"]
    batch = work_on(isp)
    assert [column["name"] for column in batch.columns] == ["Nombre", "Telefono", "Telefono (2)"]
    form = office.get(f"{page}columns/").context["form"]
    response = office.post(f"{page}columns/", filled(form, c1="mobile", c2="mobile"))
    assert response.status_code == 422
    assert "is chosen for “Telefono” already" in response.content.decode()
    office.post(f"{page}columns/", filled(form, c2="second_mobile"))
    office.post(f"{page}questions/", filled(office.get(f"{page}questions/").context["form"]))
    batch = work_on(isp)
    assert batch.counts == {"new": 2, "skip": 1}
    assert "The titles once more." in office.get(f"{page}?show=skip").content.decode()


def test_the_name_of_the_list_above_the_titles(importing):
    batch = importing.read(table(["Lista de clientes"], [], TITLES, ["Ana Ruiz", "a@x.example", "", "", ""]))
    assert batch.header_row == 3
    assert batch.columns[0]["title"] == "Nombre"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "cp1250"]
)
def test_every_usual_encoding_is_recognised(importing, encoding):
    name = "Ana Müller Suárez" if encoding != "cp1250" else "Jiří Dvořák Šťastný"
    importing.isp.country = importing.isp.country
    rows = [TITLES, *[[f"{name} {n}", f"a{n}@x.example", "", "", "Hogar 50"] for n in range(40)]]
    batch = importing.read(table(*rows, encoding=encoding))
    assert batch.state == Batch.State.OPEN
    assert batch.rows.order_by("number").first().cells[0] == f"{name} 0"
    assert batch.columns[0]["title"] == "Nombre"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_delimiter_is_recognised_and_a_text_may_hold_others(importing, delimiter):
    row = ["Ruiz, Ana; la | de la esquina", "a@x.example", "", "", "Hogar 50"]
    batch = importing.read(table(TITLES, row, row, delimiter=delimiter))
    assert batch.shape["delimiter"] == delimiter
    assert batch.rows.first().cells[0] == row[0]


def test_a_first_line_that_names_the_delimiter(importing):
    batch = importing.read(b"sep=;\r\n" + table(TITLES, ["Ana, Ruiz", "a@x.example", "", "", ""], delimiter=";"))
    assert batch.columns[0]["title"] == "Nombre"
    assert batch.rows.get().cells[0] == "Ana, Ruiz"


def test_rows_in_another_encoding_are_refused_by_row(importing, problems):
    good = [["Nombre", "Correo"], *[[f"Ángel Núñez {n}", f"a{n}@x.example"] for n in range(30)]]
    data = table(*good) + table(["José Peña", "j@x.example"], encoding="cp1252")
    batch = importing.check(importing.read(data))
    assert batch.shape["is_mixed"]
    assert batch.counts == {"new": 30, "bad": 1}
    row = batch.rows.get(number=32)
    assert row.cells[0] == "José Peña"
    assert problems(batch)[32] == ["other_encoding"]


def test_decimal_commas_and_dates_of_every_kind(importing):
    titles = ["Nombre", "Saldo", "Fecha Instalacion", "Plan"]
    rows = [["Ana Uno", "1.234,50", "31/12/2023", "Hogar 50"], ["Eva Dos", "-350,5", "01/02/2024", "Hogar 50"],
            ["Luz Tres", "(20)", "5 ene 2024", "Hogar 50"]]  # fmt: skip
    batch = importing.load(table(titles, *rows, delimiter=";"))
    assert batch.counts["new"] == 3
    people = {person.first_name: person for person in Subscriber.objects.select_related("account")}
    assert {name: str(person.account.balance) for name, person in people.items()} == {
        "Ana": "1234.50", "Eva": "-350.50", "Luz": "-20.00"}  # fmt: skip
    dates = [str(people[name].services.get().started_on) for name in ("Ana", "Eva", "Luz")]
    assert dates == ["2023-12-31", "2024-02-01", "2024-01-05"]


def test_dates_of_the_wrong_kind_are_told_by_row_and_column(importing, problems):
    titles = ["Nombre", "Fecha Instalacion", "Plan"]
    rows = [["Ana Uno", "31/12/2023", "Hogar 50"], ["Eva Dos", "12/31/2023", "Hogar 50"],
            ["Luz Tres", "30/02/2024", "Hogar 50"], ["Sol Cuatro", "31/12/2090", "Hogar 50"],
            ["Rut Cinco", "ayer", "Hogar 50"], ["Noé Seis", "31/12/2022", "Hogar 50"]]  # fmt: skip
    batch = importing.check(importing.read(table(titles, *rows)))
    assert problems(batch) == {3: ["bad_date"], 4: ["bad_date"], 5: ["future_date"], 6: ["bad_date"]}
    told = batch.rows.get(number=3).problems[0]
    assert (told["column"], sentence(told)) == (1, "“12/31/2023” is not a date as the others in this column (d/m/y).")


def test_dates_that_could_be_both_are_asked(isp, office):
    data = table(["Nombre", "Alta", "Saldo"], ["Ana Uno", "03/04/2024", "1.234"], ["Eva Dos", "05/06/2023", "2.500"])
    page = upload(office, data)["Location"]
    work_on(isp)
    office.post(f"{page}columns/", filled(office.get(f"{page}columns/").context["form"]))
    form = office.get(f"{page}questions/").context["form"]
    assert {"date_since", "point_balance", "sign"} <= form.fields.keys()
    response = office.post(f"{page}questions/", filled(form, date_since="mdy", point_balance=","))
    assert response.status_code == 422, "the sign has no answer yet"
    office.post(f"{page}questions/", filled(form, date_since="mdy", point_balance=",", sign="credit"))
    batch = work_on(isp)
    with isp_scope(isp):
        values = batch.rows.get(number=2).values
    assert (values["since"], values["balance"]) == ("2024-03-04", "-1234.00")


def test_a_script_in_a_name_is_only_a_name(isp, office):
    script = "<script>alert(1)</script>"
    data = wisphub(3, changed={1: {"Nombre": script, "Comentarios": script, "Email": script}})
    data = data.replace(b"Localidad", b"<b>Localidad")
    page = upload(office, data, f"{script}.csv")["Location"]
    work_on(isp)
    pages = [office.get(f"{page}columns/").content.decode()]
    office.post(f"{page}columns/", filled(office.get(f"{page}columns/").context["form"]))
    response = office.get(f"{page}questions/")
    pages.append(response.content.decode())
    office.post(f"{page}questions/", filled(response.context["form"]))
    batch = work_on(isp)
    assert batch.counts == {"new": 2, "bad": 1}
    pages += [office.get(f"{page}?show=").content.decode(), office.get(HOME).content.decode()]
    for text in pages:
        assert "<script>alert" not in text
        assert "<b>Localidad" not in text
    assert "&lt;script&gt;alert" in pages[0]
    assert "&lt;b&gt;Localidad" in pages[0]
    assert all("&lt;script&gt;alert" in text for text in pages[2:3])
    # The good one with the script comes in as text.
    with isp_scope(isp):
        row = batch.rows.get(number=3)
    assert [each["code"] for each in row.problems] == ["bad_email"]


def test_cells_with_formulas(importing, problems):
    book = Workbook()
    book.active.append(["Nombre", "Correo", "Saldo"])
    book.active.append(["Ana Ruiz", "a@x.example", "=1+1"])
    book.active.append(["Eva Mora", "e@x.example", 12.5])
    out = io.BytesIO()
    book.save(out)
    batch = importing.check(importing.read(out.getvalue(), "a.xlsx"))
    assert problems(batch) == {2: ["formula"]}
    assert batch.rows.get(number=3).values["balance"] == "12.50"
    # With a stored result that is taken, an error is told.
    data = rewritten(out.getvalue(), "xl/worksheets/sheet1.xml", b"<v />", b"<v>7</v>", b"<v></v>", b"<v>7</v>")
    batch = importing.check(importing.read(data, "a.xlsx"))
    assert batch.rows.get(number=2).values["balance"] == "7.00"


def rewritten(data, name, *changes):
    """A workbook with one of its files changed, by pairs of old and new bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            content = old.read(entry)
            if entry == name:
                for before, after in zip(changes[0::2], changes[1::2], strict=True):
                    content = content.replace(before, after)
            new.writestr(entry, content)
    return out.getvalue()


def test_a_formula_for_a_spreadsheet_is_text_in_the_base_and_harmless_in_the_rejects(isp, office, importing):
    evil = '=HYPERLINK("http://evil.example","x")'
    data = wisphub(2, changed={0: {"Comentarios": evil, "Email": "wrong"}, 1: {"Comentarios": "@SUM(1)"}})
    batch = importing.check(importing.read(data))
    assert batch.counts == {"new": 1, "bad": 1}
    lines = office.get(f"{HOME}{batch.uuid}/rejects/").content.decode()
    assert "'=HYPERLINK" in lines
    assert ',"=' not in lines
    assert ",=" not in lines
    # Loaded again it is what it was.
    assert importing.read(lines.encode()).rows.get().cells[WISPHUB.index("Comentarios")] == evil


def test_a_workbook_with_several_sheets(isp, office):
    tables = {
        "Clientes": [["Nombre", "Correo"], ["Ana Ruiz", "a@x.example"]],
        "Bajas": [["Cliente", "Celular"], ["Eva Mora", "2221234567"]],
    }
    page = upload(office, workbook(["Notas"], ["nada"], sheets=tables.items()), "a.xlsx")["Location"]
    batch = work_on(isp)
    assert (batch.sheet, batch.columns[0]["title"]) == ("Clientes", "Nombre"), "the first sheet with a table"
    assert "Read this sheet" in office.get(f"{page}columns/").content.decode()
    office.post(f"{page}read-again/", {"sheet": "Bajas"})
    batch = work_on(isp)
    assert (batch.sheet, batch.columns[0]["title"], batch.state) == ("Bajas", "Cliente", Batch.State.OPEN)


def bomb(size=300 * 2**20, entries=1):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        for n in range(entries):
            with archive.open(f"xl/worksheets/sheet{n + 1}.xml", "w", force_zip64=True) as entry:
                for _ in range(size // 2**20):
                    entry.write(b" " * 2**20)
    return out.getvalue()


def test_a_zip_bomb_is_refused_without_being_unfolded(isp, office):
    assert "unfolds to far more" in refusal(isp, office, bomb(), "a.xlsx")
    assert "unfolds to far more" in refusal(isp, office, bomb(size=0, entries=3000), "a.xlsx")


def test_entities_that_multiply_are_not_followed(isp, office):
    good = workbook(["Nombre", "Correo"], ["Ana", "a@x.example"])
    laughs = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    data = rewritten(good, "xl/worksheets/sheet1.xml", b"<worksheet", laughs + b"<worksheet")
    assert "instructions that a table does not need" in refusal(isp, office, data, "a.xlsx")
    assert load_workbook(io.BytesIO(good)).active["A1"].value == "Nombre"


def test_entities_that_the_first_look_misses_are_not_followed_either(isp, office, importing):
    """They stand behind a comment that is longer than what is looked at."""
    good = workbook(["Nombre", "Correo"], ["Ana", "a@x.example"])
    laughs = b"<!--" + b"x" * 9000 + b'--><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    data = rewritten(good, "xl/worksheets/sheet1.xml", b"<worksheet", laughs + b"<worksheet")
    assert laughs in zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    batch = importing.read(data, "a.xlsx")
    assert (batch.state, batch.trouble["code"]) == (Batch.State.FAILED, "entities")


def test_without_the_safe_parser_no_workbook_is_opened(monkeypatch):
    """The control: the refusal of entities hangs on defusedxml, so its absence is no silent loss."""
    monkeypatch.setattr(workbooks, "DEFUSEDXML", False)
    with pytest.raises(RuntimeError, match="defusedxml"):
        workbooks.Workbook(io.BytesIO(workbook(["a", "b"], [1, 2])))


def test_a_damaged_workbook(isp, office):
    good = workbook(["Nombre", "Correo"], ["Ana", "a@x.example"])
    data = rewritten(good, "xl/worksheets/sheet1.xml", b"</sheetData>", b"<row")
    assert "damaged" in trouble(isp, office, data, "a.xlsx")


def test_a_file_that_is_gone_says_so(importing, settings):
    batch = batches.take_file(upload=SimpleUploadedFile("a.csv", wisphub(3)), by=importing.by, isp=importing.ref)
    (settings.MEDIA_ROOT / batch.file.path).unlink()
    batch = importing.work(batch)
    assert (batch.state, batch.trouble["code"]) == (Batch.State.FAILED, "gone")


class Endless(io.RawIOBase):
    """A body of so many bytes that is made while it is read, and counts how much was."""

    def __init__(self, head, size):
        self.head, self.left, self.taken = head, size, 0

    def readable(self):
        return True

    def read(self, count=-1):
        count = self.left + len(self.head) if count < 0 else count
        piece, self.head = self.head[:count], self.head[count:]
        filler = b"a,b\n" * ((count - len(piece)) // 4 + 1) if len(piece) < count and self.left else b""
        filler = filler[: min(count - len(piece), self.left)]
        self.left -= len(filler)
        self.taken += len(piece) + len(filler)
        return piece + filler


def test_half_a_gigabyte_is_refused_while_it_arrives_in_little_memory(isp, office, settings, tmp_path):
    import tracemalloc

    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    boundary = "b0undary"
    head = (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
            "Content-Type: text/csv\r\n\r\n").encode()  # fmt: skip
    size = 500 * 2**20
    body = Endless(head, size)
    tracemalloc.start()
    response = office.request(
        PATH_INFO=HOME,
        REQUEST_METHOD="POST",
        CONTENT_TYPE=f"multipart/form-data; boundary={boundary}",
        CONTENT_LENGTH=str(size + len(head)),
        **{"wsgi.input": body},
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert response.status_code == 422
    assert "too large; at most 50.0" in response.content.decode()
    assert body.taken < batches.LIMIT + 2**20, "the rest is not even read"
    assert peak < 20 * 2**20
    assert not list(tmp_path.glob("*.upload*"))
    with isp_scope(isp):
        assert not Batch.objects.exists()


def test_control_what_is_only_a_little_too_large_is_read_to_its_end_and_refused_too(isp, office, monkeypatch):
    monkeypatch.setattr(batches, "LIMIT", 1000)
    assert "too large" in refusal(isp, office, wisphub(40))


def test_half_a_file_of_bad_cells_is_told_cell_by_cell(importing, problems):
    bad = {
        0: {"Email": "no"}, 1: {"Telefono": "12"}, 2: {"Ip": "300.1.1.1"}, 3: {"Saldo": "mucho"},
        4: {"Estado": "quién sabe"}, 5: {"Usuario": "a b"}, 6: {"Id Servicio": "x9y"},
        7: {"Nombre": "", "Apellidos": ""},
        8: {"Nombre": "x" * 81}, 9: {"Fecha Instalacion": "no"}, 10: {"Plan Internet": ""}, 11: {"Precio Plan": "-5"},
        12: {"RFC": "XX1"},
    }  # fmt: skip
    batch = importing.check(importing.read(wisphub(20, changed=bad)))
    assert {n: codes[0] for n, codes in problems(batch).items()} == {
        2: "bad_email", 3: "bad_phone", 4: "bad_ip", 5: "bad_amount", 6: "unknown_state", 7: "bad_login",
        8: "bad_number", 9: "required", 10: "too_long", 11: "bad_date", 12: "no_tariff", 13: "negative",
        14: "bad_tax_id",
    }  # fmt: skip
    assert batch.counts == {"new": 8, "bad": 12}


def test_the_parser_of_workbooks_knows_what_it_refuses():
    with pytest.raises(BadFile):
        workbooks.Workbook(io.BytesIO(b"PK\x03\x04nothing"))
