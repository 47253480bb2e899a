"""The ISP's own sender address on the platform's mail server."""

import base64
import secrets
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.db import transaction
from django.utils import timezone

from core.audit import Actor, record
from core.celery import enqueue_on_commit
from messaging.models import SenderDomain
from messaging.outbox.turns import isp_of_scope
from messaging.sender_checks import examine
from messaging.tasks import look_at_sender


@transaction.atomic
def choose_sender(*, by: Actor, host: str, mailbox: str) -> bool:
    """Have mails come from an address, once the DNS says that the domain is the ISP's. Whether anything changed.

    A new domain gets a new key; another name before the @ keeps it.
    """
    row = SenderDomain.locked()
    before = row.address
    if (row.host, row.mailbox) == (host, mailbox):
        return False
    if row.host != host:
        row.host, row.findings, row.checked_at = host, {}, None
        row.selector = f"lm{secrets.token_hex(4)}"
        row.private_key, row.public_key = _new_key()
    row.mailbox, row.changed_at = mailbox, timezone.now()
    row.save()
    record("messaging.sender.chosen", by=by, on=row, changes={"address": [before, row.address]})
    enqueue_on_commit(look_at_sender, isp_id=isp_of_scope())
    return True


@transaction.atomic
def give_up_sender(*, by: Actor) -> None:
    """Have mails come from the platform's own address again. The key is forgotten."""
    row = SenderDomain.objects.select_for_update().filter(pk=1).exclude(host="").first()
    if row is None:
        return
    record("messaging.sender.given_up", by=by, on=row, address=row.address)
    row.delete()


def look_again(*, isp_id: int) -> None:
    """Have the DNS looked at within seconds. In a transaction."""
    enqueue_on_commit(look_at_sender, isp_id=isp_id)


def check_sender(*, at: datetime) -> None:
    """Look at the DNS and write down what it says. Outside a transaction, in the ISP's scope."""
    with transaction.atomic():
        row = SenderDomain.load()
    if not row.host:
        return
    verdicts = examine(host=row.host, key_name=row.key_name, public_key=row.public_key, spf=row.spf_mechanism)
    with transaction.atomic():
        now = SenderDomain.objects.select_for_update().filter(pk=1, selector=row.selector).first()
        if now is None:
            return  # It was given up or changed while the DNS was asked.
        was_used = now.is_used
        for name, verdict in verdicts.items():
            old = now.findings.get(name, {})
            if name == "dkim" and verdict.state == "warning" and old.get("state") == "good":
                continue  # An outage of the DNS takes nothing away.
            told = {"state": str(verdict.state), "reason": verdict.reason, "value": verdict.value}
            is_same = all(old.get(key) == value for key, value in told.items())
            now.findings[name] = told | {"since": old["since"] if is_same else at.isoformat()}
        if now.findings["dkim"]["state"] == "warning":
            now.findings["dkim"]["state"] = "waiting"  # never seen yet
        now.checked_at = at
        now.save(update_fields=["findings", "checked_at"])
        if now.is_used != was_used:
            verb = "messaging.sender.proved" if now.is_used else "messaging.sender.lost"
            record(verb, by=None, on=now, address=now.address)


def _new_key() -> tuple[str, str]:
    """A private key as PEM, and its public one as it stands in the DNS."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return private, base64.b64encode(public).decode()
