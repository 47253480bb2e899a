"""A statement of a bank against the open invoices of a large ISP: stored, compared, and what was found counted."""

import csv
import io
import time
from typing import Any

FULL, QUICK = 5_000, 200  # lines of the statement
KINDS = 4  # of what a line says; see `statement`


def statement(debts: list[tuple[str, int, Any]], lines: int) -> bytes:
    """A table of so many payments. Of four lines one names its invoice, one the customer's number with another amount,
    one a name alone, and one nothing that is known."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Fecha", "Nombre", "Concepto", "Importe"])
    for n in range(lines):
        number, customer, amount = debts[n * len(debts) // lines]
        said = [
            (f"María José Núñez {customer}", f"Pago factura {number}", amount),
            ("", f"cliente {customer} internet", amount + 7),
            (f"NUÑEZ {customer} MARIA JOSE", f"transferencia {n}", amount),
            ("Desconocido", f"deposito {n}", amount + 13),
        ][n % KINDS]
        writer.writerow([f"{n % 28 + 1:02d}/04/2026", *said])
    return out.getvalue().encode()


def matched(isp: Any, lines: int) -> float:
    """Seconds from the file to the suggestions. In the ISP's scope, outside a transaction."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.db import transaction

    from billing.models import Invoice
    from payments.models import BankLine
    from payments.services import statement_work, statements
    from payments.statements.tables import Mapping

    class Clerk:
        pk, audit_label, audit_kind = 1, "Bench", "staff"

    by: Any = Clerk()
    with transaction.atomic():
        rows = Invoice.objects.unpaid().order_by("pk").values_list("number", "subscriber__number", "entry__open")
        upload = SimpleUploadedFile("statement.csv", statement(list(rows), lines))
        row = statements.take_file(upload=upload, by=by, isp=isp)
        account = statements.add_account(by=by, name="Bank", number="0123456789", currency=isp.currency)
        mapping = Mapping(**{**row.mapping, "date_order": "dmy"})
        statements.read_table(statement=row, mapping=mapping, account=account, isp=isp)
    began = time.perf_counter()
    statement_work.work_on(statement_id=row.pk, isp_id=isp.pk)
    took = time.perf_counter() - began
    with transaction.atomic():
        row.refresh_from_db()
        certain = BankLine.objects.certain().count()
        assert (row.state, row.counts["new"]) == ("done", lines), (row.state, row.trouble)  # noqa: S101
        assert certain >= lines // KINDS, certain  # noqa: S101
    return took
