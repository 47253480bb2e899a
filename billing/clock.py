"""What time it is at the ISP whose scope is open, wherever the code runs: a page, a task, a webhook."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from core.scope import NoScope, public_scope, required
from tenants import directory
from tenants.directory import IspRef


def current_isp() -> IspRef:
    """The ISP of the scope, from a cache of seconds. Raises NoScope."""
    uuid = required().isp_uuid
    with public_scope():
        isp = directory.by_uuid(uuid) if uuid else None
    if isp is None:
        raise NoScope("Billing is done in the scope of an ISP.")
    return isp


def local(at: datetime) -> datetime:
    """A moment as the ISP's clocks show it."""
    return at.astimezone(ZoneInfo(current_isp().timezone))


def today(at: datetime) -> date:
    """The ISP's date at a moment."""
    return local(at).date()
