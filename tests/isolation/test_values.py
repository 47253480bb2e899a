"""What is made for one ISP is worth nothing at the other: tasks, cache keys, secrets, tokens, signatures, files."""

import inspect
from datetime import timedelta

import pytest
from celery import current_app
from django.apps import apps
from django.core import mail
from django.core.cache import cache
from django.http import Http404
from django.utils import timezone

from billing.notice_links import notice_path, read_notice_link
from billing.services import notices
from core import captcha, crypto, periodic, throttle, tokens, uploads
from core.celery import IspTask, PlatformTask, RefusedTask, app
from core.scope import NoScope, ScopeConflict, isp_scope, public_scope
from messaging.channels.base import Fate
from messaging.events.base import Kind
from messaging.models import Medium, Message, StoppedAddress
from messaging.opt_out_links import Wish, opt_out_url, read_opt_out_link
from messaging.returns.addresses import Returned, read_key
from messaging.returns.reports import Report
from messaging.services.returned import take_report
from portal.entry import DEVICE_COOKIE
from preinstall.services import requests as preinstall
from subscribers import attempts, devices
from subscribers.models import AutoLoginLink, LoginRules, PortalToken, PortalUser, SignInBlock
from subscribers.services import previews
from subscribers.services.passwords import LinkGone, owner_of_link
from tenants.authentication import StaffBackend
from tenants.directory import reference
from tenants.models import ISP, IspSuspension, StaffToken
from tenants.roles import Role
from tenants.schemas import tenant_labels
from tests.conftest import HostClient
from tests.isolation.canaries import found
from tests.isolation.judge import undone

# What tasks of an ISP are called with beside its id, and tasks of the platform that are about one row.
ARGUMENTS = {
    "billing.tasks.work_off_suspension_run": {"run_id": 1},
    "dashboard.tasks.work_off_bulk_run": {"run_id": 1},
    "dashboard.tasks.work_off_sending": {"sending_id": 1},
    "imports.tasks.work_on_batch": {"batch_id": 2},
    "messaging.tasks.fetch_approved": {"account_id": 1},
    "messaging.tasks.deliver_message": {"message_id": 1},
    "messaging.tasks.take_turn": {"medium": "email"},
    "payments.tasks.work_on_statement": {"statement_id": 2},
    "payments.tasks.process_event": {"event_id": 1},
    "subscribers.tasks.make_personal_export": {"export_id": 2},
    "subscribers.tasks.send_forgotten_links": {"login": "q7a"},
    "subscribers.tasks.work_off_login_run": {"run_id": 1},
}
MISSING = {
    "domains.tasks.look_after_plan": "licence_id",
    "tenants.tasks.deliver_platform_mail": "mail_id",
    "tenants.tasks.make_export": "export_id",
    "tenants.tasks.provision_isp": "sign_up_id",
}


def tasks(kind):
    current_app.loader.import_default_modules()
    return [task for name, task in sorted(app.tasks.items()) if isinstance(task, kind) and "celery." not in name]


def test_every_task_is_of_one_of_the_two_kinds(world):
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert ours
    assert all(isinstance(task, IspTask | PlatformTask) for task in ours)
    assert "messaging.tasks.deliver_message" in {task.name for task in tasks(IspTask)}


@pytest.mark.parametrize("isp_id", [None, 0, -1, 2**40])
def test_every_task_refuses_an_isp_that_is_not_there(world, isp_id):
    for task in tasks(IspTask):
        with pytest.raises(RefusedTask):
            task(isp_id=isp_id)


def test_every_task_refuses_a_suspended_isp(world):
    with undone():
        with public_scope():
            IspSuspension.objects.create(isp=world.a.isp, reason="unpaid", started_by=world.operator)
        for task in tasks(IspTask):
            with pytest.raises(RefusedTask):
                task(isp_id=world.a.isp.pk)


def test_every_task_refuses_an_isp_that_has_been_deleted(world):
    for task in tasks(IspTask):
        with undone():
            with public_scope():
                ISP.objects.filter(pk=world.a.isp.pk).delete()
            with pytest.raises(RefusedTask):
                task(isp_id=world.a.isp.pk)


def test_no_task_runs_for_one_isp_from_within_another(world):
    for task in tasks(IspTask):
        with isp_scope(world.a.isp), pytest.raises(ScopeConflict):
            task(isp_id=world.b.isp.pk)


def test_every_task_of_one_isp_leaves_the_other_as_it_was(world):
    assert {kind.task.name for kind in periodic.kinds().values()} <= {task.name for task in tasks(IspTask)}
    for task in tasks(IspTask):
        with undone():
            before = snapshot(world.b)
            # Rows have the same keys at both.
            task(isp_id=world.a.isp.pk, **ARGUMENTS.get(task.name, {}))
            assert snapshot(world.b) == before


def test_tasks_of_the_platform_do_nothing_for_what_is_not_there(world):
    ours = {task.name: list(inspect.signature(task.run).parameters) for task in tasks(PlatformTask)}
    taken = {task for task, names in ours.items() if any(name.endswith("_id") for name in names)}
    assert taken == {*MISSING, "tenants.tasks.send_password_link"}
    before = [snapshot(side) for side in world.sides], len(mail.outbox)
    for name, argument in MISSING.items():
        app.tasks[name](**{argument: 2**40})
    with undone():
        # An address that nobody has, for an ISP that is not there.
        app.tasks["tenants.tasks.send_password_link"](email="no@example.com", base_url="http://x", isp_id=2**40)
        assert ([snapshot(side) for side in world.sides], len(mail.outbox)) == before


def snapshot(side):
    """All rows of an ISP."""
    with isp_scope(side.isp):
        return {
            model._meta.label: list(model.objects.order_by("pk").values())
            for model in apps.get_models()
            if model._meta.app_label in tenant_labels()
        }


def test_a_task_runs_in_the_isp_of_its_message_alone(world):
    seen = []

    @app.task(base=IspTask, name="tests.look")
    def look(*, isp_id):
        seen.append(list(Message.objects.values_list("subject", flat=True)))

    try:
        for side in world.sides:
            look(isp_id=side.isp.pk)
        with isp_scope(world.a.isp), pytest.raises(Exception, match="another ISP"):
            look(isp_id=world.b.isp.pk)
    finally:
        app.tasks.unregister("tests.look")
    subjects = [[row.subject for row in side.rows["messaging.message"].values()] for side in world.sides]
    assert [sorted(each) for each in seen] == [sorted(each) for each in subjects]


def test_cache_and_throttle_are_apart_and_need_a_scope(world):
    with isp_scope(world.a.isp):
        cache.set("key", "of a")
        assert throttle.allow("guess", limit=1, seconds=60)
        assert not throttle.allow("guess", limit=1, seconds=60)
    for scope in (isp_scope(world.b.isp), public_scope()):
        with scope:
            assert cache.get("key") is None
            assert throttle.allow("guess", limit=1, seconds=60)
    for call in (lambda: cache.get("key"), lambda: cache.set("key", 1), lambda: cache.delete("key")):
        with pytest.raises(NoScope):
            call()


def test_secrets_do_not_open_elsewhere(world):
    with isp_scope(world.a.isp):
        secret = crypto.encrypt("sk_live", purpose="gateway")
        assert crypto.decrypt(secret, purpose="gateway") == "sk_live"
        with pytest.raises(ValueError, match="not encrypted here"):
            crypto.decrypt(secret, purpose="captcha")
    for scope in (isp_scope(world.b.isp), public_scope()):
        with scope, pytest.raises(ValueError, match="not encrypted here"):
            crypto.decrypt(secret, purpose="gateway")


def test_captcha_solutions_are_for_one_isp_and_one_form(world):
    from tests.captcha import payload

    with isp_scope(world.a.isp):
        solution = payload(captcha.new_challenge("install"))
    for scope, purpose in ((isp_scope(world.b.isp), "install"), (isp_scope(world.a.isp), "sign-up")):
        with scope, pytest.raises(captcha.WrongSolution):
            captcha.spend(solution, purpose=purpose)
    with isp_scope(world.a.isp):
        captcha.spend(solution, purpose="install")


def test_receipts_of_one_isp_show_nothing_at_the_other(world):
    with isp_scope(world.a.isp):
        receipt = preinstall.receipt(world.a.row("preinstall.installrequest"))
        assert preinstall.read_receipt(receipt) is not None
    with isp_scope(world.b.isp):
        assert preinstall.read_receipt(receipt) is None


def test_notice_links_of_one_isp_find_nobody_at_the_other(world):
    with isp_scope(world.a.isp):
        signed = notice_path(world.a.row("subscribers.subscriber")).split("/")[3]
        assert read_notice_link(signed) == world.a.row("subscribers.subscriber")
    with isp_scope(world.b.isp):
        assert read_notice_link(signed) is None


def test_links_that_want_no_more_messages_are_nothing_at_the_other(world):
    with isp_scope(world.a.isp):
        wish = Wish(1, 0, Kind.NEWS, Medium.EMAIL)
        signed = opt_out_url(world.a.isp, wish).split("/")[4]
        assert read_opt_out_link(signed) == wish
    with isp_scope(world.b.isp):
        assert read_opt_out_link(signed) is None


def test_a_mail_that_comes_back_touches_its_isp_alone(world):
    """Both have mails with the same keys; the address names one ISP, and cannot be made to name another."""
    message = world.a.row("messaging.message")
    mine = Returned(world.a.isp.pk, message.uuid)
    assert read_key(mine.key) == mine
    stolen = Returned(world.b.isp.pk, message.uuid).key[:-15] + mine.key[-15:]
    assert read_key(stolen) is None
    now = timezone.now()
    with undone():
        with isp_scope(world.a.isp):
            Message.objects.filter(pk=message.pk).update(medium=Medium.EMAIL, created_at=now)
            to = Message.objects.get(pk=message.pk).to
        before = snapshot(world.b)
        # Also when somebody held a key that said so: the other ISP has no such mail.
        for isp in (world.a.isp, world.b.isp):
            take_report(of=[Returned(isp.pk, message.uuid)], report=Report(Fate.COMPLAINED, "abuse"), at=now)
        assert snapshot(world.b) == before
        with isp_scope(world.a.isp):
            assert StoppedAddress.objects.filter(address=to.lower(), reason="complaint").exists()


def test_the_address_of_a_list_opens_the_list_of_its_isp_alone(world):
    secret, at = world.a.secrets["cut-off-list"], timezone.now()
    with undone(), isp_scope(world.a.isp):
        assert notices.find_list(secret, at=at) is not None
    with undone(), isp_scope(world.b.isp):
        assert notices.find_list(secret, at=at) is None


def test_tokens_are_bound_to_their_purpose_and_their_table(world):
    with public_scope():
        found = tokens.find(StaffToken, world.a.secrets["invitation"], purpose="invitation")
        assert found is not None
        assert found.isp_id == world.a.isp.pk
        assert tokens.find(StaffToken, world.a.secrets["invitation"], purpose="set-password") is None


def test_files_are_served_from_the_own_folder_only(world):
    with isp_scope(world.a.isp):
        with uploads.open_file(world.a.row("core.storedfile", 2)) as source:
            assert source.read().endswith(b"zk")
        # A row that points into the folder of the other ISP, as a mistake in an import could make it.
        for call in (uploads.open_file, uploads.serve):
            with pytest.raises((uploads.MissingFile, Http404)):
                call(world.b.row("core.storedfile", 2))


def test_tokens_expire(world):
    with undone(), public_scope():
        secret = tokens.issue(StaffToken, purpose="enter", life=timedelta(seconds=-1), email="x@example.com")
        assert tokens.find(StaffToken, secret, purpose="enter") is None
        assert StaffToken.objects.filter(expires_at__lt=timezone.now()).exists()


def test_an_invitation_opens_nothing_on_the_hosts_of_the_other_isp(world):
    path = f"/invitation/{world.a.secrets['invitation']}/"
    name = world.a.isp.name
    assert name in HostClient(world.a.staff_host).get(path).text
    for host in (world.b.staff_host, world.b.custom_host, world.b.slug_host):
        answer = HostClient(host).get(path)
        assert answer.status_code in {404, 410}
        assert name not in answer.text


def test_what_hands_a_preview_over_is_worth_nothing_at_the_other_isp(world):
    """Though both ISPs have the same rows under the same keys."""
    with undone():
        offers = {}
        for side in world.sides:
            with public_scope():
                owner = StaffBackend().get_user(side.staff[Role.OWNER].pk)
                side.ref = reference(ISP.objects.with_state().get(pk=side.isp.pk))
            with isp_scope(side.isp):
                where = {"origin": "http://app.localhost", "host": side.custom_host}
                offers[side.name] = previews.offer(by=owner, user=side.portal_user, **where)
        a, b = world.sides
        begin = {"origin": "http://app.localhost", "at": timezone.now()}
        for secret, host in ((offers["a"], b.custom_host), (offers["a"], a.custom_host), (offers["b"], a.custom_host)):
            with isp_scope(b.isp), pytest.raises(previews.CannotPreview):
                previews.begin(secret=secret, isp=b.ref, host=host, **begin)
        with isp_scope(b.isp):
            assert previews.begin(secret=offers["b"], isp=b.ref, host=b.custom_host, **begin).by_id


PORTAL_LINKS = {"portal-set-password": "/set-password/", "auto-login": "/go/", "pay-link": "/go/"}


@pytest.mark.parametrize("name", PORTAL_LINKS)
def test_links_of_portal_users_are_of_one_isp_one_purpose_and_one_table(world, name):
    """The portal users have the same keys and passwords at both ISPs."""
    secret, path = world.a.secrets[name], PORTAL_LINKS[name]
    own, others = (world.a.slug_host, world.a.custom_host), (world.b.slug_host, world.b.custom_host)
    for host in own:
        with undone():
            assert "<form method" in HostClient(host).get(f"{path}{secret}/").text
    elsewhere = [(host, way) for host in others for way in ("/set-password/", "/go/")]
    elsewhere += [(host, way) for host in own for way in ("/set-password/", "/go/") if way != path]
    elsewhere += [("app.localhost", "/set-password/"), (world.a.staff_host, "/set-password/")]
    for host, way in elsewhere:
        for method in ("get", "post"):
            with undone():
                client = HostClient(host)
                answer = getattr(client, method)(f"{way}{secret}/", {"password": "tres tristes tigres"})
                assert answer.status_code == 404
                assert '<form method="post" novalidate' not in answer.text
                assert not {mark for mark in found(answer.text) if mark.model.startswith("subscribers.")}
                assert not client.cookies.get("portal_session")


def test_links_of_portal_users_that_are_spent_or_over_open_nothing(world):
    with isp_scope(world.a.isp):
        token = tokens.find(PortalToken, world.a.secrets["portal-set-password"], purpose="set-password")
        assert token.portal_user == world.a.portal_user
    now = timezone.now()
    for model, name, values in (
        (PortalToken, "portal-set-password", {"used_at": now}),
        (PortalToken, "portal-set-password", {"expires_at": now}),
        (PortalToken, "portal-set-password", {"purpose": "else"}),
        (AutoLoginLink, "auto-login", {"revoked_at": now}),
        (AutoLoginLink, "auto-login", {"expires_at": now}),
    ):
        with undone():
            with isp_scope(world.a.isp):
                model.objects.filter(digest=tokens.digest(world.a.secrets[name])).update(**values)
            client = HostClient(world.a.slug_host)
            answer = client.post(f"{PORTAL_LINKS[name]}{world.a.secrets[name]}/")
            assert "does not work any more" in answer.text
            assert not client.cookies.get("portal_session")


def test_staff_links_set_no_password_of_a_portal_user(world):
    for name in ("set-password", "invitation"):
        with isp_scope(world.a.isp), pytest.raises(LinkGone):
            owner_of_link(world.a.secrets[name], on=timezone.now().date())


def test_a_known_device_is_known_at_one_isp_and_to_one_login(world):
    with isp_scope(world.a.isp):
        cookie = devices.mark(world.a.portal_user)
        assert devices.name_of(cookie, world.a.portal_user)
        assert not devices.name_of(cookie, world.a.row("subscribers.portaluser", 2))
    # Even for a login with the same UUID.
    with isp_scope(world.b.isp):
        assert not devices.name_of(cookie, PortalUser(pk=1, uuid=world.a.portal_user.uuid))
    with isp_scope(world.a.isp):
        assert devices.name_of(cookie, PortalUser(pk=1, uuid=world.a.portal_user.uuid))
    assert DEVICE_COOKIE.endswith("portal_device")


def test_a_block_at_one_isp_blocks_nobody_at_the_other(world):
    doors = {}
    with undone():
        for side in world.sides:
            with isp_scope(side.isp):
                doors[side.name] = attempts.door(
                    login="x", user=side.portal_user, network="192.0.2.1", device="", rules=LoginRules()
                )
        assert doors["a"].account == doors["b"].account
        assert doors["a"].source != doors["b"].source
        before = snapshot(world.b)
        with isp_scope(world.a.isp):
            attempts.note_failure(doors["a"], attempt=8, at=timezone.now())
            assert doors["a"].is_blocked
            assert SignInBlock.objects.filter(network=doors["a"].source).exists()
        with isp_scope(world.b.isp):
            assert not doors["b"].is_blocked
            assert not doors["a"].is_blocked
        assert snapshot(world.b) == before


@pytest.mark.parametrize("values", [{"is_active": False}, {"valid_until": "2020-01-01"}, {"valid_from": "2090-01-01"}])
def test_the_session_of_a_login_that_is_closed_or_over_opens_nothing(world, everybody, values):
    values = {"valid_from": None, "valid_until": None, **values}
    for name in ("subscriber of a", "subscriber of a by a link for pay", "subscriber of a by a link for everything"):
        with undone():
            client = HostClient(world.a.slug_host)
            client.cookies.load(everybody[name].cookies(world.a.slug_host))
            assert client.get("/").status_code == 200
            with isp_scope(world.a.isp):
                PortalUser.objects.filter(pk=world.a.portal_user.pk).update(**values)
            assert client.get("/")["Location"] == "/sign-in/"
