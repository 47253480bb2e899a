"""Finding subscribers by the beginnings of words, without accents, from one index."""

import re

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import CharField, F, Func

# Written the same way in the index and in the query: plain letters for accented ones, spaces for punctuation.
_ACCENTED = "áàâäãåéèêëěíìîïóòôöõøúùûüůñňçčćýÿďřšśťžźżłğ"
_PLAIN = "aaaaaaeeeeeiiiioooooouuuuunncccyydrsstzzzlg"
_MARKS = ".,;:/@'’`´\"&()-_+*"
_FROM = _ACCENTED + _ACCENTED.upper() + _MARKS
_TO = _PLAIN + _PLAIN + " " * len(_MARKS)
_TABLE = str.maketrans(_FROM, _TO)
CONCAT = " || ' ' || "
_SQL_FROM = _FROM.replace("'", "''")


class SearchWords(Func):
    """The words of a subscriber: name, number, ID number without punctuation, and the mobile number backwards.

    A number backwards, marked with an m, is found by its last digits, however much of the prefix was typed.
    """

    output_field = SearchVectorField()
    arity = 5

    def __init__(self, *expressions: F) -> None:
        super().__init__(*expressions or map(F, ["first_name", "last_name", "number", "id_number", "mobile"]))

    def as_sql(self, compiler: object, connection: object, **kwargs: object) -> tuple[str, list[object]]:  # type: ignore[override]
        columns = [compiler.compile(part) for part in self.source_expressions]  # type: ignore[attr-defined]
        first, last, number, id_number, mobile = (sql for sql, _ in columns)
        name = f"lower(translate({first} || ' ' || {last}, '{_SQL_FROM}', '{_TO}'))"
        words = [name, f"{number}::text", f"lower(translate({id_number}, ' .-/', ''))"]
        backwards = f"'m' || reverse(translate({mobile}, '+ ', ''))"
        return f"to_tsvector('simple', {CONCAT.join([*words, backwards])})", []


class SortName(Func):
    """Surname and first name as people look them up: without accents and capitals, whatever the database's order."""

    output_field = CharField(max_length=161)
    arity = 2

    def as_sql(self, compiler: object, connection: object, **kwargs: object) -> tuple[str, list[object]]:  # type: ignore[override]
        last, first = (compiler.compile(part)[0] for part in self.source_expressions)  # type: ignore[attr-defined]
        return f"lower(translate({last} || ' ' || {first}, '{_SQL_FROM}', '{_TO}'))", []


def query_for(text: str) -> SearchQuery | None:
    """What finds a typed text in SearchWords; None if it holds no letter or digit."""
    words = re.findall(r"[^\W_]+", text.translate(_TABLE).lower())
    if not words:
        return None
    ways = {" & ".join(f"'{word}':*" for word in words), f"'{''.join(words)}':*"}
    digits = "".join(words)
    if digits.isdecimal() and len(digits) >= 4:
        ways.add(f"'m{digits[::-1]}':*")
    return SearchQuery(" | ".join(f"({way})" for way in sorted(ways)), config="simple", search_type="raw")
