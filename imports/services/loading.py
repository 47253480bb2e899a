"""The run: checked rows become customers, services, logins and balances, a chunk in each transaction.

Services are adopted as they are: nothing is sent to a router, nothing is billed, nobody gets a message.
"""

import json
import zoneinfo
from datetime import date, datetime, time
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from core.audit import record
from core.tabular.problems import problem
from imports.models import Batch, Row
from imports.services import checking
from imports.services.catalogue import Catalogue, add_missing
from imports.services.making import Made, make
from imports.services.reading import this_isp
from imports.services.updating import update
from subscribers.models import Service, Subscriber
from subscribers.services.numbers import next_numbers
from tenants.directory import IspRef

CHUNK = 500


class Importer:
    """Who started the run, as the audit log and the history of services name them."""

    audit_kind = "staff_user"

    def __init__(self, batch: Batch) -> None:
        self.pk, self.audit_label = batch.run_by_id, batch.run_by_name


def step(batch_id: int) -> bool:
    """Add what the rows need first, then bring in the next rows; after the last ones close the import."""
    isp = this_isp()
    with transaction.atomic():
        batch = Batch.objects.select_for_update().filter(pk=batch_id, state=Batch.State.RUNNING).first()
        if batch is None:
            return False
        if not batch.made.get("is_ready"):
            _prepare(batch)
            return True
        # In the order of the file, so that the row with a customer's first service comes before the others.
        rows = list(batch.rows.to_load().filter(number__gt=batch.position).order_by("number")[:CHUNK])
        if not rows:
            close(batch)
            return False
        _load(rows, batch, isp)
        batch.position = rows[-1].number
        batch.save(update_fields=["position"])
    return True


def _prepare(batch: Batch) -> None:
    """Add tariffs, zones, routers and groups, and keep the numbers that the file brings along out of the counters."""
    batch.made = {**add_missing(batch), "is_ready": True}
    batch.save(update_fields=["made"])
    for model, key in ((Subscriber, "number"), (Service, "service_number")):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT max((values ->> %s)::int) FROM imports_row"
                " WHERE batch_id = %s AND verdict IN ('new', 'update')",
                [key, batch.pk],
            )
            next_numbers(model, 0, above=cursor.fetchone()[0] or 0)


def _load(rows: list[Row], batch: Batch, isp: IspRef) -> None:
    """Bring a chunk in at once, or, where somebody else has just taken what one of them needs, row by row."""
    try:
        with transaction.atomic():
            _load_together(rows, batch, isp)
    except IntegrityError:
        for row in rows:
            try:
                with transaction.atomic():
                    _load_together([row], batch, isp)
            except IntegrityError:
                row.verdict, row.outcome, row.made, row.before, row.subscriber_id = Row.Verdict.BAD, "", {}, {}, None
                row.problems.append(problem("meanwhile"))
                _write([row])


def _load_together(rows: list[Row], batch: Batch, isp: IspRef) -> None:
    # Whoever takes a number waits until this transaction ends.
    next_numbers(Subscriber, 0)
    next_numbers(Service, 0)
    _follow(rows, batch)
    checking.meanwhile(rows, existing=batch.answers.get("existing", "skip"))
    catalogue = Catalogue.load(batch)
    when = timezone.now()
    made = Made(
        batch=batch,
        by=Importer(batch),
        catalogue=catalogue,
        language=isp.language,
        today=timezone.localdate(timezone=zoneinfo.ZoneInfo(isp.timezone)),
        noon=lambda day: _noon(day, isp),
    )
    make([row for row in rows if row.verdict == Row.Verdict.NEW], made)
    update([row for row in rows if row.verdict == Row.Verdict.UPDATE], made, at=when)
    _write(rows)


def _noon(day: str, isp: IspRef) -> datetime:
    """An instant that is this day for the ISP."""
    return datetime.combine(date.fromisoformat(day), time(12), zoneinfo.ZoneInfo(isp.timezone))


def _follow(rows: list[Row], batch: Batch) -> None:
    """Find the customers of rows whose customer another row brought; that may be one of these rows."""
    leaders = {row.leader for row in rows if row.leader} - {row.number for row in rows}
    known = dict(batch.rows.filter(number__in=leaders).values_list("number", "subscriber_id"))
    for row in rows:
        if row.leader in known:
            row.subscriber_id = known[row.leader]


_WRITE = """
UPDATE imports_row r SET verdict = x.verdict, problems = x.problems, outcome = x.outcome, made = x.made,
  before = x.before, subscriber_id = x.subscriber_id
FROM jsonb_to_recordset(%s) AS x(id bigint, verdict text, problems jsonb, outcome text, made jsonb, before jsonb,
  subscriber_id bigint) WHERE r.id = x.id
"""


def _write(rows: list[Row]) -> None:
    fields = ("verdict", "problems", "outcome", "made", "before", "subscriber_id")
    found = [{"id": row.pk, **{name: getattr(row, name) for name in fields}} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [json.dumps(found)])


def close(batch: Batch) -> None:
    """Write down what came in, and that the run is over."""
    batch.counts = {**checking.counted(batch), **_made_counts(batch)}
    batch.state, batch.position, batch.done_at, batch.trouble = Batch.State.DONE, 0, timezone.now(), {}
    batch.save(update_fields=["counts", "state", "position", "done_at", "trouble"])
    counts = {name: batch.counts.get(name, 0) for name in ("new", "update", "skip", "bad")}
    record("imports.batch.loaded", by=Importer(batch), on=batch, name=batch.file_name, **counts)


def _made_counts(batch: Batch) -> dict[str, Any]:
    loaded = batch.rows.filter(outcome=Row.Outcome.LOADED)
    return loaded.aggregate(
        **{
            f"made_{kind}": models.Count("pk", filter=models.Q(made__has_key=kind))
            for kind in ("subscriber", "service", "login", "entry")
        }
    )
