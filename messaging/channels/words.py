"""Words by which people ask for no more messages, or for messages again, in an answer of their own."""

import unicodedata
from enum import StrEnum
from functools import cache

LONGEST = 60  # characters of an answer that can be such a word


class Word(StrEnum):
    """What an answer asks for."""

    STOP = "stop"
    START = "start"


# By language, in capitals and without accents. YES and SI are answers to anything, so they are none of these.
WORDS = {
    "en": {
        Word.STOP: {"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "OPT OUT"},
        Word.START: {"START", "UNSTOP", "SUBSCRIBE", "RESUME", "OPTIN", "OPT IN"},
    },
    "es": {
        Word.STOP: {"BAJA", "ALTO", "PARAR", "DETENER", "CANCELAR", "DAR DE BAJA", "DARME DE BAJA", "DEME DE BAJA"},
        Word.START: {"ALTA", "INICIAR", "EMPEZAR", "REANUDAR", "SUSCRIBIR", "DAR DE ALTA", "DARME DE ALTA"},
    },
    "pt": {Word.STOP: {"SAIR", "PARE"}, Word.START: {"INICIO", "VOLTAR"}},
    "it": {Word.STOP: {"FERMA", "ANNULLA"}, Word.START: {"INIZIA"}},
    "cs": {Word.STOP: {"KONEC", "ODHLASIT"}, Word.START: {"PRIHLASIT"}},
    "ru": {Word.STOP: {"СТОП", "ОТПИСАТЬСЯ"}, Word.START: {"СТАРТ"}},
}
# The one of each language that we name ourselves.
NAMED = {"es": {Word.STOP: "BAJA", Word.START: "ALTA"}}


def word_of(text: str) -> Word | None:
    """What an answer asks for that is nothing but such a word, in whatever case, with or without accents and marks."""
    if len(text) > LONGEST:
        return None
    parts = [_bare(part) for part in text.split()]
    return _known().get(" ".join(part for part in parts if part))


def named(word: Word, language: str) -> str:
    """The word that people who read a language are told of."""
    return NAMED.get(language.partition("-")[0], {}).get(word, word.upper())


@cache
def _known() -> dict[str, Word]:
    return {_bare(text): word for words in WORDS.values() for word, texts in words.items() for text in texts}


def _bare(text: str) -> str:
    """In capitals, without accents, and without what is no letter before and behind it."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(char for char in plain if not unicodedata.combining(char)).upper()
    begin, end = 0, len(plain)
    while begin < end and not plain[begin].isalnum():
        begin += 1
    while end > begin and not plain[end - 1].isalnum():
        end -= 1
    return plain[begin:end]
