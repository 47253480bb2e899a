"""Staff of two ISPs, signed in at the dashboard."""

import pytest
from django.utils import timezone

from core.scope import public_scope
from domains import resolver
from domains.models import Domain
from tenants.roles import Role
from tests.factories.staff import make_member, sign_in

HOST = "app.localhost"
STAFF_HOST = "sistema.wispmega.localhost"


@pytest.fixture
def owner(isp):
    return make_member(isp, Role.OWNER, name="Olga Owner", email="olga@wispmega.example")


@pytest.fixture
def admin(isp):
    return make_member(isp, Role.ADMIN, name="Adam Admin", email="adam@wispmega.example")


@pytest.fixture
def stranger(other_isp):
    """The owner of the other ISP."""
    return make_member(other_isp, Role.OWNER, name="Fabia Foreign", email="fabia@fibrandina.example")


@pytest.fixture
def signed_in(at):
    """`signed_in(user)` is a browser of somebody who has signed in."""

    def make(user, host=HOST):
        client = at(host)
        response = sign_in(client, user)
        assert response.status_code == 302, response.content
        return client

    return make


@pytest.fixture
def staff_domain(isp):
    """WispMega's own host for its staff."""
    with public_scope():
        Domain.objects.create(isp=isp, host=STAFF_HOST, surface="dashboard", verified_at=timezone.now())
    resolver.forget_all()
    return STAFF_HOST
