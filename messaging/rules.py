"""By which media an event is told to somebody, and when. Read only; the verbs are in messaging.services."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from messaging.events.base import Event, Kind
from messaging.models import ChannelAccount, EventRule, Medium, OptOut, QuietHours
from messaging.recipients import Recipient

USUAL = [Medium.EMAIL]


def media_in_use() -> list[Medium]:
    """Those by which the ISP can send. One query."""
    carried = set(ChannelAccount.objects.filter(is_on=True).values_list("medium", flat=True))
    return [each for each in Medium if each in USUAL or each in carried]


def rule_of(event: Event) -> EventRule:
    """The ISP's rule for an event, or the usual one. One query. What may not be off is on, whatever the row says."""
    row = EventRule.objects.filter(event=event.name).first() or EventRule(event=event.name, media=list(USUAL))
    row.is_on = row.is_on or not event.may_be_off
    row.media = [each for each in row.order if each in event.media] or list(USUAL)
    return row


def unwanted_by(recipient: Recipient, kind: str) -> set[str]:
    """By which media somebody does not want to hear of a kind. At most one query."""
    if recipient.subscriber is None:
        return set()
    rows = OptOut.objects.filter(subscriber_key=recipient.subscriber, kind=kind)
    return set(rows.filter(login_key__in=[0, recipient.login or 0]).values_list("medium", flat=True))


def media_for(event: Event, recipient: Recipient) -> list[Medium]:
    """The media by which somebody is told of an event, in the rule's order. Two to three queries."""
    rule = rule_of(event)
    if not rule.is_on or (event.kind == Kind.NEWS and not recipient.hears_news):
        return []
    unwanted = unwanted_by(recipient, event.kind) if event.may_be_off else set()
    possible = [each for each in rule.order if each not in unwanted and recipient.at(each)]
    if any(each not in USUAL for each in possible):
        carried = media_in_use()
        possible = [each for each in possible if each in carried]
    return possible if rule.takes_all else possible[:1]


def due_at(event: Event, medium: str, *, at: datetime, timezone: str) -> datetime:
    """When a message may go: at once, or at the end of the quiet hours if it can wait and would ring in them."""
    if event.is_urgent or not event.waits:
        return at
    hours = QuietHours.load()
    if medium == Medium.EMAIL and not hours.holds_mail:
        return at
    return end_of_quiet(hours, at=at, timezone=timezone)


def end_of_quiet(hours: QuietHours, *, at: datetime, timezone: str) -> datetime:
    """The moment itself outside quiet hours, else their end where the person is."""
    if hours.begins is None or hours.ends is None or hours.begins == hours.ends:
        return at
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    local = at.astimezone(zone)
    now = local.time().replace(tzinfo=None)
    over_midnight = hours.begins > hours.ends
    is_quiet = (now >= hours.begins or now < hours.ends) if over_midnight else hours.begins <= now < hours.ends
    if not is_quiet:
        return at
    day = local.date() + timedelta(days=1 if over_midnight and now >= hours.begins else 0)
    # In UTC: a local time that is not there, or there twice, compares equal to nothing.
    return datetime.combine(day, hours.ends, tzinfo=zone).astimezone(UTC)
