"""Subscribers send SMS, where the ISP lets them, and keep a directory of numbers."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core import throttle
from messaging.services.writing import sms_spelling
from portal.access import subscriber_page
from portal.sms_forms import ContactForm, SmsForm
from subscribers.models import Contact, SmsRules
from subscribers.portal_roles import PortalRight
from subscribers.services import portal_sms

SHOWN = 50
QUICK, MINUTE = 5, 60  # of one login
WHY = {
    portal_sms.NotAllowed: gettext_lazy("SMS cannot be sent at the moment."),
    portal_sms.HasLink: gettext_lazy("The text must not hold a link."),
    portal_sms.TooLong: gettext_lazy("The text is too long. Please shorten it."),
    portal_sms.Unwanted: gettext_lazy("Nothing can be sent to this number: who has it wants no messages."),
}


def _rules() -> SmsRules:
    """What the ISP allows. Raises Http404 where it is nothing."""
    if not portal_sms.is_offered():
        raise Http404
    return SmsRules.load()


def _form(request: HttpRequest, rules: SmsRules, data: Any = None) -> SmsForm:
    contacts = request.portal_user.subscriber.contacts.all()
    initial = {"contact": request.GET.get("to") or None}
    how = {"rules": rules, "country": request.isp.country, "spelling": sms_spelling()}
    return SmsForm(data, contacts=contacts, initial=initial, **how)


@subscriber_page(PortalRight.SEND_SMS)
@require_http_methods(["GET", "HEAD", "POST"])
def sms(request: HttpRequest) -> HttpResponse:
    """Send one; what was sent, and what of the month is left."""
    rules = _rules()
    form = _form(request, rules, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _send(request, form):
        messages.success(request, _("Your SMS is on its way."))
        return redirect("/sms/")
    return _page(request, rules, form=form)


def _send(request: HttpRequest, form: SmsForm) -> bool:
    """Whether it was sent; else the form says why not."""
    user, now = request.portal_user, timezone.now()
    if not throttle.allow(f"portal-sms:{user.pk}", limit=QUICK, seconds=MINUTE):
        form.add_error(None, _("That was quick. Please wait a minute."))
        return False
    data = form.cleaned_data
    try:
        portal_sms.send_sms(
            by=user, to=form.number, text=data["text"], key=data["key"], at=now, tz=request.isp.timezone
        )
    except portal_sms.CapReached as cap:
        text = _("You have sent as many SMS as you can in a day.") if cap.is_of_day else ""
        form.add_error(None, text or _("You have sent as many SMS as you can in this month."))
    except portal_sms.CannotSend as problem:
        form.add_error("to" if isinstance(problem, portal_sms.Unwanted) else "text", str(WHY[type(problem)]))
    else:
        return True
    return False


def _page(request: HttpRequest, rules: SmsRules, *, form: SmsForm, contact: ContactForm | None = None) -> HttpResponse:
    subscriber = request.portal_user.subscriber
    in_month, in_day = portal_sms.used(subscriber, at=timezone.now(), tz=request.isp.timezone)
    contacts = list(subscriber.contacts.all())
    names = {row.phone: row.name for row in contacts}
    rows = list(portal_sms.sent_by(subscriber)[:SHOWN])
    context = {
        "form": form,
        "contact_form": contact or ContactForm(rules=rules, country=request.isp.country),
        "rows": [{"message": row, "name": names.get(row.to, "")} for row in rows],
        "contacts": contacts,
        "left": None if rules.per_month is None else max(rules.per_month - in_month, 0),
        "left_today": max(rules.per_day - in_day, 0),
        "rules": rules,
    }
    is_wrong = form.is_bound or (contact is not None and contact.is_bound)
    return render(request, "portal/sms.html", context, status=422 if is_wrong else 200)


@subscriber_page(PortalRight.SEND_SMS)
@require_POST
def add_contact(request: HttpRequest) -> HttpResponse:
    """Write a number into the directory."""
    rules = _rules()
    form = ContactForm(request.POST, rules=rules, country=request.isp.country)
    if form.is_valid():
        try:
            portal_sms.add_contact(by=request.portal_user, **form.cleaned_data)
        except portal_sms.KnownContact:
            form.add_error("phone", _("This number stands in your directory already."))
        except portal_sms.TooManyContacts:
            form.add_error(None, _("Your directory is full."))
        else:
            messages.success(request, _("Saved."))
            return redirect("/sms/")
    return _page(request, rules, form=_form(request, rules), contact=form)


def _contact(request: HttpRequest, contact: UUID) -> Contact:
    return get_object_or_404(Contact, uuid=contact, subscriber=request.portal_user.subscriber_id)


@subscriber_page(PortalRight.SEND_SMS)
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest, contact: UUID) -> HttpResponse:
    """Change name and number of an entry."""
    rules, row = _rules(), _contact(request, contact)
    data = request.POST if request.method == "POST" else None
    initial = {"name": row.name, "phone": row.phone}
    form = ContactForm(data, rules=rules, country=request.isp.country, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            portal_sms.rename_contact(by=request.portal_user, contact=row, **form.cleaned_data)
        except portal_sms.KnownContact:
            form.add_error("phone", _("This number stands in your directory already."))
        else:
            messages.success(request, _("Saved."))
            return redirect("/sms/")
    return render(request, "portal/sms_contact.html", {"form": form, "row": row}, status=422 if form.is_bound else 200)


@subscriber_page(PortalRight.SEND_SMS)
@require_POST
def delete_contact(request: HttpRequest, contact: UUID) -> HttpResponse:
    """Take an entry out of the directory."""
    _rules()
    portal_sms.delete_contact(by=request.portal_user, contact=_contact(request, contact))
    messages.success(request, _("Deleted."))
    return redirect("/sms/")
