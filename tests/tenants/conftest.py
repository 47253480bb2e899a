"""What a sign-up form and its mail hold; an ISP with rows everywhere."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.core.management.color import no_style
from django.db import connection, transaction

from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from tenants.models import ISP, Deletion, PlatformMail, SignUp, StaffUser
from tenants.schemas import drop_schema
from tests.captcha import solved
from tests.conftest import make_isp
from tests.factories.tenants import PASSWORD
from tests.isolation.world import Side, fill, fill_platform, tenant_models


@pytest.fixture
def few_apps(settings: object) -> None:
    """The ISPs have a few apps only, so that a schema is migrated in a second. All of them are tried elsewhere."""
    settings.TENANT_APPS = ["django.contrib.sessions", "core", "company"]


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


@pytest.fixture
def full_isp(committed: None, tmp_path: Path, settings: object) -> Iterator[Side]:
    """An ISP with canaries in every table, in files and in the platform's rows, committed; removed afterwards."""
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.MEDIA_ROOT.mkdir()
    try:
        with public_scope(), transaction.atomic():
            isp = make_isp("altamira", name="Altamira")
            side = Side("a", isp, settings.MEDIA_ROOT)
            fill_platform(side)
            SignUp.objects.update(isp=isp, state=SignUp.State.DONE)
            with isp_scope(isp):
                for model in tenant_models():
                    fill(side, model, settings.MEDIA_ROOT)
                for statement in connection.ops.sequence_reset_sql(no_style(), tenant_models()):
                    connection.cursor().execute(statement)
        yield side
    finally:
        remove_all_but_the_two()


def remove_all_but_the_two() -> None:
    """What tests with real commits have left in the platform's tables, and their schemas."""
    if connection.in_atomic_block:
        connection.close()
    with public_scope(), transaction.atomic():
        for isp in ISP.objects.exclude(slug__in=["wispmega", "fibrandina"]):
            drop_schema(isp)
            isp.delete()
        for model in (Deletion, SignUp, PlatformMail, AuditEntry, Session, StaffUser):
            model.objects.all().delete()
