"""What tests of the portal do again and again."""

from core.scope import isp_scope
from subscribers.services import logins
from tests.conftest import HostClient

PASSWORD = "correct horse battery"


def portal_client(isp, user):
    """A browser at the ISP's portal in which somebody has signed in with the password."""
    with isp_scope(isp):
        logins.set_password(by=user, user=user, password=PASSWORD)
    client = HostClient(f"{isp.slug}.localhost")
    client.post("/sign-in/", {"login": user.username, "password": PASSWORD})
    return client
