"""The rules of who works for an ISP, also when two people act at the same time."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from core import tokens
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from tenants.models import ISP, Membership, PlatformMail, StaffToken, StaffUser
from tenants.roles import RIGHTS, Right, Role
from tenants.services import memberships
from tenants.services.memberships import NotAllowed, grantable_roles, may_grant
from tests.factories.staff import StaffUserFactory, make_member

BASE = "http://app.localhost"


def role_of(isp, user) -> str | None:
    with public_scope():
        return Membership.objects.filter(isp=isp, user=user).values_list("role", flat=True).first()


@pytest.mark.parametrize("own", Role)
@pytest.mark.parametrize("role", Role)
def test_who_may_grant_what(own, role):
    expected = own == Role.OWNER or (own == Role.ADMIN and role != Role.OWNER)
    assert may_grant(own, role) is expected
    assert (role.value in dict(grantable_roles(own))) is expected


def test_owners_have_every_right():
    assert [right for right in Right if Role.OWNER not in RIGHTS[right]] == []


def test_every_right_stands_in_the_table():
    assert set(RIGHTS) == set(Right)


@pytest.mark.parametrize("role", [Role.BILLING, Role.SUPPORT, Role.TECHNICIAN, Role.READ_ONLY])
def test_the_verbs_themselves_refuse_other_roles(role, isp):
    boss, helper, third = make_member(isp), make_member(isp, role), make_member(isp, Role.SUPPORT)
    with pytest.raises(NotAllowed):
        memberships.invite(isp=isp, email="x@example.com", role=Role.READ_ONLY, by=helper, base_url=BASE)
    with pytest.raises(NotAllowed):
        memberships.change_role(isp=isp, user=third, role=Role.READ_ONLY, by=helper)
    with pytest.raises(NotAllowed):
        memberships.remove_member(isp=isp, user=third, by=helper)
    assert role_of(isp, third) == Role.SUPPORT
    assert role_of(isp, boss) == Role.OWNER


def test_an_owner_elsewhere_has_no_say_here(isp, other_isp):
    stranger, helper = make_member(other_isp, Role.OWNER), make_member(isp, Role.SUPPORT)
    make_member(isp)
    for act in (
        lambda: memberships.invite(isp=isp, email="x@example.com", role=Role.OWNER, by=stranger, base_url=BASE),
        lambda: memberships.change_role(isp=isp, user=helper, role=Role.READ_ONLY, by=stranger),
        lambda: memberships.remove_member(isp=isp, user=helper, by=stranger),
        lambda: memberships.remove_member(isp=isp, user=stranger, by=stranger),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert role_of(isp, helper) == Role.SUPPORT
    with public_scope():
        assert StaffToken.objects.count() == 0


def test_an_unknown_role_cannot_be_given(isp):
    boss = make_member(isp)
    with pytest.raises(NotAllowed):
        memberships.invite(isp=isp, email="x@example.com", role="emperor", by=boss, base_url=BASE)


def test_the_acts_stand_in_the_isps_own_log(isp, other_isp):
    boss, helper = make_member(isp), make_member(isp, Role.SUPPORT)
    memberships.change_role(isp=isp, user=helper, role=Role.BILLING, by=boss)
    memberships.remove_member(isp=isp, user=helper, by=boss)
    with isp_scope(isp):
        first, last = AuditEntry.objects.order_by("pk")
        assert (first.verb, first.details["before"], first.details["role"]) == (
            "tenants.membership.role_changed",
            "support",
            "billing",
        )
        assert (last.verb, last.actor_id) == ("tenants.membership.removed", boss.pk)
    with isp_scope(other_isp):
        assert AuditEntry.objects.count() == 0


def test_the_mail_of_an_invitation(isp):
    boss = make_member(isp, name="Olga Owner")
    with public_scope():
        ISP.objects.filter(pk=isp.pk).update(language="en")
    memberships.invite(isp=isp, email="Nina@Example.com", role=Role.BILLING, by=boss, base_url=BASE)
    with public_scope():
        mail, token = PlatformMail.objects.get(), StaffToken.objects.get()
    assert mail.subject == "Invitation to work for WispMega"
    assert mail.from_name == "WispMega"
    assert "Olga Owner invites you to work for WispMega as: Billing." in mail.text
    assert token.digest == tokens.digest(mail.text.partition("/invitation/")[2].split("/")[0])
    assert timedelta(days=6, hours=23) < token.expires_at - token.created_at < timedelta(days=7, seconds=5)


def test_names_cannot_write_headers_of_the_mail(isp):
    boss = make_member(isp)
    with public_scope():
        ISP.objects.filter(pk=isp.pk).update(name="Evil\r\nBcc: all@example.com")
        named = ISP.objects.get(pk=isp.pk)
    memberships.invite(isp=named, email="nina@example.com", role=Role.BILLING, by=boss, base_url=BASE)
    with public_scope():
        mail = PlatformMail.objects.get()
    assert "\n" not in mail.subject + mail.from_name
    assert "\r" not in mail.subject + mail.from_name


def test_accepting_keeps_a_role_that_one_has_already(isp):
    boss, helper = make_member(isp), StaffUserFactory()
    memberships.invite(isp=isp, email=helper.email, role=Role.READ_ONLY, by=boss, base_url=BASE)
    with public_scope():
        Membership.objects.create(isp=isp, user=helper, role=Role.ADMIN)
        secret = PlatformMail.objects.get().text.partition("/invitation/")[2].split("/")[0]
        memberships.accept(secret=secret, user=helper)
    assert role_of(isp, helper) == Role.ADMIN


@pytest.mark.parametrize("purpose", ["set-password", "enter"])
def test_only_invitations_are_accepted(purpose, isp):
    helper = StaffUserFactory()
    with public_scope():
        fields = {"email": helper.email, "user": helper, "isp": isp, "role": Role.OWNER}
        secret = tokens.issue(StaffToken, purpose=purpose, life=timedelta(days=1), **fields)
        with pytest.raises(memberships.InvitationGone):
            memberships.accept(secret=secret, user=helper)
        with pytest.raises(memberships.InvitationGone):
            memberships.accept_as_new(secret=secret, name="X", password="x", language="en")
    assert role_of(isp, helper) is None


@pytest.fixture
def two_owners(committed):
    """Two owners of WispMega who are really there."""
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    owners = [make_member(isp), make_member(isp)]
    yield isp, owners
    with isp_scope(isp), transaction.atomic():
        AuditEntry.objects.all().delete()
    with public_scope(), transaction.atomic():
        StaffUser.objects.filter(pk__in=[owner.pk for owner in owners]).delete()


def test_two_owners_cannot_remove_each_other(two_owners):
    """Both act at the same moment; one of them stays."""
    isp, owners = two_owners
    barrier, results = threading.Barrier(2), []

    def remove(by: StaffUser, user: StaffUser) -> None:
        try:
            with public_scope(), transaction.atomic():
                barrier.wait(timeout=10)
                memberships.remove_member(isp=isp, user=user, by=by)
            results.append("removed")
        except NotAllowed:
            results.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in (owners, owners[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(results) == ["refused", "removed"]
    with public_scope():
        assert Membership.objects.filter(isp=isp, role=Role.OWNER).count() == 1
