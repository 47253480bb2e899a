"""Who works for the ISP: members, roles, invitations."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_otp.plugins.otp_totp.models import TOTPDevice

from core import tables, throttle
from core.scope import public_scope
from dashboard.access import staff_page
from dashboard.forms import InviteForm, RoleForm
from dashboard.tables import MemberTable
from domains.links import dashboard_url
from tenants.models import Membership
from tenants.roles import RIGHTS, Right, Role, has_right
from tenants.services import memberships
from tenants.services.memberships import grantable_roles, may_grant


@staff_page(Right.STAFF)
def staff(request: HttpRequest) -> HttpResponse:
    """All members, open invitations, and the form to invite somebody."""
    return _list(request, InviteForm(roles=grantable_roles(request.membership.role)))


def _list(request: HttpRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    with public_scope():
        rows, open_invitations = _members(request), list(memberships.invitations(request.isp))
    for row in rows:
        row.is_self = row.user_id == request.user.pk
        row.may_change = may_grant(request.membership.role, row.role)
    for invitation in open_invitations:
        invitation.is_over = memberships.is_over(invitation)
        invitation.may_change = may_grant(request.membership.role, invitation.role)
    table = MemberTable(rows)
    tables.show(request, table, per_page=50)
    context = {"table": table, "invitations": open_invitations, "form": form}
    return render(request, "dashboard/staff/list.html", context, status=status)


def _members(request: HttpRequest) -> list[Membership]:
    device = TOTPDevice.objects.filter(user=OuterRef("user"), confirmed=True)
    rows = Membership.objects.filter(isp_id=request.isp.pk).select_related("user")
    return list(rows.annotate(has_second_factor=Exists(device)))


@staff_page(Right.STAFF)
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """Send an invitation by e-mail."""
    form = InviteForm(request.POST, roles=grantable_roles(request.membership.role))
    if not form.is_valid():
        return _list(request, form, status=422)
    if not _may_invite():
        form.add_error(None, _("Many invitations were sent in the last hour. Try again later."))
        return _list(request, form, status=429)
    try:
        token = memberships.invite(isp=request.isp, by=request.user, base_url=dashboard_url(""), **form.cleaned_data)
    except memberships.NotAllowed as error:
        form.add_error("email", str(error))
        return _list(request, form, status=422)
    messages.success(request, _("The invitation to %(email)s is on its way.") % {"email": token.email})
    return _to_list(request)


@staff_page(Right.STAFF)
@require_POST
def resend_invitation(request: HttpRequest) -> HttpResponse:
    """Send an open invitation again; its earlier link stops working."""
    try:
        if not _may_invite():
            raise memberships.NotAllowed(_("Many invitations were sent in the last hour. Try again later."))
        token = memberships.resend(
            isp=request.isp, email=request.POST.get("email", ""), by=request.user, base_url=dashboard_url("")
        )
        messages.success(request, _("The invitation to %(email)s is on its way again.") % {"email": token.email})
    except memberships.InvitationGone:
        messages.error(request, _("This invitation is not open any more."))
    except memberships.NotAllowed as error:
        messages.error(request, str(error))
    return _to_list(request)


@staff_page(Right.STAFF)
@require_POST
def withdraw_invitation(request: HttpRequest) -> HttpResponse:
    """Make the link of an open invitation worthless."""
    try:
        memberships.withdraw(isp=request.isp, email=request.POST.get("email", ""), by=request.user)
        messages.success(request, _("The invitation is withdrawn."))
    except memberships.InvitationGone:
        messages.error(request, _("This invitation is not open any more."))
    except memberships.NotAllowed as error:
        messages.error(request, str(error))
    return _to_list(request)


@staff_page(Right.STAFF)
def change_role(request: HttpRequest, member: UUID) -> HttpResponse:
    """Give a member another role."""
    membership = _member(request, member)
    form = RoleForm(
        request.POST if request.method == "POST" else None,
        roles=grantable_roles(request.membership.role),
        initial={"role": membership.role},
    )
    context = {"member": membership, "form": form, "roles": _roles()}
    if not form.is_valid():
        return render(request, "dashboard/staff/role.html", context, status=422 if form.is_bound else 200)
    try:
        memberships.change_role(isp=request.isp, user=membership.user, role=form.cleaned_data["role"], by=request.user)
    except memberships.NotAllowed as error:
        form.add_error("role", str(error))
        return render(request, "dashboard/staff/role.html", context, status=422)
    messages.success(request, _("%(name)s has a new role.") % {"name": membership.user})
    return _to_list(request)


@staff_page(Right.STAFF)
def remove_member(request: HttpRequest, member: UUID) -> HttpResponse:
    """Ask, then end somebody's work for the ISP."""
    membership = _member(request, member)
    context = {"member": membership, "is_self": membership.user_id == request.user.pk}
    if request.method != "POST":
        return render(request, "dashboard/staff/remove.html", context)
    try:
        memberships.remove_member(isp=request.isp, user=membership.user, by=request.user)
    except memberships.NotAllowed as error:
        return render(request, "dashboard/staff/remove.html", {**context, "error": str(error)}, status=422)
    messages.success(request, _("%(name)s does not work here any more.") % {"name": membership.user})
    return redirect("/") if context["is_self"] else _to_list(request)


@staff_page(Right.STAFF)
def roles(request: HttpRequest) -> HttpResponse:
    """What each role may do."""
    return render(request, "dashboard/staff/roles.html", {"roles": _roles(), "rights": _rights()})


def _roles() -> list[str]:
    return [role.label for role in Role]


def _rights() -> list[tuple[str, list[bool]]]:
    """Each right with whether each role has it, in the order of the roles."""
    return [(right.label, [has_right(role, right) for role in Role]) for right in RIGHTS]


def _member(request: HttpRequest, member: UUID) -> Membership:
    with public_scope():
        rows = Membership.objects.select_related("user")
        return get_object_or_404(rows, isp_id=request.isp.pk, user__uuid=member)


def _may_invite() -> bool:
    return throttle.allow("invitations", limit=50, seconds=3600)


def _to_list(request: HttpRequest) -> HttpResponse:
    return redirect(f"/{request.isp.slug}/staff/")
