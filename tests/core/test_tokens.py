"""Links that let somebody in."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from core import tokens
from core.scope import isp_scope, public_scope
from tenants.models import StaffToken

HOUR = timedelta(hours=1)


@pytest.fixture
def secret(in_public):
    return tokens.issue(StaffToken, purpose="set-password", life=HOUR, email="x@example.com")


def test_the_secret_is_long_and_stored_nowhere(secret):
    assert len(secret) >= 43
    assert tokens.issue(StaffToken, purpose="set-password", life=HOUR) != secret
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_json(t)::text FROM tenants_stafftoken t")
        assert all(secret not in row[0] for row in cursor.fetchall())


def test_a_token_is_found_by_its_secret_and_purpose_until_it_is_spent(secret):
    found = tokens.find(StaffToken, secret, purpose="set-password", lock=True)
    assert found.email == "x@example.com"
    for wrong, purpose in ((secret, "invitation"), (secret[:-1], "set-password"), ("", "set-password")):
        assert tokens.find(StaffToken, wrong, purpose=purpose) is None
    assert tokens.find(StaffToken, found.digest, purpose="set-password") is None
    tokens.spend(found)
    assert tokens.find(StaffToken, secret, purpose="set-password") is None


def test_a_token_ends_with_its_life(secret):
    with time_machine.travel(timezone.now() + HOUR + timedelta(seconds=1), tick=False):
        assert tokens.find(StaffToken, secret, purpose="set-password") is None


def test_a_token_of_the_platform_is_unknown_in_an_isps_scope(secret, isp):
    with isp_scope(isp), pytest.raises(Exception, match="does not exist"), transaction.atomic():
        tokens.find(StaffToken, secret, purpose="set-password")
    with public_scope():
        assert tokens.find(StaffToken, secret, purpose="set-password") is not None
