"""Staff see the portal as a subscriber does."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone

from company.models import ChatWidget
from core import acting
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from core.sessions import SessionStore
from domains import resolver
from domains.models import Domain
from subscribers.models import PortalUser
from subscribers.models.preview import KEPT, Preview
from subscribers.services import logins, previews
from subscribers.tasks import sweep_previews
from tenants.directory import reference
from tenants.models import ISP, IspSuspension, Membership, StaffUser
from tenants.roles import RIGHTS, Right, Role
from tenants.services import accounts, memberships
from tests.conftest import HostClient
from tests.factories.staff import make_member, sign_in
from tests.factories.subscribers import PASSWORD, PortalUserFactory

HOST = "wispmega.localhost"
ORIGIN = "http://app.localhost"
COOKIE = "preview_session"
OWN_COOKIE = "portal_session"
TOKEN = re.compile(r'name="token" value="([^"]+)"')


def staff_client(user, host="app.localhost"):
    client = HostClient(host)
    assert sign_in(client, user).status_code == 302
    return client


def address(user, slug="wispmega"):
    return f"/{slug}/subscribers/{user.subscriber.number}/logins/{user.uuid}/preview/"


def hand_over(client, user):
    """The secret that the dashboard's page carries."""
    answer = client.post(address(user))
    assert answer.status_code == 200, answer.content
    return TOKEN.search(answer.text)[1]


def begin(token, client=None, origin=ORIGIN, host=HOST):
    client = client or HostClient(host)
    client.begun = client.post("/preview/begin/", {"token": token}, HTTP_ORIGIN=origin)
    return client


def log(isp):
    with isp_scope(isp):
        rows = AuditEntry.objects.exclude(verb__startswith="subscribers.portal_user.created").order_by("pk")
        return [(row.verb, row.actor_kind, row.actor_id, row.details) for row in rows]


@pytest.fixture
def olga(isp):
    return make_member(isp, Role.OWNER, name="Olga Owner", email="olga@wispmega.example")


@pytest.fixture
def dashboard(olga):
    return staff_client(olga)


@pytest.fixture
def preview(dashboard, maria):
    """A browser in which Olga sees the portal as Maria."""
    client = begin(hand_over(dashboard, maria))
    assert client.begun.status_code == 303
    return client


def shows(client, host=None):
    """Whether a browser gets Maria's home page as a preview."""
    answer = client.get("/")
    return answer.status_code == 200 and "1042" in answer.text and "preview-banner" in answer.text


def test_the_owner_sees_what_maria_sees_under_a_banner_and_stays_signed_in(dashboard, preview, maria):
    assert preview.begun["Location"] == "/"
    page = preview.get("/")
    assert "Hello, María" in page.text
    assert "Preview as María López (maria)" in page.text
    assert "by Olga Owner" in page.text
    assert "changes count as yours" in page.text
    assert 'action="/preview/stop/"' in page.text
    assert 'action="/sign-out/"' not in page.text
    assert "Olga Owner" in dashboard.get("/wispmega/").text


@pytest.mark.parametrize(
    "page", ["/", "/account/", "/contact/", "/payment-methods/", "/preview/", "/install/wispmega/"]
)
def test_the_banner_is_on_every_page(preview, page):
    answer = preview.get(page)
    assert answer.status_code == 200
    assert "Preview as María López" in answer.text
    assert '<section class="preview-banner"' in answer.text


def test_the_banner_is_on_pages_of_errors_too(preview):
    answer = preview.get(f"/logo/{'0' * 8}-0000-4000-8000-{'0' * 12}/")
    assert answer.status_code == 404
    assert "Preview as María López" in answer.text


def test_the_banner_has_colours_of_its_own(settings):
    css = (settings.BASE_DIR / "static" / "css" / "preview.css").read_text()
    assert "var(" not in css


def test_the_secret_is_in_no_address_and_no_table_and_lives_a_minute(dashboard, maria, isp):
    page = dashboard.post(address(maria))
    token = TOKEN.search(page.text)[1]
    assert f'action="http://{HOST}/preview/begin/"' in page.text
    assert not re.search(rf'(href|src|action)="[^"]*{token}', page.text)
    assert f"form-action 'self' http://{HOST}" in page["Content-Security-Policy"]
    assert page["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert page["Cache-Control"] == "no-store"
    with isp_scope(isp):
        row = Preview.objects.get()
        assert token not in repr(vars(row))
        assert row.expires_at - timezone.now() <= timedelta(minutes=1)
        assert Session.objects.count() == 0


def test_the_isps_own_domain_is_used(dashboard, maria, isp):
    with public_scope():
        Domain.objects.create(isp=isp, host="clientes.wispmega.example", surface="portal", verified_at=timezone.now())
    resolver.forget_all()
    page = dashboard.post(address(maria))
    assert 'action="http://clientes.wispmega.example/preview/begin/"' in page.text
    token = TOKEN.search(page.text)[1]
    assert begin(token).begun.status_code == 410, "the platform's host of the same ISP is another place"
    assert shows(begin(token, host="clientes.wispmega.example"))


def test_opening_the_address_spends_nothing(dashboard, maria):
    """Scanners and browsers that fetch ahead only look."""
    token = hand_over(dashboard, maria)
    client = HostClient(HOST)
    for method in (client.get, client.head):
        assert method("/preview/begin/", {"token": token}).status_code == 200
    assert COOKIE not in client.cookies
    assert shows(begin(token))


def test_a_form_of_another_page_begins_nothing(dashboard, maria):
    token = hand_over(dashboard, maria)
    for origin in ("", "null", "http://evil.example", "http://app.localhost.evil.example", f"http://{HOST}"):
        assert begin(token, origin=origin).begun.status_code == 410
    assert shows(begin(token))


def test_a_secret_is_good_once(dashboard, maria):
    token = hand_over(dashboard, maria)
    assert shows(begin(token))
    again = begin(token)
    assert again.begun.status_code == 410
    assert "could not be opened" in again.begun.text
    assert not shows(again)


def test_a_secret_runs_out(dashboard, maria):
    token = hand_over(dashboard, maria)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert not shows(begin(token))


@pytest.mark.parametrize("token", ["", "x", "\x00", "x" * 10_000])
def test_made_up_secrets_begin_nothing(at, isp, token):
    client = begin(token)
    assert client.begun.status_code == 410
    assert COOKIE not in client.cookies


def test_the_secret_of_one_isp_is_worth_nothing_at_the_other(dashboard, maria, other_isp, isp):
    token = hand_over(dashboard, maria)
    with isp_scope(other_isp):
        PortalUserFactory(pk=maria.pk, username="maria", subscriber__number=1042)
    assert begin(token, host="fibrandina.localhost").begun.status_code == 410
    # Not even with the same row there, since its maker does not work there.
    with isp_scope(isp):
        values = Preview.objects.values().get()
    with isp_scope(other_isp):
        Preview.objects.create(**values | {"host": "fibrandina.localhost"})
    assert begin(token, host="fibrandina.localhost").begun.status_code == 410


def test_a_secret_carries_the_rights_of_who_made_it(isp, maria, olga):
    """Whoever sends it: what somebody made who has lost the right is worth nothing in an owner's browser either."""
    support = make_member(isp, Role.SUPPORT)
    token = hand_over(staff_client(support), maria)
    memberships.change_role(isp=isp, user=support, role=Role.TECHNICIAN, by=olga)
    assert begin(token).begun.status_code == 410


def test_what_is_done_counts_for_who_began_it(isp, maria, olga):
    support = make_member(isp, Role.SUPPORT, name="Sue Support")
    client = begin(hand_over(staff_client(support), maria))
    assert "by Sue Support" in client.get("/").text
    assert log(isp)[-1][2] == support.pk


@pytest.mark.parametrize("role", Role)
def test_roles(isp, maria, role):
    client = staff_client(make_member(isp, role))
    card = client.get(f"/wispmega/subscribers/{maria.subscriber.number}/logins/").text
    may = role in RIGHTS[Right.PREVIEW]
    assert may == (role not in {Role.TECHNICIAN, Role.READ_ONLY})
    assert ("See the portal as they do" in card) == may
    answer = client.post(address(maria))
    assert answer.status_code == (200 if may else 403)
    assert bool(TOKEN.search(answer.text)) == may


def test_staff_of_another_isp_begin_nothing(other_isp, maria, isp):
    client = staff_client(make_member(other_isp, Role.OWNER))
    assert client.post(address(maria)).status_code == 404
    assert client.post(address(maria, "fibrandina")).status_code == 404
    with isp_scope(isp):
        assert not Preview.objects.exists()


def test_only_a_login_of_the_card_can_be_seen(dashboard, maria, isp):
    with isp_scope(isp):
        other = PortalUserFactory(subscriber__number=2000)
    path = address(maria).replace("1042", str(other.subscriber.number))
    assert dashboard.post(path).status_code == 404


def test_a_closed_login_has_no_button_and_no_preview(dashboard, maria, isp):
    with isp_scope(isp):
        PortalUser.objects.update(is_active=False)
    assert "See the portal as they do" not in dashboard.get("/wispmega/subscribers/1042/logins/").text
    answer = dashboard.post(address(maria), follow=True)
    assert "This login is closed" in answer.text
    assert not TOKEN.search(answer.text)


def test_coming_back_to_the_address_leads_to_the_card(dashboard, maria):
    assert dashboard.get(address(maria))["Location"] == "/wispmega/subscribers/1042/"


# What a preview may do


def test_forms_are_refused_unless_the_page_says_otherwise(preview, maria, isp):
    before = maria.password
    data = {"current": PASSWORD, "new": "another horse battery", "again": "another horse battery"}
    answer = preview.post("/account/", data)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert "Preview as María López" in answer.text
    with isp_scope(isp):
        assert PortalUser.objects.get().password == before
    assert shows(preview)


def test_a_page_that_says_nothing_is_refused(preview, monkeypatch):
    """The rule stands in the page's own declaration, and without one there is none."""
    assert preview.post("/account/language/", {"language": "es"}).status_code == 302
    monkeypatch.setattr("portal.preview.declared", lambda view: None)
    assert preview.post("/account/language/", {"language": "en"}).status_code == 403


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("page", ["/", "/account/", "/sign-out/", "/sign-in/", "/install/wispmega/", "/contact/"])
def test_no_method_that_writes_gets_through(preview, method, page):
    answer = getattr(preview, method)(page)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text


def test_pages_that_are_no_form_are_told_where_to_go(preview):
    assert preview.post("/account/", HTTP_HX_REQUEST="true")["HX-Redirect"] == "/preview/"


def test_a_role_with_the_right_changes_things_in_its_own_name(preview, olga, isp):
    answer = preview.post("/account/language/", {"language": "es"}, follow=True)
    assert "Se guardó" in answer.text or "guard" in answer.text
    with isp_scope(isp):
        assert PortalUser.objects.get().language == "es"
    verb, kind, pk, details = log(isp)[-1]
    assert (verb, kind, pk) == ("subscribers.portal_user.language_set", "staff", olga.pk)
    assert details == {"language": "es", "as": "maria"}


def test_a_role_without_it_only_looks(isp, maria):
    client = begin(hand_over(staff_client(make_member(isp, Role.BILLING)), maria))
    assert "read only" in client.get("/").text
    answer = client.post("/account/language/", {"language": "es"})
    assert answer.status_code == 403
    assert "Your role may look" in answer.text
    with isp_scope(isp):
        assert PortalUser.objects.get().language != "es"


def test_losing_the_right_to_act_holds_at_once(preview, isp, olga, maria):
    with public_scope():
        Membership.objects.filter(user=olga).update(role=Role.BILLING)
    assert preview.post("/account/language/", {"language": "es"}).status_code == 403
    assert "read only" in preview.get("/").text


def test_the_verb_refuses_a_password_even_if_a_page_lets_it_through(isp, maria, olga):
    """The control: the same call in one's own name goes through."""
    with isp_scope(isp):
        with acting.acting(olga, "maria"), pytest.raises(acting.InAnothersName):
            logins.set_password(by=maria, user=maria, password="another horse battery")
        assert PortalUser.objects.get().check_password(PASSWORD)
        logins.set_password(by=maria, user=maria, password="another horse battery")
        assert not PortalUser.objects.get().check_password(PASSWORD)


def test_the_language_of_the_page_can_be_chosen_by_every_role(isp, maria):
    client = begin(hand_over(staff_client(make_member(isp, Role.BILLING)), maria))
    assert client.post("/language/", {"language": "es", "next": "/"}).status_code == 302
    assert "Vista previa" in client.get("/").text
    with isp_scope(isp):
        assert PortalUser.objects.get().language == ""


def test_no_chat_is_loaded(preview, browser, isp):
    with isp_scope(isp):
        ChatWidget(pk=1, vendor="crisp", account="0" * 8 + "-0000-4000-8000-" + "0" * 12, is_on=True).save()
    own, seen = browser.get("/"), preview.get("/")
    assert "js/chat.js" in own.text
    assert "crisp.chat" in own["Content-Security-Policy"]
    assert "js/chat.js" not in seen.text
    assert "crisp.chat" not in seen["Content-Security-Policy"]
    assert preview.get("/chat/").status_code == 403


def test_nothing_of_the_portal_user_is_touched(dashboard, maria, isp):
    with isp_scope(isp):
        before = PortalUser.objects.values().get()
        keys = set(cache._cache.get_client(None).scan_iter("*sign-in*"))
    client = begin(hand_over(dashboard, maria))
    client.get("/")
    client.post("/account/", {"current": "wrong"})
    with isp_scope(isp):
        assert PortalUser.objects.values().get() == before
        assert set(cache._cache.get_client(None).scan_iter("*sign-in*")) == keys
        assert not list(cache._cache.get_client(None).scan_iter("*password*"))


def test_a_preview_costs_one_query_more_than_the_page_itself(preview, browser, isp, count_queries):
    def cost(client, page):
        client.get(page)
        with count_queries() as counted:
            client.get(page)
        return len(counted)

    # Less the one for the chat, on the pages that would show it.
    for page, chat in (("/", 1), ("/account/", 0), ("/contact/", 1)):
        assert cost(preview, page) - cost(browser, page) == 1 - chat
    before = cost(preview, "/")
    with isp_scope(isp):
        for number in range(5):
            make_member(isp, Role.ADMIN)
            user = PortalUserFactory(subscriber__number=3000 + number)
            Preview.objects.create(portal_user=user, digest=str(number), expires_at=timezone.now(), by_id=1)
    assert cost(preview, "/") == before


# Beside a session of a portal user in the same browser


def test_the_portal_users_own_session_is_neither_used_nor_ended(browser, dashboard, isp):
    with isp_scope(isp):
        eva = PortalUserFactory(username="eva", subscriber__number=2000, subscriber__first_name="Eva")
    own = browser.cookies[OWN_COOKIE].value
    begin(hand_over(dashboard, eva), browser)
    page = browser.get("/").text
    assert "2000" in page
    assert "1042" not in page
    assert browser.cookies[OWN_COOKIE].value == own
    assert "The preview has ended" in browser.post("/preview/stop/").text
    assert browser.cookies[COOKIE].value == ""
    page = browser.get("/").text
    assert "1042" in page
    assert "preview-banner" not in page
    assert browser.cookies[OWN_COOKIE].value == own


def test_what_a_preview_says_is_not_said_to_the_portal_user(browser, dashboard, maria):
    begin(hand_over(dashboard, maria), browser)
    browser.post("/account/language/", {"language": "en"})
    browser.post("/preview/stop/")
    assert "The language was saved." not in browser.get("/account/").text


def test_a_preview_cookie_opens_nothing_as_a_portal_session_and_the_other_way_round(preview, browser):
    stolen = HostClient(HOST)
    stolen.cookies[OWN_COOKIE] = preview.cookies[COOKIE].value
    assert stolen.get("/").status_code == 302
    stolen = HostClient(HOST)
    stolen.cookies[COOKIE] = browser.cookies[OWN_COOKIE].value
    assert stolen.get("/").status_code == 302
    assert stolen.cookies[COOKIE].value == "", "a cookie that is worth nothing is taken away"
    assert shows(preview)
    assert "1042" in browser.get("/").text


def test_sessions_of_one_kind_would_be_mixed_up_without_their_realm(preview, isp, maria, monkeypatch):
    """The control: what keeps them apart is the realm, and the key under which each finds its own."""
    key = preview.cookies[COOKIE].value
    with isp_scope(isp):
        assert SessionStore(key, realm=f"portal:{HOST}").load() == {}
        assert SessionStore(key, realm=f"preview:{HOST}").load()["_preview"]


def test_a_preview_cookie_opens_nothing_at_another_host(preview, isp, other_isp):
    with public_scope():
        Domain.objects.create(isp=isp, host="clientes.wispmega.example", surface="portal", verified_at=timezone.now())
    resolver.forget_all()
    for host in ("clientes.wispmega.example", "fibrandina.localhost"):
        stolen = HostClient(host)
        stolen.cookies[COOKIE] = preview.cookies[COOKIE].value
        assert stolen.get("/")["Location"] == "/sign-in/"
        assert "preview-banner" not in stolen.get("/sign-in/").text


def test_in_the_dashboard_the_cookie_is_nothing(preview):
    thief = HostClient("app.localhost")
    for name in (COOKIE, "dashboard_session"):
        thief.cookies[name] = preview.cookies[COOKIE].value
    assert thief.get("/wispmega/")["Location"].startswith("/sign-in/")


# How it ends


def test_stopping_ends_it_for_good(preview, isp, olga):
    key = preview.cookies[COOKIE].value
    answer = preview.post("/preview/stop/")
    assert "You no longer see the portal as María López" in answer.text
    assert f'href="{ORIGIN}/wispmega/subscribers/1042/"' in answer.text
    preview.cookies[COOKIE] = key
    assert not shows(preview)
    assert [row[:3] for row in log(isp)] == [
        ("subscribers.preview.started", "staff", olga.pk),
        ("subscribers.preview.stopped", "staff", olga.pk),
    ]
    assert all(row[3]["username"] == "maria" for row in log(isp))


def is_over(preview, isp, end):
    """The preview is gone, says so once and is written down with its reason."""
    answer = preview.get("/account/")
    assert "The preview has ended" in answer.text
    assert "1042" not in re.sub(r'href="[^"]*"', "", answer.text)
    assert preview.get("/account/")["Location"].startswith("/sign-in/")
    verb, kind, _pk, details = log(isp)[-1]
    return (verb, kind, details["end"]) == ("subscribers.preview.ended", "system", end)


def test_it_ends_with_its_time(preview, isp):
    with time_machine.travel(timezone.now() + timedelta(minutes=29), tick=False):
        assert shows(preview)
    with time_machine.travel(timezone.now() + timedelta(minutes=30, seconds=1), tick=False):
        assert is_over(preview, isp, "ran_out")


def test_it_ends_when_the_membership_is_removed(preview, isp, olga):
    other = make_member(isp, Role.OWNER)
    memberships.remove_member(isp=isp, user=olga, by=other)
    assert is_over(preview, isp, "lost")


def test_it_ends_when_the_role_has_lost_the_right(preview, isp, olga):
    other = make_member(isp, Role.OWNER)
    memberships.change_role(isp=isp, user=olga, role=Role.TECHNICIAN, by=other)
    assert is_over(preview, isp, "lost")


def test_it_ends_when_the_portal_user_is_closed(preview, isp):
    with isp_scope(isp):
        PortalUser.objects.update(is_active=False)
    assert is_over(preview, isp, "lost")


def test_it_ends_when_the_account_is_closed(preview, isp, olga):
    with public_scope():
        StaffUser.objects.filter(pk=olga.pk).update(is_active=False)
    assert is_over(preview, isp, "lost")


def test_it_ends_when_who_began_it_signs_out(preview, dashboard, isp):
    dashboard.post("/sign-out/")
    assert is_over(preview, isp, "lost")


def test_it_ends_when_who_began_it_signs_out_of_the_console(preview, isp, olga):
    with public_scope():
        StaffUser.objects.filter(pk=olga.pk).update(is_operator=True)
    console = staff_client(olga, "localhost")
    assert shows(preview), "signing in elsewhere ends nothing"
    console.post("/sign-out/")
    assert is_over(preview, isp, "lost")


def test_it_ends_with_a_new_password(preview, isp, olga):
    with public_scope():
        accounts.change_password(user=StaffUser.objects.get(pk=olga.pk), password="a-wholly-other-password")
    assert is_over(preview, isp, "lost")


def test_it_ends_with_the_second_factor(preview, isp, olga):
    with public_scope():
        olga.totpdevice_set.create(name="app", confirmed=True)
    assert is_over(preview, isp, "lost")


def test_it_goes_on_when_somebody_else_signs_out(preview, isp):
    client = staff_client(make_member(isp, Role.ADMIN))
    client.post("/sign-out/")
    assert shows(preview)


def test_what_was_handed_over_before_a_sign_out_is_worth_nothing(dashboard, maria):
    token = hand_over(dashboard, maria)
    dashboard.post("/sign-out/")
    assert not shows(begin(token))


def test_it_ends_with_the_suspension_of_the_isp(preview, isp, olga):
    with public_scope():
        IspSuspension.objects.create(isp=isp, reason="unpaid", started_by=olga)
    resolver.forget_all()
    answer = preview.get("/")
    assert answer.status_code == 503
    assert "1042" not in answer.text


def test_a_deleted_login_takes_its_previews_along(preview, isp, maria):
    with isp_scope(isp):
        PortalUser.objects.get().delete()
        assert not Preview.objects.exists()
    assert preview.get("/")["Location"] == "/sign-in/"


def test_another_preview_of_the_same_person_ends_the_first(preview, dashboard, isp, maria):
    other = begin(hand_over(dashboard, maria))
    assert shows(other)
    assert "You have begun another preview" in preview.get("/").text
    ends = [row[3]["end"] for row in log(isp) if row[0] == "subscribers.preview.ended"]
    assert ends == ["replaced"]


def test_another_person_in_the_same_browser_takes_its_place(preview, isp, maria, olga):
    """Where dashboard and portal are one site, the browser sends the old preview along."""
    adam = make_member(isp, Role.ADMIN, name="Adam Admin")
    begin(hand_over(staff_client(adam), maria), preview)
    assert "by Adam Admin" in preview.get("/").text
    verbs = [(verb, pk, details.get("end")) for verb, _kind, pk, details in log(isp)]
    assert verbs[-2:] == [
        ("subscribers.preview.ended", None, "replaced"),
        ("subscribers.preview.started", adam.pk, None),
    ]
    assert "as" not in log(isp)[-1][3]


def test_a_preview_that_has_ended_does_not_stand_in_the_way_of_the_next(preview, dashboard, maria):
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        token = hand_over(dashboard, maria)
        assert shows(begin(token, preview))


def test_the_sweep_writes_down_what_nobody_saw_end_and_forgets_old_ones(preview, dashboard, maria, isp):
    hand_over(dashboard, maria)  # never opened
    sweep_previews(isp_id=isp.pk)
    assert "subscribers.preview.ended" not in [row[0] for row in log(isp)]
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        for _ in range(2):
            sweep_previews(isp_id=isp.pk)
    assert [row[3]["end"] for row in log(isp) if row[0] == "subscribers.preview.ended"] == ["ran_out"]
    with time_machine.travel(timezone.now() + KEPT + timedelta(hours=1), tick=False):
        sweep_previews(isp_id=isp.pk)
    with isp_scope(isp):
        assert not Preview.objects.exists()


def test_the_sweep_forgets_none_that_runs(preview, isp):
    with isp_scope(isp):
        Preview.objects.update(expires_at=timezone.now() - 2 * KEPT)
    sweep_previews(isp_id=isp.pk)
    assert shows(preview)


def test_stopping_what_does_not_run_says_so(at, isp):
    answer = at(HOST).post("/preview/stop/")
    assert "No preview is open here" in answer.text
    assert log(isp) == []


# What the log says


def test_the_activity_log_reads_well(preview, dashboard):
    preview.post("/account/language/", {"language": "es"})
    preview.post("/preview/stop/")
    page = " ".join(re.sub(r"<[^>]+>", " ", dashboard.get("/wispmega/audit/").text).split())
    assert "Olga Owner <olga@wispmega.example> Began to see the portal as a subscriber maria" in page.replace(
        "&lt;", "<"
    ).replace("&gt;", ">")
    assert "Chose a language for the portal in the name of maria, in a preview of the portal" in page
    assert "Stopped seeing the portal as a subscriber maria" in page


def test_the_log_says_how_and_whose_preview_ended(preview, dashboard):
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False):
        preview.get("/")
    page = " ".join(re.sub(r"<[^>]+>", " ", dashboard.get("/wispmega/audit/").text).split())
    assert "the system A preview of the portal ended by itself Olga Owner · maria · the time was over" in page


def test_verbs_take_a_reference_of_the_isp(isp, maria, olga):
    with public_scope():
        ref = reference(ISP.objects.with_state().get(pk=isp.pk))
        user = StaffUser.objects.get(pk=olga.pk)
    user.has_second_factor = False
    now = timezone.now()
    with isp_scope(isp):
        secret = previews.offer(by=user, user=maria, origin=ORIGIN, host=HOST)
        row = previews.begin(secret=secret, isp=ref, origin=ORIGIN, host=HOST, at=now)
        assert row.ends_at == now + previews.LIFE
        assert previews.resume(preview=row, isp=ref, at=now).user == user
        previews.stop(preview=row, by=user, at=now)
        previews.stop(preview=row, by=user, at=now)
    assert [row[0] for row in log(isp)] == ["subscribers.preview.started", "subscribers.preview.stopped"]
