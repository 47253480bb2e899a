"""The pages that a cut-off or warned subscriber is sent to. They work over plain HTTP and ask for no password."""

import logging

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.models import NoticeKind, SuspensionSettings
from billing.notice_links import read_notice_link
from billing.services import reliefs
from billing.suspension_forms import REFUSALS, PromiseForm
from company.branding import brand_of
from core import throttle
from core.access import public_page
from core.links import base_url
from portal import notice as notices
from portal.pay_links import ways_to_pay
from subscribers.models import Subscriber

logger = logging.getLogger(__name__)
PATIENCE = 1500  # milliseconds for a statement; a router's redirect should lead to something even on a bad day
PER_NETWORK, HOUR = 600, 3600  # an office behind one address may look often


@public_page
@require_safe
def notice(request: HttpRequest, notice: str = "", link: str = "") -> HttpResponse:
    """Why somebody was led here, what is owed, and what to do about it."""
    if notice and notice not in NoticeKind.values:
        raise Http404
    try:
        with transaction.atomic():
            _be_quick()
            subscriber = read_notice_link(link) if link and _may_look(request) else None
            if link and subscriber is None:
                return _page(request, {"gone": True, "notice": notices.Notice("")}, status=404)
            context = {
                "notice": notices.find(request, kind=notice, subscriber=subscriber),
                "brand": brand_of(request),
                "link": link,
            }
            return _page(request, context)
    except OperationalError:
        logger.exception("A notice page could not be filled in time.")
    return _page(request, {"notice": notices.Notice(notice or NoticeKind.CUT_OFF), "brand": None}, status=503)


def _be_quick() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE}")


def _may_look(request: HttpRequest) -> bool:
    return throttle.allow(f"notice:{throttle.network(request)}", limit=PER_NETWORK, seconds=HOUR)


def _page(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    base = base_url(request.site.host)
    context |= {"ways": ways_to_pay(base), "base": base, "status": status}
    response = render(request, "portal/notice.html", context, status=status)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    if status == 503:
        response["Retry-After"] = "60"
    return response


@public_page
@require_http_methods(["GET", "HEAD", "POST"])
def promise(request: HttpRequest, link: str) -> HttpResponse:
    """Promise to pay, by the link alone: a page that asks, then the promise."""
    if settings.SECURE and not request.is_secure():
        # A form is sent over HTTPS alone.
        return redirect(f"{base_url(request.site.host)}{request.path}")
    subscriber = read_notice_link(link) if _may_look(request) else None
    if subscriber is None:
        return _page(request, {"gone": True, "notice": notices.Notice("")}, status=404)
    at, bounds = timezone.now(), SuspensionSettings.load()
    data = request.POST if request.method == "POST" else None
    form = PromiseForm(data, today=timezone.localdate(), days=bounds.promise_days)
    context: dict[str, object] = {"form": form, "link": link, "done": ""}
    if form.is_bound and form.is_valid():
        try:
            made = reliefs.make_promise(by=ByLink(subscriber), subscriber=subscriber, at=at, **form.cleaned_data)
        except reliefs.CannotPromise as error:
            form.add_error(None, REFUSALS[error.reason])
        else:
            day = date_format(made.until, "DATE_FORMAT")
            context["done"] = _("Thank you. Please pay until %(day)s; your service is on until then.") % {"day": day}
    context |= {
        "overdue": reliefs.overdue_of(subscriber, at=at),
        "refusal": "" if context["done"] else REFUSALS.get(reliefs.may_promise(subscriber, at=at), ""),
    }
    response = render(request, "portal/notice_promise.html", context, status=422 if form.errors else 200)
    response["Cache-Control"], response["Referrer-Policy"] = "no-store", "same-origin"
    return response


@public_page
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """For whoever sets a router up, opened at a line that is cut off: what reaches us from there."""
    context = {"check": notices.check(request), "base": base_url(request.site.host)}
    response = render(request, "portal/notice_check.html", context)
    response["Cache-Control"] = "no-store"
    return response


class ByLink:
    """Whoever holds a subscriber's notice link: we know for whom they speak, not who they are."""

    audit_kind = "portal_user"

    def __init__(self, subscriber: Subscriber) -> None:
        self.pk = None
        self.audit_label = _("by the link of %(name)s") % {"name": subscriber.full_name}
