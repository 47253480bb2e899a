"""The form with an ISP's own reCAPTCHA keys, against a verifier that speaks HTTPS on loopback."""

import datetime
import http.server
import ipaddress
import json
import ssl
import threading
import time
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from company.models import CaptchaKeys
from core.requests import UnitOfWork
from core.scope import isp_scope
from preinstall import captcha
from preinstall.models import DraftUpload
from tests.preinstall.test_form import text

HOST = "wispmega.localhost"
SECRET = "CANARY-secret-of-wispmega"


class Verifier(http.server.BaseHTTPRequestHandler):
    """Answers as the token tells it to; keeps what it was asked."""

    protocol_version = "HTTP/1.0"

    def do_POST(self):
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append({key: values[0] for key, values in asked.items()})
        token = asked["response"][0]
        if token == "slow":
            time.sleep(1.5)
        answers = {
            "wrong": {"success": False, "error-codes": ["invalid-input-response"]},
            "elsewhere": {"success": True, "hostname": "fibrandina.localhost"},
            "nowhere": {"success": True},
            "truthy": {"success": "yes", "hostname": HOST},
            "list": [],
            "null": None,
        }
        body = (
            b"<html>oops"
            if token == "garbage"
            else json.dumps(answers.get(token, {"success": True, "hostname": HOST})).encode()
        )
        try:
            self.send_response(500 if token == "broken" else 200)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # the caller has given up

    def log_message(self, *args):
        pass


def certificate(folder):
    """A certificate for localhost that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "verifier.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def verifier(tmp_path, monkeypatch, settings):
    path = certificate(tmp_path)
    server = http.server.ThreadingHTTPServer(("localhost", 0), Verifier)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    settings.RECAPTCHA_DOMAIN = f"localhost:{server.server_port}"
    settings.RECAPTCHA_VERIFY_REQUEST_TIMEOUT = 0.5
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def keys(isp):
    with isp_scope(isp):
        return CaptchaKeys.objects.create(domain=HOST, site_key="site-key-1", secret_key=SECRET)


def send(someone, token, **changes):
    return someone.send(captcha="", **{"g-recaptcha-response": token, **changes})


def test_the_page_shows_the_isp_s_box_and_allows_only_google(prospect, keys, settings):
    response = prospect().open()
    page, policy = text(response), response["Content-Security-Policy"]
    assert 'data-sitekey="site-key-1"' in page
    assert "https://www.google.com/recaptcha/api.js?hl=en" in page
    assert "altcha-widget" not in page
    assert "data-callback" not in page
    assert SECRET not in page
    for part in ("https://www.google.com/recaptcha/", "https://www.gstatic.com/recaptcha/", "frame-src"):
        assert part in policy
    shared = prospect("portal.localhost").open()
    assert "altcha-widget" in text(shared)
    assert "google" not in text(shared) + shared["Content-Security-Policy"]


def test_keys_of_a_domain_hold_below_it(prospect, isp, other_isp):
    with isp_scope(isp):
        CaptchaKeys.objects.create(domain="localhost", site_key="outer", secret_key="s")
        CaptchaKeys.objects.create(domain="mega.localhost", site_key="neighbour", secret_key="s")
        assert 'data-sitekey="outer"' in text(prospect().open())
        CaptchaKeys.objects.create(domain=HOST, site_key="inner", secret_key="s")
    assert 'data-sitekey="inner"' in text(prospect().open())


def test_a_good_answer_makes_the_request(prospect, made, keys, verifier):
    someone = prospect()
    someone.client.defaults.update(REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="6.6.6.6")
    response = send(someone, "good")
    assert response.status_code == 302, text(response)
    assert len(made()) == 1
    assert verifier.asked == [{"secret": SECRET, "response": "good", "remoteip": "203.0.113.9"}]


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "Please tick this box."),
        ("wrong", "The check failed. Please tick the box again."),
        ("elsewhere", "The check failed."),
        ("nowhere", "The check failed."),
        ("truthy", "The check failed."),
        ("slow", "does not work at the moment"),
        ("garbage", "does not work at the moment"),
        ("broken", "does not work at the moment"),
        ("list", "does not work at the moment"),
        ("null", "does not work at the moment"),
    ],
)
def test_any_other_answer_is_a_message_and_loses_nothing(prospect, made, isp, keys, verifier, token, message):
    someone = prospect()
    response = send(someone, token)
    page = text(response)
    assert response.status_code == 422
    assert message in page
    assert "Calle Cinco 12" in page
    assert "id_front.jpg" in page
    assert not made()
    with isp_scope(isp):
        assert DraftUpload.objects.count() == 3
    assert send(someone, "good", files={}).status_code == 302
    assert len(made()) == 1


def test_a_verifier_that_is_down_or_not_who_it_says(prospect, made, keys, verifier, monkeypatch, settings):
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "does not work at the moment" in text(send(prospect(), "good"))
    assert verifier.asked == []
    settings.RECAPTCHA_DOMAIN = "localhost:9"
    assert "does not work at the moment" in text(send(prospect(), "good"))
    assert not made()


def test_google_is_not_asked_about_a_form_with_errors(prospect, keys, verifier):
    assert send(prospect(), "good", mobile="1").status_code == 422
    assert verifier.asked == []


def test_a_solution_of_our_own_captcha_does_not_replace_the_isp_s(prospect, made, keys, verifier):
    someone = prospect()
    assert someone.send(captcha=someone.solve()).status_code == 422
    assert not made()


def test_the_verifier_is_asked_outside_the_transaction(prospect, keys, verifier, monkeypatch):
    states, real = [], UnitOfWork.paused
    ask = captcha.RecaptchaField._ask

    def paused(self):
        states.append("paused")
        return real(self)

    def asked(self, value):
        states.append("asked")
        return ask(self, value)

    monkeypatch.setattr(UnitOfWork, "paused", paused)
    monkeypatch.setattr(captcha.RecaptchaField, "_ask", asked)
    send(prospect(), "good")
    assert states == ["paused", "asked"]


def test_sent_twice_is_one_request_with_google_too(prospect, made, keys, verifier):
    someone = prospect()
    assert send(someone, "good")["Location"] == send(someone, "good")["Location"]
    assert len(made()) == 1
    assert len(verifier.asked) == 1
