"""Rows of an import beside the customers that are there: who is the same, what is taken. Six queries for a chunk."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Lower

from core.folding import plain
from core.tabular.problems import problem
from imports.models import Row
from subscribers.models import PortalUser, Service, Subscriber


class Person:
    """A customer of the base, as far as rows are compared with it."""

    def __init__(
        self, pk: int, number: int, first: str, last: str, id_number: str, mobile: str, email: str, erased_at: Any
    ) -> None:
        self.pk, self.number, self.id_number, self.mobile, self.email = pk, number, id_number, mobile, email.lower()
        self.name = f"{first} {last}".strip()
        self.is_erased = erased_at is not None

    @property
    def told(self) -> dict[str, Any]:
        return {"number": self.number, "name": self.name}


_FIELDS = ("pk", "number", "first_name", "last_name", "id_number", "mobile", "email", "erased_at")


class Base:
    """Compares a chunk of rows with the base and adds to their problems."""

    def __init__(self, rows: list[Row], *, existing: str, only_taken: bool = False) -> None:
        self.rows, self.existing, self.only_taken = rows, existing, only_taken

    def compare(self) -> None:
        """Set `matched` of each row whose customer is there, and add what is taken by others."""
        self._load()
        for row in self.rows:
            self._match(row)
            self._taken(row)
            if not self.only_taken and not row.matched:
                self._similar(row)

    def _all(self, key: str) -> list[Any]:
        return sorted({row.values[key] for row in self.rows if row.values.get(key)})

    def _load(self) -> None:
        people = Subscriber.objects.order_by()
        found: dict[int, Person] = {}
        wanted: Iterable[Q] = (
            Q(number__in=self._all("number")),
            Q(id_number__in=self._all("id_number")),
            Q(mobile__in=[] if self.only_taken else self._all("mobile")),
        )
        for where in wanted:
            found |= {row[0]: Person(*row) for row in people.filter(where).values_list(*_FIELDS)}
        emails = [] if self.only_taken else [email.lower() for email in self._all("email")]
        by_mail = people.alias(mail=Lower("email")).filter(mail__in=emails).values_list(*_FIELDS)
        found |= {row[0]: Person(*row) for row in by_mail}
        names = [name.lower() for name in self._all("username")]
        logins = PortalUser.objects.order_by().annotate(name=Lower("username")).filter(name__in=names)
        owners = [*logins.values_list("name", "subscriber_id")]
        services = self._services()
        missing = {pk for _, pk in owners} | {row[0] for row in services} - found.keys()
        found |= {row[0]: Person(*row) for row in people.filter(pk__in=missing).values_list(*_FIELDS)}
        self.by_number = {person.number: person for person in found.values()}
        self.by_id = {person.id_number: person for person in found.values() if person.id_number}
        self.by_mobile = self._grouped(found.values(), "mobile")
        self.by_email = self._grouped(found.values(), "email")
        self.by_login = {name: found[pk] for name, pk in owners if pk in found}
        self.by_service = {number: found[pk] for pk, number, *_ in services if pk in found}
        self.by_address = {
            f"{plain(router or '')}|{ip}": found[pk]
            for pk, _, ip, router, state in services
            if ip and state != Service.State.ENDED and pk in found
        }

    def _services(self) -> list[tuple[Any, ...]]:
        fields = ("subscriber_id", "number", "ip_address", F("router__name"), "state")
        rows = Service.objects.order_by()
        ips = sorted({row.values["ip"] for row in self.rows if row.values.get("address_key")})
        by_number = rows.filter(number__in=self._all("service_number")).values_list(*fields)
        return [*by_number, *rows.filter(ip_address__in=ips).values_list(*fields)]

    def _grouped(self, people: Iterable[Person], key: str) -> dict[str, list[Person]]:
        groups: dict[str, list[Person]] = {}
        for person in people:
            if value := getattr(person, key):
                groups.setdefault(value, []).append(person)
        return groups

    def _match(self, row: Row) -> None:
        candidates = list(self._candidates(row))
        if not candidates:
            return
        what, person = candidates[0]
        others = [(other_what, other) for other_what, other in candidates if other.pk != person.pk]
        if others:
            details = {"what": what, "number": person.number, "other": others[0][1].number, "other_what": others[0][0]}
            row.problems.append(problem("two_matches", **details))
            return
        if person.is_erased:
            row.problems.append(problem("erased", what=what, **person.told))
            return
        if what == "number" and not self._is_same(row, person):
            # The number of another customer: the two systems have given it out on their own.
            row.problems.append(problem("known", what=what, **person.told))
            return
        row.matched = person.pk
        if not self.only_taken:
            row.problems.append(problem("known", is_error=False, what=what, **person.told))
            if self.existing != "skip" and row.values.get("balance"):
                row.problems.append(problem("balance_left", is_error=False))

    def _is_same(self, row: Row, person: Person) -> bool:
        """Whether a customer with the same number can be the same one."""
        has_id = bool(row.values.get("id_number") and person.id_number)
        if has_id:
            return bool(row.values["id_number"] == person.id_number)
        return self.existing == "all" or plain(row.shown_name) == plain(person.name)

    def _candidates(self, row: Row) -> Iterator[tuple[str, Person]]:
        values = row.values
        if row.leader:
            return  # its customer is that row's
        if person := self.by_number.get(values.get("number", 0)):
            yield "number", person
        if person := self.by_id.get(values.get("id_number", "")):
            yield "id_number", person
        if person := self.by_login.get(str(values.get("username", "")).lower()):
            yield "username", person
        if values.get("number") or values.get("id_number") or self.only_taken:
            return
        for person in self._with_same_contact(row):
            if plain(person.name) == plain(row.shown_name):
                yield "name_and_contact", person
                return

    def _with_same_contact(self, row: Row) -> list[Person]:
        by_mobile = self.by_mobile.get(row.values.get("mobile", ""), [])
        return [*by_mobile, *self.by_email.get(str(row.values.get("email", "")).lower(), [])]

    def _taken(self, row: Row) -> None:
        values = row.values
        person = self.by_service.get(values.get("service_number", 0))
        if person and person.pk != row.matched:
            row.problems.append(problem("service_taken", value=values["service_number"], **person.told))
        person = self.by_address.get(values.get("address_key", ""))
        if person and person.pk != row.matched:
            row.problems.append(problem("ip_taken", value=values["ip"], **person.told))

    def _similar(self, row: Row) -> None:
        for what, people in (
            ("mobile", self.by_mobile.get(row.values.get("mobile", ""), [])),
            ("email", self.by_email.get(str(row.values.get("email", "")).lower(), [])),
        ):
            if people:
                row.problems.append(problem("looks_same", is_error=False, what=what, **people[0].told))
                return
