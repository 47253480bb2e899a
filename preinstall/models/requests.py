"""Install requests: what a prospect asks for, the documents, and what staff make of it."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Replace, Upper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from company.models import DocumentKind
from core.models import StoredFile
from core.singleton import Singleton
from subscribers.models import Subscriber


class State(models.TextChoices):
    NEW = "new", pgettext_lazy("install request", "new")
    IN_REVIEW = "in_review", pgettext_lazy("install request", "in review")
    APPROVED = "approved", pgettext_lazy("install request", "approved")
    REJECTED = "rejected", pgettext_lazy("install request", "rejected")
    ACTIVATED = "activated", pgettext_lazy("install request", "activated")


COLOURS = {
    State.NEW: "blue",
    State.IN_REVIEW: "yellow",
    State.APPROVED: "green",
    State.REJECTED: "red",
    State.ACTIVATED: "purple",
}
OPEN = (State.NEW, State.IN_REVIEW)
# From which states a state can be reached. What has become an installation stays so.
STEPS = {
    State.IN_REVIEW: {State.NEW, State.APPROVED, State.REJECTED},
    State.APPROVED: {State.NEW, State.IN_REVIEW},
    State.REJECTED: {State.NEW, State.IN_REVIEW},
}


class RequestCounter(Singleton):
    """The last number that was given to a request. Locked while the next one is taken, so numbers have no gaps."""

    last = models.PositiveIntegerField(default=0)

    class Meta(Singleton.Meta):
        pass


def id_key(number: str) -> str:
    """An ID number as it is compared: capitals and digits alone."""
    return "".join(c for c in number.upper() if c not in " .-/")


def _same_id(field: str) -> Upper:
    plain: models.expressions.Combinable = models.F(field)
    for mark in " .-/":
        plain = Replace(plain, models.Value(mark), models.Value(""))
    return Upper(plain)


class InstallRequestQuerySet(models.QuerySet["InstallRequest"]):
    def open(self) -> "InstallRequestQuerySet":
        """Requests that nobody has decided on."""
        return self.filter(state__in=OPEN)

    def alike(self, subscriber: Subscriber) -> "InstallRequestQuerySet":
        """Requests that became a subscriber, and those with the same e-mail address, phone or ID number."""
        phones = [phone for phone in (subscriber.mobile, subscriber.second_mobile) if phone]
        same = Q(subscriber=subscriber) | Q(mobile__in=phones) | Q(second_mobile__in=phones)
        if subscriber.email:
            same |= Q(email__iexact=subscriber.email)
        if key := id_key(subscriber.id_number):
            same |= Q(id_key=key)
        return self.alias(id_key=_same_id("id_number")).filter(same)

    def search(self, text: str) -> "InstallRequestQuerySet":
        """By reference, or a part of name, phone, e-mail, ID number or address; every word must be found."""
        rows = self
        for word in text.split():
            found = Q()
            for field in ("first_name", "last_name", "mobile", "email", "id_number", "address", "city"):
                found |= Q(**{f"{field}__icontains": word})
            digits = word.upper().removeprefix("R-")
            if digits.isdecimal() and len(digits) < 10:
                found |= Q(number=int(digits))
            rows = rows.filter(found)
        return rows


class InstallRequest(models.Model):
    """A prospect's wish to be connected."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    submission = models.UUIDField(unique=True)  # of the form that was sent, so that sending it twice makes one request
    number = models.PositiveIntegerField(_("number"), unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.NEW, db_index=True)
    first_name = models.CharField(_("first names"), max_length=80)
    last_name = models.CharField(_("surnames"), max_length=80)
    id_number = models.CharField(_("official ID number"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    address = models.CharField(_("address"), max_length=200)
    district = models.CharField(_("district"), max_length=80, blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    mobile = models.CharField(_("mobile"), max_length=20)  # E.164
    second_mobile = models.CharField(_("second mobile"), max_length=20, blank=True)  # E.164
    comments = models.TextField(_("comments"), max_length=2000, blank=True)
    language = models.CharField(max_length=5)  # of the form
    # Whom it became a service of.
    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.SET_NULL, null=True, blank=True, related_name="install_requests"
    )
    was_known = models.BooleanField(default=False)  # on arrival it looked like somebody who is known already
    created_at = models.DateTimeField(_("received"), auto_now_add=True, db_index=True)

    objects = InstallRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        verbose_name = _("install request")
        verbose_name_plural = _("install requests")

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The number as it is told to people."""
        return f"R-{self.number:06d}"

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def phones(self) -> list[str]:
        return [phone for phone in (self.mobile, self.second_mobile) if phone]

    @property
    def colour(self) -> str:
        """Of the badge that says the state."""
        return COLOURS[State(self.state)]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def can_be_activated(self) -> bool:
        """Whether it can become an installation."""
        return self.state in (*OPEN, State.APPROVED)

    @property
    def next_states(self) -> set[str]:
        """The states that it can go to from here."""
        return {state.value for state, before in STEPS.items() if self.state in before}

    @property
    def full_address(self) -> str:
        parts = [self.address, self.district, f"{self.postcode} {self.city}".strip()]
        return ", ".join(part for part in parts if part)

    def similar_subscribers(self) -> models.QuerySet[Subscriber]:
        """Subscribers with the same e-mail address, phone or ID number."""
        return Subscriber.objects.alias(id_key=_same_id("id_number")).filter(self._alike(Q(mobile__in=self.phones)))

    def similar_requests(self) -> "models.QuerySet[InstallRequest]":
        """Other open requests with the same e-mail address, phone or ID number."""
        phones = Q(mobile__in=self.phones) | Q(second_mobile__in=self.phones)
        others = InstallRequest.objects.open().exclude(pk=self.pk)
        return others.alias(id_key=_same_id("id_number")).filter(self._alike(phones))

    def _alike(self, phones: Q) -> Q:
        alike = phones
        if self.email:
            alike |= Q(email__iexact=self.email)
        if key := id_key(self.id_number):
            alike |= Q(id_key=key)
        return alike

    def shared_with(self, other: "Subscriber | InstallRequest") -> list[str]:
        """What both have in common, for people."""
        phones = {other.mobile, getattr(other, "second_mobile", "")} & set(self.phones)
        common = [
            (_("e-mail"), bool(self.email) and self.email.lower() == other.email.lower()),
            (_("phone"), bool(phones)),
            (_("ID number"), bool(id_key(self.id_number)) and id_key(self.id_number) == id_key(other.id_number)),
        ]
        return [str(name) for name, is_same in common if is_same]


class StateChange(models.Model):
    """Who brought a request into a state, and when. The first one, on arrival, has nobody."""

    request = models.ForeignKey(InstallRequest, on_delete=models.CASCADE, related_name="state_changes")
    state = models.CharField(max_length=10, choices=State)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.state}"

    @property
    def colour(self) -> str:
        return COLOURS[State(self.state)]


class RequestDocument(models.Model):
    """A document that came with a request."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(InstallRequest, on_delete=models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=20, choices=DocumentKind)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["request", "kind"], name="one_document_of_a_kind")]

    def __str__(self) -> str:
        return self.get_kind_display()


class RequestComment(models.Model):
    """A note of staff; the prospect never sees it."""

    request = models.ForeignKey(InstallRequest, on_delete=models.CASCADE, related_name="staff_comments")
    text = models.TextField(_("comment"), max_length=2000)
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text[:60]


class DraftUpload(models.Model):
    """A document of a form that was not sent yet. Swept after a day."""

    submission = models.UUIDField()  # random, known to that form alone
    kind = models.CharField(max_length=20, choices=DocumentKind)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["submission", "kind"], name="one_draft_of_a_kind")]

    def __str__(self) -> str:
        return self.kind
