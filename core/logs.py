"""What is written to the log, without what opens doors."""

import logging
import re
import sys
from typing import Any

# A secret of core.tokens in an address: Django logs the path of every request that is answered with an error.
SECRET = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")


class Formatter(logging.Formatter):
    """Writes `***` in place of what looks like the secret of a link, in texts and in tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return SECRET.sub("***", super().format(record))


def to_the_console(*, level: str) -> dict[str, Any]:
    """Django's LOGGING: all from a level on goes to the standard error, without secrets."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"class": "core.logs.Formatter", "format": "{asctime} {levelname} {name} {message}", "style": "{"}
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "stream": sys.stderr}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {"django": {"level": "WARNING"}},
    }
