"""Links for those whom staff have picked out of the list of subscribers."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import uuid4

from core.audit import Actor
from core.scope import NoScope, public_scope, required
from subscribers.models import AutoLoginLink, PortalToken
from subscribers.services import starts
from tenants import directory


def send_set_password_links(*, by: Actor, ids: Collection[int]) -> set[int]:
    """Mail the main logins of these subscribers a link to set a password; the keys of those who get one."""
    run = uuid4()
    starts.send_set_password_links(by=by, isp=_isp(), subscriber_ids=ids, run=run)
    return _whose(PortalToken, run)


def send_autologin_links(*, by: Actor, ids: Collection[int], scope: str, days: int) -> set[int]:
    """Mail the main logins of these subscribers an auto-login link; the keys of those who get one."""
    run, life = uuid4(), timedelta(days=days)
    starts.send_autologin_links(by=by, isp=_isp(), subscriber_ids=ids, run=run, scope=scope, life=life)
    return _whose(AutoLoginLink, run)


def _isp() -> directory.IspRef:
    """The ISP whose scope is open. Raises NoScope."""
    isp_id = required().isp_id
    if isp_id is None:
        raise NoScope("Links are sent in an ISP's scope.")
    with public_scope():
        return directory.open_isp(isp_id)


def _whose(model: type[Any], run: Any) -> set[int]:
    return set(model._default_manager.filter(run=run).values_list("portal_user__subscriber_id", flat=True))
