"""The ISP's rules for logins."""

from collections.abc import Mapping
from typing import Any

from core.audit import Actor, record
from subscribers.models import LoginRules


def change_login_rules(*, by: Actor, values: Mapping[str, Any]) -> list[str]:
    """Set the rules, and name those that changed. Logins that are there keep their user names."""
    rules = LoginRules.locked()
    changed = sorted(key for key, value in values.items() if getattr(rules, key) != value)
    for key in changed:
        setattr(rules, key, values[key])
    if changed:
        rules.save(update_fields=changed)
        record("subscribers.login_rules.changed", by=by, on=rules, fields=changed)
    return changed
