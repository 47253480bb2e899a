"""How tests read the pages of the client card."""

import html

from tests.dashboard import test_subscribers


def text_of(answer):
    """The words of a page as a person reads them."""
    return html.unescape(test_subscribers.text_of(answer))


def file_of(answer):
    """The bytes of a file that was served. Reading to the end closes it."""
    return answer.getvalue()
