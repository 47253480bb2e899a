"""Words as people type them: without accents and capitals, punctuation as spaces; found by their beginnings."""

import re
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import F, Func

# Written the same way in an index and in a query: plain letters for accented ones, spaces for punctuation.
ACCENTED = "áàâäãåéèêëěíìîïóòôöõøúùûüůñňçčćýÿďřšśťžźżłğ"
PLAIN = "aaaaaaeeeeeiiiioooooouuuuunncccyydrsstzzzlg"
MARKS = ".,;:/@'’`´\"&()-_+*"


def folded(sql: str) -> str:
    """SQL for a text without accents, capitals and punctuation."""
    before = (ACCENTED + ACCENTED.upper() + MARKS).replace("'", "''")
    return f"lower(translate({sql}, '{before}', '{PLAIN + PLAIN + ' ' * len(MARKS)}'))"


def joined(sql: str) -> str:
    """SQL for one word of all letters and digits, such as an ID number or an e-mail address."""
    marks = f" {MARKS}".replace("'", "''")
    return f"lower(translate({sql}, '{marks}', ''))"


_TABLE = str.maketrans(ACCENTED + ACCENTED.upper() + MARKS, PLAIN + PLAIN + " " * len(MARKS))


def words_in(text: str) -> list[str]:
    """The words of a typed text, folded like those in the indexes."""
    return re.findall(r"[^\W_]+", text.translate(_TABLE).lower())


def beginnings(words: list[str]) -> str:
    """A raw search query for rows with all of these words, each of which may go on."""
    return " & ".join(f"'{word}':*" for word in words)


class ActorWords(Func):
    """The words of whoever acted, of a label such as `Olga Owner <olga@isp.example>`; the address is one word."""

    output_field = SearchVectorField()

    def __init__(self, column: Any = None, **extra: Any) -> None:
        super().__init__(F("actor_label") if column is None else column, **extra)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **kwargs: Any) -> Any:
        label = compiler.compile(self.source_expressions[0])[0]
        name, address = folded(f"split_part({label}, '<', 1)"), joined(f"split_part({label}, '<', 2)")
        return f"to_tsvector('simple', {name} || ' ' || {address})", []


def search_for(text: str) -> SearchQuery | None:
    """What finds a typed text in words, or in one that is joined; None if it holds no letter or digit."""
    words = words_in(text)
    if not words:
        return None
    ways = sorted({beginnings(words), beginnings(["".join(words)])})
    return SearchQuery(" | ".join(f"({way})" for way in ways), config="simple", search_type="raw")
