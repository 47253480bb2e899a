"""Bold, italic, struck and fixed as WhatsApp marks them in a text."""

import re

MARKS = [
    (re.compile(r"```(?=\S)([^`]*?\S)```"), "code"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]*?\S)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]*?\S)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]*?\S)~(?![\w~])"), "s"),
]


def without_marks(text: str) -> str:
    """A text as it reads where nothing can be bold."""
    for mark, _tag in MARKS:
        text = mark.sub(r"\1", text)
    return text
