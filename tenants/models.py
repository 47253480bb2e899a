"""The platform's own tables: ISPs, the people who work for them, sign-ups."""

import uuid
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.expressions import Combinable
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models import OutgoingMail, Token
from tenants.licence_models import Licence
from tenants.roles import Role
from tenants.schema_models import OrphanSchema, SchemaTemplate, SpareSchema, new_schema_name
from tenants.slugs import skeleton

# Django looks for models here.
__all__ = ["Licence", "OrphanSchema", "SchemaTemplate", "SpareSchema"]


def off_the_air(isp: str) -> Combinable:
    """For annotate(): whether the ISP that a field leads to is off the air, for whatever reason."""
    return _off_the_air(isp, settings.MIGRATION_FAILED_ISPS)


@cache
def _off_the_air(isp: str, failed: str) -> Combinable:
    # Each page asks. Django makes a copy of an expression for each query, so the same one does for all.
    reasons = IspSuspension.objects.running(), Closing.objects.running(), FailedMigration.objects.refused()
    suspended, closed, broken = (models.Exists(rows.filter(isp=models.OuterRef(isp))) for rows in reasons)
    return suspended | closed | broken


class IspQuerySet(models.QuerySet["ISP"]):
    def suspended(self) -> "IspQuerySet":
        """Those off the air: suspended by the operator, closed, or refused for what their schema lacks."""
        reasons = IspSuspension.objects.running(), Closing.objects.running(), FailedMigration.objects.refused()
        off = [models.Q(pk__in=rows.values("isp_id")) for rows in reasons]
        return self.filter(off[0] | off[1] | off[2])

    def with_state(self) -> "IspQuerySet":
        """Adds `is_suspended` (off the air: suspended, closed, refused for its schema), `is_closed`, `needs_repair`."""
        closed = models.Exists(Closing.objects.running().filter(isp=models.OuterRef("pk")))
        marked = models.Exists(FailedMigration.objects.filter(isp=models.OuterRef("pk")))
        return self.annotate(is_suspended=off_the_air("pk"), is_closed=closed, needs_repair=marked)

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
    # Empty: not known yet. No index: the fleet's query reads all rows, and a release changes it in every one.
    release = models.CharField(max_length=12, default="", editable=False)
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


class ClosingQuerySet(models.QuerySet["Closing"]):
    def running(self) -> "ClosingQuerySet":
        return self.filter(cancelled_at=None)

    def over(self, *, at: datetime) -> "ClosingQuerySet":
        """Closings whose time of grace has ended."""
        return self.running().filter(ends_at__lte=at)


class Closing(models.Model):
    """An ISP that has been closed: off the air at once, deleted after `ends_at` unless the closing is cancelled."""

    isp = models.ForeignKey(ISP, on_delete=models.CASCADE, related_name="closings")
    reason = models.CharField(_("reason"), max_length=300)
    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey("StaffUser", on_delete=models.PROTECT, related_name="+", null=True)
    ends_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey("StaffUser", on_delete=models.PROTECT, related_name="+", null=True)

    objects = ClosingQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["isp"], condition=models.Q(cancelled_at=None), name="one_running_closing")
        ]

    def __str__(self) -> str:
        return self.reason


class FormerSlugQuerySet(models.QuerySet["FormerSlug"]):
    def live(self) -> "FormerSlugQuerySet":
        """Those that still lead to their ISP."""
        return self.filter(until__gt=timezone.now())

    def looking_like(self, slug: str) -> "FormerSlugQuerySet":
        return self.filter(slug_skeleton=skeleton(slug))


class FormerSlug(models.Model):
    """A slug that an ISP had, which redirects to the new one until a time; afterwards it is free again."""

    isp = models.ForeignKey(ISP, on_delete=models.CASCADE, related_name="former_slugs")
    slug = models.CharField(max_length=40, unique=True)  # who takes a slug removes a row that has run out
    slug_skeleton = models.CharField(max_length=40, db_index=True)
    until = models.DateTimeField()

    objects = FormerSlugQuerySet.as_manager()

    class Meta:
        ordering = ["-until"]

    def __str__(self) -> str:
        return self.slug


class Deletion(models.Model):
    """What is left to remove of an ISP whose deletion has begun. The row goes when nothing is left."""

    isp_id = models.BigIntegerField(unique=True)
    uuid = models.UUIDField()
    slug = models.CharField(max_length=40)
    schema_name = models.CharField(max_length=14)
    begun_at = models.DateTimeField(auto_now_add=True)
    by_id = models.BigIntegerField(null=True)  # the operator; None: the end of the time of grace
    rows_removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["begun_at"]

    def __str__(self) -> str:
        return self.slug


class DataExport(models.Model):
    """A full export that the owner of an ISP asked for, made in the background and kept for a few days."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("being made")
        DONE = "done", _("ready")
        FAILED = "failed", _("failed")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    isp = models.ForeignKey(ISP, on_delete=models.CASCADE, related_name="exports")
    asked_by = models.ForeignKey("StaffUser", on_delete=models.SET_NULL, related_name="+", null=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    size = models.PositiveBigIntegerField(default=0)  # bytes

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["isp"], condition=models.Q(state__in=["waiting", "running"]), name="one_export_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.DONE

    @property
    def is_under_way(self) -> bool:
        return self.state in {self.State.WAITING, self.State.RUNNING}


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
    signed_out_at = models.DateTimeField(null=True, editable=False)  # the last time, on whatever device

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

    keeps_text = False


class DueWorkQuerySet(models.QuerySet["DueWork"]):
    def due(self, *, at: datetime) -> "DueWorkQuerySet":
        """Work whose time has come, of ISPs that are on the air; what waits longest first."""
        return self.filter(due_at__lte=at).exclude(isp__in=ISP.objects.suspended()).order_by("due_at")


class DueWork(models.Model):
    """When a kind of work (see core.periodic) is to be done next for an ISP."""

    isp = models.ForeignKey(ISP, on_delete=models.CASCADE, related_name="due_work")
    kind = models.CharField(max_length=40)
    due_at = models.DateTimeField(db_index=True)

    objects = DueWorkQuerySet.as_manager()

    class Meta:
        ordering = ["due_at"]
        constraints = [models.UniqueConstraint(fields=["isp", "kind"], name="one_due_date_per_kind")]

    def __str__(self) -> str:
        return self.kind


from tenants.fleet.marks import FailedMigration  # noqa: E402  it points at ISP, and tenants is its app
