"""What the tests of the settings share."""

from core.models import AuditEntry
from core.scope import isp_scope
from tenants.roles import Role
from tests.conftest import HostClient
from tests.factories.staff import make_member, sign_in


def staff_client(isp, role=Role.ADMIN):
    """A browser at the shared dashboard in which somebody with this role is signed in."""
    client = HostClient("app.localhost")
    sign_in(client, make_member(isp, role))
    return client


def audit_rows(isp):
    """Verb and details of the audit rows of an ISP's settings, oldest first."""
    with isp_scope(isp):
        rows = AuditEntry.objects.order_by("pk")
        return [(row.verb, row.details) for row in rows if row.verb.startswith(("company.", "payments."))]


def text_of(response):
    return response.content.decode()
