"""What tests of the portal do again and again."""

from tests.conftest import HostClient
from tests.factories.subscribers import PASSWORD


def portal_client(isp, user):
    """A browser at the ISP's portal in which somebody has signed in with the password."""
    client = HostClient(f"{isp.slug}.localhost")
    client.post("/sign-in/", {"login": user.username, "password": PASSWORD})
    return client
