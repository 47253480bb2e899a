"""A look at the portal that a member of the staff has had, as the activity log shows it."""

from django.utils import timezone

from core.links import dashboard_url
from core.scope import public_scope
from domains.links import slug_host
from subscribers.models import PortalUser
from subscribers.services import previews
from tenants.authentication import StaffBackend
from tenants.directory import reference
from tenants.models import ISP
from tenants.roles import Role


def seed_preview(isp: ISP) -> None:
    """Somebody of the support has seen the portal as the first subscriber does."""
    with public_scope():
        support = StaffBackend().get_user(isp.memberships.filter(role=Role.SUPPORT).values_list("user", flat=True)[0])
        ref = reference(ISP.objects.with_state().get(pk=isp.pk))
    assert support is not None  # noqa: S101 - was seeded before
    place = {"origin": dashboard_url(""), "host": slug_host(isp)}
    secret = previews.offer(by=support, user=PortalUser.objects.earliest("pk"), **place)
    begun = previews.begin(secret=secret, isp=ref, at=timezone.now(), **place)
    previews.stop(preview=begun, by=support, at=timezone.now())
