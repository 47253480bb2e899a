"""The ISP's rules for logins."""

from collections.abc import Mapping
from typing import Any

from core.audit import Actor, record
from core.changes import Changes, set_fields
from subscribers.models import LoginRules


def change_login_rules(*, by: Actor, values: Mapping[str, Any]) -> Changes:
    """Set the rules, and say what changed. Logins that are there keep their user names."""
    rules = LoginRules.locked()
    if changes := set_fields(rules, values):
        record("subscribers.login_rules.changed", by=by, on=rules, changes=changes)
    return changes
