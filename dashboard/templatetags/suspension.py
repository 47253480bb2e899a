"""What pages say of suspensions."""

from typing import Any

from django import template

from billing import holds

register = template.Library()


@register.filter
def hold_text(name: str) -> Any:
    """What holds a suspension back, in words."""
    return holds.hold_text(name)
