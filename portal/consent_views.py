"""Subscribers read, give and withdraw consents, and ask about the data that is held on them."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import subscriber_page
from subscribers.models import Consent, PersonalRequest
from subscribers.portal_roles import PortalRight
from subscribers.services import consents as services
from subscribers.services import personal_requests


@subscriber_page(PortalRight.GIVE_CONSENTS)
@require_safe
def consents(request: HttpRequest) -> HttpResponse:
    """All consents: what one has agreed to, what is new, what one can agree to; and the own data."""
    user = request.portal_user
    context = {
        "standing": services.standing_of(user.subscriber, by=user),
        "wishes": user.subscriber.personal_requests.all()[:10],
        "open_kinds": set(user.subscriber.personal_requests.open().values_list("kind", flat=True)),
    }
    return render(request, "portal/consents.html", context)


def _standing(request: HttpRequest, consent: UUID) -> services.Standing:
    user = request.portal_user
    rows = services.standing_of(user.subscriber, by=user)
    found = next((row for row in rows if row.document.uuid == consent), None)
    if found is None:
        raise Http404
    return found


@subscriber_page(PortalRight.GIVE_CONSENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, consent: UUID) -> HttpResponse:
    """Read what there is to agree to, and agree to exactly that version."""
    standing = _standing(request, consent)
    if request.method != "POST":
        return render(request, "portal/consent.html", {"standing": standing})
    version = request.POST.get("version", "")
    try:
        services.give(
            by=request.portal_user,
            subscriber=request.portal_user.subscriber,
            document=standing.document,
            version=int(version) if version.isdecimal() else 0,
            how=Consent.How.PORTAL,
            at=timezone.now(),
        )
    except services.OtherVersion:
        messages.warning(request, _("The text has changed in the meantime. Please read it once more."))
        return redirect("consent", consent=consent)
    except services.NotOnOffer:
        messages.error(request, _("This consent cannot be given with your login."))
    else:
        messages.success(request, _("Thank you. Your consent was written down."))
    return redirect("consents")


@subscriber_page(PortalRight.GIVE_CONSENTS)
@require_POST
def withdraw(request: HttpRequest, consent: UUID) -> HttpResponse:
    """Take a consent back."""
    standing, user = _standing(request, consent), request.portal_user
    said = {"document": standing.document, "how": Consent.How.PORTAL, "at": timezone.now()}
    try:
        services.withdraw(by=user, subscriber=user.subscriber, **said)
    except services.NotOnOffer:
        messages.error(request, _("This consent cannot be withdrawn with your login."))
    else:
        messages.success(request, _("Your consent was withdrawn. It counts at once."))
    return redirect("consents")


@subscriber_page(PortalRight.GIVE_CONSENTS)
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a copy of all data, or for its erasure."""
    kind = request.POST.get("kind", "")
    if kind not in PersonalRequest.Kind.values:
        messages.error(request, _("Please choose what you ask for."))
    else:
        personal_requests.ask(by=request.portal_user, kind=kind, at=timezone.now())
        messages.success(request, _("We have your request and write to you when it is done."))
    return redirect("consents")
