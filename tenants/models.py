"""The platform's own tables: ISPs, the people who work for them, sign-ups."""

import secrets
import uuid
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from core.models import OutgoingMail, Token
from tenants.roles import Role
from tenants.slugs import skeleton


def new_schema_name() -> str:
    """A schema name that was never used: `t_` and 12 random hex digits."""
    return f"t_{secrets.token_hex(6)}"


class IspQuerySet(models.QuerySet["ISP"]):
    def suspended(self) -> "IspQuerySet":
        return self.filter(pk__in=IspSuspension.objects.running().values("isp_id"))

    def with_state(self) -> "IspQuerySet":
        """Adds `is_suspended` (off the air: suspended, or refused for what its schema lacks)."""
        suspended = models.Exists(IspSuspension.objects.running().filter(isp=models.OuterRef("pk")))
        broken = models.Exists(FailedMigration.objects.refused().filter(isp=models.OuterRef("pk")))
        return self.annotate(is_suspended=suspended | broken)

    def with_members(self) -> "IspQuerySet":
        """Adds `members`, how many people work for it."""
        return self.annotate(members=models.Count("memberships"))

    def looking_like(self, slug: str) -> "IspQuerySet":
        """ISPs whose slug is this one or is easily taken for it."""
        return self.filter(slug_skeleton=skeleton(slug))


class ISP(models.Model):
    """A provider that uses the platform; the tenant. Its data is in the schema `schema_name`."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    slug = models.CharField(_("address"), max_length=40, unique=True)
    slug_skeleton = models.CharField(max_length=40, unique=True, editable=False)
    schema_name = models.CharField(
        max_length=14,
        unique=True,
        default=new_schema_name,
        editable=False,
        validators=[RegexValidator(r"^t_[0-9a-f]{12}$")],
    )
    release = models.CharField(max_length=12, default="", db_index=True, editable=False)  # empty: not known yet
    name = models.CharField(_("company"), max_length=120)
    country = models.CharField(_("country"), max_length=2)
    language = models.CharField(_("language"), max_length=5)
    currency = models.CharField(_("currency"), max_length=3)
    timezone = models.CharField(_("time zone"), max_length=50)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    objects = IspQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("ISP")
        verbose_name_plural = _("ISPs")

    def __str__(self) -> str:
        return self.name


class SpareSchema(models.Model):
    """A whole schema that no ISP has yet. It is made together with its row and claimed by deleting the row."""

    schema_name = models.CharField(max_length=14, unique=True, default=new_schema_name)
    release = models.CharField(max_length=12, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.schema_name


class SchemaTemplate(models.Model):
    """What makes a schema of one release: the statements of its migrations, as one text."""

    release = models.CharField(max_length=12, unique=True)
    schema_name = models.CharField(max_length=14)  # stands in `ddl` for the schema to be made
    ddl = models.TextField(blank=True)  # empty: the migrations cannot be repeated as text
    why_not = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.release


class OrphanSchema(models.Model):
    """A schema that was found to belong to nobody; it is removed once it has been one for long enough."""

    schema_name = models.CharField(max_length=14, unique=True)
    found_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.schema_name


class IspSuspensionQuerySet(models.QuerySet["IspSuspension"]):
    def running(self) -> "IspSuspensionQuerySet":
        return self.filter(ended_at=None)


class IspSuspension(models.Model):
    """A time in which the operator has taken an ISP off the air."""

    isp = models.ForeignKey(ISP, on_delete=models.CASCADE, related_name="suspensions")
    reason = models.CharField(_("reason"), max_length=300)
    started_at = models.DateTimeField(auto_now_add=True)
    started_by = models.ForeignKey("StaffUser", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey("StaffUser", on_delete=models.PROTECT, related_name="+", null=True)

    objects = IspSuspensionQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(fields=["isp"], condition=models.Q(ended_at=None), name="one_running_suspension")
        ]

    def __str__(self) -> str:
        return self.reason


class StaffUserManager(BaseUserManager["StaffUser"]):
    def get_by_natural_key(self, email: str | None) -> "StaffUser":
        return self.get(email__iexact=(email or "").strip())


class StaffUser(AbstractBaseUser):
    """A person who works for one or more ISPs, or operates the installation. Signs in with the e-mail address."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=5, default="en")
    is_active = models.BooleanField(default=True)
    is_operator = models.BooleanField(_("operator of the platform"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = StaffUserManager()

    class Meta:
        verbose_name = _("staff user")
        verbose_name_plural = _("staff users")
        constraints = [models.UniqueConstraint(Lower("email"), name="staff_email_in_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def audit_kind(self) -> str:
        return "staff"

    @property
    def audit_label(self) -> str:
        return f"{self.name} <{self.email}>"

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper() or self.email[:1].upper()


class Membership(models.Model):
    """What a person may do for one ISP."""

    isp = models.ForeignKey(ISP, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        ordering = ["user__name"]
        constraints = [models.UniqueConstraint(fields=["isp", "user"], name="one_membership_per_isp")]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()}"


class StaffToken(Token):
    """A link for staff: `set-password`, `invitation` (with ISP and role), `enter` (after sign-up)."""

    user = models.ForeignKey(StaffUser, on_delete=models.CASCADE, related_name="tokens", null=True)
    email = models.EmailField(blank=True)
    isp = models.ForeignKey(ISP, on_delete=models.CASCADE, null=True)
    role = models.CharField(max_length=20, choices=Role, blank=True)
    created_by = models.ForeignKey(StaffUser, on_delete=models.CASCADE, null=True, related_name="+")


class SignUpQuerySet(models.QuerySet["SignUp"]):
    def waiting(self) -> "SignUpQuerySet":
        """Confirmed, and not yet an ISP."""
        return self.filter(state=SignUp.State.WAITING)

    def failed(self) -> "SignUpQuerySet":
        """Given up for now; the owner can have them tried again."""
        return self.filter(state=SignUp.State.FAILED)

    def abandoned(self, *, at: datetime) -> "SignUpQuerySet":
        """Never confirmed for a week, or failed a month ago: nobody comes back for them."""
        return self.filter(
            models.Q(state=SignUp.State.UNCONFIRMED, created_at__lt=at - timedelta(days=7))
            | models.Q(state=SignUp.State.FAILED, finished_at__lt=at - timedelta(days=30))
        )


class SignUp(models.Model):
    """A company on its way to become an ISP. It holds everything until one transaction makes the ISP whole."""

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed", _("waiting for the e-mail address to be confirmed")
        WAITING = "waiting", _("waiting to be set up")
        DONE = "done", _("ready")
        FAILED = "failed", _("failed")

    # Why a sign-up failed, where it is not the name of an exception's class.
    SLUG_TAKEN = "slug_taken"

    form_key = models.UUIDField(default=uuid.uuid4, editable=False)  # of one showing of the form
    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    company = models.CharField(_("company"), max_length=120)
    slug = models.CharField(max_length=40)
    country = models.CharField(max_length=2)
    language = models.CharField(max_length=5)
    currency = models.CharField(max_length=3)
    timezone = models.CharField(max_length=50)
    name = models.CharField(max_length=120)
    email = models.EmailField()
    password = models.CharField(max_length=128)  # hashed; empty once it is done
    token_digest = models.CharField(max_length=64, unique=True)
    state = models.CharField(max_length=12, choices=State, default=State.UNCONFIRMED)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    isp = models.ForeignKey(ISP, on_delete=models.SET_NULL, null=True)
    new_user = models.ForeignKey(StaffUser, on_delete=models.SET_NULL, null=True)  # None: the person was known before
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = SignUpQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["form_key", "email", "slug"], name="one_sign_up_per_sending")]

    def __str__(self) -> str:
        return self.company

    @property
    def slug_was_taken(self) -> bool:
        return self.error == self.SLUG_TAKEN


class PlatformMail(OutgoingMail):
    """A mail of the platform itself: confirmations, invitations, new passwords."""


from tenants.fleet.marks import FailedMigration  # noqa: E402  it points at ISP, and tenants is its app
