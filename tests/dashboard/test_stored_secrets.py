"""Stored keys of channels and gateways: kept for the place that they were typed for, and for no other."""

import pytest

from core.scope import isp_scope
from messaging.channels import kept, kinds
from messaging.channels.base import Channel
from messaging.models import ChannelAccount
from messaging.services import channel_accounts
from payments.gateway_forms import KeysForm
from payments.gateways import kinds as gateways
from tenants.roles import Role
from tests.dashboard.settings_pages import staff_client, text_of

SMTP = {
    "host": "smtp.wispmega.mx",
    "port": "587",
    "security": "starttls",
    "user": "office",
    "password": "smtp-s3cret",
    "sender": "office@wispmega.mx",
    "imap_host": "imap.wispmega.mx",
    "imap_port": "993",
    "imap_security": "tls",
    "imap_user": "office",
    "imap_password": "imap-s3cret",
    "imap_folder": "INBOX",
}
SMPP = {
    "host": "smpp.carrier.example",
    "port": "2775",
    "tls": "yes",
    "system_id": "mega",
    "password": "s3cret08",
    "sender": "Mega",
    "alphabet": "gsm",
    "numbers": "same",
}
HTTP = {
    "url": "https://sms.example/send",
    "method": "POST",
    "format": "form",
    "parameters": "to={number}\ntext={text}",
    "headers": "Authorization: Bearer {secret}",
    "secret": "http-s3cret",
    "balance_url": "https://sms.example/balance",
}
TWILIO = {"account": "AC1", "token": "twilio-s3cret", "sender": "Mega"}
TYPED = {"own_smtp": SMTP, "smpp": SMPP, "http_sms": HTTP, "twilio": TWILIO}
MOVED = [
    ("own_smtp", "password", {"host": "smtp.thief.example"}),
    ("own_smtp", "password", {"port": "2525"}),
    ("own_smtp", "password", {"user": "other"}),
    ("own_smtp", "imap_password", {"imap_host": "imap.thief.example"}),
    ("own_smtp", "imap_password", {"imap_user": "other"}),
    ("smpp", "password", {"host": "smpp.thief.example"}),
    ("smpp", "password", {"system_id": "other"}),
    ("smpp", "password", {"tls": "no"}),
    ("http_sms", "secret", {"url": "https://thief.example/send"}),
    ("http_sms", "secret", {"url": "https://sms.example/hooks/of-somebody-else"}),
    ("http_sms", "secret", {"balance_url": "https://thief.example/"}),
    ("http_sms", "secret", {"parameters": "to={number}\ntext={text} {secret}"}),
    ("http_sms", "secret", {"headers": "X-Copy: {secret}\nAuthorization: Bearer {secret}"}),
    ("twilio", "token", {"account": "AC2"}),
]
SECRETS = {"own_smtp": ["password", "imap_password"], "smpp": ["password"], "http_sms": ["secret"], "twilio": ["token"]}


@pytest.fixture
def tried(monkeypatch):
    """What carriers were tried with; they take everything."""
    calls: list[dict[str, str]] = []
    monkeypatch.setattr(channel_accounts, "_tried", lambda _channel, values: calls.append(dict(values)) or "ok")
    return calls


@pytest.fixture
def admin(isp):
    return staff_client(isp, Role.ADMIN)


def address(channel):
    return f"/wispmega/settings/channels/{channel}/"


def stored(isp, channel):
    with isp_scope(isp):
        return ChannelAccount.objects.get(channel=channel).setup().values


def again(channel, **changed):
    """The form as it comes back: keys are never shown, so their fields are empty."""
    return {**TYPED[channel], **dict.fromkeys(SECRETS[channel], ""), **changed}


@pytest.mark.parametrize(("channel", "secret", "changed"), MOVED)
def test_a_stored_key_is_not_sent_to_another_place_or_as_another_user(isp, admin, tried, channel, secret, changed):
    admin.post(address(channel), TYPED[channel])
    tried.clear()
    answer = admin.post(address(channel), again(channel, **changed))
    assert (answer.status_code, tried) == (422, [])
    assert list(answer.context["forms"]["channel"].errors) == [secret]
    ((name, value),) = changed.items()
    assert answer.context["forms"]["channel"][name].value() == value, "what was typed is lost"
    assert TYPED[channel][secret] not in text_of(answer)
    assert stored(isp, channel)[name] == TYPED[channel][name]
    # Who knows it types it again.
    admin.post(address(channel), again(channel, **changed, **{secret: "new-one1"}))
    assert (tried[0][secret], stored(isp, channel)[secret], stored(isp, channel)[name]) == (
        "new-one1",
        "new-one1",
        value,
    )


@pytest.mark.parametrize("channel", TYPED)
def test_an_empty_field_keeps_the_key_as_long_as_the_place_is_the_same(isp, admin, tried, channel):
    admin.post(address(channel), TYPED[channel])
    extra = {"sender": "other@wispmega.mx" if channel == "own_smtp" else "Other"}
    admin.post(address(channel), again(channel, **extra))
    now = stored(isp, channel)
    assert now["sender"] == extra["sender"]
    assert [now[name] for name in SECRETS[channel]] == [TYPED[channel][name] for name in SECRETS[channel]]


def test_without_the_defence_a_thief_gets_the_key(isp, admin, tried, monkeypatch):
    """The control of the tests above."""
    monkeypatch.setattr(kept, "_places", lambda _kind, _values: {})
    admin.post(address("own_smtp"), SMTP)
    admin.post(address("own_smtp"), again("own_smtp", host="smtp.thief.example"))
    assert (tried[-1]["host"], tried[-1]["password"]) == ("smtp.thief.example", "smtp-s3cret")


@pytest.mark.parametrize(
    ("channel", "emptied", "secret"),
    [
        ("own_smtp", {"imap_host": ""}, "imap_password"),
        ("own_smtp", {"user": ""}, "password"),
        ("http_sms", {"headers": ""}, "secret"),
    ],
)
def test_a_key_that_goes_nowhere_any_more_is_forgotten(isp, admin, tried, channel, emptied, secret):
    admin.post(address(channel), TYPED[channel])
    admin.post(address(channel), again(channel, **emptied))
    assert not tried[-1].get(secret)
    assert not stored(isp, channel).get(secret)
    with isp_scope(isp):
        assert TYPED[channel][secret] not in ChannelAccount.objects.get(channel=channel).secrets
    # It does not come back with the place either.
    admin.post(address(channel), again(channel))
    assert not tried[-1].get(secret)
    assert "It is set." not in str(admin.get(address(channel)).context["forms"]["channel"].fields[secret].help_text)


def test_a_key_that_is_typed_where_it_goes_nowhere_is_not_kept(isp, admin, tried):
    admin.post(address("own_smtp"), {**SMTP, "imap_host": ""})
    assert not stored(isp, "own_smtp").get("imap_password")


def test_the_verb_refuses_what_the_form_would(isp, admin, tried):
    admin.post(address("smpp"), SMPP)
    tried.clear()
    typed = {**again("smpp"), "host": "thief.example"}
    with isp_scope(isp), pytest.raises(channel_accounts.SecretNeeded) as refusal:
        channel_accounts.connect_channel(by=None, channel="smpp", values=typed, at=None)
    assert (refusal.value.field, tried) == ("password", [])


def test_every_secret_that_staff_type_is_bound_to_its_place_or_goes_to_one_that_nobody_types():
    """A new channel has to say where its secrets go. Those of WhatsApp go to Meta, whatever is typed."""
    unbound = {
        (name, field.name)
        for name, kind in kinds().items()
        for field in kind.fields
        if field.is_secret and not field.is_made and field.name not in _bound(kind)
    }
    assert unbound == {("whatsapp", "token"), ("whatsapp", "app_secret")}


def _bound(kind: type[Channel]) -> set[str]:
    return set(kind.places({field.name: "x" for field in kind.fields}))


@pytest.mark.parametrize("kind", gateways().values())
def test_keys_of_gateways_are_always_typed_anew(kind):
    assert set(KeysForm({}, kind=kind).errors) == {field.name for field in kind.fields}
