"""What carriers say, without our keys: some repeat the header or the address by which they were called."""

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from messaging.channels.base import Channel, ChannelProblem, Event, Told
from messaging.channels.reasons import readable

HIDDEN = "•••"
SHORT = 4  # characters; what is shorter is hidden only where it stands alone
Problem = TypeVar("Problem", bound=ChannelProblem)


class Discretion:
    """Knows what is secret of an account, in each way in which it is written on its way."""

    def __init__(self, channel: Channel) -> None:
        found = _written(channel.confidential(), channel.setup.values)
        parts = [_pattern(each) for each in sorted(found, key=len, reverse=True)]
        self._secrets = re.compile("|".join(parts), re.IGNORECASE) if parts else None

    def text(self, text: str) -> str:
        """A text on one line, without what is secret."""
        plain = readable(text)
        return self._secrets.sub(HIDDEN, plain) if self._secrets else plain

    def problem(self, problem: Problem) -> Problem:
        """The same problem, with what was said made discreet."""
        reason = problem.reason
        problem.reason = replace(reason, said=self.text(reason.said), values=self._values(reason.values))
        problem.args = (problem.reason.kept,)
        return problem

    def told(self, told: Iterable[Told]) -> list[Told]:
        """Events, with what was said made discreet. What people write stays as it is."""
        return [
            replace(each, said=self.text(each.said)) if isinstance(each, Event) and each.said else each for each in told
        ]

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.text(value)[:60] if isinstance(value, str) else value for name, value in values.items()}


def _written(secrets: Sequence[str], values: Mapping[str, Any]) -> set[str]:
    """Secrets as they are, in addresses, in JSON and HTML, and with a user name as HTTP and SMTP write them."""
    found = set()
    users = {value for value in values.values() if isinstance(value, str) and 0 < len(value) <= 100}
    for secret in filter(None, map(readable, secrets)):
        found |= {secret, quote(secret, safe=""), quote_plus(secret), html.escape(secret), json.dumps(secret)[1:-1]}
        found |= {_base64(secret), *(_base64(f"{user}:{secret}") for user in users)}
        found |= {_base64(f"\0{user}\0{secret}") for user in users}
    return found


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")


def _pattern(secret: str) -> str:
    pattern = r"\s+".join(re.escape(part) for part in secret.split())
    return rf"(?<!\w){pattern}(?!\w)" if len(secret) < SHORT else pattern
