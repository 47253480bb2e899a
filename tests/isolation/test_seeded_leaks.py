"""The suite sees a leak: with one defence switched off, visits that were clean show foreign canaries."""

from dataclasses import replace

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache, caches
from django.http import HttpResponse, HttpResponseRedirect

from company.models import Profile
from core import crypto, uploads
from core.access import Access, InPreview
from core.models import StoredFile
from core.scope import PUBLIC, Scope, isp_scope, public_scope, required
from domains import resolver
from domains.models import Domain, DomainQuerySet
from messaging.models import Message
from portal.preview import PREVIEW_KEY, new_session
from subscribers.authentication import HASH_KEY, USER_KEY
from subscribers.models import SubscriberDocument
from subscribers.models.preview import Preview
from tenants.directory import reference
from tenants.models import DataExport, Membership, StaffUser
from tenants.roles import Role
from tests.isolation.canaries import canary
from tests.isolation.judge import FORM, BrokenPage, Trespass, Visit, undone
from tests.isolation.rules import RULES


@pytest.fixture
def look(world, everybody, judge):
    """What leaks when somebody opens an address: (side, model, row) of each canary."""

    def look(name, surface, host, route, path=None, **sides):
        visit = Visit(everybody[name], host, surface, path or f"/{route}", RULES[surface][route], sides=sides)
        return {(leak.side, leak.model, leak.row) for leak in judge.leaks(visit)}

    return look


def test_membership_unchecked(look, world, monkeypatch):
    where = ("staff of b (owner)", "dashboard", "app.localhost", "<slug:slug>/subscribers/", "/wispmega/subscribers/")
    assert look(*where, slug="a") == set()

    def anybody(request, slug):
        membership = Membership.objects.select_related("isp").get(isp__slug=slug, role=Role.OWNER)
        membership.is_suspended = membership.isp.is_suspended = False
        membership.user = request.user
        return membership

    monkeypatch.setattr("dashboard.access._membership", anybody)
    assert ("a", "subscribers.subscriber", "1") in look(*where, slug="a")


def test_writing_with_rights_unchecked(world, everybody, judge, monkeypatch):
    route = "<slug:slug>/settings/chat/remove/"
    path, rule = "/wispmega/settings/chat/remove/", RULES["dashboard"][route]
    visit = Visit(everybody["staff of a (read_only)"], "app.localhost", "dashboard", path, rule, "POST", {"slug": "a"})
    assert judge.leaks(visit) == set()
    monkeypatch.setattr("dashboard.access.has_right", lambda role, right: True)
    with pytest.raises(Trespass):
        judge.leaks(visit)


def test_rights_unchecked(look, world, monkeypatch):
    where = ("staff of a (read_only)", "dashboard", "app.localhost", "<slug:slug>/audit/", "/wispmega/audit/")
    assert look(*where, slug="a") == set()
    monkeypatch.setattr("dashboard.access.has_right", lambda role, right: True)
    assert ("a", "core.auditentry", "1") in look(*where, slug="a")


def test_scope_of_the_wrong_isp(look, world, monkeypatch):
    where = ("anonymous", "portal", world.b.slug_host, "sign-in/")
    assert look(*where) == set()
    monkeypatch.setattr("core.requests.isp_scope", lambda isp: isp_scope(world.a.isp))
    assert ("a", "company.profile", "1") in look(*where)


def test_statement_that_names_the_schema_of_another_isp(look, world, monkeypatch, settings):
    """The search path does not help against it; the role does, with an error in the place of a leak."""
    where = ("anonymous", "portal", world.b.slug_host, "sign-in/")
    assert look(*where) == set()
    monkeypatch.setattr(Profile._meta, "db_table", f'"{world.a.isp.schema_name}"."company_profile"')
    with pytest.raises(BrokenPage, match="permission denied for schema"):
        look(*where)
    settings.ISP_ROLES = False
    assert ("a", "company.profile", "1") in look(*where)


def test_session_valid_in_any_realm(look, world, everybody, monkeypatch):
    """The primary keys and password hashes are the same in both ISPs, so only the session's own bounds hold."""
    stolen = everybody["subscriber of a"].keys[world.a.slug_host]
    with isp_scope(world.a.isp):
        row = Session.objects.get(pk=stolen)
    where = ("subscriber of a", "portal", world.b.slug_host, "")
    with undone():
        with isp_scope(world.b.isp):
            Session(row.pk, row.session_data, row.expire_date).save(force_insert=True)
        assert look(*where) == set()
        from core.sessions import DatabaseStore, SessionStore

        monkeypatch.setattr(SessionStore, "load", DatabaseStore.load)
        assert ("b", "subscribers.subscriber", "1") in look(*where)


def test_paper_of_another_subscriber(look, world, monkeypatch):
    """The own paper is shown, and carries another mark than those of others."""
    papers = world.a.rows["subscribers.subscriberdocument"]
    where = ("subscriber of a", "portal", world.a.slug_host, "documents/<uuid:paper>/")
    for paper in papers.values():
        assert look(*where, f"/documents/{paper.uuid}/", paper="a") == set()

    def anybodys(rows, **lookup):
        return SubscriberDocument.objects.get(uuid=lookup["uuid"])

    monkeypatch.setattr("portal.views.get_object_or_404", anybodys)
    assert look(*where, f"/documents/{papers[1].uuid}/", paper="a") == set()
    assert ("a", "core.storedfile", "2") in look(*where, f"/documents/{papers[2].uuid}/", paper="a")


def test_file_looked_up_by_its_uuid_alone(look, world, monkeypatch):
    document = world.a.row("core.storedfile", 2).uuid
    where = ("anonymous", "portal", world.a.slug_host, "logo/<uuid:file>/", f"/logo/{document}/")
    assert look(*where, file="a") == set()
    from core import uploads

    monkeypatch.setattr(
        "company.views._current_logo", lambda file: uploads.serve(StoredFile.objects.get(uuid=file), inline=True)
    )
    assert ("a", "core.storedfile", "2") in look(*where, file="a")


def test_operators_unchecked(look, monkeypatch):
    where = ("staff of a (owner)", "platform", "localhost", "console/")
    assert look(*where) == set()
    monkeypatch.setattr(StaffUser, "is_operator", property(lambda user: True, lambda user, value: None))
    assert ("b", "tenants.isp", "1") in look(*where)


def test_subscribers_unchecked(look, world, monkeypatch):
    where = ("anonymous", "portal", world.a.slug_host, "account/")
    assert look(*where) == set()
    monkeypatch.setattr("subscribers.authentication.current_user", lambda request: world.a.portal_user)
    assert ("a", "subscribers.subscriber", "1") in look(*where)


def test_a_link_that_names_another_isp_meets_the_scope_next(look, world, monkeypatch):
    """Behind the check of the name stands the scope, which one ISP's page cannot leave for another's."""
    where = ("anonymous", "portal", world.a.slug_host, "install/<str:identifier>/", "/install/fibrandina/")
    assert look(*where, identifier="b") == set()
    from tenants import directory

    monkeypatch.setattr("company.access._named", lambda request, identifier: directory.by_slug(identifier))
    with pytest.raises(BrokenPage, match="ScopeConflict"):
        look(*where, identifier="b")


def test_export_looked_up_by_its_uuid_alone(look, world, monkeypatch):
    path = f"/wispmega/export/{world.b.public['export'].uuid}/"
    where = ("staff of a (owner)", "dashboard", "app.localhost", "<slug:slug>/export/<uuid:export>/", path)
    assert look(*where, slug="a", export="b") == set()
    monkeypatch.setattr("dashboard.views.exports._finished", lambda isp_id: DataExport.objects.select_related("isp"))
    assert ("b", "core.storedfile", "2") in look(*where, slug="a", export="b")


def test_memberships_of_anybody_in_the_frame(look, world, monkeypatch):
    where = ("staff of a (owner)", "dashboard", "app.localhost", "<slug:slug>/staff/", "/wispmega/staff/")
    assert look(*where, slug="a") == set()
    everybodys = Membership.objects.select_related("isp", "user")
    monkeypatch.setattr("dashboard.context.memberships_of", lambda user: everybodys)
    assert ("b", "tenants.isp", "1") in look(*where, slug="a")


def test_page_of_another_subscriber_of_the_same_isp(look, world, monkeypatch):
    where = ("subscriber of a", "portal", world.a.slug_host, "")
    assert look(*where) == set()
    neighbour = world.a.row("subscribers.portaluser", 2)
    monkeypatch.setattr("subscribers.authentication.current_user", lambda request: neighbour)
    assert ("a", "subscribers.subscriber", "2") in look(*where)


def test_portal_rights_unchecked(look, world, monkeypatch):
    where = ("subscriber of a (member)", "portal", world.a.slug_host, "payment-methods/")
    assert look(*where) == set()
    monkeypatch.setattr("portal.access.has_portal_right", lambda role, right: True)
    assert ("a", "payments.paymentmethod", "1") in look(*where)


def test_link_for_paying_that_opens_everything(look, world, monkeypatch):
    where = ("subscriber of a by a link for pay", "portal", world.a.slug_host, "account/")
    assert look(*where) == set()
    monkeypatch.setattr(type(world.a.portal_user), "pays_only", False)
    assert ("a", "subscribers.portaluser", "1") in look(*where)


def test_link_that_changes_logins_without_the_password(world, everybody, judge, monkeypatch):
    route = "account/links/<uuid:link>/revoke/"
    path = f"/account/links/{world.a.links['everything'].uuid}/revoke/"
    name = "subscriber of a by a link for everything"
    visit = Visit(everybody[name], world.a.slug_host, "portal", path, RULES["portal"][route], "POST", {"link": "a"})
    assert judge.leaks(visit) == set()
    monkeypatch.setattr("subscribers.authentication.has_given_password", lambda request: True)
    with pytest.raises(Trespass):
        judge.leaks(visit)


def test_login_looked_up_by_its_uuid_alone(world, everybody, judge, monkeypatch):
    """An owner reaches the logins of no other subscriber."""
    neighbour, route = world.a.row("subscribers.portaluser", 2), "colleagues/<uuid:login>/switch/"
    path, rule = f"/colleagues/{neighbour.uuid}/switch/", RULES["portal"][route]
    visit = Visit(everybody["subscriber of a"], world.a.slug_host, "portal", path, rule, "POST", {"login": "a"})
    judge.leaks(visit)
    assert judge.written == set()
    monkeypatch.setattr("portal.colleagues._colleague", lambda request, login: neighbour)
    monkeypatch.setattr("subscribers.services.logins._may_manage", lambda by, user: None)
    judge.leaks(visit)
    assert judge.written == {"a"}


def test_host_that_resolves_to_another_isp(look, world, monkeypatch):
    where = ("anonymous", "portal", world.b.slug_host, "sign-in/")
    assert look(*where) == set()
    resolver.forget_all()
    monkeypatch.setattr("domains.resolver._isp", lambda slug: reference(world.a.isp))
    try:
        assert ("a", "company.profile", "1") in look(*where)
    finally:
        resolver.forget_all()


def test_domain_that_nobody_has_proved(look, world, monkeypatch):
    host = "unproved.example"
    where = ("anonymous", "portal", host, "sign-in/")
    with undone():
        with public_scope():
            Domain.objects.filter(isp=world.a.isp).update(is_primary=False)  # or it would only lead to that one
            Domain.objects.create(isp=world.a.isp, host=host, surface="portal", is_primary=False)
        assert look(*where) == set()
        resolver.forget_all()
        monkeypatch.setattr(DomainQuerySet, "live", lambda rows: rows.all())
        try:
            assert ("a", "company.profile", "1") in look(*where)
        finally:
            resolver.forget_all()


def test_search_path_of_the_wrong_schema(look, world, monkeypatch):
    where = ("anonymous", "portal", world.b.slug_host, "sign-in/")
    assert look(*where) == set()

    def wrong() -> Scope:
        scope = required()
        return replace(scope, schema_name=world.a.isp.schema_name) if scope.isp_id == world.b.isp.pk else scope

    monkeypatch.setattr("core.db.base.required", wrong)
    assert ("a", "company.profile", "1") in look(*where)


def test_cache_keys_without_their_isp(world, monkeypatch):
    def leaks() -> bool:
        with isp_scope(world.a.isp):
            cache.set("seeded", "of a")
        with isp_scope(world.b.isp):
            return cache.get("seeded") == "of a"

    assert not leaks()
    monkeypatch.setattr(caches["default"], "key_func", lambda key, prefix, version: f"platform:{key}")
    assert leaks()


def test_secrets_encrypted_without_their_isp(world, monkeypatch):
    def leaks() -> bool:
        with isp_scope(world.a.isp):
            secret = crypto.encrypt("sk_live", purpose="gateway")
        with isp_scope(world.b.isp):
            try:
                return crypto.decrypt(secret, purpose="gateway") == "sk_live"
            except ValueError:
                return False

    assert not leaks()
    monkeypatch.setattr("core.crypto.required", lambda: PUBLIC)
    assert leaks()


def test_files_opened_in_any_folder(world, monkeypatch):
    def leaks() -> bool:
        with isp_scope(world.a.isp):
            try:
                with uploads.open_file(world.b.row("core.storedfile", 2)) as file:
                    return canary("b", StoredFile, 2).encode() in file.read()
            except uploads.MissingFile:
                return False

    assert not leaks()
    monkeypatch.setattr("core.uploads._folder_name", lambda: str(world.b.isp.uuid))
    assert leaks()


@pytest.mark.parametrize("channel", ["body", "header", "cookie", "redirect", "mail", "secret"])
def test_every_channel_is_read(channel, look, world, judge, monkeypatch):
    mark = canary("b", StoredFile, 1)

    def answer(*args, **kwargs):
        response = HttpResponseRedirect(f"/?q={mark}") if channel == "redirect" else HttpResponse("nothing")
        if channel == "body":
            response.content = f"<b>{mark.upper()}</b>"
        if channel == "header":
            response["X-Owner"] = mark
        if channel == "cookie":
            response.set_cookie("owner", mark)
        if channel == "secret":
            response.content = canary("a", StaffUser, "s")
        if channel == "mail":
            with isp_scope(world.a.isp):
                Message.objects.create(to="x@example.com", subject="Hello", text=mark)
        return response

    monkeypatch.setattr(judge.client, "generic", answer)
    expected = ("a", "tenants.staffuser", "s") if channel == "secret" else ("b", "core.storedfile", "1")
    assert look("staff of a (owner)", "portal", world.a.slug_host, "sign-in/") == {expected}


def test_preview_whose_right_is_unchecked(look, world, monkeypatch):
    where = ("preview of a (read_only)", "portal", world.a.slug_host, "account/")
    assert look(*where) == set()
    monkeypatch.setattr("subscribers.services.previews.has_right", lambda role, right: True)
    assert ("a", "subscribers.subscriber", "1") in look(*where)


def test_preview_that_stands_on_no_membership(look, world, monkeypatch):
    where = ("preview of a (owner)", "portal", world.a.slug_host, "account/")
    with undone():
        with public_scope():
            Membership.objects.filter(user=world.a.staff[Role.OWNER]).delete()
        seen = world.a.staff[Role.OWNER]
        monkeypatch.setattr("tests.isolation.judge.may_preview", lambda visit, world: False)
        assert look(*where) == set()
        anybody = Membership(role=Role.OWNER, user=seen)
        monkeypatch.setattr("subscribers.services.previews.membership_behind", lambda preview, isp: anybody)
        assert ("a", "subscribers.subscriber", "1") in look(*where)


def test_preview_valid_in_any_realm(look, world, everybody, monkeypatch):
    """Rows and people have the same keys in both ISPs, so a preview of one would be one of the other."""
    stolen = everybody["preview of a (owner)"].keys[world.a.slug_host]
    with isp_scope(world.a.isp):
        row = Session.objects.get(pk=stolen)
        pk = row.get_decoded()[PREVIEW_KEY]
    where = ("preview of a (owner)", "portal", world.b.slug_host, "")
    with undone():
        with isp_scope(world.b.isp):
            Session(row.pk, row.session_data, row.expire_date).save(force_insert=True)
            running = Preview.objects.running().values().first()
            Preview.objects.filter(pk=running.pop("id")).delete()
            Preview.objects.filter(pk=pk).delete()
            Preview.objects.create(**running, pk=pk)
        assert look(*where) == set()
        from core.sessions import DatabaseStore, SessionStore

        monkeypatch.setattr(SessionStore, "load", DatabaseStore.load)
        assert ("b", "subscribers.subscriber", "1") in look(*where)


def test_preview_that_may_send_any_form(world, everybody, judge, monkeypatch):
    rule = RULES["portal"]["account/language/"]
    who = everybody["preview of a (billing)"]
    visit = Visit(who, world.a.slug_host, "portal", "/account/language/", rule, "POST")
    monkeypatch.setitem(FORM, "POST", {**FORM["POST"], "data": b"language=es"})
    assert judge.leaks(visit) == set()
    always = InPreview.ALWAYS
    monkeypatch.setattr("portal.preview.declared", lambda view: Access("subscriber", preview=always))
    with pytest.raises(Trespass):
        judge.leaks(visit)


def test_preview_cookie_taken_for_a_portal_users(look, world, everybody, monkeypatch):
    """The session of a preview names no portal user; even if it did, its realm would keep it out."""
    where = ("subscriber of a", "portal", world.a.slug_host, "account/")
    key = everybody["preview of a (owner)"].keys[world.a.slug_host]
    monkeypatch.setitem(everybody, "subscriber of a", replace(everybody["anonymous"], keys={world.a.slug_host: key}))
    with undone():
        with isp_scope(world.a.isp):
            session = new_session(world.a.slug_host, key)
            user = world.a.portal_user
            session.update({USER_KEY: user.pk, HASH_KEY: user.get_session_auth_hash()})
            session.save()
        assert look(*where) == set()
        from core.sessions import DatabaseStore, SessionStore

        monkeypatch.setattr(SessionStore, "load", DatabaseStore.load)
        assert ("a", "subscribers.subscriber", "1") in look(*where)
