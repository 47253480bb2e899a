"""The money inbox: what staff decide of one line."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.models import Invoice
from dashboard.access import staff_page
from dashboard.views.inbox import chosen, form_for, get_line, show_line
from payments.inbox_forms import AsideForm, BookForm, UndoForm
from payments.models import BankLine, Match, Payment
from payments.services import inbox, inbox_lists
from subscribers.models import Subscriber
from tenants.roles import Right


def _on(request: HttpRequest, line: BankLine) -> HttpResponse:
    """To the next line that waits, or to the list when none does."""
    before, after = inbox_lists.neighbours(line)
    following = after or before
    if following is None:
        return redirect("inbox", slug=request.isp.slug)
    return redirect("bank-line", slug=request.isp.slug, line=following.uuid)


def _too_late(request: HttpRequest, line: BankLine) -> HttpResponse:
    """Back to the line as it is by now."""
    text = _("Somebody was quicker. This line is in another state by now: %(state)s.")
    if line.decided_by_name:
        text = _("%(who)s was quicker. This line is in another state by now: %(state)s.")
    messages.warning(request, text % {"state": line.get_state_display(), "who": line.shown_decided_by})
    return redirect("bank-line", slug=request.isp.slug, line=line.uuid)


def _decide(request: HttpRequest, line: BankLine, verb: Callable[..., Any], said: str, **how: Any) -> HttpResponse:
    """One verb on a line, then back to it."""
    try:
        verb(line=line, by=request.user, **how)
    except inbox.CannotDecide as error:
        return _too_late(request, error.line)
    messages.success(request, said)
    return redirect("bank-line", slug=request.isp.slug, line=line.uuid)


def _parts(people: list[Subscriber], form: BookForm) -> list[inbox.Part]:
    """What the form says. The invoices were among those of each customer."""
    return [
        inbox.Part(person, form.amounts[person.pk], list(Invoice.objects.filter(pk__in=form.invoices_of(person))))
        for person in people
    ]


@staff_page(Right.WORK_MONEY)
@require_POST
def book(request: HttpRequest, line: UUID) -> HttpResponse:
    """Make payments of a line, for the customers that were picked."""
    row = get_line(line)
    people = chosen(request.POST.getlist("with"))
    form = form_for(row, people, request.POST)
    if not row.is_open:
        return _too_late(request, row)
    if not form.is_valid():
        return show_line(request, row, book_form=form, status=422)
    reasons = [each for each in request.POST.getlist("reason") if each in inbox.REASONS]
    how = {"currency": request.isp.currency, "today": timezone.localdate(), "reasons": reasons}
    try:
        inbox.book_line(line=row, parts=_parts(people, form), by=request.user, **how)
    except inbox.CannotDecide as error:
        return _too_late(request, error.line)
    except (inbox.OtherCurrency, inbox.WrongSum):
        form.add_error(None, _("This cannot be booked: the line has another currency, or another sum is left by now."))
        return show_line(request, row, book_form=form, status=422)
    names = ", ".join(person.full_name for person in people)
    messages.success(request, _("Booked for %(names)s.") % {"names": names})
    return _on(request, row)


@staff_page(Right.WORK_MONEY)
@require_POST
def link(request: HttpRequest, line: UUID, number: int) -> HttpResponse:
    """Say that a line is the money of a payment that is booked already."""
    row, payment = get_line(line), get_object_or_404(Payment, number=number)
    try:
        return _decide(request, row, inbox.link_payment, _("Noted: this is that payment."), payment=payment)
    except inbox.WrongSum:
        messages.warning(request, _("That payment has another amount than the line."))
        return redirect("bank-line", slug=request.isp.slug, line=row.uuid)


@staff_page(Right.WORK_MONEY)
@require_POST
def set_aside(request: HttpRequest, line: UUID) -> HttpResponse:
    """Say that a line is no customer's payment."""
    row, form = get_line(line), AsideForm(request.POST)
    if not form.is_valid():
        return show_line(request, row, aside_form=form, status=422)
    said = _("Put aside: this is no customer's payment.")
    return _decide(request, row, inbox.set_aside, said, note=form.cleaned_data["note"])


@staff_page(Right.WORK_MONEY)
@require_POST
def reopen(request: HttpRequest, line: UUID) -> HttpResponse:
    """Put a line that was set aside back among those to do."""
    return _decide(request, get_line(line), inbox.reopen, _("The line is to be assigned again."))


@staff_page(Right.WORK_MONEY)
@require_POST
def double(request: HttpRequest, line: UUID) -> HttpResponse:
    """Say whether a line is the movement that it looks like."""
    if request.POST.get("same") == "1":
        return _decide(request, get_line(line), inbox.call_double, _("Put aside: the money is on the other line."))
    return _decide(request, get_line(line), inbox.call_different, _("The line is a movement of its own."))


@staff_page(Right.WORK_MONEY)
@require_POST
def undo(request: HttpRequest, line: UUID, match: UUID) -> HttpResponse:
    """Take a payment back that was made of a line."""
    row, form = get_line(line), UndoForm(request.POST)
    found = get_object_or_404(Match.objects.select_related("line"), uuid=match, line=row)
    if not form.is_valid():
        return show_line(request, row, undo_form=form, undone=match, status=422)
    try:
        reason = form.cleaned_data["reason"]
        inbox.undo_match(match=found, by=request.user, today=timezone.localdate(), reason=reason)
    except inbox.CannotDecide as error:
        return _too_late(request, error.line)
    messages.success(request, _("Undone. The payment was taken back, and the money waits here again."))
    return redirect("bank-line", slug=request.isp.slug, line=row.uuid)
