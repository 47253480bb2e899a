"""What is written to the log, without what opens doors."""

import logging
import re

# A secret of core.tokens in an address: Django logs the path of every request that is answered with an error.
SECRET = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")


class Formatter(logging.Formatter):
    """Writes `***` in place of what looks like the secret of a link, in texts and in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return SECRET.sub("***", super().format(record))
