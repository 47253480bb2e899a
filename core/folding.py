"""Words as they are compared: without capitals, accents, punctuation."""

import re
import unicodedata


def folded(text: str) -> str:
    """`Fecha de Instalación:` as `fecha de instalacion`."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    plain = re.sub(r"(?<=[a-z])(?=[0-9])|(?<=[0-9])(?=[a-z])", " ", plain)
    return " ".join(re.findall(r"[^\W_]+", plain))


def plain(text: str) -> str:
    """A name as it is compared with others: one space between words, no capitals."""
    return " ".join(text.split()).casefold()
