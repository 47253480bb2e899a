"""Carriers of messages: a folder each, whose `channel.py` holds a `Channel`. See docs/channels.md."""

from functools import cache
from importlib import import_module
from pathlib import Path

from messaging.channels.base import Channel, Setup

HERE = Path(__file__).parent


@cache
def kinds() -> dict[str, type[Channel]]:
    """All channels, by the name of their folder."""
    folders = sorted(path.parent.name for path in HERE.glob("*/channel.py"))
    return {name: import_module(f"messaging.channels.{name}.channel").CHANNEL for name in folders}


def open_channel(name: str, setup: Setup) -> Channel:
    """A channel with an ISP's own account. Raises KeyError for one that there is not."""
    return kinds()[name](setup)
