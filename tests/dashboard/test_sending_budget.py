"""What sendings may cost, what starting one looks at, and those that are planned for a time."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from core.scope import isp_scope, public_scope
from dashboard import forecasts, tasks
from dashboard.services import sendings as services
from messaging.models import ChannelAccount, Message, MessageSettings, QuietHours
from messaging.services import write_message
from subscribers.models import Sending, Subscriber
from tenants.models import DueWork
from tests.dashboard.test_sendings import MANY, an_sms_channel, draft, seen_on, start, work_off, written
from tests.dashboard.test_sendings import clerk as clerk
from tests.dashboard.test_sendings import people as people
from tests.dashboard.test_subscribers import text_of
from tests.factories.subscribers import SubscriberFactory


def budget_of(amount):
    MessageSettings.objects.update_or_create(pk=1, defaults={"budget": Decimal(amount)})


def by_sms(clerk, **values):
    return draft(clerk, medium="sms", subject="", text="Hi {{ name }}", **values)


def press_start(clerk, page, row, seen):
    """As from a page that was open before; `start` is for one sending alone."""
    values = {"act": "start", "version": row.version, "seen": seen}
    return text_of(clerk.post(f"{page}act/", values, follow=True))


def row_of(page):
    return Sending.objects.get(uuid=page.rstrip("/").rpartition("/")[2])


def test_all_that_cost_something_this_month_counts(isp, clerk, people):
    with isp_scope(isp):
        an_sms_channel()
        budget_of("6.00")
        before = timezone.now() - timedelta(days=40)
        for price, state, lane in [
            ("1.50", "sent", 1),
            ("0.50", "sent", 0),
            ("9.00", "failed", 1),
            ("1.00", "sent", 2),
        ]:
            Message.objects.create(to="x", medium="sms", price=price, state=state, lane=lane)
        old = Message.objects.create(to="x", medium="sms", price="7.00", state="sent")
        Message.objects.filter(pk=old.pk).update(created_at=before)
    shown = " ".join(text_of(clerk.get(MANY)).split())
    for words in ("to many MX$1.00", "all others MX$2.00", "left this month MX$3.00"):
        assert words in shown.replace("$ ", "$")
    assert "3.00" in text_of(clerk.get(by_sms(clerk)))
    with isp_scope(isp):
        budget_of("3.00")
        # A single message goes whatever the budget says.
        assert write_message(medium="sms", to="+525512345611", text="Your code").state == "waiting"
    assert "costs more than the budget" in text_of(clerk.get(by_sms(clerk)))


def test_what_has_begun_is_not_promised_again(isp, clerk, people):
    with isp_scope(isp):
        an_sms_channel()
        budget_of("2.50")
    first, second = by_sms(clerk), by_sms(clerk)
    seen = seen_on(clerk, second)
    with isp_scope(isp):
        rows = row_of(first), row_of(second)
    assert seen == "4 2.0000"
    press_start(clerk, first, rows[0], seen)
    # Nothing is written yet, and the second one knows already.
    assert not written(isp)
    assert "costs more than the budget" in text_of(clerk.get(second))
    assert "costs more than the budget" in press_start(clerk, second, rows[1], seen)
    clerk.post(f"{first}act/", {"act": "stop"})
    press_start(clerk, second, rows[1], seen)
    with isp_scope(isp):
        assert row_of(second).state == "running"


def test_starting_looks_at_nobody(isp, clerk, people, count_queries, monkeypatch):
    few, many = by_sms(clerk, audience="zone", zone=people.pk), by_sms(clerk)
    with isp_scope(isp):
        an_sms_channel()
        budget_of("0.00")
    seen = seen_on(clerk, few), seen_on(clerk, many)
    monkeypatch.setattr(forecasts, "forecast", None)

    def started(page, said):
        with isp_scope(isp), count_queries() as made:
            row = services.start(by=Clerk(), sending=row_of(page), version=1, seen=services.Seen.of(said))
        return row.state, len(made)

    assert started(few, seen[0]) == started(many, seen[1])


class Clerk:
    pk, audit_label, audit_kind = 1, "Clerk", "staff"


@pytest.mark.parametrize("seen", ["", "x 1", "3", "-3 0", "3 NaN", "3 1e9", "3 0.00001", "9" * 10 + " 0"])
def test_a_start_without_what_was_seen_is_refused(isp, clerk, people, seen):
    page = draft(clerk)
    answer = clerk.post(f"{page}act/", {"act": "start", "version": 1, "seen": seen}, follow=True)
    assert "changed since you looked" in text_of(answer)
    with isp_scope(isp):
        assert row_of(page).state == "draft"


def test_who_starts_is_asked_again_where_the_audience_is_another_one_by_now(isp, clerk, people):
    page = draft(clerk)
    with isp_scope(isp):
        SubscriberFactory(number=100, email="late@mail.example")
    # One more is no matter, and gets nothing: it goes to whom was shown.
    with isp_scope(isp):
        assert not services.is_far({*row_of(page).ids, 0}, set(row_of(page).ids))
        for n in range(6):
            SubscriberFactory(number=101 + n, email=f"late{n}@mail.example")
        before = row_of(page)
    shown = press_start(clerk, page, before, seen_on(clerk, page))
    assert "7 have come and 0 have gone" in shown
    assert "10 customers will be written to" in shown
    start(clerk, page, isp)
    work_off(isp)
    assert len(written(isp)) == 10


def test_one_who_came_meanwhile_gets_nothing(isp, clerk, people):
    page = draft(clerk)
    with isp_scope(isp):
        SubscriberFactory(number=100, email="late@mail.example")
    start(clerk, page, isp)
    work_off(isp)
    assert "late@mail.example" not in written(isp)
    assert len(written(isp)) == 3


@pytest.mark.parametrize("what", ["price", "people"])
def test_what_comes_to_more_than_was_shown_waits_for_a_word(isp, clerk, people, what):
    with isp_scope(isp):
        an_sms_channel()
        Subscriber.objects.filter(number__gt=11).update(mobile="")
        for n in range(7):
            SubscriberFactory(number=100 + n, mobile="")
    page = by_sms(clerk)
    start(clerk, page, isp)
    with isp_scope(isp):
        if what == "price":
            ChannelAccount.objects.update(price="0.6000")
        else:
            ChannelAccount.objects.update(price=0)
            for person in Subscriber.objects.filter(number__gt=11):
                Subscriber.objects.filter(pk=person.pk).update(mobile=f"+5255123450{person.number:02d}"[:13])
    work_off(isp)
    assert not written(isp)
    assert "more than was shown when it was started: 1 customer" in " ".join(text_of(clerk.get(page)).split())
    clerk.post(f"{page}act/", {"act": "resume"})
    work_off(isp)
    assert written(isp)
    with isp_scope(isp):
        assert row_of(page).state == "done"


def planned(clerk, isp, hour=12, **values):
    """The page of a draft for tomorrow at an hour of the ISP's, and the moment."""
    zone = ZoneInfo(isp.timezone)
    moment = datetime.combine(timezone.localdate(timezone=zone) + timedelta(days=1), time(hour), tzinfo=zone)
    page = draft(clerk, starts_at=f"{moment:%Y-%m-%dT%H:%M}", **values)
    return page, moment


def test_what_is_planned_begins_at_its_time(isp, clerk, people):
    page, moment = planned(clerk, isp)
    assert "Plan 3 messages" in text_of(clerk.get(page))
    start(clerk, page, isp)
    work_off(isp)
    tasks.sweep_sendings(isp_id=isp.pk)
    assert not written(isp)
    with isp_scope(isp):
        row = row_of(page)
        assert (row.state, row.starts_at, row.started_at) == ("planned", moment, None)
        Sending.objects.update(starts_at=timezone.now() + timedelta(minutes=3))
    with public_scope():
        DueWork.objects.update_or_create(
            isp_id=isp.pk, kind="sendings", defaults={"due_at": timezone.now() + timedelta(minutes=5)}
        )
    tasks.sweep_sendings(isp_id=isp.pk)
    with public_scope():  # it comes in time
        assert DueWork.objects.get(isp_id=isp.pk, kind="sendings").due_at < timezone.now() + timedelta(minutes=4)
    with isp_scope(isp):
        Sending.objects.update(starts_at=timezone.now())
    tasks.sweep_sendings(isp_id=isp.pk)
    work_off(isp)
    assert len(written(isp)) == 3


def test_what_is_planned_can_be_a_draft_again_until_it_begins(isp, clerk, people):
    page, _moment = planned(clerk, isp)
    start(clerk, page, isp)
    assert clerk.get(f"{page}edit/").status_code == 302
    clerk.post(f"{page}act/", {"act": "withdraw"})
    with isp_scope(isp):
        assert row_of(page).state == "draft"
    start(clerk, page, isp)
    with isp_scope(isp):
        Sending.objects.update(starts_at=timezone.now())
    tasks.sweep_sendings(isp_id=isp.pk)
    answer = clerk.post(f"{page}act/", {"act": "withdraw"}, follow=True)
    assert "Somebody was quicker" in text_of(answer)
    with isp_scope(isp):
        assert row_of(page).state == "running"


def test_what_is_planned_for_quiet_hours_waits_for_their_end(isp, clerk, people):
    with isp_scope(isp):
        an_sms_channel()
        QuietHours.objects.update_or_create(pk=1, defaults={"begins": time(21), "ends": time(8)})
    page, _moment = planned(clerk, isp, hour=6, medium="sms", subject="")
    shown = " ".join(text_of(clerk.get(page)).split())
    assert "8 a.m." in shown
    assert "waits for the end of your quiet hours" in shown


@pytest.mark.parametrize(
    ("moment", "says"),
    [("2020-01-01T10:00", "This moment is over."), ("2090-01-01T10:00", "too far away"), ("soon", "valid date")],
)
def test_a_time_that_cannot_be_is_refused(isp, clerk, people, moment, says):
    usual = {"audience": "everybody", "medium": "email", "kind": "service", "subject": "S", "text": "T"}
    answer = clerk.post(f"{MANY}new/", usual | {"starts_at": moment})
    assert answer.status_code == 422
    assert says in text_of(answer)
    assert f'value="{moment}"' in answer.content.decode()
