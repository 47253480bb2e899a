"""What workers of the test below import: small parts that take a while, and defences off.

`BENCH_DEFENCE_OFF` is "apart": messages are written after the transaction that says how far the sending is. As a
program, `begin` starts a sending to so many people, `sweep` does what the scheduler has done after a minute.
"""

import os
import sys
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import django

if __name__ == "__main__":
    django.setup()

from django.db import transaction
from django.db.models import F
from django.utils import timezone

import bench.carrier  # noqa: F401 - the gateway with keys
from bench.messages import isp_of_bench
from core.scope import isp_scope
from dashboard import sendings as writing
from dashboard.services import sendings
from messaging.models import ChannelAccount, Message, QuietHours
from messaging.services import many
from messaging.tasks import sweep_messages
from subscribers.models import Sending, Subscriber
from tests.dashboard.test_sendings_race import Clerk

writing.PART, TAKES = 4, 0.1
write_many = many.write_many


def slowly(messages: Any) -> Any:
    written = write_many(messages)
    time.sleep(TAKES)  # so that death comes before the end of the transaction more often than not
    return written


def apart(messages: Any) -> Any:
    def write() -> None:
        time.sleep(TAKES)
        with transaction.atomic():
            write_many(messages)

    transaction.on_commit(write)
    return messages


many.write_many = apart if os.environ.get("BENCH_DEFENCE_OFF") == "apart" else slowly  # type: ignore[assignment]


def begin(count: int) -> None:
    rows = Subscriber.objects.bulk_create(
        Subscriber(number=2000 + n, first_name="K", mobile=f"+52551234{n:04d}") for n in range(count)
    )
    ChannelAccount.objects.create(channel="bench", medium="sms")
    QuietHours.objects.create(pk=1, begins=None, ends=None)
    values = {"audience": "selection", "ids": [row.pk for row in rows], "medium": "sms", "text": "Hi {{ name }}"}
    row = sendings.draft(by=Clerk(), values=values)
    sendings.start(by=Clerk(), sending=row, version=1, seen=sendings.Seen(count, Decimal(0)))


def sweep(isp_id: int) -> None:
    """What was lost is a minute old by then, and the carrier has been asked to wait for nothing."""
    Sending.objects.update(touched_at=F("touched_at") - timedelta(minutes=2))
    Message.objects.filter(state="waiting").update(due_at=timezone.now())
    sendings.sweep()
    transaction.on_commit(lambda: sweep_messages.delay(isp_id=isp_id))


if __name__ == "__main__":
    isp = isp_of_bench(1)
    with isp_scope(isp), transaction.atomic():
        begin(int(sys.argv[2])) if sys.argv[1] == "begin" else sweep(isp.pk)
