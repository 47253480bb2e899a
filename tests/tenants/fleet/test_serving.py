"""What visitors of an ISP see whose schema is gone, or older than the code."""

import logging
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone

from core import tokens
from core.celery import RefusedTask
from core.scope import isp_scope, owner_scope, public_scope
from domains import resolver, services
from domains.models import Surface
from tenants import tasks
from tenants.directory import open_isp
from tenants.fleet.capture import capture
from tenants.fleet.marks import FailedMigration
from tenants.fleet.plan import Route
from tenants.fleet.report import check_schemas
from tenants.fleet.run import run_fleet
from tenants.models import ISP, DueWork, IspSuspension, StaffToken, new_schema_name
from tenants.roles import Role
from tenants.schemas import create_empty, drop_schema, migrate_schema
from tenants.services import due_work
from tests.factories.tenants import PASSWORD, MembershipFactory, OperatorFactory, StaffUserFactory

CANARY = "canary-of-the-other"


@pytest.fixture
def home(at, isp, other_isp):
    """The portal's first page of WispMega and of Fibrandina, whose page holds a canary."""
    from company.models import Profile

    with isp_scope(other_isp):
        Profile(pk=1, display_name=CANARY).save()
    hosts = {"own": "wispmega.localhost", "other": "fibrandina.localhost"}

    def get(which):
        resolver.forget_all()
        client = at(hosts[which])
        client.raise_request_exception = False
        return client.get("/sign-in/")

    return get


def is_neutral(response) -> bool:
    return response.status_code == 503 and b"Not available at the moment" in response.content


def test_a_request_that_finds_no_tables_is_a_plain_503_and_a_line_in_the_log(isp, home, caplog):
    assert home("own").status_code == 200
    drop_schema(isp)
    with caplog.at_level(logging.ERROR):
        response = home("own")
    assert is_neutral(response)
    assert CANARY not in response.content.decode()
    assert f"of wispmega ({isp.schema_name}) is missing; /sign-in/ answers 503." in caplog.text
    assert CANARY in home("other").content.decode()


def test_the_periodic_check_takes_the_hosts_off_the_air_and_back(isp, other_isp, home, caplog, count_queries):
    drop_schema(isp)
    tasks.check_schemas()
    assert "The schema of wispmega" in caplog.text
    caplog.clear()
    with count_queries() as asked:
        assert is_neutral(home("own"))
    # The edge answers: nothing was looked for in the schema.
    assert not any("company_" in query["sql"] for query in asked)
    assert "is missing; /sign-in/" not in caplog.text
    assert CANARY in home("other").content.decode()
    tasks.check_schemas()
    assert "The schema of wispmega" not in caplog.text

    with public_scope():
        create_empty(isp.schema_name)
        migrate_schema(isp)
    tasks.check_schemas()
    assert home("own").status_code == 200


def test_without_the_check_the_edge_would_let_everybody_in(isp, home, caplog):
    drop_schema(isp)
    home("own")
    assert "is missing; /sign-in/" in caplog.text


def test_a_run_reports_the_missing_schema_and_marks_it(isp, other_isp, home, monkeypatch):
    drop_schema(isp)
    report = run_fleet(parallel=1)
    assert [failure.line for failure in report.failures] == ["wispmega: The schema or its tables are missing."]
    assert is_neutral(home("own"))
    assert home("other").status_code == 200


def test_tasks_of_an_isp_without_schema_are_refused(isp):
    drop_schema(isp)
    check_schemas()
    with public_scope(), pytest.raises(RefusedTask):
        open_isp(isp.pk)


def test_staff_get_the_plain_503_too(isp, at):
    with public_scope():
        user = StaffUserFactory()
        MembershipFactory(isp=isp, user=user)
        client = at("app.localhost")
    client.raise_request_exception = False
    client.post("/sign-in/", {"email": user.email, "password": PASSWORD})
    assert client.get("/wispmega/").status_code == 200
    drop_schema(isp)
    assert is_neutral(client.get("/wispmega/"))


@pytest.fixture
def surfaces(isp, at):
    """WispMega's pages by name, each as somebody sees it who may: a function that gets the page anew."""
    with public_scope():
        owner = MembershipFactory(isp=isp, role=Role.OWNER).user
        services.add_domain(isp=isp, host="sistema.wispmega.example", surface=Surface.DASHBOARD)
        services.add_domain(isp=isp, host="clientes.wispmega.example", surface=Surface.PORTAL)
        invited = {"purpose": "invitation", "life": timedelta(days=1), "isp": isp, "role": Role.SUPPORT}
        link = tokens.issue(StaffToken, email="ana@example.com", created_by=owner, **invited)
    staff, office = at("app.localhost"), at("sistema.wispmega.example")
    for client in (staff, office):
        client.post("/sign-in/", {"email": owner.email, "password": PASSWORD})
    pages = {
        "portal": (at("wispmega.localhost"), "/sign-in/"),
        "own portal domain": (at("clientes.wispmega.example"), "/sign-in/"),
        "install form": (at("wispmega.localhost"), "/install/wispmega/"),
        "install form on the shared portal": (at("portal.localhost"), "/install/wispmega/"),
        "dashboard": (staff, "/wispmega/"),
        "settings": (staff, "/wispmega/settings/profile/"),
        "own staff domain": (office, "/wispmega/"),
        "invitation": (at("app.localhost"), f"/invitation/{link}/"),
    }

    def get(name):
        resolver.forget_all()
        client, path = pages[name]
        client.raise_request_exception = False
        return client.get(path)

    return {name: partial(get, name) for name in pages}


def failed(isp) -> None:
    with public_scope():
        FailedMigration.objects.create(isp=isp, migration="payments.0002", error="x", at=timezone.now())


def test_an_isp_whose_migration_failed_is_served_or_not_as_the_setting_says_on_every_surface(isp, home, surfaces):
    failed(isp)
    for choice, status in (("serve", 200), ("refuse", 503)):
        with override_settings(MIGRATION_FAILED_ISPS=choice):
            for _ in range(2):
                assert {name: get().status_code for name, get in surfaces.items()} == dict.fromkeys(surfaces, status)
                assert home("other").status_code == 200
                # The check of schemas is about another kind of mark.
                check_schemas()


@override_settings(MIGRATION_FAILED_ISPS="refuse")
def test_staff_of_a_refused_isp_read_that_an_update_is_being_finished(isp, surfaces):
    failed(isp)
    page = surfaces["dashboard"]().content.decode()
    assert "An update of the platform is being finished for this company" in page
    assert "payments.0002" not in page
    with public_scope():
        IspSuspension.objects.create(isp=isp, reason="unpaid", started_by=OperatorFactory())
    page = surfaces["dashboard"]().content.decode()
    assert "An update" not in page
    assert "unpaid" in page


@override_settings(MIGRATION_FAILED_ISPS="refuse")
def test_a_refused_isp_gets_no_work_and_its_work_waits(isp, other_isp):
    with public_scope():
        due_work.plan(isp_ids=[isp.pk, other_isp.pk])
        later = timezone.now() + timedelta(days=2)
        assert isp.pk in set(DueWork.objects.due(at=later).values_list("isp_id", flat=True))
        failed(isp)
        assert set(DueWork.objects.due(at=later).values_list("isp_id", flat=True)) == {other_isp.pk}


def test_a_schema_dropped_by_hand_is_a_503_on_every_surface_before_and_after_the_check(isp, home, surfaces):
    del surfaces["invitation"]  # it is of the platform until somebody accepts
    drop_schema(isp)
    for _ in range(2):
        answers = {name: get() for name, get in surfaces.items()}
        assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(surfaces, 503)
        assert not any(CANARY in answer.content.decode() for answer in answers.values())
        assert CANARY in home("other").content.decode()
        check_schemas()
    assert "The data of this company cannot be reached" in surfaces["dashboard"]().content.decode()


def test_operators_see_in_the_console_who_needs_repair_and_why(isp, at):
    with public_scope():
        operator = OperatorFactory()
        FailedMigration.objects.create(
            isp=isp, migration="payments.0002_x", error="LockNotAvailable", at=timezone.now()
        )
    browser = at("localhost")
    browser.post("/sign-in/", {"email": operator.email, "password": PASSWORD})
    listed = browser.get("/console/").content.decode()
    assert listed.count("needs repair") == 1
    page = browser.get(f"/console/isps/{isp.uuid}/").content.decode()
    assert "needs repair" in page
    assert "payments.0002_x LockNotAvailable" in page
    with public_scope():
        FailedMigration.objects.all().delete()
    assert "needs repair" not in browser.get("/console/").content.decode()


def test_our_own_migrations_pass_the_rehearsal_and_make_what_django_makes(isp):
    """Replayed in a bare schema, they leave the tables and columns that the ISPs have."""
    shape = (
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name <> 'django_migrations' ORDER BY 1, 2"
    )
    route, done = Route(), set()
    sql = capture(route)
    with public_scope():
        bare = ISP(pk=0, schema_name=new_schema_name())
        create_empty(bare.schema_name)
        with owner_scope(bare), transaction.atomic():
            for key, statements in sql.items():
                _run(route, key, statements, done)
                done.add(key)
        with connection.cursor() as cursor:
            cursor.execute(shape, [bare.schema_name])
            replayed = cursor.fetchall()
            cursor.execute(shape, [isp.schema_name])
            assert replayed == cursor.fetchall()


def _run(route, key, statements, done) -> None:
    if statements is None:
        with connection.schema_editor(atomic=True) as editor:
            route.migrations[key].apply(route.state_before(key, done), editor)
    elif statements:
        with connection.cursor() as cursor:
            cursor.execute(statements)
