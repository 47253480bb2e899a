"""The tasks that are measured: the same query in an ISP's task, and in Celery's own task that opens one transaction."""

import os
import time

from celery import Task
from django.conf import settings
from django.db import transaction
from redis import Redis

from core.celery import IspTask, app
from subscribers.models import Zone

QUEUE = os.environ.get("BENCH_QUEUE", "bench")


def redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=None)


@app.task(base=IspTask)
def read_isp(*, isp_id: int) -> None:
    """One query in the scope of an ISP."""
    Zone.objects.get(pk=1)


@app.task(base=Task)
def read_plain() -> None:
    """One query in a transaction."""
    with transaction.atomic():
        Zone.objects.get(pk=1)


@app.task(base=Task)
def gate() -> None:
    """Hold the worker up until all tasks wait in the queue, and note when it begins."""
    client = redis()
    client.blpop([f"{QUEUE}:go"], timeout=60)
    client.set(f"{QUEUE}:began", time.perf_counter())


@app.task(base=Task)
def finish() -> None:
    """Say how long it took since the gate was opened."""
    client = redis()
    client.rpush(f"{QUEUE}:took", time.perf_counter() - float(client.get(f"{QUEUE}:began") or 0))


def timed(count: int, isp_id: int | None) -> float:
    """Seconds for one task, the mean of many that wait in the queue, one after the other in one worker."""
    # All in one lane of the queue, so that they come in this order.
    where = {"queue": QUEUE, "headers": {"isp_id": 1}}
    gate.apply_async(**where)
    for _ in range(count):
        if isp_id is None:
            read_plain.apply_async(**where)
        else:
            read_isp.apply_async(kwargs={"isp_id": isp_id}, queue=QUEUE)
    finish.apply_async(**where)
    client = redis()
    client.rpush(f"{QUEUE}:go", 1)
    answer = client.blpop([f"{QUEUE}:took"], timeout=120)
    if answer is None:
        raise RuntimeError("The worker did not finish.")
    return float(answer[1]) / count  # type: ignore[index]
