"""Links that let a portal user in, and what keeps others out."""

import uuid
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import Token
from subscribers.models.portal_user import PortalUser


class PortalToken(Token):
    """A mailed link of a portal user, good for one use. A newer one takes the place of those before."""

    portal_user = models.ForeignKey(PortalUser, on_delete=models.CASCADE, related_name="tokens")
    # Which mass sending it came from; each sends a login one link at most.
    run = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "portal_user"], name="one_token_of_a_run")]


class AutoLoginLinkQuerySet(models.QuerySet["AutoLoginLink"]):
    def good(self, *, at: datetime) -> "AutoLoginLinkQuerySet":
        """Those that let somebody in at a moment."""
        return self.filter(revoked_at=None, expires_at__gt=at)


class AutoLoginLink(models.Model):
    """A link that signs a portal user in, as often as it is opened, until it ends. Its secret is kept hashed."""

    class Scope(models.TextChoices):
        PAY = "pay", _("paying only")
        EVERYTHING = "everything", _("everything")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    portal_user = models.ForeignKey(PortalUser, on_delete=models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(_("opens"), max_length=10, choices=Scope, default=Scope.PAY)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(_("works until"))
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    uses = models.PositiveIntegerField(default=0)
    by_kind = models.CharField(max_length=20, blank=True)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    run = models.UUIDField(null=True)  # the mass sending it came from

    objects = AutoLoginLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["run", "portal_user"], name="one_link_of_a_run")]
        verbose_name = _("auto-login link")
        verbose_name_plural = _("auto-login links")

    def __str__(self) -> str:
        return f"{self.portal_user_id} {self.scope}"

    @property
    def is_for_paying_only(self) -> bool:
        return self.scope != self.Scope.EVERYTHING

    def is_good(self, *, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at


class SignInBlock(models.Model):
    """A network from which too much was tried at a login. The network is kept as a hash: it is compared, never read."""

    portal_user = models.ForeignKey(PortalUser, on_delete=models.CASCADE, related_name="blocks")
    network = models.CharField(max_length=64)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["portal_user", "network"], name="one_block_of_a_network")]
        indexes = [models.Index(fields=["until"], name="sign_in_block_until")]

    def __str__(self) -> str:
        return f"{self.portal_user_id} until {self.until}"
