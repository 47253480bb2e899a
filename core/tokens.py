"""Links that let somebody in: 256 random bits, stored hashed, bound to a purpose, an owner and a life."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any, TypeVar

from django.utils import timezone

from core.models import Token

T = TypeVar("T", bound=Token)


def digest(secret: str) -> str:
    """What is stored instead of the secret. A plain hash suffices for 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(model: type[T], *, purpose: str, life: timedelta, **owner: Any) -> str:
    """Make a token in the current scope and return its secret, which is not stored anywhere."""
    secret = secrets.token_urlsafe(32)
    model._default_manager.create(digest=digest(secret), purpose=purpose, expires_at=timezone.now() + life, **owner)
    return secret


def find(model: type[T], secret: str, *, purpose: str, lock: bool = False) -> T | None:
    """The unused, unexpired token of this purpose in the current scope, or None. `lock` holds it for a spender."""
    rows = model._default_manager.filter(
        digest=digest(secret), purpose=purpose, used_at=None, expires_at__gt=timezone.now()
    )
    return (rows.select_for_update() if lock else rows).first()


def spend(token: Token) -> None:
    """Mark a token that find(lock=True) returned as used."""
    token.used_at = timezone.now()
    token.save(update_fields=["used_at"])
