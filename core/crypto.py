"""Secrets at rest: encrypted with a key that differs per ISP and purpose, and never shown again."""

import base64
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models

from core.scope import required


def _cipher(purpose: str) -> MultiFernet:
    label = f"lastmile:{required().label}:{purpose}".encode()

    def key(master: str) -> Fernet:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=label).derive(master.encode())
        return Fernet(base64.urlsafe_b64encode(derived))

    return MultiFernet([key(master) for master in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]])


def encrypt(value: str, *, purpose: str) -> str:
    """Encrypt for the current scope and a purpose such as `company.captcha`. Raises NoScope."""
    return _cipher(purpose).encrypt(value.encode()).decode()


def decrypt(value: str, *, purpose: str) -> str:
    """The inverse of encrypt. Raises NoScope, and ValueError for what another ISP or purpose encrypted."""
    try:
        return _cipher(purpose).decrypt(value.encode()).decode()
    except InvalidToken as error:
        raise ValueError("This secret was not encrypted here.") from error


class SecretField(models.TextField):
    """Text that is stored encrypted. Forms must treat it as write-only: show whether it is set, never its value."""

    def _purpose(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value, purpose=self._purpose()) if value else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return decrypt(value, purpose=self._purpose()) if value else value
