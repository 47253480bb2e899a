"""Settings: when services are switched off for debt, days off, and mails about what is due."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing.days_off import days_off
from billing.models import Holiday, ReminderRule, SuspensionRule, SuspensionSettings
from billing.services import suspension_rules as services
from billing.suspension_forms import (
    HolidayForm,
    NewSuspensionRuleForm,
    ReminderForm,
    SuspensionRuleForm,
    SuspensionSettingsForm,
)
from company.models import InvoiceGroup
from dashboard.access import staff_page
from dashboard.views.settings import bound, saved, section_page, to_section
from tenants.roles import Right

NEXT = 6  # public holidays that are shown


@staff_page(Right.PAYMENT_SETTINGS)
def suspension(request: HttpRequest) -> HttpResponse:
    """The rules, the bounds of all of them, days off and reminders."""
    form = SuspensionSettingsForm(**bound(request), instance=SuspensionSettings.load())
    if form.is_bound and form.is_valid():
        return saved(request, "suspension", changed=services.change_settings(by=request.user, values=form.cleaned_data))
    return _page(request, form)


def _page(request: HttpRequest, form: SuspensionSettingsForm | None = None, **others: object) -> HttpResponse:
    rules = list(SuspensionRule.objects.select_related("group"))
    known = days_off(country=request.isp.country, on=timezone.localdate())
    own = list(Holiday.objects.filter(on__gte=timezone.localdate()))
    mine = {row.on for row in own}
    context = {
        "rules": rules,
        "has_free_group": len(rules) < InvoiceGroup.objects.count() + 1,
        "own_days": own,
        "public_days": [(day, name) for day, name in sorted(known.items()) if day not in mine][:NEXT],
        "reminders": ReminderRule.objects.all(),
        "usual": services.USUAL_REMINDERS,
        "holiday_form": HolidayForm(),
        "reminder_form": ReminderForm(),
        **others,
    }
    form = form or SuspensionSettingsForm(instance=SuspensionSettings.load())
    answer = section_page(request, "suspension", context, form=form)
    answer.status_code = 422 if others else answer.status_code
    return answer


@staff_page(Right.PAYMENT_SETTINGS)
def add_rule(request: HttpRequest) -> HttpResponse:
    """A rule for a group, or for all others."""
    form = NewSuspensionRuleForm(**bound(request))
    if form.is_bound and form.is_valid():
        group = form.cleaned_data["group"]
        try:
            services.add_rule(by=request.user, group=group, values=form.values)
        except services.AlreadyThere:
            form.add_error("group", _("There is a rule for it already."))
        else:
            return saved(request, "suspension")
    return section_page(request, "suspension", {}, template="suspension_rule", form=form)


@staff_page(Right.PAYMENT_SETTINGS)
def change_rule(request: HttpRequest, rule: UUID) -> HttpResponse:
    """Change a rule."""
    found = get_object_or_404(SuspensionRule.objects.select_related("group"), uuid=rule)
    instance = SuspensionRule.objects.get(pk=found.pk)
    form = SuspensionRuleForm(**bound(request), instance=instance, initial={"weekdays": found.weekdays})
    if form.is_bound and form.is_valid():
        changed = services.change_rule(by=request.user, rule=found, values=form.values)
        return saved(request, "suspension", changed=changed)
    return section_page(request, "suspension", {"rule": found}, template="suspension_rule", form=form)


@staff_page(Right.PAYMENT_SETTINGS)
@require_POST
def delete_rule(request: HttpRequest, rule: UUID) -> HttpResponse:
    """Remove a rule."""
    services.delete_rule(by=request.user, rule=get_object_or_404(SuspensionRule, uuid=rule))
    messages.success(request, _("The rule was removed. Who is cut off by it stays so until the debt is paid."))
    return to_section(request, "suspension")


@staff_page(Right.PAYMENT_SETTINGS)
@require_POST
def add_holiday(request: HttpRequest) -> HttpResponse:
    """Keep a day free."""
    form = HolidayForm(request.POST)
    if form.is_valid():
        try:
            services.add_holiday(by=request.user, **form.cleaned_data)
        except services.AlreadyThere:
            form.add_error("on", _("This day is there already."))
        else:
            return saved(request, "suspension")
    return _page(request, holiday_form=form)


@staff_page(Right.PAYMENT_SETTINGS)
@require_POST
def remove_holiday(request: HttpRequest, holiday: UUID) -> HttpResponse:
    """A day like all others again."""
    services.remove_holiday(by=request.user, row=get_object_or_404(Holiday, uuid=holiday))
    return saved(request, "suspension")


@staff_page(Right.PAYMENT_SETTINGS)
@require_POST
def add_reminder(request: HttpRequest) -> HttpResponse:
    """Another mail, or the usual ones."""
    if request.POST.get("usual"):
        for days in services.USUAL_REMINDERS:
            if not ReminderRule.objects.filter(days=days).exists():
                services.add_reminder(by=request.user, days=days)
        return saved(request, "suspension")
    form = ReminderForm(request.POST)
    if form.is_valid():
        try:
            services.add_reminder(by=request.user, days=form.value)
        except services.AlreadyThere:
            form.add_error("days", _("There is one for this day already."))
        else:
            return saved(request, "suspension")
    return _page(request, reminder_form=form)


@staff_page(Right.PAYMENT_SETTINGS)
@require_POST
def switch_reminder(request: HttpRequest, reminder: UUID) -> HttpResponse:
    """Send it, or do not."""
    row = get_object_or_404(ReminderRule, uuid=reminder)
    services.switch_reminder(by=request.user, row=row, is_on=request.POST.get("is_on") == "1")
    return saved(request, "suspension")
