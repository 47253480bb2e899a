"""The ISP's own sender: what a zone says, and what mails are then."""

import pytest
from django.core import mail as outbox
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope
from domains.dns import Answer
from messaging import sender_checks
from messaging.models import SenderDomain
from messaging.outbox import turns
from messaging.services import sender_domain, write_message
from messaging.tasks import look_at_sender, look_at_sender_again

SPF = "include:_spf.localhost"


@pytest.fixture
def zone(monkeypatch):
    """TXT records by name; a text alone is a failure of the DNS."""
    records: dict[str, object] = {}

    def look_up(name, kind):
        found = records.get(name)
        if found is None:
            return Answer("nxdomain")
        return Answer(found) if isinstance(found, str) else Answer("found", tuple(found))

    monkeypatch.setattr(sender_checks, "look_up", look_up)
    return records


@pytest.fixture
def sender(in_isp, clerk) -> SenderDomain:
    sender_domain.choose_sender(by=clerk, host="wispmega.mx", mailbox="facturas")
    return SenderDomain.load()


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (None, "nothing"),
        (["google-site-verification=x"], "nothing"),
        ([f"v=spf1 mx {SPF} ~all"], "found"),
        ([f"v=spf1 +{SPF} -all"], "found"),
        ([f"v=spf1 -{SPF} ~all"], "without_us"),
        (["v=spf1 mx ~all"], "without_us"),
        (["v=spf1 mx ~all", f"v=spf1 {SPF} ~all"], "several"),
        ([f"v=spf1 {SPF} +all"], "everybody"),
        (["v=spf1 include:nested.example ~all"], "found"),
        (["v=spf1 include:loop.example ~all"], "without_us"),
        ([f"v=spf1 {' '.join(f'a:h{n}.example' for n in range(11))} {SPF} ~all"], "too_many"),
        ("timeout", "timeout"),
    ],
)
def test_spf(zone, records, reason):
    zone.update({"nested.example": [f"v=spf1 {SPF} -all"], "loop.example": ["v=spf1 include:loop.example -all"]})
    if records is not None:
        zone["wispmega.mx"] = records
    assert sender_checks.policy("wispmega.mx", SPF).reason == reason


@pytest.mark.parametrize(
    ("records", "state", "reason"),
    [
        (None, "bad", "nothing"),
        (["v=DKIM1; k=rsa; p=KEY"], "good", "found"),
        (["v=DKIM1;k=rsa;p=KE Y"], "good", "found"),
        (["v=DKIM1; p="], "bad", "revoked"),
        (["v=DKIM1; p=OTHER"], "bad", "other_key"),
        (["hello"], "bad", "broken"),
        ("servfail", "warning", "servfail"),
    ],
)
def test_dkim(zone, records, state, reason):
    if records is not None:
        zone["lm1._domainkey.wispmega.mx"] = records
    verdict = sender_checks.dkim("lm1._domainkey.wispmega.mx", "KEY")
    assert (verdict.state, verdict.reason) == (state, reason)


@pytest.mark.parametrize(
    ("host", "records", "reason"),
    [
        ("mail.wispmega.mx", ["v=DMARC1; p=reject"], "found"),
        ("wispmega.mx", ["v=DMARC1; p=none; rua=mailto:a@b.example"], "watching"),
        ("wispmega.mx", ["v=DMARC1; p=perhaps"], "broken"),
        ("wispmega.mx", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "several"),
        ("wispmega.mx", None, "nothing"),
        ("wispmega.mx", "servfail", "servfail"),
    ],
)
def test_dmarc(zone, host, records, reason):
    if records is not None:
        zone["_dmarc.wispmega.mx"] = records
    assert sender_checks.dmarc(host).reason == reason


def test_mails_come_from_it_once_the_key_stands_there_and_no_longer_than_that(in_isp, sender, zone):
    def sent() -> str:
        write_message(medium="email", to=f"c{len(outbox.outbox)}@mail.example", text="x", subject="x", from_name="Us")
        turns.take_turn(isp_id=in_isp.pk, medium="email")
        return str(outbox.outbox[-1].from_email)

    assert "no-reply@" in sent()
    zone[sender.key_name] = [sender.key_record]
    look_at_sender(isp_id=in_isp.pk)
    assert sent() == "Us <facturas@wispmega.mx>"
    assert "DKIM-Signature" in outbox.outbox[-1].message()
    zone[sender.key_name] = "timeout"
    look_at_sender(isp_id=in_isp.pk)
    assert sent() == "Us <facturas@wispmega.mx>"  # an outage takes nothing away
    del zone[sender.key_name]
    look_at_sender(isp_id=in_isp.pk)
    assert "no-reply@" in sent()
    verbs = list(AuditEntry.objects.filter(verb__contains="sender").order_by("pk").values_list("verb", flat=True))
    assert [verb.rpartition(".")[2] for verb in verbs] == ["chosen", "proved", "lost"]


def test_another_domain_has_another_key_and_another_mailbox_keeps_it(in_isp, sender, clerk):
    old = sender.selector, sender.public_key
    sender_domain.choose_sender(by=clerk, host="wispmega.mx", mailbox="hola")
    same = SenderDomain.load()
    assert (same.selector, same.public_key) == old
    assert sender_domain.choose_sender(by=clerk, host="wispmega.mx", mailbox="hola") is False
    sender_domain.choose_sender(by=clerk, host="fibra.mx", mailbox="hola")
    assert SenderDomain.load().public_key != old[1]
    assert "PRIVATE" not in str(list(AuditEntry.objects.values()))


def test_it_is_looked_at_each_hour_while_new_and_each_day_then(
    in_isp, sender, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr(look_at_sender, "delay", lambda **told: asked.append(told))
    with django_capture_on_commit_callbacks(execute=True):
        look_at_sender_again(isp_id=in_isp.pk)
    assert len(asked) == 1
    SenderDomain.objects.update(checked_at=timezone.now(), findings={"dkim": {"state": "good"}})
    with django_capture_on_commit_callbacks(execute=True):
        look_at_sender_again(isp_id=in_isp.pk)
    assert len(asked) == 1


def test_staff_set_it_see_the_records_and_what_is_missing(isp, owner, signed_in, zone):
    browser = signed_in(owner)
    assert "Who your mails come from" in browser.get("/wispmega/settings/sender/").text
    for typed, wrong in [
        ("facturas@wispmega.localhost", "name of the platform"),
        ("facturas@com.mx", "open to everybody"),
        ("a\nb@wispmega.mx", "valid email"),
        ("wispmega.mx", "nter a"),
    ]:
        page = browser.post("/wispmega/settings/sender/", {"address": typed})
        assert page.status_code == 422
        assert wrong in page.text
    page = browser.post("/wispmega/settings/sender/", {"address": "facturas@Wispmega.MX"}, follow=True)
    with isp_scope(isp):
        row = SenderDomain.load()
    assert row.address == "facturas@wispmega.mx"
    for text in (row.key_name, row.public_key, "v=spf1 include:_spf.localhost ~all", "v=DMARC1; p=none"):
        assert text in page.text
    assert "Not looked at yet." in page.text
    with isp_scope(isp):
        assert "PRIVATE" in row.private_key
    assert "PRIVATE" not in page.text
    look_at_sender(isp_id=isp.pk)
    lines = browser.get("/wispmega/settings/sender/lines/?seen=old")
    assert "The record is not there yet." in lines.text
    seen = lines.text.partition("seen=")[2][:16]
    assert browser.get(f"/wispmega/settings/sender/lines/?seen={seen}").content == b""
    page = browser.post("/wispmega/settings/sender/give-up/", follow=True)
    assert "from our own address again" in page.text
    assert row.key_name not in page.text
