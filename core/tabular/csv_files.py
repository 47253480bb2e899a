"""Tables as text: encoding, delimiter and quotes are found out."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

from core.tabular.encodings import FALLBACK, byte_lines, encoding_of
from core.tabular.kinds import BadFile
from core.tabular.problems import problem

DELIMITERS = ",;\t|"
LOOKED_AT = 200  # lines
LONGEST_CELL = 100_000  # characters; a quotation mark that is never closed swallows more


class CsvFile:
    """A file of text with a row in each line. Raises BadFile."""

    def __init__(self, file: IO[bytes], *, country: str) -> None:
        self.file = file
        self.encoding, self.is_mixed = encoding_of(file, country=country)
        self.delimiter, self.skips_first = self._delimiter()
        self.shape: dict[str, Any] = {
            "kind": "csv",
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "is_mixed": self.is_mixed,
        }

    def _texts(self) -> Iterator[tuple[str, bool]]:
        """The lines, and whether each was in another encoding than the file."""
        self.file.seek(0)
        if self.encoding.startswith("utf-16"):
            raw: Any = _Unclosed(self.file)
            with io.TextIOWrapper(raw, encoding=self.encoding, newline="") as lines:
                try:
                    while line := lines.readline(LONGEST_CELL * 4):
                        yield line, False
                except UnicodeDecodeError as error:
                    raise BadFile("unknown_encoding") from error
            return
        for number, piece in enumerate(byte_lines(self.file)):
            if number == 0 and piece.startswith(b"\xef\xbb\xbf"):
                piece = piece[3:]
            try:
                yield piece.decode("utf-8" if self.encoding.startswith("utf-8") else self.encoding), False
            except UnicodeDecodeError:
                yield piece.decode(FALLBACK, errors="replace"), True

    def _delimiter(self) -> tuple[str, bool]:
        """What stands between the cells, and whether the first line only says so, as Excel's `sep=;` does."""
        lines = []
        for text, _ in self._texts():
            lines.append(text)
            if len(lines) == LOOKED_AT:
                break
        if not lines:
            raise BadFile("empty")
        if lines[0].lower().startswith("sep=") and len(lines[0].strip()) == 5:
            return lines[0].strip()[4], True
        return max(DELIMITERS, key=lambda delimiter: _regularity(lines, delimiter)), False

    def rows(self) -> Iterator[tuple[int, list[str], list[dict[str, Any]]]]:
        """Each row with its place from 1 and its problems."""
        texts = self._texts()
        if self.skips_first:
            next(texts, None)
        strange = [False]

        def fed() -> Iterator[str]:
            for text, is_other in texts:
                strange[0] = strange[0] or is_other
                yield text

        csv.field_size_limit(LONGEST_CELL)
        reader = csv.reader(fed(), delimiter=self.delimiter)
        number = 0
        while True:
            strange[0] = False
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise BadFile("open_quote" if "limit" in str(error) else "unreadable", row=number + 1) from error
            number += 1
            yield number, cells, [problem("other_encoding")] if strange[0] else []


def _regularity(lines: list[str], delimiter: str) -> tuple[float, int]:
    """How many rows have as many cells as most, and how many cells that is."""
    try:
        sizes = [len(row) for row in csv.reader(lines, delimiter=delimiter) if any(row)]
    except csv.Error:
        return 0, 0
    if not sizes:
        return 0, 0
    size, count = Counter(sizes).most_common(1)[0]
    return (count / len(sizes), size) if size > 1 else (0, size)


class _Unclosed(io.RawIOBase):
    """Hands on what is read from a file that others close."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
