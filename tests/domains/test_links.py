"""Addresses in mails and redirects: on the right host for who will open them, made in one place."""

import ast
import re
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone

from company.models import Profile
from core.scope import isp_scope, public_scope
from domains import links
from domains.models import Domain
from messaging.models import Message
from preinstall.services.requests import submit_request
from tests.preinstall.test_services import DATA

ROOT = Path(__file__).resolve().parents[2]
APPS = ["api", "billing", "company", "core", "dashboard", "domains", "messaging", "payments", "portal", "preinstall"]
APPS += ["subscribers", "tenants"]


@pytest.fixture
def domains(isp):
    """Two portal domains and two of the staff's; the second of each is the main one."""
    now = timezone.now()
    with public_scope():
        for host, surface, is_primary in [
            ("alt.wispmega.example", "portal", False),
            ("clientes.wispmega.example", "portal", True),
            ("viejo.wispmega.example", "dashboard", False),
            ("sistema.wispmega.example", "dashboard", True),
        ]:
            Domain.objects.create(isp=isp, host=host, surface=surface, is_primary=is_primary, verified_at=now)


def test_without_domains_links_lead_to_our_own_hosts(isp, settings):
    settings.PUBLIC_PORT, settings.PUBLIC_SCHEME = "8443", "https"
    assert links.portal_url(isp, "/sign-in/") == "https://wispmega.localhost:8443/sign-in/"
    assert links.staff_url(isp, "requests/1/") == "https://app.localhost:8443/wispmega/requests/1/"


def test_links_carry_the_main_domain_of_the_right_surface_from_whatever_scope(isp, other_isp, domains):
    for scope in (public_scope(), isp_scope(isp)):
        with scope:
            assert links.portal_url(isp, "/pay/7/") == "http://clientes.wispmega.example/pay/7/"
            assert links.staff_url(isp, "requests/1/") == "http://sistema.wispmega.example/wispmega/requests/1/"
    assert links.portal_url(other_isp) == "http://fibrandina.localhost/"
    assert links.staff_url(other_isp) == "http://app.localhost/fibrandina/"


def test_a_domain_whose_proof_is_lost_is_in_no_link(isp, domains):
    with public_scope():
        Domain.objects.filter(host="clientes.wispmega.example").update(verified_at=None)
    assert links.portal_url(isp) == "http://wispmega.localhost/"


def test_a_new_main_domain_is_in_links_at_once(isp, domains):
    with public_scope():
        Domain.objects.filter(isp=isp, surface="portal").update(is_primary=False)
        Domain.objects.filter(host="alt.wispmega.example").update(is_primary=True)
    assert links.portal_url(isp) == "http://alt.wispmega.example/"
    assert links.staff_url(isp) == "http://sistema.wispmega.example/wispmega/"


def test_the_old_main_domain_and_its_www_lead_to_the_new_one_with_path_and_query(at, isp, domains):
    path = "/install/wispmega/?a=1&b=%C3%B1"
    for host in ("alt.wispmega.example", "www.alt.wispmega.example"):
        answer = at(host).get(path, follow=True)
        last, _ = answer.redirect_chain[-1]
        assert last == f"http://clientes.wispmega.example{path}"
    answer = at("viejo.wispmega.example").post("/wispmega/requests/1/state/?x=1", {"state": "new"})
    assert (answer.status_code, answer["Location"]) == (
        307,
        "http://sistema.wispmega.example/wispmega/requests/1/state/?x=1",
    )


def test_the_platforms_address_goes_on_without_a_redirect(at, isp, domains):
    assert at("wispmega.localhost").get("/sign-in/").status_code == 200
    assert "WispMega" in at("wispmega.localhost").get("/sign-in/").text


def test_mails_of_an_isp_lead_its_staff_to_their_own_domain(isp, domains):
    with isp_scope(isp):
        Profile.objects.update_or_create(pk=1, defaults={"email": "hola@wispmega.example"})
        made = submit_request(isp=isp, submission=uuid4(), language="es", **DATA)
        texts = " ".join(Message.objects.values_list("text", flat=True))
    assert f"http://sistema.wispmega.example/wispmega/requests/{made.number}/" in texts
    assert "localhost" not in texts


# Who may know how an address begins: the two modules of links, and settings.
LINKS = {"core/links.py", "domains/links.py", "core/settings.py"}
# Names that make absolute addresses of a request's host or of our settings.
MAKERS = {"build_absolute_uri", "get_current_site", "get_host", "PUBLIC_SCHEME", "PUBLIC_PORT"}
ADDRESS = re.compile(r"https?://|^://")
# Addresses of others: WhatsApp's, the name of a kind of drawing, and the policies for chat vendors, Google, gateways
# and the makers of browsers; and examples beside the texts of messages.
FOREIGN = re.compile(r"https://wa\.me/|http://www\.w3\.org/2000/svg")
NOT_OURS = {"company/chat.py", "preinstall/captcha.py"}
NOT_OURS |= {f"payments/gateways/{name}/gateway.py" for name in ("stripe", "mercado_pago")}
NOT_OURS |= {"messaging/channels/web_push/channel.py", "messaging/events/logins.py", "messaging/events/money.py"}
NOT_OURS |= {"messaging/events/many.py"}


def makers(source: str, path: str) -> list[str]:
    """What in a module makes an absolute address."""
    found = []
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "attr", None) or getattr(node, "id", None)
        if name in MAKERS:
            found.append(f"{path}:{node.lineno}: {name}")
        if isinstance(node, ast.JoinedStr) and path not in NOT_OURS:
            texts = [part.value for part in node.values if isinstance(part, ast.Constant)]
            if any(ADDRESS.search(FOREIGN.sub("", text)) for text in texts):
                found.append(f"{path}:{node.lineno}: {texts}")
    return found


def test_no_other_code_makes_absolute_addresses():
    found = []
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            path = str(file.relative_to(ROOT))
            if path not in LINKS and "/migrations/" not in path:
                found += makers(file.read_text(), path)
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'x = f"https://{host}/pay/"',
        'x = f"{settings.PUBLIC_SCHEME}://{host}/"',
        "x = request.build_absolute_uri('/')",
        "x = settings.PUBLIC_PORT",
        'x = f"http://{request.get_host()}"',
    ],
)
def test_code_that_does_would_be_found(code):
    assert makers(code, "payments/services.py")


ADDRESS_IN_TEMPLATE = re.compile(r"(?:https?:)?//\{|\{\{ ?request\.(?:scheme|get_host|build_absolute_uri)")


def test_no_template_makes_absolute_addresses():
    found = []
    for file in sorted((ROOT / "templates").rglob("*")):
        if file.is_file() and ADDRESS_IN_TEMPLATE.search(file.read_text()):
            found.append(str(file.relative_to(ROOT)))
    # Google's widget, whose host is a setting for tests.
    assert found == ["templates/preinstall/recaptcha.html"]
    assert ADDRESS_IN_TEMPLATE.search('<a href="https://{{ host }}/">')
    assert ADDRESS_IN_TEMPLATE.search("{{ request.build_absolute_uri }}")
