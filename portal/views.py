"""The subscriber's pages, on the ISP's own host."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.db.models import Exists
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from company.chat import chat_allowed
from company.models import PortalSettings
from core import throttle, uploads
from core.access import InPreview
from messaging.models import Medium
from messaging.rules import media_in_use
from payments.models import GatewayAccount, PaymentMethod
from portal.access import subscriber_page
from portal.announcement_views import on_home
from portal.forms import LanguageForm, PasswordForm
from portal.pay_links import ways_to_pay
from portal.suspension_views import suspension_of
from preinstall.models import Installation
from subscribers import authentication
from subscribers.models import FieldAccess, LoginRules, profile_access
from subscribers.portal_roles import PortalRight, has_portal_right
from subscribers.profile_forms import EDITED
from subscribers.services import documents, logins, portal_sms

WINDOW = 15 * 60  # seconds
PER_ACCOUNT = 8  # guesses at the current password in a window


@subscriber_page(PortalRight.OPEN, for_paying=True)
@chat_allowed
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What the subscriber has, and how to pay and reach the ISP, at a glance."""
    user = request.portal_user
    # The balance, and whether it can be paid online, come along with the services.
    online = GatewayAccount.objects.offered()
    rows = user.subscriber.services.lasting().with_state_date().annotate(pays_online=Exists(online))
    services = list(rows.select_related("tariff", "subscriber__account"))
    account = getattr(services[0].subscriber if services else user.subscriber, "account", None)
    waiting = [service for service in services if service.state == service.State.PENDING]
    context = {
        "subscriber": user.subscriber,
        "own": [name for name, how in profile_access().items() if how != FieldAccess.HIDDEN],
        "services": services,
        # Only what waits to be connected can have a visit ahead.
        "visits": Installation.objects.planned().filter(service__in=waiting).order_by("on") if waiting else [],
        "methods": PaymentMethod.objects.in_portal().for_group(user.subscriber.group_id),
        "documents": user.subscriber.documents.in_portal().select_related("file"),
        "account": account,
        "pays_online": services[0].pays_online if services else online.exists(),
        "announcements": on_home(user),
        "may_put_away": not user.pays_only,
        "sees_money": has_portal_right(user.role, PortalRight.SEE_MONEY),
    }
    if any(service.state == service.State.SUSPENDED for service in services):
        context["suspension"] = suspension_of(user.subscriber)
        context["may_pay"] = has_portal_right(user.role, PortalRight.PAY)
        context["suspension_actions"] = ways_to_pay()
    return render(request, "portal/home.html", context)


@subscriber_page(PortalRight.SEE_SERVICES, preview=InPreview.NEVER)
@require_safe
def document(request: HttpRequest, paper: UUID) -> HttpResponse:
    """A paper of the subscriber's that staff show in the portal: a picture to look at, a PDF to keep.

    Staff open papers on the client card, where their role must allow it.
    """
    found = get_object_or_404(request.portal_user.subscriber.documents.in_portal().select_related("file"), uuid=paper)
    documents.note_view(document=found, by=request.portal_user, download=not found.file.is_image)
    return uploads.serve(found.file, inline=True)


@subscriber_page(PortalRight.SEE_MONEY, for_paying=True)
@require_safe
def payment_methods(request: HttpRequest) -> HttpResponse:
    """The ISP's payment methods with their instructions."""
    if not PortalSettings.load().shows_payment_methods:
        return redirect("/")
    methods = PaymentMethod.objects.in_portal().for_group(request.portal_user.subscriber.group_id)
    return render(request, "portal/payment_methods.html", {"methods": methods})


@subscriber_page(PortalRight.OPEN, for_paying=True)
@chat_allowed
@require_safe
def contact(request: HttpRequest) -> HttpResponse:
    """How to reach the ISP."""
    if not PortalSettings.load().shows_contact:
        return redirect("/")
    return render(request, "portal/contact.html")


@subscriber_page(PortalRight.OWN_LOGIN, asks_password=True)
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """The subscriber's own data; a new password, which ends the other sessions of this login and keeps this one."""
    user = request.portal_user
    form = PasswordForm(request.POST if request.method == "POST" else None, user=user)
    if request.method != "POST":
        return _account_page(request, form)
    if not throttle.allow(f"password:{user.pk}", limit=PER_ACCOUNT, seconds=WINDOW):
        form.refuse()
    if not form.is_valid():
        return _account_page(request, form, status=422)
    logins.set_password(by=user, user=user, password=form.cleaned_data["new"])
    throttle.forget(f"password:{user.pk}")
    authentication.keep_signed_in(request, user)
    messages.success(request, _("Your password was changed. Other devices have been signed out."))
    return redirect("/account/")


def _account_page(request: HttpRequest, form: PasswordForm, status: int = 200) -> HttpResponse:
    user = request.portal_user
    is_owner = has_portal_right(user.role, PortalRight.MANAGE_LOGINS)
    access, latest = profile_access(), user.subscriber.profile_changes.first()
    is_waiting = latest is not None and latest.state == latest.State.PENDING
    may_change = has_portal_right(user.role, PortalRight.CHANGE_PROFILE)
    context = {
        "subscriber": user.subscriber,
        "own": [name for name, how in access.items() if how != FieldAccess.HIDDEN],
        "may_edit": may_change and any(how in EDITED for how in access.values()),
        "waiting": latest if is_waiting else None,
        "decided": latest,
        "links": user.links.good(at=timezone.now()),
        "manages_logins": is_owner and LoginRules.load().owners_invite,
        "offers_sms": has_portal_right(user.role, PortalRight.SEND_SMS) and portal_sms.is_offered(),
        "offers_push": Medium.PUSH in media_in_use(),
        "password_form": form,
        "language_form": LanguageForm(initial={"language": request.LANGUAGE_CODE}),
    }
    return render(request, "portal/account.html", context, status=status)


@subscriber_page(PortalRight.OPEN, preview=InPreview.ACT)
@require_POST
def change_language(request: HttpRequest) -> HttpResponse:
    """The language of this login, here and on every other device where none was chosen."""
    form = LanguageForm(request.POST)
    response = redirect("/account/")
    if form.is_valid():
        language = form.cleaned_data["language"]
        logins.set_language(by=request.portal_user, user=request.portal_user, language=language)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 86400, samesite="Lax", secure=settings.SECURE
        )
        with override(language):
            messages.success(request, _("The language was saved."))
    return response
