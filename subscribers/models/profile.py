"""What subscribers may do with their own data, and what they have asked to be changed."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from subscribers.models.portal_user import PortalUser
from subscribers.models.subscriber import Subscriber


class FieldAccess(models.TextChoices):
    """What the portal does with a field of the subscriber's data."""

    HIDDEN = "hidden", pgettext_lazy("field", "hidden")
    SHOWN = "shown", pgettext_lazy("field", "shown")
    APPROVAL = "approval", pgettext_lazy("field", "editable with approval")
    EDITABLE = "editable", pgettext_lazy("field", "editable")


class ProfileField(models.TextChoices):
    """The fields that an ISP may open. The official ID number can be shown, never changed."""

    FIRST_NAME = "first_name", _("First name")
    LAST_NAME = "last_name", _("Surname")
    ID_NUMBER = "id_number", _("Official ID number")
    MOBILE = "mobile", _("Mobile")
    SECOND_MOBILE = "second_mobile", _("Second mobile")
    EMAIL = "email", _("E-mail")
    ADDRESS = "address", _("Address")
    DISTRICT = "district", _("District")
    CITY = "city", _("City")
    POSTCODE = "postcode", _("Postcode")
    BUSINESS_NAME = "business_name", _("Business name")
    TAX_ID = "tax_id", _("Tax ID")
    BILLING_ADDRESS = "billing_address", _("Billing address")
    BILLING_EMAIL = "billing_email", _("Billing e-mail")


NEVER_EDITED = frozenset({ProfileField.ID_NUMBER})
# What goes on invoices and into contracts is looked at by somebody before it counts.
DEFAULT_ACCESS = {
    **dict.fromkeys(ProfileField, FieldAccess.APPROVAL),
    ProfileField.ID_NUMBER: FieldAccess.SHOWN,
    ProfileField.MOBILE: FieldAccess.EDITABLE,
    ProfileField.SECOND_MOBILE: FieldAccess.EDITABLE,
    ProfileField.BILLING_EMAIL: FieldAccess.EDITABLE,
}


class ProfileRule(models.Model):
    """An ISP's own choice for a field, in place of the default."""

    field = models.CharField(max_length=20, choices=ProfileField, unique=True)
    access = models.CharField(max_length=10, choices=FieldAccess)

    class Meta:
        ordering = ["field"]

    def __str__(self) -> str:
        return f"{self.field}: {self.access}"


def profile_access() -> dict[str, FieldAccess]:
    """What the portal does with each field now: the ISP's rules over the defaults. One query."""
    rules = dict(ProfileRule.objects.values_list("field", "access"))
    return {field.value: FieldAccess(rules.get(field.value, default)) for field, default in DEFAULT_ACCESS.items()}


class ProfileChangeQuerySet(models.QuerySet["ProfileChange"]):
    def pending(self) -> "ProfileChangeQuerySet":
        """Those that staff have not decided on."""
        return self.filter(state=ProfileChange.State.PENDING)


class ProfileChange(models.Model):
    """What a subscriber asked to have changed. At most one waits for each subscriber: another wish joins it."""

    class State(models.TextChoices):
        PENDING = "pending", pgettext_lazy("change", "waiting")
        APPROVED = "approved", pgettext_lazy("change", "approved")
        REFUSED = "refused", pgettext_lazy("change", "refused")
        WITHDRAWN = "withdrawn", pgettext_lazy("change", "withdrawn")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="profile_changes")
    portal_user = models.ForeignKey(PortalUser, on_delete=models.SET_NULL, null=True, related_name="+")
    username = models.CharField(_("asked by"), max_length=60)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    wanted = models.JSONField(default=dict)  # field: [value when it was asked for, wanted value]
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True, db_index=True)
    decided_at = models.DateTimeField(null=True)
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = ProfileChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber"], condition=models.Q(state="pending"), name="one_pending_profile_change"
            )
        ]

    def __str__(self) -> str:
        return f"{self.username}: {', '.join(self.wanted)}"

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return {"pending": "yellow", "approved": "green", "refused": "red"}.get(self.state, "secondary")

    @property
    def rows(self) -> list[dict[str, str]]:
        """Field by field: its name, what stood there, what is wanted."""
        names = dict(ProfileField.choices)
        return [
            {"field": field, "name": str(names.get(field, field)), "before": before, "after": after}
            for field, (before, after) in self.wanted.items()
        ]
