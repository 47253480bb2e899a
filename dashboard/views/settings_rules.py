"""Settings: which events are told to whom by which media, and when that may ring."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from dashboard.access import staff_page
from dashboard.views.settings import bound, saved, section_page
from messaging.events.base import Kind
from messaging.models import ChannelAccount, EventRule, QuietHours
from messaging.occasions import EVENTS, by_slug
from messaging.preference_forms import QuietHoursForm, RuleForm
from messaging.rules import USUAL, rule_of
from messaging.services import can_send
from messaging.services import rules as services
from tenants.roles import Right


@staff_page(Right.SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest) -> HttpResponse:
    """All events with their rules, and the quiet hours."""
    form = QuietHoursForm(**bound(request), instance=QuietHours.load())
    if form.is_bound and form.is_valid():
        changed = services.change_quiet_hours(by=request.user, values=form.cleaned_data)
        return saved(request, "rules", changed=changed)
    own = {row.event: row for row in EventRule.objects.all()}
    rows = [(event, own.get(event.name) or EventRule(event=event.name, media=USUAL)) for event in EVENTS.values()]
    kinds = [(kind, [row for row in rows if row[0].kind == kind]) for kind in Kind]
    return section_page(request, "rules", {"kinds": [each for each in kinds if each[1]]}, form=form)


@staff_page(Right.SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, event: str) -> HttpResponse:
    """By which media one event is told, in which order."""
    found = by_slug(event)
    if found is None:
        raise Http404
    form = RuleForm(request.POST if request.method == "POST" else None, event=found, rule=rule_of(found))
    if form.is_bound and form.is_valid():
        return saved(request, "rules", changed=services.change_rule(by=request.user, event=found, **form.values))
    carried = set(ChannelAccount.objects.filter(is_on=True).values_list("medium", flat=True))
    missing = [each for each in found.media if each not in carried and not (each in USUAL and can_send(each))]
    return section_page(request, "rules", {"event": found, "missing": missing}, template="rule", form=form)
