"""Browser notifications: what a browser can read, whom we call, and what a subscription that is gone means."""

import base64
import json

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from lab.carriers import Reply
from lab.push import PushLab
from messaging.channels import open_channel
from messaging.channels.base import Away, NoSuchAddress, Parcel, Refused, Setup
from messaging.channels.web_push import channel as push
from messaging.channels.web_push.channel import WebPushChannel


@pytest.fixture
def service(settings):
    lab = PushLab()
    lab.start()
    settings.PUSH_SERVICES = [f"127.0.0.1:{lab.port}"]
    yield lab
    lab.stop()


@pytest.fixture
def keys():
    return WebPushChannel.make()


@pytest.fixture
def opened(keys):
    return open_channel("web_push", Setup("n", {**keys, "contact": "office@wispmega.example"}))


def parcel(browser, **changed):
    values = {"key": "11111111-1111-1111-1111-111111111111", "to": "b", "text": "Sin servicio 🌩", "subject": "WispMega"}
    return Parcel(**{**values, "data": {"browser": browser, "link": "/messages/"}, **changed})


def test_the_browser_and_nobody_else_reads_it(opened, service):
    browser, other = service.browser(), service.browser("two")
    opened.send(parcel(browser.given))
    (call,) = service.calls
    assert browser.read(call.body) == {
        "title": "WispMega",
        "text": "Sin servicio 🌩",
        "link": "/messages/",
        "key": "11111111-1111-1111-1111-111111111111",
    }
    assert b"servicio" not in call.body
    with pytest.raises(http_ece.ECEException):
        other.read(call.body)


def test_the_signature_is_by_the_isps_own_key_for_this_service(opened, service, keys):
    opened.send(parcel(service.browser().given))
    fields = dict(
        part.split("=", 1) for part in service.calls[0].headers["Authorization"].removeprefix("vapid ").split(",")
    )
    assert fields["k"] == keys["public_key"]
    head, claims, mark = fields["t"].split(".")
    told = json.loads(_bytes(claims))
    assert (told["aud"], told["sub"]) == (service.url, "mailto:office@wispmega.example")
    raw = _bytes(mark)
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(keys["public_key"]))
    signature = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    point.verify(signature, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))


def _bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_subscription_that_is_gone_is_nobodys(opened, service):
    browser = service.browser()
    service.gone.add("/send/one")
    with pytest.raises(NoSuchAddress):
        opened.send(parcel(browser.given))
    with pytest.raises(NoSuchAddress):
        opened.send(parcel({}))


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, NoSuchAddress), (429, Away), (500, Away), (413, Refused), (400, Refused), (401, Refused), (403, Refused)],
)
def test_what_services_answer(opened, service, status, error):
    service.faults = [Reply(status, "", {"Retry-After": "9"})]
    with pytest.raises(error) as caught:
        opened.send(parcel(service.browser().given))
    assert type(caught.value) is error


def test_a_long_text_is_cut_to_what_services_take(opened, service):
    browser = service.browser()
    opened.send(parcel(browser.given, text="ñ😀" * 5000))
    (call,) = service.calls
    assert len(call.body) <= 4096
    assert browser.read(call.body)["text"].endswith("…")


def test_a_click_leads_nowhere_else(opened, service):
    browser = service.browser()
    for link in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        opened.send(parcel(browser.given, data={"browser": browser.given, "link": link}))
        assert browser.read(service.calls[-1].body)["link"] == "/"


@pytest.mark.parametrize(
    ("address", "is_good"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/x", True),
        ("https://web.push.apple.com/x", True),
        ("https://wns2-par02p.notify.windows.com/w/?token=x", True),
        ("http://fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com:8443/x", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evilnotify.windows.com.example/x", False),
        ("https://notify.windows.com@evil.example/x", False),
        ("https://127.0.0.1/x", False),
        ("http://127.0.0.1:1/x", False),
        ("https://[::1/x", False),
    ],
)
def test_only_services_of_browsers_are_called(address, is_good):
    assert push.is_service(address) is is_good


@pytest.mark.parametrize(
    "change",
    [{"p256dh": "AAAA"}, {"auth": "AAAA"}, {"endpoint": "https://evil.example/"}, {"auth": 5}, {"p256dh": "*"}],
)
def test_what_no_browser_gives_out_is_refused(service, change):
    with pytest.raises(push.BadSubscription):
        push.parsed({**service.browser().given, **change})
