"""Starting the portal for many: made once, sent once, gone on with."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from messaging.models import Message
from subscribers.models import AutoLoginLink, LoginRules, LoginRun, PortalToken, PortalUser, Subscriber
from subscribers.services import starts
from subscribers.tasks import sweep_login_runs, work_off_login_run
from subscribers.usernames import BadPattern, by_rule, check_pattern
from tenants.directory import reference
from tenants.models import ISP
from tests.factories.subscribers import PortalUserFactory, ServiceFactory, SubscriberFactory

BY = starts.Starter(7, "Olga Owner")


@pytest.fixture
def ref(in_isp):
    with public_scope():
        return reference(ISP.objects.with_state().get(pk=in_isp.pk))


def people(count, **fields):
    made = [SubscriberFactory(**fields) for _ in range(count)]
    for each in made:
        ServiceFactory(subscriber=each)
    return [each.pk for each in made]


@pytest.mark.parametrize(
    ("naming", "pattern", "first", "last", "number", "name"),
    [
        ("number", "", "Ana", "Ruiz", 1042, "1042"),
        ("number", "", "Ana", "Ruiz", 7, "007"),
        ("name", "", "José Ángel", "Núñez Gil", 1, "jose.nunez"),
        ("name", "", "Žofie", "Dvořáková", 1, "zofie.dvorakova"),
        ("name", "", "Al", "", 1, "useral"),
        ("name", "", "名", "前", 1, "user"),
        ("custom", "wm-{number}-{last}", "Ana", "Ruiz", 5, "wm-5-ruiz"),
    ],
)
def test_user_names_by_rule(naming, pattern, first, last, number, name):
    rules = LoginRules(naming=naming, pattern=pattern)
    assert by_rule(rules, Subscriber(number=number, first_name=first, last_name=last)) == name


@pytest.mark.parametrize(
    "pattern", ["", "{}", "{0}", "{number.pk}", "{number[0]}", "{ñ}", "}{", "ñ{number}", "{first:5}"]
)
def test_patterns_that_make_no_user_name(pattern):
    with pytest.raises(BadPattern):
        check_pattern(pattern)


class TestMaking:
    def test_those_without_a_login_get_one_each_and_twice_is_once(self, ref):
        LoginRules(pk=1, naming="name").save()
        PortalUserFactory(username="Ana.Ruiz")
        ids = people(3, first_name="Ana", last_name="Ruiz")
        for expected in (3, 0):
            assert starts.make_missing_logins(by=BY, isp=ref, subscriber_ids=ids) == expected
        users = PortalUser.objects.filter(subscriber_id__in=ids).order_by("pk")
        assert [user.username for user in users] == ["ana.ruiz2", "ana.ruiz3", "ana.ruiz4"]
        assert {user.has_usable_password() for user in users} == {False}
        assert AuditEntry.objects.filter(verb="subscribers.portal_user.created", actor_label="Olga Owner").count() == 3

    def test_with_the_rule_they_begin_with_an_initial_password(self, ref):
        LoginRules(pk=1, initial="phone").save()
        starts.make_missing_logins(by=BY, isp=ref, subscriber_ids=people(1) + people(1, mobile=""))
        assert list(PortalUser.objects.order_by("pk").values_list("one_time", flat=True)) == ["initial", ""]

    def test_it_costs_the_same_queries_before_each_login(self, ref, count_queries):
        def cost(count):
            ids = people(count)
            with count_queries() as queries:
                starts.make_missing_logins(by=BY, isp=ref, subscriber_ids=ids)
            return len(queries)

        one, eleven = cost(1), cost(11)
        assert (eleven - one) % 10 == 0
        assert (eleven - one) // 10 <= 3


class TestSending:
    def test_once_for_each_run_and_what_was_not_sent_is_counted(self, ref):
        a, b, c, d = people(4)
        PortalUserFactory(subscriber_id=a, subscriber=None, email="a@x.example")
        PortalUserFactory(subscriber_id=b, subscriber=None, email="")
        PortalUserFactory(subscriber_id=c, subscriber=None, email="c@x.example", is_active=False)
        PortalUserFactory(subscriber_id=a, subscriber=None, email="member@x.example", role="member")
        run, ids = uuid4(), [a, b, c, d]
        first = starts.send_set_password_links(by=BY, isp=ref, subscriber_ids=ids, run=run)
        assert first == {"no_login": 1, "sent": 1, "no_email": 1, "closed": 1}
        again = starts.send_set_password_links(by=BY, isp=ref, subscriber_ids=ids, run=run)
        assert again.get("sent", 0) == 0
        assert again["before"] == 1
        assert [mail.to for mail in Message.objects.all()] == ["a@x.example"]
        assert starts.send_set_password_links(by=BY, isp=ref, subscriber_ids=ids, run=uuid4())["sent"] == 1

    def test_only_to_those_who_never_signed_in(self, ref):
        user = PortalUserFactory(last_login=timezone.now())
        counts = starts.send_set_password_links(
            by=BY, isp=ref, subscriber_ids=[user.subscriber_id], run=uuid4(), only_new=True
        )
        assert counts["before"] == 1
        assert not Message.objects.exists()

    def test_auto_login_links_too(self, ref):
        user, run = PortalUserFactory(), uuid4()
        for _ in range(2):
            starts.send_autologin_links(by=BY, isp=ref, subscriber_ids=[user.subscriber_id], run=run)
        link, mail = AutoLoginLink.objects.get(), Message.objects.get()
        assert (link.scope, link.by_name, mail.has_secret) == ("pay", "Olga Owner", True)
        assert "/go/" in mail.text


class TestRun:
    @pytest.fixture
    def run(self, ref, monkeypatch):
        monkeypatch.setattr(starts, "PIECE", 2)
        people(5)
        return starts.begin_run(by=BY, isp=ref, values={"sends": "set_password"})

    def test_it_is_worked_off_in_pieces_by_its_task(self, ref, run, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks() as left:
            work_off_login_run(isp_id=ref.pk, run_id=run.pk)
        run.refresh_from_db()
        assert (run.seen, run.made, run.sent, run.state, run.percent) == (2, 2, 2, "running", 40)
        assert len(left) >= 1
        for _ in range(3):
            work_off_login_run(isp_id=ref.pk, run_id=run.pk)
        run.refresh_from_db()
        assert (run.seen, run.made, run.sent, run.total, run.state) == (5, 5, 5, 5, "done")
        # More deliveries of the task do no more.
        work_off_login_run(isp_id=ref.pk, run_id=run.pk)
        assert Message.objects.count() == PortalToken.objects.count() == 5

    def test_a_lost_task_is_made_up_for(self, ref, run, django_capture_on_commit_callbacks, monkeypatch):
        queued = []
        monkeypatch.setattr("subscribers.tasks.work_off_login_run.delay", lambda **names: queued.append(names))
        with django_capture_on_commit_callbacks(execute=True):
            sweep_login_runs(isp_id=ref.pk)
        assert queued == [{"isp_id": ref.pk, "run_id": run.pk}]

    def test_what_is_stopped_stays_so(self, ref, run):
        work_off_login_run(isp_id=ref.pk, run_id=run.pk)
        starts.stop_run(by=BY, run=run)
        work_off_login_run(isp_id=ref.pk, run_id=run.pk)
        run.refresh_from_db()
        assert (run.state, run.seen) == ("stopped", 2)

    def test_one_at_a_time(self, ref, run):
        with pytest.raises(starts.RunsAlready):
            starts.begin_run(by=BY, isp=ref, values={})
        assert LoginRun.objects.count() == 1


def test_what_ended_long_ago_is_forgotten(in_isp):
    from subscribers.services import leftovers
    from subscribers.services.autologin import digest

    user, now = PortalUserFactory(), timezone.now()
    for days in (-29, -31):
        PortalToken.objects.create(
            portal_user=user, digest=str(days), purpose="x", expires_at=now + timedelta(days=days)
        )
    for days in (-364, -366):
        AutoLoginLink.objects.create(portal_user=user, digest=digest(str(days)), expires_at=now + timedelta(days=days))
    leftovers.forget_old(at=now)
    assert (PortalToken.objects.get().digest, AutoLoginLink.objects.get().digest) == ("-29", digest("-364"))
    with isp_scope(in_isp):
        assert PortalUser.objects.exists()
