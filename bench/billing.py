"""A billing run of one large ISP: how long a hundred thousand invoices take, in how much memory, and one by one; a
statement of the bank against what is open then; and suspension for debt, from what the page shows to the last cut.
"""

import json
import sys
from collections.abc import Iterator

from bench import inbox
from bench.figure import Figure
from bench.imports import peak
from bench.scratch import Scratch, scratch

FULL, QUICK = (20_000, 100_000), (500, 2_000)
ONE_BY_ONE = 400  # invoices of the loop


def figures(quick: bool) -> Iterator[Figure]:
    """Seconds of a forecast and of a run, beside a loop of single invoices, and memory for a small and a large ISP."""
    small, large = QUICK if quick else FULL
    with scratch() as place:
        place.migrate()
        lines = inbox.QUICK if quick else inbox.FULL
        told = {size: measured(place, size, lines) for size in (small, large)}
        cut = measured(place, large, module="bench.suspending")
    for size, took in told.items():
        group = f"{size:,} invoices"
        yield Figure(group, "forecast", "s", [took["forecast"]])
        asked = {"at_most": 60} if size == large else {}
        yield Figure(group, "run", "s", [took["run"]], **asked)
        yield Figure(group, "run, invoices a second", "1/s", [size / took["run"]])
        yield Figure(group, "most memory of the process", "MB", [took["memory"]])
    took = told[large]
    note = (
        f"A loop that calls issue_invoice for {ONE_BY_ONE} subscribers, each in a transaction of its own, on the same "
        "database after the run; the run commits a thousand at once."
    )
    yield Figure("One by one", "invoices a second", "1/s", [ONE_BY_ONE / took["loop"]], note=note)
    times = (took["loop"] / ONE_BY_ONE) / (took["run"] / large)
    yield Figure("One by one", "one by one / in a run", "×", [times], at_least=20)
    said = f"a statement of {lines:,} lines, from the file to the suggestions"
    note = "A quarter of the lines name their invoice, a quarter the customer and another amount, a quarter a name."
    for size, took in told.items():
        yield Figure(f"Inbox, {size:,} open invoices", said, "s", [took["matching"]], note=note)
    yield from suspension(large, cut)
    ratio = told[large]["memory"] / told[small]["memory"]
    yield Figure("Memory", f"{large:,} invoices / {small:,} invoices", "×", [ratio], at_most=1.2)


def suspension(size: int, cut: dict[str, float]) -> Iterator[Figure]:
    """What a rule would do, written down, and done, as bench.suspending has measured it."""
    group = f"Suspension: {size:,} subscribers, {int(cut['debtors']):,} of them in debt"
    yield Figure(group, "what the rule would do, as its page counts it", "ms", [cut["plan"] * 1000])
    yield Figure(group, "the list of a run, written down", "s", [cut["prepare"]])
    yield Figure(group, "run", "s", [cut["run"]], note="Each cut in its lock, with its record and a mail; one process.")
    yield Figure(group, "run, subscribers a second", "1/s", [cut["debtors"] / cut["run"]])
    yield Figure(group, "longest part of the run", "ms", [cut["part"] * 1000], note="A payment of one of its 50 waits.")


def measured(place: Scratch, *sizes: int, module: str = "bench.billing") -> dict[str, float]:
    """What one process takes for an ISP of so many subscribers with a service each; then further sizes of its own."""
    out = place.run("lastmile", "-m", module, *map(str, sizes), CELERY_TASK_ALWAYS_EAGER="0")
    return dict(json.loads(out.splitlines()[-1]))


PEOPLE = """
INSERT INTO subscribers_tariff (uuid, name, download, upload, price, tax_rate, is_active)
  SELECT gen_random_uuid(), 'Hogar ' || n, n * 10, n * 2, n * 100, 16, true FROM generate_series(1, 10) n;
INSERT INTO subscribers_subscriber (uuid, number, first_name, last_name, address, created_at, version, id_number, email,
  mobile, second_mobile, district, city, postcode)
  SELECT gen_random_uuid(), n, 'María José', 'Núñez ' || n, 'Calle ' || n % 900, now(), 1, 'CURP' || n, '', '', '',
  'Centro', 'Puebla', '72000' FROM generate_series(1, {size}) n;
INSERT INTO subscribers_service (subscriber_id, number, tariff_id, state, address, started_on)
  SELECT s.id, s.number, t.id, 'active', s.address, date '2025-01-01'
  FROM subscribers_subscriber s JOIN subscribers_tariff t ON t.name = 'Hogar ' || 1 + s.number % 10;
INSERT INTO billing_ledgerentry (subscriber_id, kind, amount, open, "on", text, by_kind, by_name, at)
  SELECT id, 'payment', -150, -150, date '2026-03-20', '', 'system', '', now()
  FROM subscribers_subscriber WHERE number % 20 = 0;
INSERT INTO billing_account (subscriber_id, balance) SELECT subscriber_id, amount FROM billing_ledgerentry
"""


def main(size: int, lines: int) -> None:
    """Do it all and print what it took."""
    import time
    from datetime import date
    from decimal import Decimal

    import django

    django.setup()
    from django.db import connection, transaction

    from bench.peer import _make_isp
    from billing.models import BillingRun, Invoice, LedgerEntry
    from billing.services import invoices, runs, turns
    from core.scope import isp_scope, public_scope
    from subscribers.models import Subscriber
    from tenants.directory import open_isp
    from tenants.models import ISP

    _make_isp(size)
    with public_scope():
        isp = open_isp(ISP.objects.get(slug=f"isp-{size}").pk)
    with isp_scope(isp), transaction.atomic(), connection.cursor() as cursor:
        for statement in PEOPLE.format(size=size).split(";\n"):
            cursor.execute(statement)
        cursor.execute("ANALYZE subscribers_subscriber, subscribers_service, billing_ledgerentry, billing_account")
    took: dict[str, float] = {"start": peak()}
    on = date(2026, 4, 1)
    with isp_scope(isp):
        with transaction.atomic():
            run = runs.plan_run(by=None, isp=isp, on=on)
        for phase in ("forecast", "run"):
            began = time.perf_counter()
            while turns.step(isp, run.pk):
                pass
            took[phase] = time.perf_counter() - began
            with transaction.atomic():
                run = BillingRun.objects.get(pk=run.pk)
                if phase == "forecast":
                    runs.start_run(by=None, run=run, isp_id=isp.pk)
        took["memory"] = peak()
        with transaction.atomic():
            assert (run.state, run.count) == ("done", size), (run.state, run.report)  # noqa: S101
            assert Invoice.objects.count() == size  # noqa: S101
            # Of a credit of 150 the cheapest tariff takes 100, and nobody owes with something left.
            left = LedgerEntry.objects.credits()
            assert set(left.values_list("open", flat=True)) == {Decimal(-50)}  # noqa: S101
            assert left.count() == size // 20  # noqa: S101
            rich = left.order_by().values("subscriber")
            assert not LedgerEntry.objects.debts().filter(subscriber__in=rich).exists()  # noqa: S101
        took["matching"] = inbox.matched(isp, lines)
        with transaction.atomic():
            people = list(Subscriber.objects.order_by("pk")[:ONE_BY_ONE])
        line = invoices.Line(text="Hogar", unit_price=Decimal(499), tax_rate=Decimal(16))
        began = time.perf_counter()
        for person in people:
            with transaction.atomic():
                invoices.issue_invoice(by=None, subscriber=person, lines=[line], on=on, currency="MXN")
        took["loop"] = time.perf_counter() - began
    print(json.dumps(took))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
