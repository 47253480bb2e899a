"""In which encoding a text is written, and its lines in it."""

import codecs
from collections.abc import Iterator
from typing import IO

from charset_normalizer import from_bytes

from core.tabular.kinds import BadFile

LONGEST_LINE = 2**20  # bytes
PIECE = 2**20
SAMPLE = 64 * 1024  # bytes of lines with accents that are looked at
OTHERS = ["cp1250", "cp1252", "latin_1"]
FALLBACK = "cp1252"
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# Letters that tell who writes so, for the places where two encodings give letters for the same bytes.
_CENTRAL = "ěščřžýáíéůúťďňľĺŕôäąćęłńśźżőűĚŠČŘŽÝÁÍÉŮÚŤĎŇĽĄĆĘŁŃŚŹŻŐŰ"
_WESTERN = "áéíóúüñçãõàâêôöäèìòùßåøæºª¿¡ÁÉÍÓÚÜÑÇÃÕÀÂÊÔÖÄ"
CENTRAL_EUROPE = {"CZ", "SK", "PL", "HU", "SI", "HR", "RO"}


def encoding_of(file: IO[bytes], *, country: str) -> tuple[str, bool]:
    """The encoding of a file, and whether some of its lines are in another one. Reads it once, piece by piece.

    Raises BadFile.
    """
    file.seek(0)
    head = file.read(4)
    for mark, name in MARKS.items():
        if head.startswith(mark):
            return name, name != "utf-16" and not _is_utf8(file)
    if head[1:2] == b"\0" and head[3:4] == b"\0":
        return "utf-16-le", False
    if head[0:1] == b"\0" and head[2:3] == b"\0":
        return "utf-16-be", False
    if _is_utf8(file):
        return "utf-8", False
    good, bad, sample = _accents(file)
    if good > 4 * bad:
        return "utf-8", True
    return _guess(sample, country), False


def _is_utf8(file: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while piece := file.read(PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _accents(file: IO[bytes]) -> tuple[int, int, bytes]:
    """How many lines with accents are UTF-8, how many are not, and some of the latter."""
    good = bad = 0
    sample = b""
    file.seek(0)
    for line in byte_lines(file):
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            bad += 1
            if len(sample) < SAMPLE:
                sample += line
    return good, bad, sample


def _guess(sample: bytes, country: str) -> str:
    """One of the encodings with a byte for each letter."""
    scores = {}
    for name in OTHERS[:2]:
        try:
            text = sample.decode(name)
        except UnicodeDecodeError:
            continue
        wanted = _CENTRAL if name == "cp1250" else _WESTERN
        letters = [c for c in text if ord(c) > 127]
        scores[name] = sum(c in wanted for c in letters) / max(len(letters), 1)
    if scores and max(scores.values()) >= 0.8:
        home = "cp1250" if country.upper() in CENTRAL_EUROPE else "cp1252"
        return max(scores, key=lambda name: (scores[name], name == home))
    found = from_bytes(sample, cp_isolation=OTHERS).best()
    if found is None:
        raise BadFile("unknown_encoding")
    return found.encoding


def byte_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file from where it stands, none longer than LONGEST_LINE. Raises BadFile."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise BadFile("long_line", line=number)
        yield line
