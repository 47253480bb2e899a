"""The client card: what staff write about a subscriber."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboard import card
from dashboard.access import staff_page
from subscribers.card_forms import NoteForm
from subscribers.models import Note, Subscriber
from subscribers.services import notes as services
from tenants.roles import Right


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def notes(request: HttpRequest, number: int) -> HttpResponse:
    """All notes, those on top first, and a form for another one."""
    return _list(request, card.fetch(number), NoteForm())


def _list(request: HttpRequest, found: Subscriber, form: NoteForm, status: int = 200) -> HttpResponse:
    return card.show(request, found, "notes", {"notes": found.notes.all(), "form": form}, status=status)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_POST
def add(request: HttpRequest, number: int) -> HttpResponse:
    """Write another note."""
    found = card.fetch(number)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _list(request, found, form, status=422)
    services.add_note(by=request.user, subscriber=found, **form.cleaned_data)
    messages.success(request, _("The note was added."))
    return _to_notes(request, number)


def _note(number: int, note: UUID) -> Note:
    """The note, fetched through its subscriber. Raises Http404."""
    return get_object_or_404(get_object_or_404(Subscriber, number=number).notes, uuid=note)


def _to_notes(request: HttpRequest, number: int) -> HttpResponse:
    return redirect("subscriber-notes", slug=request.isp.slug, number=number)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_POST
def pin(request: HttpRequest, number: int, note: UUID) -> HttpResponse:
    """Put a note on top, or take it off."""
    is_pinned = request.POST.get("is_pinned") == "1"
    services.pin_note(by=request.user, note=_note(number, note), is_pinned=is_pinned)
    messages.success(
        request, _("The note is on top of the card.") if is_pinned else _("The note is not on top any more.")
    )
    return _to_notes(request, number)


@staff_page(Right.WORK_SUBSCRIBERS)
@require_POST
def remove(request: HttpRequest, number: int, note: UUID) -> HttpResponse:
    """Throw a note away."""
    services.remove_note(by=request.user, note=_note(number, note))
    messages.success(request, _("The note was removed."))
    return _to_notes(request, number)
