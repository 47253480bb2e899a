"""The card that a subscriber lets the ISP charge, ended by staff."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard import card as client_card
from dashboard.access import staff_page
from payments.gateway_forms import EndCardForm
from payments.models import SavedMethod
from payments.services import autopay
from tenants.roles import Right


@staff_page(Right.WORK_MONEY)
@require_POST
def end_card(request: HttpRequest, number: int, card: UUID) -> HttpResponse:
    """Charge the card no more, and tell the subscriber why."""
    found = client_card.fetch(number)
    row = get_object_or_404(SavedMethod, uuid=card, subscriber=found)
    form = EndCardForm(request.POST)
    if not form.is_valid():
        context = {"saved": row, "end_form": form}
        return client_card.show(request, found, "payments", context, template="end_card", status=422)
    autopay.end_saved_method(
        by=request.user,
        method=row,
        how=SavedMethod.Ended.STAFF,
        at=timezone.now(),
        reason=form.cleaned_data["reason"],
        isp=request.isp,
    )
    messages.success(request, _("The card is not charged any more. The subscriber is told by e-mail."))
    return redirect("subscriber-payments", slug=request.isp.slug, number=number)
