"""Provisioning killed at thirty random moments: what was begun is whole or not there, and all of it is done later."""

import itertools
import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core.models import AuditEntry
from core.scope import public_scope
from tenants.fingerprint import fingerprint
from tenants.fleet.report import check_schemas
from tenants.janitor import sweep
from tenants.models import ISP, Membership, OrphanSchema, SignUp, SpareSchema, StaffUser
from tenants.pool import refill
from tenants.provisioning import provision
from tenants.releases import current_release
from tenants.schemas import drop_named, drop_schema
from tenants.template import build_template
from tests.factories.tenants import SignUpFactory
from tests.tenants import provisioning_killed

KILLS = 30
SIGN_UPS = 60


@pytest.fixture
def sign_ups(committed):
    with public_scope(), transaction.atomic():
        slugs = ["killed" + "".join(letters) for letters in itertools.product("abcdefgh", repeat=2)][:SIGN_UPS]
        made = [SignUpFactory(confirmed=True, slug=slug, email=f"{slug}@example.com") for slug in slugs]
    yield made
    with public_scope(), transaction.atomic():
        for isp in ISP.objects.filter(slug__startswith="killed"):
            drop_schema(isp)
        for spare in SpareSchema.objects.all():
            drop_named(spare.schema_name)
        SpareSchema.objects.all().delete()
        OrphanSchema.objects.all().delete()
        SignUp.objects.filter(slug__startswith="killed").delete()
        ISP.objects.filter(slug__startswith="killed").delete()
        StaffUser.objects.filter(email__startswith="killed").delete()
        AuditEntry.objects.filter(verb="tenants.isp.created").delete()
        build_template()


def killed_again_and_again(kills: int, seed: int, *careless: str, seconds: float = 0.5) -> None:
    name = connection.settings_dict["NAME"]
    env = {**os.environ, "DATABASE_URL": f"{settings.DATABASE_URL.rpartition('/')[0]}/{name}"}
    env["DJANGO_SETTINGS_MODULE"] = "core.settings"
    command = [sys.executable, "-m", provisioning_killed.__name__, str(kills), str(seed), str(seconds), *careless]
    done = subprocess.run(
        command, env=env, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    _until_the_server_has_noticed(name)


def _until_the_server_has_noticed(database: str) -> None:
    """A killed client's transaction ends when the server next looks at the socket."""
    with public_scope(), connection.cursor() as cursor:
        for _ in range(300):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()", [database]
            )
            if cursor.fetchone() == (0,):
                return
            time.sleep(0.1)
    raise AssertionError("Connections of killed processes are still there.")


def schemas() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{12}$' ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]


def owned() -> list[str]:
    """A name for each owner; one handed out twice is in it twice."""
    names = [*ISP.objects.values_list("schema_name", flat=True)]
    return sorted([*names, *SpareSchema.objects.values_list("schema_name", flat=True)])


@pytest.mark.slow
def test_killed_thirty_times_it_leaves_only_whole_isps_and_goes_on(sign_ups):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    # On a busy machine none may get as far as an ISP; then they live longer.
    for seconds in (0.5, 2, 8):
        killed_again_and_again(KILLS, seed, seconds=seconds)
        with public_scope():
            # How often one may be tried is not what is looked at here, and chance may have met one at five kills.
            SignUp.objects.waiting().update(attempts=0)
            if ISP.objects.filter(slug__startswith="killed").exists():
                break

    with public_scope():
        # Before anything is swept: each schema has one owner, and each owner a schema.
        assert owned() == schemas()
        found = sweep(at=timezone.now())
        assert (found.removed, found.waiting, check_schemas()) == ([], [], [])

        made = ISP.objects.filter(slug__startswith="killed").count()
        assert 0 < made <= SignUp.objects.filter(state=SignUp.State.DONE, isp__isnull=False).count()
        refill(size=2)  # with the template, which makes the others quick
        for pk in SignUp.objects.waiting().values_list("pk", flat=True):
            provision(sign_up_id=pk)
        refill(size=2)
        assert SpareSchema.objects.filter(release=current_release()).count() == 2

        assert set(SignUp.objects.filter(slug__startswith="killed").values_list("state", flat=True)) == {"done"}
        isps = list(ISP.objects.filter(slug__startswith="killed"))
        assert len(isps) == SIGN_UPS
        whole = fingerprint(ISP.objects.get(slug="fibrandina").schema_name, with_rows=False)
        for isp in isps:
            assert isp.release == current_release()
            assert fingerprint(isp.schema_name, with_rows=False) == whole
            assert Membership.objects.filter(isp=isp, role="owner").count() == 1
        sweep(at=timezone.now())
        assert not SpareSchema.objects.exclude(release=current_release()).exists()
        assert owned() == schemas()


def test_without_the_one_transaction_the_kills_leave_orphans(sign_ups):
    killed_again_and_again(6, random.randrange(10**6), "careless")
    with public_scope():
        left = set(schemas()) - set(owned())
        assert left
        assert set(sweep(at=timezone.now()).waiting) == left
        assert set(sweep(at=timezone.now() + timedelta(days=1)).removed) == left
        assert owned() == schemas()
