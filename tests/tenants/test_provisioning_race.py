"""Workers that take up the same sign-up at the same time. Commits for real."""

import threading

from django.db import connection, transaction

from core.models import AuditEntry
from core.scope import public_scope
from tenants.models import ISP, SignUp, StaffUser
from tenants.provisioning import provision
from tenants.schemas import drop_schema
from tests.factories.tenants import SignUpFactory

WORKERS = 4


def schemas() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{12}$'")
        return {row[0] for row in cursor.fetchall()}


def test_two_workers_at_once_make_one_isp(committed):
    with public_scope(), transaction.atomic():
        sign_up = SignUpFactory(confirmed=True, slug="kdorraceb", email="race@example.com")
        before = schemas()
    together, made, failures = threading.Barrier(WORKERS), [], []

    def work():
        try:
            together.wait(timeout=20)
            with public_scope():
                made.append(provision(sign_up_id=sign_up.pk))
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        assert failures == []
        with public_scope():
            isp = ISP.objects.get(slug="kdorraceb")
            assert [one for one in made if one] == [isp]
            assert schemas() - before == {isp.schema_name}
            assert StaffUser.objects.filter(email="race@example.com").count() == 1
    finally:
        _clean_up(sign_up)


def _clean_up(sign_up: SignUp) -> None:
    with public_scope(), transaction.atomic():
        for isp in ISP.objects.filter(slug=sign_up.slug):
            drop_schema(isp)
        SignUp.objects.filter(pk=sign_up.pk).delete()
        ISP.objects.filter(slug=sign_up.slug).delete()
        StaffUser.objects.filter(email=sign_up.email).delete()
        AuditEntry.objects.filter(verb="tenants.isp.created").delete()
