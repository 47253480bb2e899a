"""A carrier of SMS that the ISP has an account with."""

import pytest

from messaging.channels import kinds
from messaging.models import ChannelAccount
from tenants.roles import Role
from tests.factories.staff import make_member, sign_in
from tests.messaging.fakes import FakeChannel, fresh


@pytest.fixture
def fake(monkeypatch):
    monkeypatch.setitem(kinds(), "fake", FakeChannel)
    yield from fresh()


@pytest.fixture
def account(in_isp, fake) -> ChannelAccount:
    return ChannelAccount.objects.create(channel="fake", medium="sms", price="0.5")


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.SUPPORT, name="Sara Support", email="sara@wispmega.example")


@pytest.fixture
def owner(isp):
    return make_member(isp, Role.OWNER, name="Olga Owner", email="olga@wispmega.example")


@pytest.fixture
def signed_in(at):
    """`signed_in(user)` is a browser of somebody who has signed in."""

    def make(user):
        client = at("app.localhost")
        response = sign_in(client, user)
        assert response.status_code == 302, response.content
        return client

    return make
