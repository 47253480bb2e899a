"""The suspension for debt of one large ISP: `python -m bench.suspending SIZE` prints what it took as JSON."""

import json
import sys

DEBTORS = 10  # one in so many has an invoice that was due long ago

OWING = """
INSERT INTO subscribers_tariff (uuid, name, download, upload, price, tax_rate, is_active)
  SELECT gen_random_uuid(), 'Hogar ' || n, n * 10, n * 2, n * 100, 16, true FROM generate_series(1, 10) n;
INSERT INTO subscribers_subscriber (uuid, number, first_name, last_name, address, created_at, version, id_number, email,
  mobile, second_mobile, district, city, postcode)
  SELECT gen_random_uuid(), n, 'María José', 'Núñez ' || n, 'Calle ' || n % 900, now(), 1, 'CURP' || n,
  'cliente' || n || '@example.com', '', '', 'Centro', 'Puebla', '72000' FROM generate_series(1, {size}) n;
INSERT INTO subscribers_service (subscriber_id, number, tariff_id, state, address, started_on)
  SELECT s.id, s.number, t.id, 'active', s.address, date '2025-01-01'
  FROM subscribers_subscriber s JOIN subscribers_tariff t ON t.name = 'Hogar ' || 1 + s.number % 10;
INSERT INTO billing_ledgerentry (subscriber_id, kind, amount, open, "on", due_on, text, by_kind, by_name, at)
  SELECT id, 'correction', 499, CASE WHEN number % {debtors} = 0 THEN 499 ELSE 0 END, date '2026-03-01',
  date '2026-03-11', '', 'system', '', now() FROM subscribers_subscriber;
INSERT INTO billing_ledgerentry (subscriber_id, kind, amount, open, "on", due_on, text, by_kind, by_name, at)
  SELECT id, 'correction', 499, 499, date '2026-04-01', date '2026-04-20', '', 'system', '', now()
  FROM subscribers_subscriber;
INSERT INTO billing_account (subscriber_id, balance)
  SELECT subscriber_id, sum(open) FROM billing_ledgerentry GROUP BY subscriber_id
"""


def main(size: int) -> None:
    """Do it all and print what it took."""
    import time
    from datetime import UTC, datetime
    from datetime import time as hour

    import django

    django.setup()
    from django.db import connection, transaction

    from bench.peer import _make_isp
    from billing.models import Suspension, SuspensionRule
    from billing.services import suspension_runs, suspensions
    from core.scope import isp_scope, public_scope
    from tenants.directory import open_isp
    from tenants.models import ISP

    _make_isp(size + 1)
    with public_scope():
        isp = open_isp(ISP.objects.get(slug=f"isp-{size + 1}").pk)
    with isp_scope(isp), transaction.atomic(), connection.cursor() as cursor:
        for statement in OWING.format(size=size, debtors=DEBTORS).split(";\n"):
            cursor.execute(statement)
        cursor.execute("ANALYZE subscribers_subscriber, subscribers_service, billing_ledgerentry, billing_account")
    at = datetime(2026, 4, 8, 17, tzinfo=UTC)
    took: dict[str, float] = {"debtors": size // DEBTORS, "part": 0}
    with isp_scope(isp):
        with transaction.atomic():
            rule = SuspensionRule.objects.create(
                is_on=True, days=5, weekdays=[1, 2, 3, 4, 5, 6, 7], begins=hour(0), ends=hour(23, 59)
            )
        began = time.perf_counter()
        with transaction.atomic():
            [plan] = suspensions.plan(at=at)
            assert len(list(plan.rows)) == took["debtors"]  # noqa: S101
        took["plan"] = time.perf_counter() - began
        began = time.perf_counter()
        with transaction.atomic():
            run = suspension_runs.prepare(by=None, rule=rule, at=at)
        took["prepare"] = time.perf_counter() - began
        suspension_runs.confirm(by=None, run=run, at=at)
        began, more = time.perf_counter(), True
        while more:
            part = time.perf_counter()
            more = suspension_runs.work_off(run_id=run.pk, at=at)
            took["part"] = max(took["part"], time.perf_counter() - part)
        took["run"] = time.perf_counter() - began
        with transaction.atomic():
            assert Suspension.objects.count() == took["debtors"]  # noqa: S101
    print(json.dumps(took))


if __name__ == "__main__":
    main(int(sys.argv[1]))
