"""Installations on the spot: a technician's day, and bringing back what was done."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core import uploads
from core.errors import permission_denied
from dashboard.access import staff_page
from dashboard.views.installations import installation_of, requested_day
from preinstall.installation_forms import FinishForm
from preinstall.models import Installation
from preinstall.services import installations as services
from tenants.roles import Right, has_right


@staff_page(Right.SEE_INSTALLATIONS)
@require_safe
def day(request: HttpRequest) -> HttpResponse:
    """One's own installations of a day, in order, with what one needs on the way."""
    today = timezone.localdate()
    on = requested_day(request, today)
    mine = Installation.objects.with_people().filter(technician_id=request.user.pk)
    context = {
        "on": on,
        "today": today,
        "installations": mine.between(on, on),
        "before": on - timedelta(days=1),
        "after": on + timedelta(days=1),
        # What was left over is easily forgotten.
        "late": mine.planned().filter(on__lt=today).order_by("on", "pk")[:20] if on == today else [],
    }
    return render(request, "dashboard/installations/day.html", context)


def may_finish(request: HttpRequest, installation: Installation) -> bool:
    """Whoever plans may finish any; a technician only what is theirs."""
    plans = has_right(request.membership.role, Right.PLAN_INSTALLATIONS)
    return plans or installation.is_for(request.user.pk)


@staff_page(Right.DO_INSTALLATIONS)
@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, number: int) -> HttpResponse:
    """Mark it as done, with pictures and a signature. Sent again, it stays done."""
    found = installation_of(number)
    if not may_finish(request, found):
        return permission_denied(request)
    if found.state != Installation.State.PLANNED:
        return _finished(request, found)
    if request.method != "POST":
        form = FinishForm(initial={"signed_by": found.service.subscriber.full_name})
        return _finish_page(request, found, form)
    form = FinishForm(request.POST, request.FILES)
    if not form.is_valid():
        return _finish_page(request, found, form, status=422)
    data = {name: form.cleaned_data[name] for name in ("photos", "signature", "signed_by", "report")}
    try:
        # A second picture that cannot be read takes the first one with it.
        with transaction.atomic():
            found = services.finish_installation(installation=found, by=request.user, **data)
    except uploads.BadUpload as error:
        form.add_error("photos", str(error))
        return _finish_page(request, found, form, status=422)
    except services.NotPlanned:
        found.state = Installation.State.CANCELLED
    return _finished(request, found)


def _finish_page(request: HttpRequest, found: Installation, form: FinishForm, status: int = 200) -> HttpResponse:
    context = {"installation": found, "form": form}
    return render(request, "dashboard/installations/finish.html", context, status=status)


def _finished(request: HttpRequest, found: Installation) -> HttpResponse:
    if found.state == Installation.State.DONE:
        messages.success(request, _("%(reference)s is done.") % {"reference": found.reference})
    else:
        messages.warning(request, _("Somebody was quicker: the installation is not planned any more."))
    return redirect("installation", slug=request.isp.slug, number=found.number)


def _may_look(request: HttpRequest, installation: Installation) -> bool:
    """Pictures of a home, and a signature, are for those who may see documents, and for whoever took them."""
    return has_right(request.membership.role, Right.SEE_DOCUMENTS) or installation.is_for(request.user.pk)


@staff_page(Right.SEE_INSTALLATIONS)
@require_safe
def photo(request: HttpRequest, number: int, photo: UUID) -> HttpResponse:
    """A picture that was taken there."""
    found = installation_of(number)
    picture = get_object_or_404(found.photos.select_related("file"), uuid=photo)
    return uploads.serve(picture.file, inline=True) if _may_look(request, found) else permission_denied(request)


@staff_page(Right.SEE_INSTALLATIONS)
@require_safe
def signature(request: HttpRequest, number: int) -> HttpResponse:
    """The signature, if one was drawn."""
    found = installation_of(number)
    if not _may_look(request, found):
        return permission_denied(request)
    if found.signature is None:
        raise Http404
    return uploads.serve(found.signature, inline=True)
