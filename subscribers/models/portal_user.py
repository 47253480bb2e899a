"""Logins of the portal."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from subscribers.models.subscriber import Subscriber
from subscribers.search import PLACES, Words

USERNAME = r"\A[A-Za-z0-9._-]{3,60}\Z"


class PortalUser(AbstractBaseUser):
    """A login that belongs to a subscriber. Lives in the ISP's schema, and in no other."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="portal_users")
    username = models.CharField(
        _("user name"),
        max_length=60,
        unique=True,
        validators=[
            RegexValidator(USERNAME, _("Use 3 to 60 letters without accents, digits, dots, hyphens and underscores."))
        ],
    )
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"

    class Meta:
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="username_in_any_case",
                violation_error_message=_("This user name is taken."),
            ),
            # No @: sign-in tells user names from e-mail addresses and from name@isp by it.
            models.CheckConstraint(condition=models.Q(username__regex=USERNAME), name="username_form"),
        ]
        indexes = [
            models.Index(Lower("email"), name="portal_user_email"),
            GinIndex(Words(**PLACES["PortalUser"]), name="portal_user_words"),
        ]
        verbose_name = _("portal user")
        verbose_name_plural = _("portal users")

    def __str__(self) -> str:
        return self.username

    @property
    def audit_kind(self) -> str:
        return "portal_user"

    @property
    def audit_label(self) -> str:
        return self.username
