"""Outside systems that collect money: a folder each, whose `gateway.py` holds a `Gateway`. See docs/gateways.md."""

from functools import cache
from importlib import import_module
from pathlib import Path

from payments.gateways.base import Gateway, Keys

HERE = Path(__file__).parent


@cache
def kinds() -> dict[str, type[Gateway]]:
    """All gateways, by the name of their folder."""
    folders = sorted(path.parent.name for path in HERE.glob("*/gateway.py"))
    return {name: import_module(f"payments.gateways.{name}.gateway").GATEWAY for name in folders}


def open_gateway(name: str, keys: Keys) -> Gateway:
    """A gateway with an ISP's own keys. Raises KeyError for one that there is not."""
    return kinds()[name](keys)
