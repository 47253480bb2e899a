"""Calls of Mercado Pago's HTTP interface, and its errors in our words."""

from typing import Any

import requests
from django.conf import settings

from payments.gateways.base import GatewayAway, KeysRefused, NotThere, Refused

ERRORS = {401: KeysRefused, 403: KeysRefused, 404: NotThere}


def call(token: str, method: str, path: str, *, key: str = "", **options: Any) -> dict[str, Any]:
    """One call, which happens once for a key. Raises GatewayProblem."""
    headers = {"Authorization": f"Bearer {token}"}
    if key:
        headers["X-Idempotency-Key"] = key
    address = settings.MERCADO_PAGO_API_BASE + path
    try:
        answer = requests.request(method, address, headers=headers, timeout=settings.GATEWAY_TIMEOUT, **options)
    except requests.RequestException as error:
        raise GatewayAway(type(error).__name__) from error
    if answer.status_code >= 500 or answer.status_code == 429:
        raise GatewayAway(f"Mercado Pago answered {answer.status_code}.")
    try:
        data = answer.json()
    except ValueError as error:
        raise GatewayAway("Mercado Pago answered with something that is not JSON.") from error
    if answer.status_code >= 400:
        text = str(data.get("message") or data.get("error") or answer.status_code)[:300]
        raise ERRORS.get(answer.status_code, Refused)(text)
    return data
