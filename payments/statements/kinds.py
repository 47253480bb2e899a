"""Which format a file is in, decided by its content."""

import re
from typing import IO

from core.tabular.kinds import Refused
from core.tabular.kinds import kind_of as table_kind
from payments.statements.refusals import BadStatement

MT940, CAMT = "application/x-mt940", "application/x-camt"
HEAD = 8192  # bytes that are looked at
_TAG = re.compile(rb"(?m)^\s{0,3}:(?:20|25|28C?|60[FM]):")


def kind_of(file: IO[bytes]) -> str:
    """MT940, CAMT, CSV or XLSX. Raises BadStatement, or Refused with its sentence."""
    file.seek(0)
    head = file.read(HEAD)
    start = _narrow(head).lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        if re.search(rb"camt\.05[234]", start):
            return CAMT
        if start[:200].lower().startswith((b"<?xml", b"<document")):
            raise BadStatement("other_xml")
    # Beside :20: another one, so that no table with such a text is taken for it.
    if len(set(_TAG.findall(head))) > 1 or (start.startswith((b"{1:", b":20:")) and b":20:" in start):
        return MT940
    try:
        return table_kind(file)
    except Refused as error:
        if error.why in {"other", "page"}:
            raise BadStatement("other_kind") from error
        raise


def _narrow(head: bytes) -> bytes:
    """Text in UTF-16 with a byte for each letter."""
    return head.replace(b"\0", b"").lstrip(b"\xff\xfe") if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else head
