"""Who works for an ISP: invitations, roles, leaving.

The verbs decide under a lock on the ISP's row, so that two owners cannot remove each other at the same time. Their
audit rows stand in the ISP's own log.
"""

from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core import tokens
from core.audit import record
from core.scope import isp_scope, public_scope
from tenants.directory import IspRef
from tenants.models import ISP, FormerSlug, Membership, StaffToken, StaffUser, off_the_air
from tenants.roles import Right, Role, has_right
from tenants.services.mail import send_platform_mail

INVITATION = "invitation"
INVITATION_LIFE = timedelta(days=7)


class NotAllowed(Exception):
    """A rule of membership forbids it; the text says which, for the person who tried."""


class InvitationGone(Exception):
    """The invitation was accepted, withdrawn or has run out, or never was one of ours."""


def invitations(isp: ISP | IspRef) -> models.QuerySet[StaffToken]:
    """The invitations of an ISP that nobody has accepted yet, also those that have run out."""
    rows = StaffToken.objects.filter(isp_id=isp.pk, purpose=INVITATION, used_at=None)
    return rows.select_related("created_by").order_by("email")


def who_may(*, isp: ISP | IspRef, right: Right) -> list[StaffUser]:
    """The people who have a right at the ISP. One query, in the public scope."""
    roles = [role for role in Role if has_right(role, right)]
    rows = StaffUser.objects.filter(memberships__isp_id=isp.pk, memberships__role__in=roles, is_active=True)
    return list(rows.order_by("email"))


def may_grant(own: str, role: str) -> bool:
    """Whether somebody with the role `own` may give a role or take it away: only owners make or remove owners."""
    return has_right(own, Right.STAFF) and (role != Role.OWNER or own == Role.OWNER)


def grantable_roles(own: str) -> list[tuple[str, Any]]:
    """The roles that somebody with the role `own` may give, as choices."""
    return [(role.value, role.label) for role in Role if may_grant(own, role)]


def invite(*, isp: ISP | IspRef, email: str, role: str, by: StaffUser, base_url: str) -> StaffToken:
    """Ask somebody by e-mail to work for the ISP. An earlier invitation of the same address ends. Raises NotAllowed."""
    email = email.strip()
    with public_scope():
        _check_grant(isp, by, role)
        if Membership.objects.filter(isp_id=isp.pk, user__email__iexact=email).exists():
            raise NotAllowed(_("This person already works here."))
        invitations(isp).filter(email__iexact=email).delete()
        token = _send_invitation(isp, email, role, by, base_url)
    _record(isp, "tenants.invitation.sent", by=by, email=email, role=role)
    return token


def resend(*, isp: ISP | IspRef, email: str, by: StaffUser, base_url: str) -> StaffToken:
    """Send an open invitation again, with a new link and a new week. Raises NotAllowed and InvitationGone."""
    with public_scope():
        old = _open_invitation(isp, email)
        _check_grant(isp, by, old.role)
        old.delete()
        token = _send_invitation(isp, old.email, old.role, by, base_url)
    _record(isp, "tenants.invitation.sent", by=by, email=old.email, role=old.role)
    return token


def withdraw(*, isp: ISP | IspRef, email: str, by: StaffUser) -> None:
    """Make the link of an open invitation worthless. Raises NotAllowed and InvitationGone."""
    with public_scope():
        token = _open_invitation(isp, email)
        _check_grant(isp, by, token.role)
        token.delete()
    _record(isp, "tenants.invitation.withdrawn", by=by, email=token.email)


def find_invitation(secret: str) -> StaffToken:
    """The invitation behind a link, with its ISP. Raises InvitationGone."""
    token = tokens.find(StaffToken, secret, purpose=INVITATION)
    if token is None or token.isp_id is None:
        raise InvitationGone
    return token


def is_off_the_air(invitation: StaffToken) -> bool:
    """Whether the ISP of an invitation is suspended, closed or without its tables."""
    return ISP.objects.suspended().filter(stafftoken=invitation).exists()


def account_of(invitation: StaffToken) -> StaffUser | None:
    """The account that the invited address already has."""
    return StaffUser.objects.filter(email__iexact=invitation.email).first()


def accept(*, secret: str, user: StaffUser) -> Membership:
    """Begin to work for the ISP of an invitation. Raises InvitationGone, and NotAllowed for another address."""
    token = _spend_invitation(secret)
    if token.email.lower() != user.email.lower():
        raise NotAllowed(_("This invitation is for another e-mail address."))
    return _join(token, user)


def accept_as_new(*, secret: str, name: str, password: str, language: str) -> Membership:
    """Make the account of an invited person, who begins to work for the ISP. Raises InvitationGone and NotAllowed."""
    token = _spend_invitation(secret)
    if account_of(token) is not None:
        raise NotAllowed(_("There is an account with this e-mail address already. Sign in to accept."))
    user = StaffUser(email=token.email, name=name, language=language)
    user.set_password(password)
    user.save()
    record("tenants.staff_user.created", by=user, on=user)
    return _join(token, user)


def change_role(*, isp: ISP | IspRef, user: StaffUser, role: str, by: StaffUser) -> Membership:
    """Give a member another role. Raises NotAllowed."""
    with public_scope():
        if user.pk == by.pk:
            raise NotAllowed(_("Nobody can change their own role. Ask another administrator."))
        membership = _locked_member(isp, user, by)
        _check_grant(isp, by, role)
        _check_owner_stays(membership, becomes=role)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        _end_invitations_beyond(membership)
    _record(isp, "tenants.membership.role_changed", by=by, on=membership, who=user.name, before=before, role=role)
    return membership


def remove_member(*, isp: ISP | IspRef, user: StaffUser, by: StaffUser) -> None:
    """End somebody's work for the ISP, at once; the account remains. One may leave oneself. Raises NotAllowed."""
    with public_scope():
        membership = _locked_member(isp, user, by)
        _check_owner_stays(membership, becomes="")
        invitations(isp).filter(created_by=user).delete()
        pk = membership.pk
        membership.delete()
        membership.pk = pk
    verb = "tenants.membership.left" if user.pk == by.pk else "tenants.membership.removed"
    _record(isp, verb, by=by, on=membership, who=user.name, email=user.email)


def _locked_member(isp: ISP | IspRef, user: StaffUser, by: StaffUser) -> Membership:
    """The membership to change, under the ISP's lock, if the actor may take its role away. Raises NotAllowed."""
    own = _own_role(isp, by)
    membership = Membership.objects.filter(isp_id=isp.pk, user=user).select_related("user").first()
    if membership is None:
        raise NotAllowed(_("This person does not work here any more."))
    if not may_grant(own, membership.role):
        raise NotAllowed(_("Only owners can change or remove owners."))
    return membership


def _own_role(isp: ISP | IspRef, by: StaffUser) -> str:
    """The role of the actor, read under the lock of the ISP's row."""
    ISP.objects.select_for_update(no_key=True).get(pk=isp.pk)
    return Membership.objects.filter(isp_id=isp.pk, user=by).values_list("role", flat=True).first() or ""


def _check_grant(isp: ISP | IspRef, by: StaffUser, role: str) -> None:
    own = _own_role(isp, by)
    if not has_right(own, Right.STAFF) or role not in Role:
        raise NotAllowed(_("Your role does not allow this."))
    if not may_grant(own, role):
        raise NotAllowed(_("Only owners can make somebody an owner."))


def _check_owner_stays(membership: Membership, *, becomes: str) -> None:
    if membership.role != Role.OWNER or becomes == Role.OWNER:
        return
    others = Membership.objects.filter(isp_id=membership.isp_id, role=Role.OWNER).exclude(pk=membership.pk)
    if not others.filter(user__is_active=True).exists():
        raise NotAllowed(_("A company needs at least one owner. Make somebody else an owner first."))


def _end_invitations_beyond(membership: Membership) -> None:
    """Withdraw what a member has promised and could not promise with the new role."""
    for token in invitations(membership.isp).filter(created_by=membership.user):
        if not may_grant(membership.role, token.role):
            token.delete()


def _open_invitation(isp: ISP | IspRef, email: str) -> StaffToken:
    if "\x00" in email:
        # PostgreSQL refuses to look for it.
        raise InvitationGone
    token = invitations(isp).filter(email__iexact=email.strip()).select_for_update(of=("self",)).first()
    if token is None:
        raise InvitationGone
    return token


def _send_invitation(isp: ISP | IspRef, email: str, role: str, by: StaffUser, base_url: str) -> StaffToken:
    owner = {"email": email, "isp_id": isp.pk, "role": role, "created_by_id": by.pk}
    secret = tokens.issue(StaffToken, purpose=INVITATION, life=INVITATION_LIFE, **owner)
    known = StaffUser.objects.filter(email__iexact=email).first()
    send_platform_mail(
        template="accounts/invitation",
        language=known.language if known else isp.language,
        to=email,
        from_name=isp.name,
        reply_to=by.email,
        isp_name=isp.name,
        inviter=by.name,
        role=Role(role).label,
        days=INVITATION_LIFE.days,
        url=f"{base_url}/invitation/{secret}/",
    )
    return StaffToken.objects.get(digest=tokens.digest(secret))


def _spend_invitation(secret: str) -> StaffToken:
    token = tokens.find(StaffToken, secret, purpose=INVITATION, lock=True)
    if token is None or token.isp is None:
        raise InvitationGone
    return token


def _join(token: StaffToken, user: StaffUser) -> Membership:
    """Use the invitation up. Somebody who works there already keeps the role."""
    tokens.spend(token)
    isp: Any = token.isp
    membership, is_new = Membership.objects.get_or_create(isp=isp, user=user, defaults={"role": token.role})
    if is_new:
        _record(isp, "tenants.invitation.accepted", by=user, on=membership, role=token.role)
    return membership


def _record(isp: Any, verb: str, *, by: StaffUser, on: models.Model | None = None, **details: Any) -> None:
    with isp_scope(isp):
        record(verb, by=by, on=on, **details)


def memberships_of(user: StaffUser) -> models.QuerySet[Membership]:
    """Where somebody works, with each ISP and whether it `is_suspended`, by the ISP's name."""
    rows = Membership.objects.filter(user_id=user.pk).select_related("isp").order_by("isp__name", "isp__slug")
    return rows.annotate(is_suspended=off_the_air("isp"))


def members_with(isp: ISP | IspRef, right: Right) -> list[StaffUser]:
    """Who works for an ISP with a right, by name; technicians first. One query."""
    roles = [role for role in Role if has_right(role, right)]
    with public_scope():
        rows = StaffUser.objects.filter(memberships__isp_id=isp.pk, memberships__role__in=roles, is_active=True)
        is_technician = models.Case(models.When(memberships__role=Role.TECHNICIAN, then=0), default=1)
        return list(rows.order_by(is_technician, "name"))


def renamed_isp(*, user: StaffUser, slug: str) -> ISP | None:
    """The ISP where somebody works that had this slug until lately. One query."""
    former = FormerSlug.objects.live().filter(slug=slug).values("isp_id")
    return ISP.objects.filter(pk__in=former, memberships__user_id=user.pk).first()


def is_over(invitation: StaffToken) -> bool:
    """Whether an invitation has run out."""
    return invitation.expires_at <= timezone.now()
