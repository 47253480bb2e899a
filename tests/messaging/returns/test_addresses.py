"""The address that one mail comes back to."""

import base64
import re
from uuid import UUID

import pytest

from messaging.returns import addresses
from messaging.returns.addresses import Returned, complaints_address, read_key, takes

MINE = Returned(7, UUID("6f1c6f0e-58a5-4f6b-9d9a-0c0a4f1b2c3d"), 2)


@pytest.fixture(autouse=True)
def _domain(settings):
    settings.BOUNCE_DOMAIN = "bounces.lastmile.example"


def test_it_says_of_which_isp_and_mail_it_is_and_fits_into_a_local_part():
    local, _, domain = MINE.address.partition("@")
    assert domain == "bounces.lastmile.example"
    assert len(local) <= 64
    assert re.fullmatch(r"[a-z0-9-]+", local)
    assert takes(MINE.address) == MINE == read_key(local)
    assert MINE.number == "6f1c6f0e-58a5-4f6b-9d9a-0c0a4f1b2c3d.2"
    assert Returned(7, MINE.uuid).number == str(MINE.uuid)


def test_servers_that_change_case_do_no_harm():
    assert takes(MINE.address.upper()) == MINE
    assert takes(MINE.address.title()) == MINE


def test_each_bit_of_it_is_signed():
    data = base64.b32decode(MINE.key[2:].upper())
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1
        assert read_key(f"r-{base64.b32encode(changed).decode().lower()}") is None


def test_without_the_signature_a_changed_address_would_be_believed(monkeypatch):
    """The control of the test before."""
    monkeypatch.setattr(addresses.hmac, "compare_digest", lambda one, other: True)
    other = Returned(8, MINE.uuid).key
    assert read_key(other[:-14] + MINE.key[-14:]) is not None


@pytest.mark.parametrize("address", ["", "@", "r-@bounces.lastmile.example", "postmaster@bounces.lastmile.example"])
def test_what_is_not_ours_is_not_taken(address):
    assert takes(address) is False


def test_an_address_is_of_the_bounce_domain_or_not_ours(settings):
    assert takes(MINE.address.replace("bounces.", "")) is False
    address = MINE.address
    settings.BOUNCE_DOMAIN = ""
    assert takes(address) is False


def test_another_installations_address_is_not_ours_and_an_older_key_is(settings):
    address, complaints = MINE.address, complaints_address()
    settings.SECRET_KEY, older = "x" * 50, settings.SECRET_KEY
    assert takes(address) is False
    assert takes(complaints) is False
    settings.SECRET_KEY_FALLBACKS = [older]
    assert takes(address) == MINE
    assert takes(complaints) is True


def test_the_key_has_a_purpose_of_its_own(settings):
    """What the same secret signs elsewhere is worth nothing here."""
    payload = base64.b32decode(MINE.key[2:].upper())[:-9]
    other = addresses.hmac.digest(settings.SECRET_KEY.encode(), payload, "sha256")[:9]
    assert read_key(f"r-{base64.b32encode(payload + other).decode().lower()}") is None
