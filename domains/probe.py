"""Opening a domain as its visitors do, over our own edge: is the certificate there, does our page answer."""

import http.client
import socket
import ssl
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import salted_hmac

from domains.dns import Verdict
from domains.models import Claim, Finding

Check, State = Finding.Check, Finding.State
PATH = "/.well-known/lastmile/"
TIMEOUT = 10.0  # seconds for each step; the first visit of a name waits for its certificate
SOON = timedelta(days=14)  # a certificate is renewed long before
EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL


def mark(host: str) -> str:
    """What our page answers at PATH of a host, and nobody else can."""
    return salted_hmac("domains.probe", host, algorithm="sha256").hexdigest()


def examine(claim: Claim) -> dict[str, Verdict]:
    """The verdicts on certificate (only where the installation runs on HTTPS) and page of a host that leads to us.

    It is our own edge that is asked, never an address that the host's DNS gives: nobody can send us elsewhere.
    """
    try:
        raw = socket.create_connection(_edge(claim), timeout=TIMEOUT)
    except OSError:
        away = Verdict(State.WARNING, "edge_away")
        return {Check.CERTIFICATE: away, Check.REACHABLE: away} if settings.SECURE else {Check.REACHABLE: away}
    with raw:
        if not settings.SECURE:
            return {Check.REACHABLE: _page(raw, claim.host)}
        try:
            with _context().wrap_socket(raw, server_hostname=claim.host) as secured:
                return {Check.CERTIFICATE: _validity(secured), Check.REACHABLE: _page(secured, claim.host)}
        except ssl.SSLCertVerificationError as error:
            reason = "expired" if error.verify_code == EXPIRED else "untrusted"
            certificate = Verdict(State.BAD, reason, error.verify_message)
        except OSError:
            certificate = Verdict(State.WAITING, "not_issued")
    return {Check.CERTIFICATE: certificate, Check.REACHABLE: Verdict(State.WAITING, "no_certificate")}


def _edge(claim: Claim) -> tuple[str, int]:
    if settings.EDGE_CONNECT:
        host, _, port = settings.EDGE_CONNECT.rpartition(":")
        return host.strip("[]"), int(port)
    place = settings.EDGE_ADDRESSES[0] if settings.EDGE_ADDRESSES else claim.isp.dns_target.host
    return place, 443 if settings.SECURE else 80


def _context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.EDGE_CA_FILE or None)


def _validity(secured: ssl.SSLSocket) -> Verdict:
    certificate = secured.getpeercert() or {}
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
    if until - timezone.now() < SOON:
        return Verdict(State.WARNING, "expires_soon", until.isoformat())
    return Verdict(State.GOOD, "valid", until.isoformat())


def _page(connected: socket.socket, host: str) -> Verdict:
    visit = http.client.HTTPConnection(host, timeout=TIMEOUT)
    visit.sock = connected
    try:
        visit.request("GET", PATH, headers={"User-Agent": "Lastmile"})
        answer = visit.getresponse()
        text = answer.read(200).decode(errors="replace").strip()
    except (OSError, http.client.HTTPException):
        return Verdict(State.WARNING, "edge_away")
    if text == mark(host):
        return Verdict(State.GOOD, "found")
    if answer.status == http.client.SERVICE_UNAVAILABLE:
        return Verdict(State.WARNING, "off_air")
    return Verdict(State.BAD, "other_page", str(answer.status))
