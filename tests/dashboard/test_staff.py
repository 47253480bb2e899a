"""Members, roles and invitations."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core import tokens
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from tenants.models import Membership, PlatformMail, StaffToken, StaffUser
from tenants.roles import RIGHTS, Role
from tests.dashboard.conftest import HOST
from tests.factories.staff import PASSWORD, make_member, sign_in

NEW_PERSON = {"name": "Nina New", "password": "ninas-long-password", "again": "ninas-long-password"}


def roles_of(isp) -> dict[str, str]:
    with public_scope():
        return dict(Membership.objects.filter(isp=isp).values_list("user__email", "role"))


def invited(client, email="nina@example.com", role=Role.SUPPORT) -> str:
    """Invite somebody and return the path in the mail."""
    answer = client.post("/wispmega/staff/invite/", {"email": email, "role": role})
    assert answer.headers["Location"] == "/wispmega/staff/", answer.text
    return mailed_path()


def mailed_path() -> str:
    with public_scope():
        mail = PlatformMail.objects.filter(subject__startswith="Invitation").latest("pk")
    return re.search(r"http://[^/]+(/invitation/\S+)", mail.text).group(1)


def verbs(isp) -> list[str]:
    with isp_scope(isp):
        return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


# The list


def test_the_list_shows_members_of_this_isp_only(owner, admin, stranger, signed_in):
    page = signed_in(owner).get("/wispmega/staff/")
    assert "adam@wispmega.example" in page.text
    assert "fabia@fibrandina.example" not in page.text


def test_the_list_takes_the_same_queries_for_one_row_and_for_thirty(isp, owner, signed_in, count_queries):
    client = signed_in(owner)
    client.get("/wispmega/staff/")
    with count_queries() as few:
        client.get("/wispmega/staff/")
    for n in range(30):
        make_member(isp, Role.SUPPORT)
        with public_scope():
            owner_fields = {"isp": isp, "role": Role.SUPPORT, "created_by": owner}
            tokens.issue(
                StaffToken, purpose="invitation", life=timedelta(days=7), email=f"i{n}@x.example", **owner_fields
            )
    with count_queries() as many:
        page = client.get("/wispmega/staff/")
    assert "i29@x.example" in page.text
    assert len(few) == len(many)


def test_the_list_is_sorted_and_paged(isp, owner, signed_in):
    for n in range(60):
        make_member(isp, Role.SUPPORT, name=f"Worker {n:02d}")
    client = signed_in(owner)
    first = client.get("/wispmega/staff/?sort=-name").text
    assert first.index("Worker 59") < first.index("Worker 20")
    assert "Worker 02" not in first
    assert "Worker 02" in client.get("/wispmega/staff/?sort=-name&page=2").text


def test_the_table_of_rights_is_the_one_that_is_enforced(owner, signed_in):
    page = signed_in(owner).get("/wispmega/staff/roles/").text
    rows = re.findall(r"<tr><th scope=\"row\".*?</tr>", page, re.S)
    assert [row.count(">yes<") for row in rows] == [len(roles) for roles in RIGHTS.values()]


# Invitations


def test_somebody_new_joins(isp, owner, signed_in, at):
    path = invited(signed_in(owner))
    client = at(HOST)
    page = client.get(path)
    assert "Work for WispMega" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert client.post(path, NEW_PERSON).headers["Location"] == "/wispmega/"
    assert "Nina New" in client.get("/wispmega/").text
    assert roles_of(isp)["nina@example.com"] == Role.SUPPORT
    assert sign_in(at(HOST), StaffUser(email="nina@example.com"), NEW_PERSON["password"]).status_code == 302
    assert verbs(isp) == ["tenants.invitation.sent", "tenants.invitation.accepted"]


def test_opening_the_link_accepts_nothing_and_using_it_twice_is_too_much(isp, owner, signed_in, at):
    path = invited(signed_in(owner))
    at(HOST).get(path)
    assert "nina@example.com" not in roles_of(isp)
    at(HOST).post(path, NEW_PERSON)
    assert "does not work any more" in at(HOST).post(path, {**NEW_PERSON, "name": "Another"}).text
    with public_scope():
        assert StaffUser.objects.get(email="nina@example.com").name == "Nina New"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"password": "short", "again": "short"}, "password"),
        ({"again": "different-from-it"}, "again"),
        ({"password": "nina@example.com", "again": "nina@example.com"}, "password"),
        ({"password": "Nina New Person", "again": "Nina New Person", "name": "Nina New Person"}, "password"),
    ],
)
def test_a_bad_account_is_not_made_and_what_was_typed_stays(change, field, owner, signed_in, at):
    path = invited(signed_in(owner))
    data = {**NEW_PERSON, **change}
    page = at(HOST).post(path, data)
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text
    assert data["name"] in page.text
    with public_scope():
        assert not StaffUser.objects.filter(email="nina@example.com").exists()


def test_somebody_with_an_account_signs_in_and_accepts(isp, owner, stranger, signed_in, at):
    path = invited(signed_in(owner), email="FABIA@fibrandina.example", role=Role.TECHNICIAN)
    client = at(HOST)
    page = client.get(path)
    assert f'href="/sign-in/?next={path}"' in page.text
    # Without signing in nothing is accepted, and no second account comes about.
    assert client.post(path, NEW_PERSON).status_code == 403
    assert "fabia@fibrandina.example" not in roles_of(isp)
    client.post("/sign-in/", {"email": stranger.email, "password": PASSWORD, "next": path})
    assert "Accept the invitation" in client.get(path).text
    assert "fabia@fibrandina.example" not in roles_of(isp)
    assert client.post(path).headers["Location"] == "/wispmega/"
    assert roles_of(isp)["fabia@fibrandina.example"] == Role.TECHNICIAN
    with public_scope():
        assert StaffUser.objects.filter(email__iexact="fabia@fibrandina.example").count() == 1


@pytest.mark.parametrize("known", [True, False])
def test_an_invitation_is_for_the_invited_address_only(known, isp, owner, stranger, signed_in, other_isp):
    if known:
        make_member(other_isp, Role.SUPPORT, email="nina@example.com")
    path = invited(signed_in(owner))
    client = signed_in(stranger)
    assert "You are signed in as fabia@fibrandina.example" in client.get(path).text
    assert client.post(path, NEW_PERSON).status_code == 403
    assert set(roles_of(isp)) == {owner.email}


def test_an_invitation_lives_seven_days_and_can_be_sent_again(isp, owner, signed_in, at):
    path = invited(signed_in(owner))
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False):
        assert "does not work any more" in at(HOST).get(path).text
        client = signed_in(owner)
        assert "has run out" in client.get("/wispmega/staff/").text
        client.post("/wispmega/staff/invitations/resend/", {"email": "nina@example.com"})
        fresh = mailed_path()
        assert fresh != path
        assert "has run out" not in client.get("/wispmega/staff/").text
        assert at(HOST).post(fresh, NEW_PERSON).headers["Location"] == "/wispmega/"


def test_sending_again_ends_the_earlier_link(owner, signed_in, at):
    client = signed_in(owner)
    path = invited(client)
    client.post("/wispmega/staff/invitations/resend/", {"email": "nina@example.com"})
    assert "does not work any more" in at(HOST).get(path).text
    again = invited(client, role=Role.BILLING)
    page = client.get("/wispmega/staff/").text
    assert page.count(">nina@example.com</div>") == 1
    assert "Billing" in at(HOST).get(again).text


def test_a_withdrawn_invitation_is_gone(isp, owner, signed_in, at):
    client = signed_in(owner)
    path = invited(client)
    client.post("/wispmega/staff/invitations/withdraw/", {"email": "nina@example.com"})
    assert "does not work any more" in at(HOST).post(path, NEW_PERSON).text
    assert "No invitation is open" in client.get("/wispmega/staff/").text
    client.post("/wispmega/staff/invitations/withdraw/", {"email": "nina@example.com"})
    assert "not open any more" in client.get("/wispmega/staff/").text
    assert verbs(isp) == ["tenants.invitation.sent", "tenants.invitation.withdrawn"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"email": "", "role": "support"}, "email"),
        ({"email": "no address", "role": "support"}, "email"),
        ({"email": "olga@wispmega.example", "role": "support"}, "email"),
        ({"email": "x@example.com", "role": ""}, "role"),
        ({"email": "x@example.com", "role": "emperor"}, "role"),
    ],
)
def test_a_bad_invitation_is_not_sent(data, field, owner, signed_in):
    page = signed_in(owner).post("/wispmega/staff/invite/", data)
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text
    assert f'value="{data["email"]}"' in page.text or not data["email"]
    with public_scope():
        assert StaffToken.objects.count() == PlatformMail.objects.count() == 0


def test_nobody_invites_the_whole_world(owner, signed_in, monkeypatch):
    from core import throttle

    client = signed_in(owner)
    monkeypatch.setattr(throttle, "allow", lambda what, **kwargs: what != "invitations")
    page = client.post("/wispmega/staff/invite/", {"email": "x@example.com", "role": "support"})
    assert page.status_code == 429
    assert "Many invitations were sent" in page.text
    with public_scope():
        assert PlatformMail.objects.count() == 0


def test_an_admin_cannot_make_owners(isp, owner, admin, signed_in):
    client = signed_in(admin)
    page = client.post("/wispmega/staff/invite/", {"email": "x@example.com", "role": Role.OWNER})
    assert page.status_code == 422
    helper = make_member(isp, Role.SUPPORT)
    assert client.post(f"/wispmega/staff/{helper.uuid}/role/", {"role": Role.OWNER}).status_code == 422
    assert roles_of(isp)[helper.email] == Role.SUPPORT
    assert client.post(f"/wispmega/staff/{helper.uuid}/role/", {"role": Role.ADMIN}).status_code == 302
    assert roles_of(isp)[helper.email] == Role.ADMIN


def test_an_admin_cannot_touch_owners_or_their_invitations(isp, owner, admin, signed_in):
    boss = signed_in(owner)
    path = invited(boss, role=Role.OWNER)
    client = signed_in(admin)
    page = client.post(f"/wispmega/staff/{owner.uuid}/role/", {"role": Role.READ_ONLY})
    assert "Only owners can change or remove owners" in page.text
    page = client.post(f"/wispmega/staff/{owner.uuid}/remove/")
    assert page.status_code == 422
    client.post("/wispmega/staff/invitations/withdraw/", {"email": "nina@example.com"})
    assert "Only owners can make somebody an owner" in client.get("/wispmega/staff/").text
    assert roles_of(isp)[owner.email] == Role.OWNER
    assert "Work for WispMega" in boss.__class__(HOST).get(path).text


def test_nobody_changes_their_own_role(isp, owner, admin, signed_in):
    for user, role in ((owner, Role.ADMIN), (admin, Role.SUPPORT)):
        page = signed_in(user).post(f"/wispmega/staff/{user.uuid}/role/", {"role": role})
        assert "Nobody can change their own role" in page.text
    assert roles_of(isp) == {owner.email: Role.OWNER, admin.email: Role.ADMIN}


def test_the_last_owner_stays(isp, owner, signed_in):
    client = signed_in(owner)
    page = client.post(f"/wispmega/staff/{owner.uuid}/remove/")
    assert page.status_code == 422
    assert "A company needs at least one owner" in page.text
    assert roles_of(isp) == {owner.email: Role.OWNER}
    second = make_member(isp, Role.OWNER)
    assert client.post(f"/wispmega/staff/{owner.uuid}/remove/").headers["Location"] == "/"
    assert roles_of(isp) == {second.email: Role.OWNER}
    assert client.get("/wispmega/").status_code == 404


def test_an_owner_whose_account_is_closed_does_not_count(isp, owner, signed_in):
    make_member(isp, Role.OWNER, is_active=False)
    assert signed_in(owner).post(f"/wispmega/staff/{owner.uuid}/remove/").status_code == 422
    assert roles_of(isp)[owner.email] == Role.OWNER


def test_a_removed_member_is_out_at_once_and_elsewhere_untouched(isp, other_isp, owner, signed_in):
    helper = make_member(isp, Role.SUPPORT)
    with public_scope():
        Membership.objects.create(isp=other_isp, user=helper, role=Role.SUPPORT)
    client = signed_in(helper)
    assert client.get("/wispmega/").status_code == 200
    boss = signed_in(owner)
    assert helper.email in boss.get(f"/wispmega/staff/{helper.uuid}/remove/").text
    assert helper.email in roles_of(isp)
    boss.post(f"/wispmega/staff/{helper.uuid}/remove/")
    assert client.get("/wispmega/").status_code == 404
    assert helper.name in client.get("/fibrandina/").text
    assert verbs(isp) == ["tenants.membership.removed"]
    assert verbs(other_isp) == []


def test_the_invitations_of_somebody_who_left_go_too(isp, owner, admin, signed_in, at):
    path = invited(signed_in(admin))
    signed_in(owner).post(f"/wispmega/staff/{admin.uuid}/remove/")
    assert "does not work any more" in at(HOST).get(path).text


def test_a_demoted_member_cannot_keep_promises_of_the_old_role(isp, owner, signed_in, at):
    second = make_member(isp, Role.OWNER)
    client = signed_in(second)
    as_owner = invited(client, email="a@example.com", role=Role.OWNER)
    as_helper = invited(client, email="b@example.com", role=Role.SUPPORT)
    signed_in(owner).post(f"/wispmega/staff/{second.uuid}/role/", {"role": Role.ADMIN})
    assert "does not work any more" in at(HOST).get(as_owner).text
    assert "Work for WispMega" in at(HOST).get(as_helper).text


@pytest.mark.parametrize("role", [role for role in Role if role not in RIGHTS["staff"]])
def test_other_roles_do_not_manage_staff(role, isp, owner, signed_in):
    helper = make_member(isp, role)
    client = signed_in(helper)
    for path in ("", "roles/", f"{owner.uuid}/role/", f"{owner.uuid}/remove/"):
        page = client.get(f"/wispmega/staff/{path}")
        assert page.status_code == 403
        assert owner.email not in page.text
    for path in ("invite/", "invitations/resend/", "invitations/withdraw/", f"{owner.uuid}/remove/"):
        client.post(f"/wispmega/staff/{path}", {"email": "x@example.com", "role": "owner"})
    assert roles_of(isp) == {owner.email: Role.OWNER, helper.email: role}
    with public_scope():
        assert StaffToken.objects.count() == 0


def test_members_of_another_isp_cannot_be_reached(owner, stranger, signed_in, other_isp):
    client = signed_in(owner)
    for path in (f"{stranger.uuid}/role/", f"{stranger.uuid}/remove/"):
        page = client.post(f"/wispmega/staff/{path}", {"role": Role.READ_ONLY})
        assert page.status_code == 404
        assert stranger.email not in page.text
    assert roles_of(other_isp) == {stranger.email: Role.OWNER}


def test_an_invitation_of_another_isp_cannot_be_reached(isp, owner, stranger, signed_in, at):
    path = invited(signed_in(owner))
    client = signed_in(stranger)
    client.post("/fibrandina/staff/invitations/withdraw/", {"email": "nina@example.com"})
    client.post("/fibrandina/staff/invitations/resend/", {"email": "nina@example.com"})
    assert "Work for WispMega" in at(HOST).get(path).text


def test_another_isps_staff_domain_does_not_open_the_invitation(stranger, signed_in, at, staff_domain):
    client = signed_in(stranger)
    client.post("/fibrandina/staff/invite/", {"email": "nina@example.com", "role": Role.SUPPORT})
    path = mailed_path()
    page = at(staff_domain).get(path)
    assert "does not work any more" in page.text
    assert "Fibrandina" not in page.text
    assert "Fibrandina" in at(HOST).get(path).text


def test_the_invitation_leads_to_our_own_host(owner, signed_in, staff_domain):
    """Who holds an ISP's domain could read the password that somebody new chooses there."""
    path = invited(signed_in(owner))
    with public_scope():
        text = PlatformMail.objects.get().text
    assert f"http://{HOST}{path}" in text
    assert staff_domain not in text


def test_text_in_names_is_not_markup(isp, owner, signed_in):
    make_member(isp, Role.SUPPORT, name="<script>alert(1)</script>")
    page = signed_in(owner).get("/wispmega/staff/")
    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_an_address_longer_than_the_column_gets_a_message(owner, signed_in):
    answer = signed_in(owner).post("/wispmega/staff/invite/", {"email": f"{'a' * 250}@example.com", "role": "support"})
    assert answer.status_code == 422
    assert "at most 254 characters" in answer.text


@pytest.mark.parametrize("act", ["resend", "withdraw"])
def test_an_address_that_no_database_can_hold_is_not_open(owner, signed_in, act):
    client = signed_in(owner)
    answer = client.post(f"/wispmega/staff/invitations/{act}/", {"email": "nina\x00@example.com"})
    assert answer.headers["Location"] == "/wispmega/staff/"
    assert "not open any more" in client.get("/wispmega/staff/").text
