"""What the kill tests of billing run: ISPs with subscribers and runs that were begun, and processes that work them off.

`python -m tests.billing.runs_killed prepare ISPS SUBSCRIBERS RUNS` prints the schemas;
`python -m tests.billing.runs_killed work NUMBER` goes on with one run of each ISP until all are done, or it is killed.
DEFENCES=constraint leaves the database's constraint alone to keep invoices apart, DEFENCES=none not even that.
"""

import os
import random
import sys
import time
from contextlib import nullcontext
from datetime import date
from unittest import mock

import django
from django.db import connection, transaction

DEFENCES = os.environ.get("DEFENCES", "all")
CHUNK = 25
ON = date(2026, 4, 1)
PEOPLE = """
INSERT INTO subscribers_tariff (uuid, name, download, upload, price, tax_rate, is_active)
  VALUES (gen_random_uuid(), 'Hogar', 100, 20, 499.99, 16, true);
INSERT INTO subscribers_subscriber (uuid, number, first_name, last_name, address, created_at, version, id_number, email,
  mobile, second_mobile, district, city, postcode)
  SELECT gen_random_uuid(), n, 'Ana', 'López', 'Calle 1', now(), 1, '', '', '', '', '', '', ''
  FROM generate_series(1, {subscribers}) n;
INSERT INTO subscribers_service (subscriber_id, number, tariff_id, state, address, started_on)
  SELECT s.id, s.number, t.id, 'active', '', date '2025-01-01' FROM subscribers_subscriber s, subscribers_tariff t;
"""
UNDEFENDED = "ALTER TABLE billing_invoiceline DROP CONSTRAINT service_billed_once_for_a_day"


def make_isp(slug: str, statements: str) -> object:
    """An ISP with rows from statements; committed."""
    from core.scope import isp_scope, public_scope
    from tenants import slugs
    from tenants.models import ISP
    from tenants.schemas import create_schema

    with public_scope(), transaction.atomic():
        isp = ISP.objects.create(
            slug=slug,
            slug_skeleton=slugs.skeleton(slug),
            name=slug,
            country="MX",
            language="es",
            currency="MXN",
            timezone="America/Mexico_City",
        )
        create_schema(isp)
    with isp_scope(isp), transaction.atomic(), connection.cursor() as cursor:
        for statement in statements.strip().split(";\n"):
            cursor.execute(statement.rstrip(";"))
    return isp


def prepare(isps: int, subscribers: int, count: int) -> None:
    """ISPs, each with runs for the same day that were all begun."""
    from billing.models import BillingRun
    from billing.services import runs
    from core.scope import isp_scope, owner_scope, public_scope
    from tenants.directory import open_isp
    from tenants.template import build_template

    with public_scope():
        build_template()
    for number in range(isps):
        isp = make_isp(f"cut{number:03d}", PEOPLE.format(subscribers=subscribers))
        if DEFENCES == "none":
            with owner_scope(isp), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(UNDEFENDED)
        with public_scope():
            ref = open_isp(isp.pk)
        with isp_scope(isp), transaction.atomic():
            made = [runs.plan_run(by=None, isp=ref, on=ON) for _ in range(count)]
            for run in made:
                while runs.work_off(run_id=run.pk, isp=ref):
                    pass
                runs.start_run(by=None, run=BillingRun.objects.get(pk=run.pk), isp_id=isp.pk)
        print(isp.schema_name, flush=True)


def work(number: int) -> None:
    """Go on with the run of this number of each ISP, in any order, until all are done."""
    from billing.models import BillingRun
    from billing.services import runs, turns
    from core.celery import DATABASE_AWAY
    from core.scope import isp_scope, public_scope
    from tenants.directory import open_isp
    from tenants.models import ISP

    runs.CHUNK = CHUNK
    turns.SLICE = 0.2
    if DEFENCES != "all":
        mock.patch.object(turns, "lease", return_value=nullcontext()).start()
        usual = runs._chunk

        def slow(run: BillingRun, *, locked: bool) -> list:
            chunk = usual(run, locked=False)
            time.sleep(0.05)  # so that they meet
            return chunk

        mock.patch.object(runs, "_chunk", slow).start()
    while True:
        left = 0
        try:
            with public_scope():
                refs = [open_isp(pk) for pk in ISP.objects.values_list("pk", flat=True)]
            if DEFENCES == "all":
                random.shuffle(refs)
            for ref in refs:
                with isp_scope(ref):
                    with transaction.atomic():
                        keys = list(BillingRun.objects.order_by("pk").values_list("pk", "state"))
                    pk, state = keys[number % len(keys)]
                    if state == "running":
                        turns.work_on(isp=ref, run_id=pk)
                    left += sum(state == "running" for _, state in keys)
        except DATABASE_AWAY:
            connection.close()
            time.sleep(0.2)
            continue
        if not left:
            return


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "prepare":
        prepare(*map(int, sys.argv[2:]))
    else:
        work(int(sys.argv[2]))
