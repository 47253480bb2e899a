"""Where the chat is shown, and what the browser may load there."""

import pytest
from django.conf import settings
from django.utils import timezone

from company.chat_vendors import recognise
from company.models import ChatWidget
from company.services import set_chat, switch_chat
from core.scope import isp_scope, public_scope
from domains.models import Domain
from tests.company.test_chat_vendors import CHATWOOT, CRISP, OTHER, SMARTSUPP, TAWK, TIDIO
from tests.factories.subscribers import PASSWORD, PortalUserFactory

BASE = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]


def policy_of(response):
    """The policy of a response as a dictionary of sets."""
    parts = [part.split() for part in response["Content-Security-Policy"].split(";")]
    return {name: set(values) for name, *values in parts}


@pytest.fixture
def portal(isp, at):
    """A browser in which a subscriber of WispMega is signed in."""
    with isp_scope(isp):
        PortalUserFactory(username="maria")
    client = at("wispmega.localhost")
    client.post("/sign-in/", {"login": "maria", "password": PASSWORD})
    return client


def use(isp, script):
    with isp_scope(isp):
        return set_chat(chat=recognise(script), by=None)


def test_without_a_chat_the_pages_name_nobody_else(portal):
    response = portal.get("/")
    assert "chat.js" not in response.content.decode()
    assert "://" not in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("script", "vendor", "scripts", "socket"),
    [
        (SMARTSUPP, "smartsupp", "https://*.smartsuppchat.com", "wss://*.smartsupp.com"),
        (TIDIO, "tidio", "https://*.tidio.co", "wss://*.tidio.co"),
        (TAWK, "tawk", "https://*.tawk.to", "wss://*.tawk.to"),
        (CRISP, "crisp", "https://*.crisp.chat", "wss://*.relay.crisp.chat"),
        (CHATWOOT, "chatwoot", "https://app.chatwoot.com", "wss://app.chatwoot.com"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/contact/"])
def test_home_and_contact_start_the_chat_and_allow_its_vendor_only(isp, portal, script, vendor, scripts, socket, path):
    widget = use(isp, script)
    response = portal.get(path)
    page = response.content.decode()
    assert f'data-vendor="{vendor}" data-account="{widget.account}" data-host="{widget.host}"' in page
    policy = policy_of(response)
    for directive in ("script-src", "style-src", "img-src", "font-src", "media-src", "frame-src", "connect-src"):
        assert scripts in policy[directive]
        assert "'self'" in policy[directive]
    assert socket in policy["connect-src"]
    assert any(value.startswith("'nonce-") for value in policy["script-src"])
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:"} & policy["script-src"]
    own = {value.rpartition("*.")[2] for values in policy.values() for value in values if "://" in value}
    assert all(vendor in host or host in {"https://cdn.jsdelivr.net", "https://tawk.link"} for host in own)
    assert policy["object-src"] == {"'none'"}
    assert policy["base-uri"] == {"'none'"}
    assert policy["frame-ancestors"] == {"'none'"}


@pytest.mark.parametrize("path", ["/account/", "/payment-methods/", "/no-such-page/", "/install/wispmega/"])
def test_pages_that_do_not_ask_for_the_chat_do_not_get_it(isp, portal, path):
    use(isp, CRISP)
    response = portal.get(path)
    assert "crisp" not in response.headers.get("Content-Security-Policy", "")
    assert "chat.js" not in response.content.decode()


def test_the_sign_in_page_and_a_wrong_password_have_no_chat(isp, at):
    use(isp, CRISP)
    client = at("wispmega.localhost")
    for response in (client.get("/sign-in/"), client.post("/sign-in/", {"login": "maria", "password": "no"})):
        assert "crisp" not in response["Content-Security-Policy"]
        assert "data-vendor" not in response.content.decode()


def test_no_chat_shows_at_another_isp_or_on_shared_hosts(isp, other_isp, at):
    use(isp, CRISP)
    with isp_scope(other_isp):
        PortalUserFactory(username="ana")
    client = at("fibrandina.localhost")
    client.post("/sign-in/", {"login": "ana", "password": PASSWORD})
    home = client.get("/")
    assert home.status_code == 200
    assert "crisp" not in home["Content-Security-Policy"]
    assert "crisp" not in home.content.decode()
    for path in ("/", "/install/wispmega/"):
        shared = at("portal.localhost").get(path)
        assert "crisp" not in shared["Content-Security-Policy"]


def test_on_their_own_domains_each_isp_has_its_own_chat_and_policy(isp, other_isp, at):
    now, pages = timezone.now(), {}
    for each, script, host in ((isp, CRISP, "clientes.wispmega.example"), (other_isp, TIDIO, "mi.fibrandina.example")):
        with public_scope():
            Domain.objects.create(isp=each, host=host, surface="portal", verified_at=now)
        use(each, script)
        with isp_scope(each):
            PortalUserFactory(username="maria")
        client = at(host)
        client.post("/sign-in/", {"login": "maria", "password": PASSWORD})
        home = client.get("/")
        pages[host] = home["Content-Security-Policy"], home.content.decode()
    (policy, page), (other_policy, other_page) = pages.values()
    assert "crisp.chat" in policy
    assert 'data-vendor="crisp"' in page
    assert "tidio" not in policy + page
    assert "tidio.co" in other_policy
    assert 'data-vendor="tidio"' in other_page
    assert "crisp" not in other_policy + other_page


def test_a_chat_that_is_switched_off_is_not_shown(isp, portal):
    use(isp, CRISP)
    with isp_scope(isp):
        switch_chat(is_on=False, by=None)
    response = portal.get("/")
    assert "crisp" not in response["Content-Security-Policy"]
    assert "data-vendor" not in response.content.decode()


# A chat that we do not know


def test_an_unknown_chat_is_shown_in_a_frame_that_is_closed_off(isp, portal):
    use(isp, OTHER)
    response = portal.get("/")
    page = response.content.decode()
    frame = page.partition("<iframe")[2].partition(">")[0]
    assert 'src="/chat/"' in frame
    assert 'sandbox="allow-scripts allow-forms allow-popups"' in frame
    assert "livehelp" not in page
    policy = policy_of(response)
    assert "livehelp" not in response["Content-Security-Policy"]
    assert policy["default-src"] == {"'self'"}
    assert policy["script-src"] <= {"'self'", *[v for v in policy["script-src"] if v.startswith("'nonce-")]}


def test_its_document_has_an_origin_of_its_own_and_reaches_only_the_hosts_it_names(isp, at):
    use(isp, OTHER + "<script>fetch('/account/')</script>")
    response = at("wispmega.localhost").get("/chat/")
    assert OTHER in response.content.decode()
    policy = policy_of(response)
    assert policy["sandbox"] == {"allow-scripts", "allow-forms", "allow-popups"}
    assert policy["default-src"] == {"'none'"}
    assert policy["frame-ancestors"] == {"'self'"}
    assert policy["connect-src"] == {"https://widget.livehelp.example", "wss://widget.livehelp.example"}
    assert policy["script-src"] == {"'unsafe-inline'", "https://widget.livehelp.example"}
    for directive in ("script-src", "connect-src", "frame-src", "form-action", "img-src"):
        assert "'self'" not in policy[directive]
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Referrer-Policy"] == "no-referrer"
    assert not response.cookies


def test_the_document_is_only_there_for_an_unknown_chat_that_is_on_and_on_the_isps_host(isp, other_isp, at):
    own = at("wispmega.localhost")
    assert own.get("/chat/").status_code == 404
    use(isp, CRISP)
    assert own.get("/chat/").status_code == 404
    use(isp, OTHER)
    assert "livehelp" in own.get("/chat/").content.decode()
    for host in ("fibrandina.localhost", "portal.localhost", "app.localhost", "localhost"):
        assert "livehelp" not in at(host).get("/chat/").content.decode()
    with isp_scope(isp):
        switch_chat(is_on=False, by=None)
    assert "livehelp" not in own.get("/chat/").content.decode()


def test_what_is_stored_cannot_break_out_of_the_page(isp, portal):
    """Even a row that no form would write."""
    with isp_scope(isp):
        ChatWidget(pk=1, vendor="tidio", account='"><script>alert(1)</script>').save()
    assert "<script>alert(1)" not in portal.get("/").content.decode()


def test_an_unlisted_directive_of_the_base_policy_stays_as_it_is(isp, portal):
    use(isp, TIDIO)
    policy = policy_of(portal.get("/"))
    for directive in ("default-src", "worker-src", "form-action"):
        assert policy[directive] == set(BASE[directive])
