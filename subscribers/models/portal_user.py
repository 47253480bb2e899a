"""Logins of the portal."""

import uuid
from datetime import date, datetime
from typing import TYPE_CHECKING, Optional

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from subscribers.models.subscriber import Subscriber
from subscribers.portal_roles import PortalRole, portal_rights_of
from subscribers.search import PLACES, Words

if TYPE_CHECKING:
    from subscribers.models.login_links import AutoLoginLink

USERNAME = r"\A[A-Za-z0-9._-]{3,60}\Z"


class PortalUserQuerySet(models.QuerySet["PortalUser"]):
    def open(self, *, on: date) -> "PortalUserQuerySet":
        """Those who can use the portal on a date of the ISP."""
        began = models.Q(valid_from=None) | models.Q(valid_from__lte=on)
        lasts = models.Q(valid_until=None) | models.Q(valid_until__gte=on)
        return self.filter(began, lasts, is_active=True)


class PortalUser(AbstractBaseUser):
    """A login that belongs to a subscriber. Lives in the ISP's schema, and in no other."""

    class OneTime(models.TextChoices):
        NONE = "", _("own password")
        DICTATED = "dictated", _("dictated by phone")
        INITIAL = "initial", _("initial password by rule")

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
    person = models.CharField(_("name of the person"), max_length=120, blank=True, db_default="")
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True)
    role = models.CharField(
        _("role"), max_length=10, choices=PortalRole, default=PortalRole.OWNER, db_default=PortalRole.OWNER.value
    )
    is_active = models.BooleanField(default=True)
    # Dates of the ISP; both days are included.
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    # A password that signs in once until then, after which its owner has to choose one. An initial one is not stored:
    # the ISP's rule makes it of the subscriber's data whenever somebody tries it.
    one_time = models.CharField(max_length=10, choices=OneTime, blank=True, default="", db_default="")
    one_time_until = models.DateTimeField(null=True, blank=True)
    one_time_failures = models.PositiveSmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"

    objects = PortalUserQuerySet.as_manager()

    # How the current session began; set by subscribers.authentication.
    entered_by: Optional["AutoLoginLink"] = None
    is_fresh = False  # whether it has just begun with a one-time password

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
            models.CheckConstraint(
                condition=models.Q(valid_from=None)
                | models.Q(valid_until=None)
                | models.Q(valid_until__gte=models.F("valid_from")),
                name="portal_user_valid_in_order",
                violation_error_message=_("The end lies before the beginning."),
            ),
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

    @property
    def rights(self) -> frozenset[str]:
        """The rights of the role, for templates."""
        return portal_rights_of(self.role)

    @property
    def pays_only(self) -> bool:
        """Whether the session began with a link that opens nothing but paying."""
        return self.entered_by is not None and self.entered_by.is_for_paying_only

    def is_open(self, *, on: date) -> bool:
        """Whether the login can be used on a date of the ISP."""
        return self.is_active and not self.is_early(on=on) and not self.is_over(on=on)

    def is_early(self, *, on: date) -> bool:
        return self.valid_from is not None and on < self.valid_from

    def is_over(self, *, on: date) -> bool:
        return self.valid_until is not None and on > self.valid_until

    def has_one_time(self, *, at: datetime) -> bool:
        """Whether a one-time password waits to be used."""
        return bool(self.one_time) and self.one_time_until is not None and at < self.one_time_until
