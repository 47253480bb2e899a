"""A short print of what an import wrote into a row of the base, to see later whether somebody has changed it since."""

import hashlib
import json
from typing import Any

from django.db.models import Model

SUBSCRIBER = ("number", "first_name", "last_name", "id_number", "email", "mobile", "second_mobile", "address",
              "district", "city", "postcode", "zone_id", "kind", "business_name", "tax_id", "billing_address",
              "billing_email",
              "group_id", "version")  # fmt: skip
SERVICE = ("subscriber_id", "number", "tariff_id", "price", "state", "address", "router_id", "ip_address", "queue_name",
           "started_on", "ended_on")  # fmt: skip
LOGIN = ("subscriber_id", "username", "email", "person", "role", "password", "is_active", "valid_from", "valid_until",
         "last_login")  # fmt: skip
NOTE = ("subscriber_id", "text", "is_pinned")
TARIFF = ("name", "download", "upload", "price", "tax_rate", "cycle", "portal_name", "description", "is_active")
NAMED = ("name",)
FIELDS = {
    "subscriber": SUBSCRIBER,
    "service": SERVICE,
    "login": LOGIN,
    "note": NOTE,
    "tariff": TARIFF,
    "zone": NAMED,
    "router": ("name", "address", "is_active"),
    "group": NAMED,
}


def print_of(kind: str, row: Model) -> str:
    """The print of a row of this kind."""
    seen = [_plain(getattr(row, name)) for name in FIELDS[kind]]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int)):
        return value
    # 350 and 350.00 are the same price.
    return f"{value:.2f}" if type(value).__name__ == "Decimal" else str(value)
