"""The ISP's customers."""

import uuid

from django.apps import apps
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from company.models import InvoiceGroup
from subscribers.models.network import Zone
from subscribers.search import LOGIN, SERVICE, SUBSCRIBER, SortName, Words, query_for


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def search(self, text: str) -> "SubscriberQuerySet":
        """Those who fit what was typed, by the beginnings of words; all for no text.

        Looked at are names, numbers, addresses, phones and e-mail addresses, the user names of logins, and number and
        address of services. The words must all be found in one of the three places.
        """
        text = text.strip()
        if not text:
            return self
        words = query_for(text)
        if words is None:
            return self.none()
        places = {
            "Subscriber": (SUBSCRIBER, "pk"),
            "Service": (SERVICE, "subscriber"),
            "PortalUser": (LOGIN, "subscriber"),
        }
        found = []
        for name, (of, key) in places.items():
            rows = apps.get_model("subscribers", name).objects.order_by().alias(words=Words(**of))
            found.append(rows.filter(words=words).values(key))
        return self.filter(pk__in=found[0].union(*found[1:]))

    def with_service(self, **where: object) -> "SubscriberQuerySet":
        """Those with a service of, say, this state and tariff."""
        services = apps.get_model("subscribers", "Service").objects.order_by()
        return self.filter(models.Exists(services.filter(subscriber=models.OuterRef("pk"), **where)))


class Subscriber(models.Model):
    """A household or company that is the ISP's customer."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        COMPANY = "company", _("company")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(_("subscriber number"), unique=True)
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("surname"), max_length=80, blank=True)
    id_number = models.CharField(_("official ID number"), max_length=40, blank=True, db_index=True)
    email = models.EmailField(_("e-mail"), blank=True)
    mobile = models.CharField(_("mobile"), max_length=20, blank=True, db_index=True)  # E.164
    second_mobile = models.CharField(_("second mobile"), max_length=20, blank=True, db_default="")  # E.164
    address = models.CharField(_("address"), max_length=200, blank=True)
    district = models.CharField(_("district"), max_length=80, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("zone"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PERSON, db_default=Kind.PERSON.value)
    business_name = models.CharField(_("business name"), max_length=160, blank=True, db_default="")
    tax_id = models.CharField(_("tax ID"), max_length=40, blank=True, db_default="")  # see subscribers.tax_ids
    billing_address = models.CharField(_("billing address"), max_length=300, blank=True, db_default="")
    billing_email = models.EmailField(_("billing e-mail"), blank=True, db_default="")
    group = models.ForeignKey(
        InvoiceGroup,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="subscribers",
        verbose_name=_("invoice group"),
    )
    created_at = models.DateTimeField(_("customer since"), auto_now_add=True)
    # Counts the changes of the card, so that whoever saves an older one is told what changed meanwhile.
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    sort_name = models.GeneratedField(
        expression=SortName("last_name", "first_name"),
        output_field=models.CharField(max_length=161),
        db_persist=True,
    )

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        ordering = ["sort_name", "pk"]
        indexes = [
            models.Index(Lower("email"), name="subscriber_email"),
            models.Index(fields=["sort_name", "id"], name="subscriber_order"),
            models.Index(fields=["created_at", "id"], name="subscriber_since"),
            GinIndex(Words(**SUBSCRIBER), name="subscriber_words"),
        ]
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def listed_name(self) -> str:
        """The name as a list sorted by surname shows it."""
        return f"{self.last_name}, {self.first_name}" if self.last_name else self.first_name

    @property
    def town(self) -> str:
        """Postcode and city on one line."""
        return f"{self.postcode} {self.city}".strip()
