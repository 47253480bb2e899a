"""From which address the platform's mail server writes for an ISP."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.crypto import SecretField
from core.singleton import Singleton
from domains.hosts import registrable
from domains.models import DnsRecord
from messaging.sender_words import TITLES, sentence

DAILY = timedelta(days=1)
EAGER = timedelta(days=3)  # after a change, in which it is looked every hour
CHECKS = ["dkim", "spf", "dmarc"]


class Finding:
    """What one look at the DNS came to."""

    def __init__(self, check_name: str, told: dict[str, Any], checked_at: datetime | None) -> None:
        self.check_name = check_name
        self.state = str(told.get("state", "waiting"))
        self.reason = str(told.get("reason", "not_yet"))
        self.value = str(told.get("value", ""))
        since = told.get("since")
        self.since = datetime.fromisoformat(since) if since else None
        self.checked_at = checked_at

    @property
    def title(self) -> str:
        return str(TITLES[self.check_name])

    @property
    def sentence(self) -> str:
        return sentence(self.check_name, self.reason, self.value)

    def get_state_display(self) -> str:
        return str(STATES[self.state])


STATES = {"waiting": _("waiting"), "good": _("good"), "warning": _("look at this"), "bad": _("missing or wrong")}


class SenderDomain(Singleton):
    """The domain that mails of an ISP come from when the platform's server carries them, with a key of its own.

    Whoever puts our public key into the zone has shown that the zone is theirs; so the key is proof and signature.
    """

    host = models.CharField(max_length=253, blank=True, default="", db_default="")
    mailbox = models.CharField(max_length=64, default="no-reply", db_default="no-reply")
    selector = models.CharField(max_length=30, blank=True, default="", db_default="")
    private_key = SecretField(blank=True)
    public_key = models.TextField(blank=True, default="", db_default="")
    findings = models.JSONField(default=dict, db_default={})
    changed_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)

    class Meta(Singleton.Meta):
        verbose_name = _("sender domain")
        verbose_name_plural = _("sender domains")

    def __str__(self) -> str:
        return self.address

    @property
    def address(self) -> str:
        return f"{self.mailbox}@{self.host}" if self.host else ""

    @property
    def is_used(self) -> bool:
        """Whether mails come from it: as long as the key stands in the zone."""
        return bool(self.host) and self.findings.get("dkim", {}).get("state") == "good"

    @property
    def lines(self) -> list[Finding]:
        return [Finding(name, self.findings.get(name, {}), self.checked_at) for name in CHECKS]

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.host}"

    @property
    def key_record(self) -> str:
        return f"v=DKIM1; k=rsa; p={self.public_key}"

    @property
    def records(self) -> list[DnsRecord]:
        """What the ISP has to create: the key, who may send, and what becomes of false mails."""
        if not self.host:
            return []
        below = self.host.removesuffix(registrable(self.host)).rstrip(".")

        def relative(name: str) -> str:
            return f"{name}.{below}" if below else name

        policy = f"v=spf1 {self.spf_mechanism} ~all"
        return [
            DnsRecord("TXT", self.key_name, relative(f"{self.selector}._domainkey"), self.key_record),
            DnsRecord("TXT", self.host, below or "@", policy),
            DnsRecord("TXT", f"_dmarc.{self.host}", relative("_dmarc"), "v=DMARC1; p=none"),
        ]

    @property
    def spf_mechanism(self) -> str:
        return str(settings.MAIL_SPF)

    def is_due(self, at: datetime) -> bool:
        """Whether it is time to look at the DNS again."""
        if not self.host:
            return False
        is_eager = self.changed_at is not None and at - self.changed_at < EAGER and not self.is_used
        return is_eager or self.checked_at is None or at - self.checked_at >= DAILY
