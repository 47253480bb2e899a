"""Carriers of messages: a folder each, whose `channel.py` holds a `Channel`. See docs/channels.md."""

import re
from functools import cache
from importlib import import_module
from pathlib import Path

from messaging.channels.base import Channel, Setup

NUMBER = re.compile(r"\(#([0-9]{1,9})\)$")
HERE = Path(__file__).parent


@cache
def kinds() -> dict[str, type[Channel]]:
    """All channels, by the name of their folder."""
    folders = sorted(path.parent.name for path in HERE.glob("*/channel.py"))
    return {name: import_module(f"messaging.channels.{name}.channel").CHANNEL for name in folders}


def hint_for(medium: str, said: str) -> str:
    """What to do about a refusal in a carrier's words, if they end with a number that one of a medium explains."""
    number = NUMBER.search(said)
    found = [kind.hints.get(number[1]) for kind in kinds().values() if kind.medium == medium] if number else []
    return str(next(filter(None, found), ""))


def open_channel(name: str, setup: Setup) -> Channel:
    """A channel with an ISP's own account. Raises KeyError for one that there is not."""
    return kinds()[name](setup)
