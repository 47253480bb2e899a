"""Acting on many subscribers at once."""

import re
import uuid

import pytest

from company.models import InvoiceGroup
from core.models import AuditEntry
from core.scope import isp_scope
from dashboard import bulk, tasks
from dashboard.services import bulk_runs
from messaging.models import Message
from subscribers.models import AutoLoginLink, BulkRun, PortalToken, Service, ServiceChange, Subscriber
from tenants.roles import RIGHTS, Right, Role
from tests.dashboard.test_subscribers import LIST, staff_client, text_of, verbs
from tests.factories.subscribers import PortalUserFactory, ServiceFactory, SubscriberFactory, TariffFactory, ZoneFactory

BULK = f"{LIST}bulk/"
BEGIN = f"{BULK}begin/"


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.ADMIN)


@pytest.fixture
def people(isp):
    """11 and 12 have an active service, 13 a suspended one, 14 an ended one, 15 none."""
    with isp_scope(isp):
        for number, state in [(11, "active"), (12, "active"), (13, "suspended"), (14, "ended")]:
            ServiceFactory(subscriber=SubscriberFactory(number=number), state=state)
        SubscriberFactory(number=15)
        return {
            "zone": ZoneFactory(name="Norte"),
            "tariff": TariffFactory(name="Pro"),
            "group": InvoiceGroup.objects.create(name="Business"),
        }


def prepare(client, action="suspend", chosen=(11, 12, 13, 14, 15), **more):
    """The address of the page that asks for confirmation."""
    answer = client.post(BEGIN, {"action": action, "chosen": chosen, **more})
    assert answer["Location"].startswith(BULK), answer["Location"]
    return answer["Location"]


def states(isp):
    with isp_scope(isp):
        return dict(Service.objects.values_list("subscriber__number", "state"))


def the_run(isp):
    with isp_scope(isp):
        return BulkRun.objects.get()


def work_off_all(isp, run_id):
    """What the worker does, one part after the other."""
    parts = 0
    with isp_scope(isp):
        while bulk_runs.work_off(run_id=run_id):
            parts += 1
            assert parts < 100
    return parts + 1


CASES = {
    "suspend": ({}, 2, {"no active service": 3}),
    "resume": ({}, 1, {"no suspended service": 4}),
    "set-zone": ({"zone": "zone"}, 5, {}),
    "set-tariff": ({"tariff": "tariff"}, 3, {"no service that has not ended": 2}),
    "set-group": ({"group": "group"}, 5, {}),
}


@pytest.mark.parametrize("action", CASES)
def test_what_will_happen_is_said_first_and_then_happens(isp, clerk, people, action):
    fields, changed, left_out = CASES[action]
    said = {name: people[name].uuid for name in fields}
    here = prepare(clerk, action)
    text = text_of(clerk.get(here, said))
    assert "You have selected 5 subscribers." in text
    assert re.search(rf"\b{changed} subscribers? will be changed", text)
    for reason, number in left_out.items():
        assert f"{number} left out: {reason}" in text
    assert the_run(isp).state == BulkRun.State.DRAFT
    assert clerk.post(f"{here}confirm/", said)["Location"] == here
    text = text_of(clerk.get(here))
    assert f"done 5 of 5 100 % changed {changed} left out {5 - changed}" in text
    for reason in left_out:
        assert reason in text
    run = the_run(isp)
    assert (run.state, run.changed, run.left_out_count) == ("done", changed, 5 - changed)
    again = text_of(clerk.get(prepare(clerk, action), said))
    assert "Nobody will be changed." in again


def test_each_verb_leaves_its_trace(isp, clerk, people):
    for action, (fields, *_rest) in CASES.items():
        here = prepare(clerk, action, chosen=[11])
        clerk.post(f"{here}confirm/", {name: people[name].uuid for name in fields} | {"reason": "Storm"})
    with isp_scope(isp):
        eleven = Subscriber.objects.get(number=11)
        assert (eleven.zone, eleven.group, eleven.version) == (people["zone"], people["group"], 3)
        assert eleven.services.get().tariff == people["tariff"]
        assert list(ServiceChange.objects.values_list("state", "reason")) == [
            ("suspended", "Storm"),
            ("active", "Storm"),
        ]
        rows = AuditEntry.objects.exclude(verb__contains="bulk_run").order_by("pk")
        assert set(rows.values_list("actor_kind", flat=True)) == {"staff"}
        assert dict(rows.values_list("verb", "details__after")) == {
            "subscribers.service.state_changed": "active",
            "subscribers.subscriber.changed": None,
            "subscribers.service.tariff_changed": None,
        }
    assert verbs(isp)[:3] == [
        "subscribers.bulk_run.started",
        "subscribers.service.state_changed",
        "subscribers.bulk_run.finished",
    ]


def test_a_price_of_the_old_tariff_goes_and_ended_services_keep_theirs(isp, clerk, people):
    with isp_scope(isp):
        Service.objects.filter(subscriber__number=11).update(price=77)
        ServiceFactory(subscriber=Subscriber.objects.get(number=11), state="ended")
    here = prepare(clerk, "set-tariff", chosen=[11])
    clerk.post(f"{here}confirm/", {"tariff": people["tariff"].uuid})
    with isp_scope(isp):
        kept = Service.objects.filter(subscriber__number=11).order_by("number")
        assert [(service.tariff.name, service.price) for service in kept] == [("Pro", None), ("Hogar 100", None)]


class TestOnNothing:
    @pytest.mark.parametrize("chosen", [[], ["999"], ["x", "-1", "9" * 30]])
    def test_it_is_refused_kindly(self, isp, clerk, people, chosen):
        answer = clerk.post(BEGIN, {"action": "suspend", "chosen": chosen, "query": "state=active"})
        assert answer["Location"] == f"{LIST}?state=active"
        assert "Tick at least one subscriber" in text_of(clerk.get(answer["Location"]))
        with isp_scope(isp):
            assert not BulkRun.objects.exists()

    @pytest.mark.parametrize("query", ["q=nobody", "state=x", "zone=x"])
    def test_everything_of_a_search_without_hits_is_nothing(self, isp, clerk, people, query):
        answer = clerk.post(BEGIN, {"action": "suspend", "everything": "1", "query": query})
        assert answer["Location"] == f"{LIST}?{query}"
        with isp_scope(isp):
            assert not BulkRun.objects.exists()


class TestOnEverything:
    def test_all_that_match_are_taken_and_not_only_the_ticked_ones(self, isp, clerk, people):
        here = prepare(clerk, chosen=[15], everything="1", query="state=active&page=2")
        assert "You have selected 2 subscribers." in text_of(clerk.get(here))
        clerk.post(f"{here}confirm/")
        assert states(isp) == {11: "suspended", 12: "suspended", 13: "suspended", 14: "ended"}

    def test_who_it_is_about_is_what_was_shown_whatever_happens_meanwhile(self, isp, clerk, people):
        here = prepare(clerk, everything="1", query="state=active")
        with isp_scope(isp):
            ServiceFactory(subscriber=SubscriberFactory(number=16))
            Subscriber.objects.get(number=12).delete()
        clerk.post(f"{here}confirm/")
        assert states(isp) == {11: "suspended", 13: "suspended", 14: "ended", 16: "active"}
        assert "changed 1 left out 1" in text_of(clerk.get(here))

    def test_many_are_worked_off_in_parts_by_a_task(
        self, isp, clerk, people, monkeypatch, django_capture_on_commit_callbacks
    ):
        monkeypatch.setattr(bulk_runs, "AT_ONCE", 0)
        monkeypatch.setattr(bulk_runs, "PART", 2)
        sent = []
        monkeypatch.setattr(tasks.work_off_bulk_run, "delay", lambda **kwargs: sent.append(kwargs))
        here = prepare(clerk)
        with django_capture_on_commit_callbacks(execute=True):
            clerk.post(f"{here}confirm/")
        run = the_run(isp)
        assert sent == [{"isp_id": isp.pk, "run_id": run.pk}]
        assert "waiting 0 of 5" in text_of(clerk.get(here))
        with django_capture_on_commit_callbacks(execute=True):
            tasks.work_off_bulk_run(**sent.pop())
        assert sent == [{"isp_id": isp.pk, "run_id": run.pk}]
        page = clerk.get(here)
        assert "under way 2 of 5 40 % changed 2 left out 0 not done 3" in text_of(page)
        assert 'hx-trigger="every 1s"' in page.text
        assert work_off_all(isp, run.pk) == 2
        assert states(isp) == {11: "suspended", 12: "suspended", 13: "suspended", 14: "ended"}
        assert 'hx-trigger="every 1s"' not in clerk.get(here).text


class TestTwice:
    def test_a_second_click_does_nothing_and_leads_to_the_same_run(self, isp, clerk, people):
        here = prepare(clerk)
        for _ in range(2):
            assert clerk.post(f"{here}confirm/")["Location"] == here
        with isp_scope(isp):
            assert ServiceChange.objects.count() == 2
        assert verbs(isp).count("subscribers.bulk_run.started") == 1

    def test_a_click_that_overtakes_the_check_is_stopped_by_the_lock_and_not_without(self, isp, people, monkeypatch):
        """Both clicks have read a draft; only the verb's own look at the locked row tells them apart."""
        clerk = staff_client(isp, Role.ADMIN)
        prepare(clerk)
        seen = the_run(isp)
        by = bulk_runs.Starter(seen.by_id, "Clerk")

        def click():
            with isp_scope(isp):
                bulk_runs.start_run(by=by, run=seen, isp_id=isp.pk, parameters={})

        click()
        with pytest.raises(bulk_runs.CannotRun):
            click()
        assert verbs(isp).count("subscribers.bulk_run.started") == 1
        # The control: with what was read before in place of the locked row it begins a second time.
        monkeypatch.setattr(bulk_runs, "_locked", lambda run: run)
        seen.state = BulkRun.State.DRAFT
        click()
        assert verbs(isp).count("subscribers.bulk_run.started") == 2

    def test_a_task_that_is_delivered_again_finds_nothing_to_do(self, isp, clerk, people):
        here = prepare(clerk)
        clerk.post(f"{here}confirm/")
        before = verbs(isp)
        tasks.work_off_bulk_run(isp_id=isp.pk, run_id=the_run(isp).pk)
        assert verbs(isp) == before


class TestStopping:
    def test_it_stays_where_it_is(self, isp, clerk, people, monkeypatch):
        monkeypatch.setattr(bulk_runs, "AT_ONCE", 0)
        monkeypatch.setattr(bulk_runs, "PART", 1)
        here = prepare(clerk)
        clerk.post(f"{here}confirm/")
        run = the_run(isp)
        tasks.work_off_bulk_run(isp_id=isp.pk, run_id=run.pk)
        colleague = staff_client(isp, Role.BILLING)
        colleague.post(f"{here}stop/")
        tasks.work_off_bulk_run(isp_id=isp.pk, run_id=run.pk)
        assert states(isp) == {11: "suspended", 12: "active", 13: "suspended", 14: "ended"}
        assert "stopped 1 of 5 20 % changed 1 left out 0 not done 4" in text_of(clerk.get(here))
        assert verbs(isp)[-1] == "subscribers.bulk_run.stopped"
        clerk.post(f"{here}stop/")
        assert "It had ended already." in text_of(clerk.get(here))

    def test_cancelling_before_it_begins_leaves_nothing(self, isp, clerk, people):
        here = prepare(clerk)
        assert "Nothing was changed." in text_of(clerk.post(f"{here}stop/", follow=True))
        with isp_scope(isp):
            assert not BulkRun.objects.exists()
        assert verbs(isp) == []


class TestWhatGoesWrong:
    def test_a_choice_is_needed_where_there_is_one(self, isp, clerk, people):
        here = prepare(clerk, "set-zone")
        assert "Choose above" in text_of(clerk.get(here))
        answer = clerk.post(f"{here}confirm/", {"zone": ""})
        assert answer.status_code == 422
        assert "This field is required." in text_of(answer)
        assert the_run(isp).state == BulkRun.State.DRAFT

    def test_one_bad_row_holds_up_no_other(self, isp, clerk, people, monkeypatch):
        usual = bulk.placement.change_service_state

        def fails(*, service, **rest):
            if service.subscriber.number == 12:
                raise RuntimeError("a bug")
            return usual(service=service, **rest)

        monkeypatch.setattr(bulk.placement, "change_service_state", fails)
        here = prepare(clerk)
        clerk.post(f"{here}confirm/")
        assert states(isp) == {11: "suspended", 12: "active", 13: "suspended", 14: "ended"}
        text = text_of(clerk.get(here))
        assert "changed 1 left out 4" in text
        assert "something went wrong; try again" in text

    def test_what_was_chosen_may_be_gone_when_the_work_begins(self, isp, clerk, people, monkeypatch):
        monkeypatch.setattr(bulk_runs, "AT_ONCE", 0)
        here = prepare(clerk, "set-zone")
        clerk.post(f"{here}confirm/", {"zone": people["zone"].uuid})
        with isp_scope(isp):
            people["zone"].delete()
        work_off_all(isp, the_run(isp).pk)
        assert "changed 0 left out 5" in text_of(clerk.get(here))

    def test_the_sweep_takes_up_what_was_lost_and_forgets_what_is_old(
        self, isp, clerk, people, monkeypatch, django_capture_on_commit_callbacks
    ):
        monkeypatch.setattr(bulk_runs, "AT_ONCE", 0)
        here = prepare(clerk)
        clerk.post(f"{here}confirm/")
        prepare(clerk)
        sent = []
        monkeypatch.setattr(tasks.work_off_bulk_run, "delay", lambda **kwargs: sent.append(kwargs["run_id"]))
        with isp_scope(isp):
            run, draft = BulkRun.objects.order_by("pk")
        with django_capture_on_commit_callbacks(execute=True):
            tasks.sweep_bulk_runs(isp_id=isp.pk)
        assert sent == []
        with isp_scope(isp):
            BulkRun.objects.update(touched_at="2026-01-01T00:00Z", at="2026-01-01T00:00Z")
        with django_capture_on_commit_callbacks(execute=True):
            tasks.sweep_bulk_runs(isp_id=isp.pk)
        assert sent == [run.pk]
        with isp_scope(isp):
            assert not BulkRun.objects.filter(pk=draft.pk).exists()


class TestWhoMay:
    def test_those_without_the_right_see_no_ticks_and_are_refused(self, isp, clerk, people):
        technician, support = staff_client(isp, Role.TECHNICIAN), staff_client(isp, Role.SUPPORT)
        assert 'name="chosen"' not in technician.get(LIST).text
        assert 'name="chosen"' in clerk.get(LIST).text
        # Who may but write to them ticks them for that alone.
        ticked = support.get(LIST).text
        assert 'name="chosen"' in ticked
        assert "messages/many/begin/" in ticked
        assert 'value="suspend"' not in ticked
        answer = support.post(BEGIN, {"action": "suspend", "chosen": [11]})
        assert answer.status_code == 403
        assert states(isp)[11] == "active"

    def test_an_action_needs_its_own_right_besides(self, isp, clerk, people, monkeypatch):
        monkeypatch.setattr(bulk, "actions_for", lambda rights: [])
        monkeypatch.setattr("dashboard.views.bulk.actions_for", lambda rights: [])
        assert clerk.post(BEGIN, {"action": "suspend", "chosen": [11]}).status_code == 404
        assert clerk.post(BEGIN, {"action": "nonsense", "chosen": [11]}).status_code == 404

    def test_what_is_not_confirmed_belongs_to_whoever_prepared_it(self, isp, clerk, people):
        here = prepare(clerk)
        colleague = staff_client(isp, Role.OWNER)
        for answer in (colleague.get(here), colleague.post(f"{here}confirm/"), colleague.post(f"{here}stop/")):
            assert answer.status_code == 404
        assert states(isp)[11] == "active"

    def test_numbers_and_runs_of_the_other_isp(self, isp, other_isp, clerk, people):
        with isp_scope(other_isp):
            theirs = SubscriberFactory(number=11)
            ServiceFactory(subscriber=theirs)
            run = BulkRun.objects.create(action="suspend", ids=[theirs.pk], total=1, by_id=1, by_name="x", state="done")
        here = prepare(clerk, chosen=[11])
        clerk.post(f"{here}confirm/")
        assert states(other_isp) == {11: "active"}
        for uuid_ in (run.uuid, uuid.uuid4()):
            assert clerk.get(f"{BULK}{uuid_}/").status_code == 404
            assert clerk.post(f"{BULK}{uuid_}/confirm/").status_code == 404


def test_the_list_of_runs_costs_the_same_with_one_and_with_twenty(isp, clerk, people, count_queries):
    prepare(clerk, chosen=[11])
    here = prepare(clerk, chosen=[12])
    clerk.post(f"{here}confirm/")
    clerk.get(BULK)
    with count_queries() as few:
        text = text_of(clerk.get(BULK))
    assert text.count("Suspend done") == 1  # the one that is not confirmed is not there
    with isp_scope(isp):
        for _ in range(20):
            BulkRun.objects.create(action="resume", ids=[1], total=1, by_id=1, by_name="x", state="done")
    with count_queries() as many:
        assert text_of(clerk.get(BULK)).count("Resume done") == 20
    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("action", "said", "model"),
    [
        ("send-set-password-links", {}, PortalToken),
        ("send-autologin-links", {"scope": "pay", "days": "7"}, AutoLoginLink),
    ],
)
def test_links_go_to_main_logins_that_can_get_mail(isp, clerk, people, action, said, model):
    with isp_scope(isp):
        for number, fields in {11: {}, 12: {"email": ""}, 13: {"is_active": False}, 14: {"role": "member"}}.items():
            subscriber = Subscriber.objects.get(number=number)
            PortalUserFactory(subscriber=subscriber, **{"email": f"n{number}@example.org", **fields})
    here = prepare(clerk, action)
    text = text_of(clerk.get(here, said))
    assert "1 subscriber will be changed" in text
    assert "3 left out: no open login" in text
    assert "1 left out: no e-mail address" in text
    clerk.post(f"{here}confirm/", said)
    clerk.post(f"{here}confirm/", said)
    with isp_scope(isp):
        assert [
            link.portal_user.subscriber.number for link in model.objects.select_related("portal_user__subscriber")
        ] == [11]
        assert list(Message.objects.values_list("to", flat=True)) == ["n11@example.org"]
    run = the_run(isp)
    assert (run.state, run.changed, run.left_out_count) == ("done", 1, 4)


def test_links_are_sent_only_by_who_may_manage_logins(isp, people, monkeypatch):
    monkeypatch.setitem(RIGHTS, Right.WORK_LOGINS, frozenset({Role.OWNER}))
    with isp_scope(isp):
        PortalUserFactory(subscriber=Subscriber.objects.get(number=11))
    client = staff_client(isp, Role.ADMIN)
    assert "Send auto-login links" not in text_of(client.get(LIST))
    client.post(BEGIN, {"action": "send-autologin-links", "chosen": [11]})
    with isp_scope(isp):
        assert not BulkRun.objects.exists()
