"""Processes that write a sending's messages die by SIGKILL again and again: each customer gets exactly one message."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, transaction

from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from dashboard.services import sendings
from messaging.models import Message
from subscribers.models import Sending, Subscriber
from tenants.models import ISP
from tests.dashboard import sending_killed
from tests.dashboard.test_sendings_race import Clerk

ROOT = Path(__file__).resolve().parents[2]
ROWS, PART = 100, 4


@pytest.fixture
def begun(committed, settings):
    """A sending that has been started and of which nothing is written, and what works at it until it is killed."""
    settings.EMAIL_HOST = "localhost"
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    with isp_scope(isp), transaction.atomic():
        rows = Subscriber.objects.bulk_create(
            Subscriber(number=2000 + n, first_name="K", email=f"k{n}@mail.example") for n in range(ROWS)
        )
        values = {"audience": "selection", "ids": [row.pk for row in rows], "subject": "S", "text": "Hi {{ name }}"}
        row = sendings.draft(by=Clerk(), values=values)
        sendings.start(by=Clerk(), sending=row, version=1, seen=sendings.Seen(ROWS, Decimal(0)))
    environment = {
        **os.environ,
        "DATABASE_NAME": connection.settings_dict["NAME"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "core.settings",
        "EMAIL_HOST": "localhost",
        "LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", sending_killed.__name__]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)

    def work(die, defence=""):
        """What a child ended with that dies at a statement."""
        job = {"isp": isp.pk, "sending": row.pk, "part": PART, "die": die, "defence": defence}
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    yield isp, row, work
    process.stdin.close()
    process.wait(30)
    process.stdout.close()
    with isp_scope(isp), transaction.atomic():
        Sending.objects.all().delete()
        Message.objects.all().delete()
        Subscriber.objects.filter(first_name="K").delete()
        AuditEntry.objects.filter(verb__startswith="subscribers.").delete()


@pytest.mark.parametrize("defence", ["", "apart"])
def test_killed_workers_write_to_each_exactly_once(begun, defence):
    """The control: where messages are not written by the transaction that says how far it is, some get none."""
    isp, row, work = begun
    chance = random.Random(7)
    # Each statement of the first parts in turn, and some anywhere.
    deaths = [*range(1, 27), *(chance.randrange(20, 60) for _ in range(0 if defence else 5))]
    ends = Counter(work(die, defence) for die in deaths)
    assert ends[-9] > len(deaths) // 2, ends
    assert work(0, defence) == 0
    with isp_scope(isp), transaction.atomic():
        row.refresh_from_db()
        left_out = row.left_out.count()
        got = Counter(Message.objects.of_sending(row.uuid).values_list("subscriber_key", flat=True))
    assert row.state == "done"
    if defence:
        assert len(got) < ROWS
    else:
        assert (set(got), set(got.values())) == (set(row.ids), {1})
        assert (row.position, row.written, left_out) == (ROWS, ROWS, 0)
