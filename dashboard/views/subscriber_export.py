"""The list of subscribers as a file."""

import zoneinfo
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.audit import record
from core.scope import isp_scope
from core.spreadsheets import csv_pieces, xlsx_pieces
from core.templatetags.ui import reader_locale
from dashboard.access import staff_page
from dashboard.subscriber_columns import Column, loaded
from dashboard.subscriber_list import look_at
from subscribers.models import Subscriber
from tenants.roles import Right

TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
PART = 1000  # subscribers that are in memory at once


@staff_page(Right.EXPORT_SUBSCRIBERS)
@require_GET
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """All rows of the current search with its columns and order. Who took which search along is in the audit log."""
    if kind not in TYPES:
        raise Http404
    look = look_at(request.GET, staff_id=request.user.pk)
    if not look.is_valid:
        return redirect(f"/{request.isp.slug}/subscribers/?{request.GET.urlencode()}")
    keys = list(look.rows().values_list("pk", flat=True))
    names = [column.name for column in look.columns]
    record(
        "subscribers.list.exported",
        by=request.user,
        format=kind,
        rows=len(keys),
        filters=look.found.in_use(),
        columns=names,
    )
    pieces = _pieces(kind, request.isp, keys, look.columns, translation.get_language() or "en")
    response = StreamingHttpResponse(pieces, content_type=TYPES[kind])
    name = f"{request.isp.slug}-{timezone.localdate():%Y-%m-%d}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _pieces(kind: str, isp: Any, keys: list[int], columns: list[Column], language: str) -> Iterator[bytes]:
    """Written while it is sent, when the request's own transaction, language and time zone are over."""
    with translation.override(language):
        titles = [str(column.title) for column in columns]
        sheet = _("Subscribers")
        locale = reader_locale(isp.country)
    rows = _rows(isp, keys, columns)
    pieces = csv_pieces(titles, rows, locale=locale) if kind == "csv" else xlsx_pieces(titles, rows, name=sheet)
    while True:
        # A generator shares its thread's language with whatever runs between two pieces, so it is set for each.
        with translation.override(language), timezone.override(zoneinfo.ZoneInfo(isp.timezone)):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _rows(isp: Any, keys: list[int], columns: list[Column]) -> Iterator[list[Any]]:
    """The values of each subscriber, in this order. Those who have gone since are left aside."""
    for start in range(0, len(keys), PART):
        part = keys[start : start + PART]
        with isp_scope(isp), transaction.atomic():
            rows = {row.pk: row for row in loaded(Subscriber.objects.filter(pk__in=part), columns, shared=True)}
        for key in part:
            if key in rows:
                yield [column.value(rows[key]) for column in columns]
