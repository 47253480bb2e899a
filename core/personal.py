"""The register of personal data: for every model of an ISP, whether it holds data of its customers, and what becomes of
it when they ask for a copy or for erasure.

Each app says so of its models in a module `personal_data`, and of those of apps below it in `personal_traces`. A model
that nobody has classified fails the suite, so does a text of a personal model that nobody has decided on. The rows of a
customer are found by `rows`, which is given the subject (see subscribers.subject). See
docs/decisions/0013-personal-data.md.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, ForeignKey, GenericIPAddressField, JSONField, Model, QuerySet, TextField
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from core.models import StoredFile

STAFF = _("names who of your staff did it")
TECHNICAL = _("says nothing about the person")
Rows = Callable[[Any], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Personal:
    """A model with rows about customers.

    `exported` are the fields that a copy holds, `hidden` the texts that it does not hold: secrets, and names of others.
    Erasure deletes the rows (`deleted`), or empties the fields `blanked` and leaves the texts `kept`, each
    with a reason for people; `because` says why the rows stay.
    """

    model: type[Model]
    title: Any
    rows: Rows
    exported: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    deleted: bool = False
    blanked: tuple[str, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)
    because: Any = ""
    # In place of what is done with `blanked` or `deleted`: called with the subject and the rows.
    erase: Callable[[Any, QuerySet[Any]], None] | None = None
    late: bool = False  # whether its rows are found by means of the other models' rows
    shared: bool = False  # whether a row is about many customers
    slow: bool = False  # whether finding the rows takes so long that a page does not ask

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    def files(self, names: Iterable[str]) -> list[str]:
        """Those of these fields that hold a file."""
        wanted = set(names)
        return [key.name for key in _files(self.model) if key.name in wanted]

    @property
    def erased_files(self) -> list[str]:
        """The fields whose files go with an erasure."""
        return [key.name for key in _files(self.model) if self.deleted or key.name in self.blanked]


_personal: dict[type[Model], Personal] = {}
_others: dict[type[Model], str] = {}
_obstacles: list[Callable[[Any], list[Any]]] = []


def personal(model: type[Model], *, rows: Rows | str, **how: Any) -> None:
    """Say that a model holds data of customers. `rows` may be the way to the subscriber, as in a filter."""
    if isinstance(rows, str):
        way = rows

        def rows(subject: Any) -> QuerySet[Any]:
            return model._base_manager.filter(**{way: subject.pk})

    _personal[model] = Personal(model, rows=rows, **how)


def not_personal(*models: type[Model], because: str) -> None:
    """Say that models hold nothing about customers, and what they hold, for whoever reads the register."""
    _others.update(dict.fromkeys(models, because))


def obstacle(check: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    """Register what stands against an erasure: a function of the subject that gives sentences for people."""
    _obstacles.append(check)
    return check


def register() -> dict[type[Model], Personal]:
    """The models with data of customers, those found by means of others last."""
    _load()
    return dict(sorted(_personal.items(), key=lambda pair: (pair[1].late, pair[0]._meta.label)))


def classified() -> set[type[Model]]:
    """All models of which somebody has said what they are."""
    _load()
    return {*_personal, *_others}


def obstacles(subject: Any) -> list[Any]:
    """All that stands against an erasure now."""
    _load()
    return [sentence for check in _obstacles for sentence in check(subject)]


@cache
def _load() -> None:
    autodiscover_modules("personal_data", "personal_traces")


def _files(model: type[Model]) -> list[Any]:
    return [key for key in model._meta.concrete_fields if key.is_relation and key.related_model is StoredFile]


def texts(model: type[Model]) -> list[Any]:
    """The fields of a model that can hold something about a person: texts, addresses, JSON, lists, files."""
    kinds = (CharField, TextField, JSONField, GenericIPAddressField, ArrayField)
    return [
        key
        for key in model._meta.concrete_fields
        if not key.generated
        and not (isinstance(key, CharField) and key.choices)
        and (isinstance(key, kinds) or (isinstance(key, ForeignKey) and key.related_model is StoredFile))
    ]


def undecided(entry: Personal) -> set[str]:
    """Texts of a personal model of which nobody has said whether they are exported, or what erasure does with them."""
    names = {key.name for key in texts(entry.model)}
    missing = names - {*entry.exported, *entry.hidden}
    return missing if entry.deleted else missing | (names - {*entry.blanked, *entry.kept})


def name_of(key: Any) -> str:
    """What people call a field: its own name where a form has given it one, else one of those below."""
    plain = key.name.replace("_", " ")
    return str(NAMES.get(key.name, plain) if str(key.verbose_name) == plain else key.verbose_name)


# Fields that stand in no form, so that their models do not name them.
NAMES = {
    "address": _("address"),
    "amount": _("amount"),
    "answer": _("answer"),
    "asked_at": _("asked"),
    "at": _("time"),
    "balance": _("balance"),
    "begins": _("from"),
    "cells": _("cells"),
    "buyer": _("who is billed"),
    "content_type": _("kind of file"),
    "created_at": _("made"),
    "currency": _("currency"),
    "decided_at": _("decided"),
    "details": _("details"),
    "document": _("document"),
    "done_at": _("done at"),
    "end": _("how it ended"),
    "ended_at": _("ended"),
    "ended_reason": _("why it ended"),
    "ended_how": _("how it was ended"),
    "ends_at": _("ends"),
    "delivered_at": _("delivered"),
    "expires_at": _("works until"),
    "file": _("file"),
    "kind": _("kind"),
    "language": _("language"),
    "last_login": _("last sign-in"),
    "last_used_at": _("last used"),
    "medium": _("by"),
    "on": _("day"),
    "period_from": _("from"),
    "period_to": _("to the end of"),
    "reason": _("reason"),
    "seller": _("who bills"),
    "sent_at": _("sent"),
    "signature": _("signature"),
    "since": _("since"),
    "state": _("state"),
    "subject": _("subject"),
    "text": _("text"),
    "to": _("to"),
    "until": _("until"),
    "used_at": _("used"),
    "username": _("user name"),
    "uses": _("times used"),
    "version": _("version"),
    "voucher": _("voucher"),
    "wanted": _("what was wanted"),
}


def empty(key: Any) -> Any:
    """What a field holds when nothing is in it."""
    if key.null:
        return None
    return key.get_default() if isinstance(key, (JSONField, ArrayField)) else ""
