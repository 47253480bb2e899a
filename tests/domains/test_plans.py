"""Licence plans: how many domains an ISP may have, and what happens to those that are too many."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone, translation

from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from domains import claims, dns, plans, tasks
from domains.models import Claim, Domain, Finding, Surface
from domains.services import CannotAdd, PlanLimit, add_domain, check_limit, remove_domain
from tenants.models import Licence, PlatformMail
from tenants.plans import Plan
from tenants.roles import Role
from tenants.services.licences import change_plan
from tests.factories.tenants import MembershipFactory

PORTAL = Surface.PORTAL
DAY = timedelta(days=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def owner(isp, in_public):
    MembershipFactory(isp=isp, role=Role.ADMIN)
    return MembershipFactory(isp=isp, role=Role.OWNER).user


@pytest.fixture
def proved(monkeypatch):
    """The DNS has the proof of every claim."""
    good = dns.Verdict(Finding.State.GOOD, "found")
    monkeypatch.setattr(dns, "examine", lambda claim: {"pointing": good, "ownership": good})
    monkeypatch.setattr(claims, "examiners", [])


def claim(isp, name):
    return claims.claim_domain(isp=isp, host=f"{name}.wispmega.example", surface=PORTAL, by=None)


def go_live(isp, *names):
    """Live domains, each a day older than the next."""
    for n, name in enumerate(names):
        made = claim(isp, name)
        claims.check_claim(claim_uuid=made.uuid, at=timezone.now())
        created = timezone.now() - DAY * (len(names) - n)
        Domain.objects.filter(host=made.host).update(created_at=created)
        Claim.objects.filter(pk=made.pk).update(created_at=created)


def live(isp):
    return [host.partition(".")[0] for host in Domain.objects.live().filter(isp=isp).values_list("host", flat=True)]


def look(at):
    for pk in Licence.objects.due(at=at).values_list("pk", flat=True):
        plans.look_after(licence_id=pk, at=at)


def mails():
    return list(PlatformMail.objects.order_by("pk").values_list("to", "subject"))


@pytest.mark.parametrize(
    ("plan", "fits", "says"),
    [
        (Plan.FREE, 0, "includes no domain"),
        (Plan.START, 2, "includes 2 domains"),
        (Plan.PRO, 10, "includes 10 domains"),
    ],
)
def test_a_plan_has_room_for_so_many_claims_and_no_more(isp, other_isp, in_public, plan, fits, says):
    change_plan(isp=isp, plan=plan, by=None)
    for n in range(fits):
        claim(isp, f"a{n}")
    with pytest.raises(PlanLimit) as refused:
        claim(isp, "more")
    assert says in str(refused.value)
    assert isinstance(refused.value, CannotAdd)
    assert Claim.objects.filter(isp=isp).count() == fits
    claim(other_isp, "elsewhere")


def test_without_a_choice_the_default_plan_holds(isp, in_public, settings):
    settings.DEFAULT_PLAN = "free"
    with pytest.raises(PlanLimit):
        claim(isp, "a")
    settings.DEFAULT_PLAN = "pro"
    claim(isp, "a")


def test_domains_without_a_claim_count_and_switched_off_claims_do_not(isp, in_public, now):
    change_plan(isp=isp, plan=Plan.START, by=None)
    add_domain(isp=isp, host="old.wispmega.example", surface=PORTAL)
    first = claim(isp, "a")
    with pytest.raises(PlanLimit):
        check_limit(isp)
    Claim.objects.filter(pk=first.pk).update(disabled_at=now)
    check_limit(isp)


def test_a_proof_takes_no_domain_live_beyond_the_plan(isp, in_public, proved):
    """A claim that the DNS switched off does not count; when its proof is back, there may be no room any more."""
    go_live(isp, "a")
    waiting = claim(isp, "b")
    change_plan(isp=isp, plan=Plan.FREE, by=None)
    claims.check_claim(claim_uuid=waiting.uuid, at=timezone.now())
    assert live(isp) == ["a"]


def test_a_smaller_plan_warns_twice_then_switches_the_newest_off(isp, owner, proved, now):
    go_live(isp, "a", "b", "c", "d")
    change_plan(isp=isp, plan=Plan.START, by=None, at=now)
    PlatformMail.objects.all().delete()
    look(now)
    look(now + DAY)
    assert mails() == [(owner.email, "Some domains of WispMega are more than your plan includes")]
    look(now + 22 * DAY)
    assert len(mails()) == 1
    look(now + 23 * DAY)
    look(now + 24 * DAY)
    assert len(mails()) == 2
    assert mails()[1][1].startswith("Some domains of WispMega stop working on ")
    assert live(isp) == ["a", "b", "c", "d"]
    look(now + 30 * DAY)
    look(now + 31 * DAY)
    assert live(isp) == ["a", "b"]
    assert len(mails()) == 3
    text = PlatformMail.objects.last().text
    assert "d.wispmega.example, c.wispmega.example" in text
    assert "a.wispmega.example" not in text
    off = AuditEntry.objects.filter(verb="domains.domain.switched_off").values_list("details__host", flat=True)
    assert sorted(off) == ["c.wispmega.example", "d.wispmega.example"]


def test_the_primary_goes_last_and_the_portals_after_the_staffs(isp, owner, proved, now):
    go_live(isp, "a", "b", "c")
    add_domain(isp=isp, host="sistema.wispmega.example", surface=Surface.DASHBOARD)
    claims.make_primary(domain=Domain.objects.get(host="c.wispmega.example"), by=None)
    order = [domain.host.partition(".")[0] for domain in plans.surplus(isp, 0)]
    assert order == ["b", "a", "sistema", "c"]
    assert [domain.host.partition(".")[0] for domain in plans.surplus(isp, 3)] == ["b"]
    assert plans.surplus(isp, 4) == []


def test_a_switched_off_domain_stays_off_until_there_is_room(isp, owner, proved, now):
    go_live(isp, "a", "b", "c")
    change_plan(isp=isp, plan=Plan.START, by=None, at=now)
    look(now + 30 * DAY)
    off = Claim.objects.get(host="c.wispmega.example")
    assert (off.is_disabled, off.next_check_at, off.is_off_by_plan) == (True, None, True)
    # Somebody asks for a check, or one was under way: the DNS is right, the plan is not.
    claims.check_claim(claim_uuid=off.uuid, at=now + 31 * DAY)
    assert live(isp) == ["a", "b"]
    assert off.findings.get(check_name="ownership").reason == "plan"


def test_with_a_bigger_plan_they_come_back_by_their_ordinary_check(isp, owner, proved, now):
    go_live(isp, "a", "b", "c")
    change_plan(isp=isp, plan=Plan.FREE, by=None, at=now)
    look(now + 30 * DAY)
    assert live(isp) == []
    later = now + 40 * DAY
    change_plan(isp=isp, plan=Plan.START, by=None, at=later)
    look(later)
    due = claims.take_due(at=later, most=9)
    assert len(due) == 2
    for uuid in due:
        claims.check_claim(claim_uuid=uuid, at=later)
    assert live(isp) == ["a", "b"]
    assert Domain.objects.live().filter(isp=isp, is_primary=True).count() == 1


@pytest.mark.parametrize("how", ["given up", "removed by us", "never proved", "lost"])
def test_where_another_domain_makes_room_one_comes_back_by_itself(isp, owner, proved, now, how, monkeypatch, settings):
    go_live(isp, "a", "b", "c")
    change_plan(isp=isp, plan=Plan.START, by=None, at=now)
    look(now + 30 * DAY)
    assert live(isp) == ["a", "b"]
    later = now + 31 * DAY
    if how == "given up":
        claims.release_claim(claim=Claim.objects.get(host="a.wispmega.example"), by=None)
    elif how == "removed by us":
        remove_domain(host="a.wispmega.example")
    elif how == "never proved":
        Domain.objects.filter(host="a.wispmega.example").delete()
        claims.release_claim(claim=Claim.objects.get(host="a.wispmega.example"), by=None)
    else:
        gone = dns.Verdict(Finding.State.BAD, "nxdomain")
        with monkeypatch.context() as patch:
            patch.setattr(dns, "examine", lambda claim: {"pointing": gone, "ownership": gone})
            for day in (31, 39):
                claims.check_claim(claim_uuid=Claim.objects.get(host="a.wispmega.example").uuid, at=now + day * DAY)
        later = now + 39 * DAY
    back = Claim.objects.get(host="c.wispmega.example")
    assert not back.is_off_by_plan
    assert back.uuid in claims.take_due(at=max(later, timezone.now()), most=9)
    claims.check_claim(claim_uuid=back.uuid, at=later)
    assert live(isp) == ["b", "c"]


def test_removing_what_makes_no_room_wakes_nobody(isp, owner, proved, now):
    go_live(isp, "a", "b", "c")
    change_plan(isp=isp, plan=Plan.FREE, by=None, at=now)
    look(now + 30 * DAY)
    claims.release_claim(claim=Claim.objects.get(host="a.wispmega.example"), by=None)
    asleep = Claim.objects.filter(isp=isp)
    assert [(claim.is_off_by_plan, claim.next_check_at) for claim in asleep] == [(True, None)] * 2


def test_a_domain_that_never_had_a_claim_gets_one_to_come_back_by(isp, owner, now):
    add_domain(isp=isp, host="old.wispmega.example", surface=PORTAL)
    change_plan(isp=isp, plan=Plan.FREE, by=None, at=now)
    look(now + 30 * DAY)
    assert live(isp) == []
    assert Claim.objects.get(isp=isp, host="old.wispmega.example").is_off_by_plan


def test_who_removes_others_or_grows_again_loses_nothing(isp, other_isp, owner, proved, now):
    go_live(isp, "a", "b", "c")
    change_plan(isp=isp, plan=Plan.START, by=None, at=now)
    look(now)
    claims.release_claim(claim=Claim.objects.get(host="a.wispmega.example"), by=None)
    look(now + 23 * DAY)
    look(now + 30 * DAY)
    assert live(isp) == ["b", "c"]
    change_plan(isp=isp, plan=Plan.FREE, by=None, at=now + 40 * DAY)
    change_plan(isp=isp, plan=Plan.PRO, by=None, at=now + 41 * DAY)
    look(now + 90 * DAY)
    assert live(isp) == ["b", "c"]


def test_a_plan_that_is_bigger_but_too_small_does_not_begin_the_grace_anew(isp, owner, proved, now):
    go_live(isp, "a", "b", "c")
    change_plan(isp=isp, plan=Plan.FREE, by=None, at=now)
    change_plan(isp=isp, plan=Plan.START, by=None, at=now + 29 * DAY)
    look(now + 30 * DAY)
    assert live(isp) == ["a", "b"]


def test_the_task_looks_after_what_is_due_and_nothing_else(isp, owner, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.look_after_plan, "delay", lambda **kwargs: sent.append(kwargs))
    licence = change_plan(isp=isp, plan=Plan.FREE, by=None)
    tasks.look_after_due_plans()
    assert sent == [{"licence_id": licence.pk}]
    tasks.look_after_plan(licence_id=licence.pk)
    tasks.look_after_due_plans()
    assert len(sent) == 1


def test_the_page_says_how_the_isp_stands(isp, owner, proved, now):
    go_live(isp, "a", "b", "c")

    def page():
        with isp_scope(isp), translation.override("en"):
            return " ".join(
                render_to_string("dashboard/settings/domains_plan.html", {"licence": plans.usage(isp)}).split()
            )

    assert "Your plan: Pro" in page()
    assert "3 of 10 domains in use" in page()
    assert "more domains" not in page()
    change_plan(isp=isp, plan=Plan.START, by=None, at=now)
    assert "3 of 2 domains in use" in page()
    assert "these stop working: c.wispmega.example." in page()
    look(now + 30 * DAY)
    assert "2 of 2 domains in use" in page()
    assert "For another domain remove one" in page()
    assert "does not include them: c.wispmega.example." in page()


def test_what_an_isp_had_before_its_plan_was_written_down_is_kept(isp, owner, proved, now):
    """As in the demo: over the limit, and no grace that ends."""
    go_live(isp, "a")
    with public_scope():
        Licence.objects.create(isp=isp, plan=Plan.FREE)
    look(now + 400 * DAY)
    assert live(isp) == ["a"]
    usage = plans.usage(isp)
    assert (usage.used, usage.limit, usage.is_over, usage.ends_at) == (1, 0, True, None)
