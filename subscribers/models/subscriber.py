"""The ISP's customers."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import apps
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from company.models import InvoiceGroup
from subscribers.models.network import Zone
from subscribers.search import PLACES, SortName, Words, query_for


def _place(name: str, words: SearchQuery) -> models.QuerySet[models.Model]:
    """The rows of a model in whose words it is found."""
    rows = apps.get_model("subscribers", name).objects.order_by()
    return rows.alias(words=Words(**PLACES[name])).filter(words=words)


class Erased(Exception):
    """The customer's data has been erased: nothing is added or changed any more."""


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def not_erased(self) -> "SubscriberQuerySet":
        """Those whose data has not been erased."""
        return self.filter(erased_at=None)

    def consenting(self, document: models.Model, *, to_latest: bool = False) -> "SubscriberQuerySet":
        """Those whose consent to a document stands; with `to_latest` to the version that is published now."""
        given = apps.get_model("subscribers", "Consent").objects.order_by()
        given = given.filter(subscriber=models.OuterRef("pk"), document=document, ended_at=None)
        if to_latest:
            versions = apps.get_model("subscribers", "ConsentVersion").objects.exclude(published_at=None)
            latest = versions.filter(document=document).order_by("-number").values("pk")[:1]
            given = given.filter(version=models.Subquery(latest))
        return self.not_erased().filter(models.Exists(given))

    def lock_to_add(self, pk: int) -> "Subscriber":
        """Lock a customer to whom something is added, so that an erasure comes before or after it. Raises Erased."""
        found = self.select_for_update(of=("self",)).get(pk=pk)
        if found.is_erased:
            raise Erased(found.number)
        return found

    def lock_all_to_add(self, keys: Sequence[int]) -> list["Subscriber"]:
        """Lock several in the order in which everybody does, as `lock_to_add`; of erased ones nothing comes back."""
        rows = self.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
        return [each for each in rows if not each.is_erased]

    def search(self, text: str) -> "SubscriberQuerySet":
        """Those who fit what was typed, by the beginnings of words; all for no text.

        Looked at are names, numbers, addresses, phones and e-mail addresses, the user names of logins, and number and
        address of services. The words must all be found in one of the three places.
        """
        if not text.strip():
            return self
        words = query_for(text)
        return self.filter(pk__in=_keys(words)) if words else self.none()

    def each_with(self, text: str) -> "SubscriberQuerySet":
        """The same as `search`, put so that each row is looked at by itself.

        It is for the first page of a sorted list where many fit: looking ends as soon as the page is full, while to
        collect them all would take many times as long. Where few fit, all rows would be looked at.
        """
        words = query_for(text)
        if words is None:
            return self.search(text)
        of_it = {"subscriber": models.OuterRef("pk")}
        elsewhere = [models.Exists(_place(name, words).filter(**of_it)) for name in ("Service", "PortalUser")]
        rows = self.alias(words=Words(**PLACES["Subscriber"]))
        return rows.filter(models.Q(words=words) | elsewhere[0] | elsewhere[1])

    def alike(self, *, id_number: str = "", phones: Iterable[str] = (), email: str = "") -> "SubscriberQuerySet":
        """Those with this ID number, one of these phones or this e-mail address; nobody for nothing."""
        same = models.Q()
        if id_number:
            same |= models.Q(id_number=id_number)
        if phones := [phone for phone in phones if phone]:
            same |= models.Q(mobile__in=phones) | models.Q(second_mobile__in=phones)
        if email:
            same |= models.Q(mail=email.lower())
        return self.alias(mail=Lower("email")).filter(same) if same else self.none()

    def with_service(self, **where: object) -> "SubscriberQuerySet":
        """Those with a service of, say, this state and tariff."""
        services = apps.get_model("subscribers", "Service").objects.order_by()
        return self.filter(models.Exists(services.filter(subscriber=models.OuterRef("pk"), **where)))

    def without_service(self) -> "SubscriberQuerySet":
        """Those who have none, not even one that has ended."""
        services = apps.get_model("subscribers", "Service").objects.order_by()
        return self.filter(~models.Exists(services.filter(subscriber=models.OuterRef("pk"))))


def _keys(words: SearchQuery, **how: bool) -> Any:
    """The keys of the subscribers for whom it is found in one of the places."""
    own, *others = (_place(name, words).values_list("pk" if name == "Subscriber" else "subscriber") for name in PLACES)
    return own.union(*others, **how)


def keys_for(text: str, *, at_most: int) -> set[int] | None:
    """The keys of those whom `search` finds; None if they are too many. One query, which does not look for them all."""
    words = query_for(text)
    if words is None:
        return set()
    # Somebody may be found in all three places.
    keys = {key for (key,) in _keys(words, all=True)[: 3 * at_most + 1]}
    return keys if len(keys) <= at_most else None


# What an erasure empties.
BLANKED = (
    *("first_name", "last_name", "business_name", "id_number", "tax_id", "email", "billing_email", "mobile"),
    *("second_mobile", "address", "district", "city", "postcode", "billing_address"),
)


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
    tax_id = models.CharField(_("tax ID"), max_length=40, blank=True, db_default="")  # see company.tax_ids
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
    # Since when nothing is known of the customer but number and what has to be kept.
    erased_at = models.DateTimeField(_("erased"), null=True, editable=False)
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
            models.Index(fields=["second_mobile"], name="subscriber_second_mobile"),
            GinIndex(Words(**PLACES["Subscriber"]), name="subscriber_words"),
        ]
        constraints = [
            # Whatever wants to write into an erased customer's card fails, also what never asks.
            models.CheckConstraint(
                condition=models.Q(erased_at=None) | models.Q(**dict.fromkeys(BLANKED, "")), name="erased_stays_empty"
            )
        ]
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")

    def __str__(self) -> str:
        return self.full_name

    @property
    def is_erased(self) -> bool:
        return self.erased_at is not None

    @property
    def full_name(self) -> str:
        if self.is_erased:
            return gettext("Erased customer %(number)s") % {"number": self.number}
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def listed_name(self) -> str:
        """The name as a list sorted by surname shows it."""
        if self.is_erased:
            return self.full_name
        return f"{self.last_name}, {self.first_name}" if self.last_name else self.first_name

    @property
    def town(self) -> str:
        """Postcode and city on one line."""
        return f"{self.postcode} {self.city}".strip()
