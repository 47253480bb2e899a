import pytest

from core.scope import isp_scope
from tests.factories.subscribers import PASSWORD, PortalUserFactory, ServiceFactory


@pytest.fixture
def maria(isp):
    """A portal user of WispMega with one service."""
    with isp_scope(isp):
        user = PortalUserFactory(
            username="maria",
            email="maria@example.com",
            subscriber__number=1042,
            subscriber__last_name="López",
            subscriber__email="maria@example.com",
        )
        ServiceFactory(subscriber=user.subscriber)
    return user


@pytest.fixture
def browser(at, maria):
    """A browser in which Maria has signed in at WispMega's portal."""
    client = at("wispmega.localhost")
    answer = client.post("/sign-in/", {"login": "maria", "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    return client


@pytest.fixture
def is_signed_in():
    """Whether a browser gets its home page, with the subscriber number that only its owner sees."""

    def ask(client, number="1042"):
        answer = client.get("/")
        return answer.status_code == 200 and number in answer.content.decode()

    return ask
