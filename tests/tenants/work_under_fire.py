"""What the kill tests run: a Celery app with tasks of its own beside all others, and the ISPs and rows they work on.

`celery -A tests.tenants.work_under_fire worker` and, to make what there is to do,
`python -m tests.tenants.work_under_fire JOBS MAILS`.
"""

import os
import sys
import time
from contextlib import nullcontext
from datetime import timedelta

import django
from django.db import connection, transaction

from core.celery import IspTask, app, enqueue_on_commit
from core.lease import Busy, lease
from core.periodic import for_each_isp
from core.scope import isp_scope, owner_scope, public_scope

SLUGS = ["wispmega", "fibrandina"]
TABLES = """
CREATE TABLE job (id bigint PRIMARY KEY, done boolean NOT NULL DEFAULT false);
CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, job_id bigint NOT NULL, at timestamptz DEFAULT now());
"""
app.conf.task_acks_late = os.environ.get("EARLY_ACKNOWLEDGEMENT") != "1"
JOB_SECONDS = float(os.environ.get("JOB_SECONDS", "0.01"))
LONG_SECONDS = float(os.environ.get("LONG_SECONDS", "0"))


@app.task(base=IspTask, name="tests.do_job")
def do_job(*, isp_id: int, job_id: int) -> None:
    """Leave one row in `effect`, however often it is called; half of the work is done before, half after."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT done FROM job WHERE id = %s FOR UPDATE", [job_id])
        if cursor.fetchone()[0]:
            return
        time.sleep(JOB_SECONDS / 2)
        cursor.execute("INSERT INTO effect (job_id) VALUES (%s)", [job_id])
        time.sleep(JOB_SECONDS / 2)
        cursor.execute("UPDATE job SET done = true WHERE id = %s", [job_id])


@for_each_isp("jobs", every=timedelta(seconds=10))
@app.task(base=IspTask, name="tests.sweep_jobs")
def sweep_jobs(*, isp_id: int) -> None:
    """Enqueue what was committed and not done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM job WHERE NOT done ORDER BY id LIMIT 500")
        for (job_id,) in cursor.fetchall():
            enqueue_on_commit(do_job, isp_id=isp_id, job_id=job_id)


@app.task(base=IspTask, atomic=False, name="tests.do_long_work", time_limit=120)
def do_long_work(*, isp_id: int) -> None:
    """Take longer than TASK_SECONDS, like an export: a row in `effect` as it begins, job 0 done at its end."""
    try:
        with nullcontext() if os.environ.get("NO_LEASE") == "1" else lease("tests.long", isp_id):
            _write("INSERT INTO effect (job_id) SELECT 0 WHERE NOT EXISTS (SELECT FROM job WHERE id = 0 AND done)")
            time.sleep(LONG_SECONDS)
            _write("UPDATE job SET done = true WHERE id = 0")
    except Busy:
        return


def _write(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def prepare(jobs: int, mails: int) -> None:
    """Make two ISPs with jobs and mails, all of it committed and enqueued. Prints the names of the schemas."""
    from messaging.services import send_mail
    from tenants.models import ISP
    from tenants.schemas import create_schema

    for slug in SLUGS:
        with public_scope(), transaction.atomic():
            isp = ISP.objects.create(
                slug=slug, slug_skeleton=slug, name=slug, country="MX", language="en", currency="MXN", timezone="UTC"
            )
            create_schema(isp)
        with owner_scope(isp), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(TABLES)
        with isp_scope(isp), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO job (id) SELECT generate_series(1, %s)", [jobs])
                if LONG_SECONDS:
                    cursor.execute("INSERT INTO job (id) VALUES (0)")
                    enqueue_on_commit(do_long_work, isp_id=isp.pk)
            for job_id in range(1, jobs + 1):
                enqueue_on_commit(do_job, isp_id=isp.pk, job_id=job_id)
                if mails and job_id % (jobs // mails) == 0:
                    to = f"{slug}{job_id}@example.com"
                    send_mail(template="accounts/password_changed", language="en", to=to)
        print(isp.schema_name)


if __name__ == "__main__":
    django.setup()
    prepare(int(sys.argv[1]), int(sys.argv[2]))
