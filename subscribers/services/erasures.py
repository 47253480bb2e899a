"""Erasing a customer: all that the register of personal data names goes, but for what has to be kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from company.models import Profile
from core import personal
from core.acting import in_own_name
from core.audit import Actor, record
from core.personal import Personal
from messaging.services import send_mail
from subscribers.models import Consent, Erased, PersonalRequest, Subscriber
from subscribers.subject import Subject
from tenants.directory import IspRef


class CannotErase(Exception):
    """Something stands against it: `why` are sentences for people."""

    def __init__(self, why: list[Any]) -> None:
        super().__init__(*why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Held:
    """What is held in one model: how many rows (None where nobody counted), and what becomes of them."""

    entry: Personal
    count: int | None

    @property
    def emptied(self) -> list[str]:
        """The fields that are emptied, as people call them."""
        if self.entry.erase:
            return []  # not the whole field goes, or not in every row; the reason says what
        return [personal.name_of(self.entry.model._meta.get_field(name)) for name in self.entry.blanked]


@dataclass
class Survey:
    """What an erasure would do, in three kinds, and what stands against it."""

    obstacles: list[Any]
    deleted: list[Held] = field(default_factory=list)
    blanked: list[Held] = field(default_factory=list)
    kept: list[Held] = field(default_factory=list)


def rows_of(subject: Subject) -> Iterator[tuple[Personal, QuerySet[Any]]]:
    """The rows of each model, those found by means of others last. `subject.keys` and `.files` fill up on the way."""
    for entry in personal.register().values():
        rows = entry.rows(subject)
        keys = list(rows.values_list("pk", flat=True))
        if not entry.shared:
            subject.keys[entry.label] = keys
        found = entry.model._base_manager.filter(pk__in=keys)
        for name in entry.erased_files:
            subject.files += found.exclude(**{name: None}).values_list(name, flat=True)
        yield entry, found


@transaction.atomic
def survey(*, subscriber: Subscriber) -> Survey:
    """What an erasure would do now. A query or two for each model with personal data."""
    subject = Subject.of(subscriber)
    found = Survey(personal.obstacles(subject))
    for entry, rows in rows_of(subject):
        count = rows.count()
        if not count:
            continue
        kind = found.deleted if entry.deleted else found.blanked if entry.blanked else found.kept
        kind.append(Held(entry, count))
    return found


@transaction.atomic
def erase(*, by: Actor, isp: IspRef, subscriber: Subscriber, at: datetime, tell: bool = False) -> Subscriber:
    """Erase a customer for good; who was one stays as a number with what has to be kept.

    One transaction: whatever somebody else does with the customer comes before it and is erased, too, or after it and
    is refused. Files go once it is durable. With `tell` a last mail goes to the customer's address, and nothing of it
    is kept. Raises Erased, CannotErase, InAnothersName in a preview of the portal.
    """
    in_own_name()
    subscriber = Subscriber.objects.lock_to_add(subscriber.pk)
    logins = list(subscriber.portal_users.select_for_update(of=("self",)).order_by("pk"))
    # Whoever adds something to a service or a login waits, and finds it gone or the customer erased.
    list(subscriber.services.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
    subject = Subject(subscriber, logins)
    if why := personal.obstacles(subject):
        raise CannotErase(why)
    to = subscriber.email or next((login.email for login in logins if login.email), "")
    language = next((login.language for login in logins if login.language), "") or isp.language
    name = subscriber.full_name
    _end_consents(subscriber, by=by, at=at)
    PersonalRequest.objects.open().filter(subscriber=subscriber).update(
        state=PersonalRequest.State.DONE, decided_at=at, by_id=by.pk, by_name=by.audit_label[:200]
    )
    _empty(subject)
    Subscriber.objects.filter(pk=subscriber.pk).update(erased_at=at, zone=None, version=subscriber.version + 1)
    subscriber.refresh_from_db()
    record("subscribers.subscriber.erased", by=by, on=subscriber, number=subscriber.number)
    if tell and to:
        _tell(isp, to=to, name=name, language=language, number=subscriber.number)
    return subscriber


def _end_consents(subscriber: Subscriber, *, by: Actor, at: datetime) -> None:
    """Nothing is sent to somebody who is not there, whatever they agreed to."""
    ended = {"ended_by_kind": by.audit_kind, "ended_by_id": by.pk, "ended_by_name": by.audit_label[:200]}
    subscriber.consents.standing().update(ended_at=at, end=Consent.End.ERASED, **ended)
    # Who wrote it down in the portal is the customer.
    for kind, name in (("by_kind", "by_name"), ("ended_by_kind", "ended_by_name")):
        subscriber.consents.filter(**{kind: "portal_user"}).update(**{name: ""})


def _empty(subject: Subject) -> None:
    found = list(rows_of(subject))
    # What is deleted goes after what refers to it has been emptied; of the files nobody speaks any more by then.
    for entry, rows in sorted(found, key=lambda pair: (pair[0].deleted, pair[0].late)):
        _forget_logins(entry, rows)
        if entry.erase:
            entry.erase(subject, rows)
        elif entry.deleted:
            rows.delete()
        elif entry.blanked:
            fields = {name: personal.empty(entry.model._meta.get_field(name)) for name in entry.blanked}
            rows.update(**fields)


def _forget_logins(entry: Personal, rows: QuerySet[Any]) -> None:
    """Where a login of the customer wrote a row that stays, its name goes."""
    names = {key.name for key in entry.model._meta.concrete_fields}
    if not entry.deleted and {"by_kind", "by_name"} <= names:
        rows.filter(by_kind="portal_user").update(by_name="")


def _tell(isp: IspRef, *, to: str, name: str, language: str, number: int) -> None:
    profile = Profile.load()
    company = profile.display_name or isp.name
    send_mail(
        template="subscribers/erased",
        language=language,
        to=to,
        is_last=True,
        name=name,
        number=number,
        company=company,
        profile=profile,
        from_name=company,
        reply_to=profile.email,
    )


__all__ = ["CannotErase", "Erased", "Held", "Survey", "erase", "rows_of", "survey"]
