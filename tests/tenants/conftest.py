"""What a sign-up form and its mail hold."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest

from core.scope import public_scope
from tenants.models import PlatformMail
from tests.captcha import solved
from tests.factories.tenants import PASSWORD


@pytest.fixture
def filled_in(db: None) -> Callable[..., dict[str, str]]:
    """The values of a sign-up form that is right, with the given ones changed."""

    def make(**changes: str) -> dict[str, str]:
        with public_scope():
            captcha = solved("sign-up")
        return {
            "form_key": str(uuid4()),
            "company": "Fibra Sur",
            "slug": "fibrasur",
            "country": "AR",
            "language": "es",
            "currency": "ARS",
            "timezone": "America/Argentina/Buenos_Aires",
            "name": "Ada Flores",
            "email": "ada@example.com",
            "password": PASSWORD,
            "captcha": captcha,
            **changes,
        }

    return make


@pytest.fixture
def mailed_link(db: None) -> Callable[[], str]:
    """The path in the newest mail of the platform."""

    def find() -> str:
        with public_scope():
            text = PlatformMail.objects.latest("pk").text
        return re.search(r"http://localhost(/\S+)", text).group(1)

    return find
