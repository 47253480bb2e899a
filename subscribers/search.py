"""Finding people and services by the beginnings of words, without accents, each from one index."""

from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import CharField, F, Func

from core.search import beginnings, joined, words_in
from core.search import folded as _plain  # by this name in the first migrations

Columns = tuple[str, ...]
CONCAT = " || ' ' || "
BACKWARDS = "zq"  # before a phone number's digits from the last to the first; no name begins like this


def _backwards(sql: str) -> str:
    """A phone number that is found by its last digits, however much of the prefix was typed."""
    return f"'{BACKWARDS}' || reverse(translate({sql}, '+ ', ''))"


class Words(Func):
    """The words of a row, from columns that hold texts, numbers, numbers or addresses with punctuation, and phones.

    All that the index holds is said by the arguments, so a migration that names it stays as it is.
    """

    output_field = SearchVectorField()

    def __init__(
        self, *, texts: Columns = (), numbers: Columns = (), joined: Columns = (), phones: Columns = (), **extra: Any
    ) -> None:
        self.texts, self.numbers, self.joined, self.phones = texts, numbers, joined, phones
        super().__init__(*map(F, [*texts, *numbers, *joined, *phones]), **extra)

    def as_sql(self, compiler: Any, connection: Any, **kwargs: Any) -> tuple[str, list[Any]]:
        columns = iter([compiler.compile(part)[0] for part in self.source_expressions])
        parts = [_plain(CONCAT.join(next(columns) for _ in self.texts))] if self.texts else []
        parts += [f"{next(columns)}::text" for _ in self.numbers]
        parts += [joined(next(columns)) for _ in self.joined]
        parts += [_backwards(next(columns)) for _ in self.phones]
        return f"to_tsvector('simple', {CONCAT.join(parts)})", []


# What is looked at of each model.
PLACES: dict[str, dict[str, Columns]] = {
    "Subscriber": {
        "texts": ("first_name", "last_name", "business_name", "address", "district", "city", "postcode"),
        "numbers": ("number",),
        "joined": ("id_number", "tax_id", "email", "billing_email"),
        "phones": ("mobile", "second_mobile"),
    },
    "Service": {"texts": ("address",), "numbers": ("number",)},
    "PortalUser": {"joined": ("username",)},
}


class SortName(Func):
    """Surname and first name as people look them up: without accents and capitals, whatever the database's order."""

    output_field = CharField(max_length=161)
    arity = 2

    def as_sql(self, compiler: Any, connection: Any, **kwargs: Any) -> tuple[str, list[Any]]:
        last, first = (compiler.compile(part)[0] for part in self.source_expressions)
        return _plain(f"{last} || ' ' || {first}"), []


def query_for(text: str) -> SearchQuery | None:
    """What finds a typed text in Words; None if it holds no letter or digit."""
    words = words_in(text)
    if not words:
        return None
    digits = "".join(words)
    if len(digits) == 1:
        # The first key that is pressed; half of all people have a word that begins with an A.
        return SearchQuery(f"'{digits}'", config="simple", search_type="raw")
    ways = {beginnings(words), f"'{digits}':*"}
    if digits.isdecimal() and len(digits) >= 4:
        ways.add(f"'{BACKWARDS}{digits[::-1]}':*")
    return SearchQuery(" | ".join(f"({way})" for way in sorted(ways)), config="simple", search_type="raw")


def sort_names(name: str) -> list[str]:
    """What `SortName` may have made of somebody whose name is written so: any of its words may begin the surname."""
    words = words_in(name)
    return [" ".join(words[place:] + words[:place]) for place in range(min(len(words), 6))] if len(words) > 1 else []
