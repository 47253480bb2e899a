"""From a confirmed sign-up to an ISP: whole, or not at all, and once."""

import importlib

import pytest
from django.db import IntegrityError, connection, migrations, transaction

from company.models import Profile
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from domains.resolver import UnknownHost, resolve
from tenants import provisioning, tasks
from tenants.models import ISP, Membership, SchemaTemplate, SignUp, StaffUser
from tenants.provisioning import ATTEMPTS, provision
from tenants.roles import Role
from tests.factories.tenants import PASSWORD, SignUpFactory, StaffUserFactory

CANARY = "canary-in-the-text"
pytestmark = pytest.mark.usefixtures("in_public")


def schemas() -> set[str]:
    with public_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%%'")
        return {row[0] for row in cursor.fetchall()}


@pytest.fixture
def sign_up() -> SignUp:
    return SignUpFactory(confirmed=True)


@pytest.fixture
def broken_migration(monkeypatch, few_apps, in_public):
    """The last app of a schema has a migration that raises after its tables were made."""

    def fail(apps, schema_editor):
        raise RuntimeError(CANARY)

    SchemaTemplate.objects.all().delete()  # so that the migrations run
    module = importlib.import_module("company.migrations.0001_initial")
    broken = [*module.Migration.operations, migrations.RunPython(fail, migrations.RunPython.noop)]
    monkeypatch.setattr(module.Migration, "operations", broken)


def nothing_was_left(sign_up: SignUp, schemas_before: set[str]) -> bool:
    with pytest.raises(UnknownHost):
        resolve(f"{sign_up.slug}.localhost")
    return (
        schemas() == schemas_before
        and not ISP.objects.filter(slug=sign_up.slug).exists()
        and not StaffUser.objects.filter(email=sign_up.email).exists()
        and not AuditEntry.objects.filter(verb="tenants.isp.created").exists()
    )


def test_an_isp_is_made_with_its_schema_its_host_and_its_owner(sign_up):
    isp = provision(sign_up_id=sign_up.pk)

    assert isp.schema_name in schemas()
    assert resolve(f"{sign_up.slug}.localhost").isp.pk == isp.pk
    assert (isp.name, isp.country, isp.currency) == (sign_up.company, "AR", "ARS")
    member = Membership.objects.get(isp=isp)
    assert (member.user.email, member.role) == (sign_up.email, Role.OWNER)
    assert member.user.check_password(PASSWORD)
    entry = AuditEntry.objects.get(verb="tenants.isp.created")
    assert (entry.target_id, entry.actor_id) == (str(isp.pk), member.user.pk)
    with isp_scope(isp):
        Profile(pk=1, display_name="Mine").save()
        assert Profile.load().display_name == "Mine"


def test_the_sign_up_is_done_and_forgets_the_password(sign_up):
    isp = provision(sign_up_id=sign_up.pk)
    sign_up.refresh_from_db()
    assert (sign_up.state, sign_up.isp, sign_up.password) == (SignUp.State.DONE, isp, "")
    assert sign_up.new_user.email == sign_up.email
    assert sign_up.finished_at


def test_a_known_person_gets_the_isp_and_keeps_the_password(sign_up):
    person = StaffUserFactory(email=sign_up.email.upper())
    person.set_password("an older password")
    person.save()

    isp = provision(sign_up_id=sign_up.pk)

    assert Membership.objects.get(isp=isp).user == person
    person.refresh_from_db()
    assert person.check_password("an older password")
    sign_up.refresh_from_db()
    assert sign_up.new_user is None


def test_a_second_run_makes_no_second_isp(sign_up):
    provision(sign_up_id=sign_up.pk)
    before = schemas()
    assert provision(sign_up_id=sign_up.pk) is None
    assert schemas() == before
    assert ISP.objects.filter(name=sign_up.company).count() == 1


def test_an_unconfirmed_sign_up_makes_nothing():
    unconfirmed = SignUpFactory()
    before = schemas()
    assert provision(sign_up_id=unconfirmed.pk) is None
    assert nothing_was_left(unconfirmed, before)


@pytest.mark.usefixtures("broken_migration")
def test_a_migration_that_raises_leaves_nothing_and_waits_for_another_try(sign_up, caplog):
    before = schemas()
    assert provision(sign_up_id=sign_up.pk) is None
    assert nothing_was_left(sign_up, before)
    sign_up.refresh_from_db()
    assert (sign_up.state, sign_up.error, sign_up.attempts) == (SignUp.State.WAITING, "RuntimeError", 1)
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text
    assert sign_up.password


@pytest.mark.usefixtures("broken_migration")
def test_after_the_last_attempt_it_has_failed(sign_up):
    for _ in range(ATTEMPTS):
        provision(sign_up_id=sign_up.pk)
    sign_up.refresh_from_db()
    assert (sign_up.state, sign_up.attempts) == (SignUp.State.FAILED, ATTEMPTS)
    assert sign_up.finished_at
    provision(sign_up_id=sign_up.pk)
    sign_up.refresh_from_db()
    assert sign_up.attempts == ATTEMPTS


def test_after_a_failed_attempt_the_next_one_makes_it(sign_up, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(provisioning, "create_schema", lambda isp: 1 / 0)
        provision(sign_up_id=sign_up.pk)
    assert provision(sign_up_id=sign_up.pk).slug == sign_up.slug
    sign_up.refresh_from_db()
    assert (sign_up.state, sign_up.error, sign_up.attempts) == (SignUp.State.DONE, "", 2)


def test_attempts_that_took_their_worker_down_are_counted_too(sign_up, monkeypatch):
    def killed(sign_up_id):
        raise SystemExit

    monkeypatch.setattr(provisioning, "_make", killed)
    for _ in range(ATTEMPTS):
        with pytest.raises(SystemExit):
            provision(sign_up_id=sign_up.pk)
    provision(sign_up_id=sign_up.pk)
    sign_up.refresh_from_db()
    assert (sign_up.state, sign_up.error) == (SignUp.State.FAILED, "WorkerLost")


@pytest.mark.parametrize("slug", ["wispmega", "wlspmega", "vvisp-mega"])
def test_a_slug_that_has_gone_in_the_meantime_fails_at_once(isp, sign_up, slug):
    SignUp.objects.filter(pk=sign_up.pk).update(slug=slug)
    sign_up.refresh_from_db()
    before = schemas()
    assert provision(sign_up_id=sign_up.pk) is None
    sign_up.refresh_from_db()
    assert (sign_up.state, sign_up.error, sign_up.attempts) == (SignUp.State.FAILED, SignUp.SLUG_TAKEN, 1)
    assert (schemas(), ISP.objects.get(slug_skeleton=isp.slug_skeleton)) == (before, isp)
    assert not StaffUser.objects.filter(email=sign_up.email).exists()


def test_a_slug_that_goes_between_check_and_insert_is_told_as_taken(isp, sign_up, monkeypatch):
    SignUp.objects.filter(pk=sign_up.pk).update(slug="wispmega")
    answers = iter([False, True])
    monkeypatch.setattr(provisioning, "is_taken", lambda slug: next(answers))
    provision(sign_up_id=sign_up.pk)
    sign_up.refresh_from_db()
    assert (sign_up.state, sign_up.slug_was_taken) == (SignUp.State.FAILED, True)


def test_the_database_itself_refuses_a_lookalike(isp):
    with pytest.raises(IntegrityError), transaction.atomic():
        ISP.objects.create(slug="wlspmega", slug_skeleton=isp.slug_skeleton, name="W")


def test_the_sweeper_takes_up_what_waits_and_forgets_what_was_abandoned(sign_up, monkeypatch, time_machine):
    time_machine.move_to("2030-01-10T12:00:00Z", tick=False)
    old, failed, fresh = SignUpFactory(), SignUpFactory(state="failed"), SignUpFactory()
    SignUp.objects.filter(pk=old.pk).update(created_at="2030-01-02T00:00:00Z")
    SignUp.objects.filter(pk=failed.pk).update(finished_at="2029-12-01T00:00:00Z")
    sent = []
    monkeypatch.setattr(tasks.provision_isp, "delay", lambda **kwargs: sent.append(kwargs))
    tasks.sweep_sign_ups()
    assert sent == [{"sign_up_id": sign_up.pk}]
    assert set(SignUp.objects.all()) == {sign_up, fresh}
