"""Card payments of the demo: each ISP has an account at a Stripe of the demo's own, and a few subscribers have paid."""

import json
import urllib.parse
import urllib.request
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from billing.models import Account
from core.scope import isp_scope, public_scope
from demo.suspensions import kept_in_debt
from domains.links import slug_host
from payments.gateways.base import Keys
from payments.models import GatewayAccount
from payments.services import autopay
from payments.services.checkouts import begin_checkout
from payments.services.gateway_accounts import connect_gateway, switch_transfers
from payments.services.truth import reconcile
from subscribers.models import Subscriber
from tenants.directory import IspRef, reference
from tenants.models import ISP

CARD = {"number": "4242424242424242", "until": "12/34", "code": "123"}
PAYERS = 6  # of each ISP, behind those whose login is shown, who keep their debts
SKIPPED = 12


def connect_gateways() -> None:
    """Connect each ISP that has no gateway yet, as its staff would do by pasting a key, and let a few people pay."""
    with public_scope():
        isps = [reference(isp) for isp in ISP.objects.with_state().order_by("pk")]
    for isp in isps:
        if isp.is_suspended:
            continue
        with isp_scope(isp):
            with transaction.atomic():
                is_connected = GatewayAccount.objects.exists()
            if not is_connected:
                _connect(isp)


def _connect(isp: IspRef) -> None:
    account = ask("accounts", name=isp.name, country=isp.country, currency=isp.currency)
    now = timezone.now()
    connected = connect_gateway(by=None, isp=isp, gateway="stripe", keys=Keys(account["keys"]["live"]), at=now)
    switch_transfers(by=None, account=connected, takes=True)
    with transaction.atomic():
        connected.refresh_from_db()
        owing = (
            Account.objects.owing().exclude(subscriber__in=kept_in_debt()).select_related("subscriber").order_by("pk")
        )
        rows = [(row.subscriber, row.balance) for row in owing[SKIPPED : SKIPPED + PAYERS]]
    _sell_a_router(isp, account["keys"]["live"])
    with translation.override(isp.language):
        for number, (subscriber, balance) in enumerate(rows):
            _pay(isp, connected, subscriber, balance, number)


def _pay(isp: IspRef, account: GatewayAccount, subscriber: Subscriber, balance: Decimal, number: int) -> None:
    """One of each kind: paid with a card, kept a card, took a slip, gave up, sends money by bank."""
    checkout = begin_checkout(
        by=None,
        isp=isp,
        subscriber=subscriber,
        account=account,
        amount=balance,
        at=timezone.now() - timedelta(minutes=90 - 10 * number),
        host=slug_host(isp),
        email=subscriber.email,
        terms=autopay.terms(isp.name) if number == 1 else "",
    )
    if number == 3 and isp.country in ("MX", "BR"):
        ask("pay", session=checkout.number, way="oxxo" if isp.country == "MX" else "boleto")
    elif number == 5 and account.offers_transfers:
        ask("pay", session=checkout.number, way="customer_balance")
    elif number != 4:
        ask("pay", session=checkout.number, **CARD)
    reconcile(checkout=checkout, at=timezone.now(), isp=isp)


def _sell_a_router(isp: IspRef, key: str) -> None:
    """Something that the ISP sells by a link of its own at the gateway: money that fits nothing here."""
    wish = {"mode": "payment", "success_url": "http://localhost/", "customer_email": "tienda@mail.example"}
    wish |= {
        "line_items[0][price_data][currency]": isp.currency,
        "line_items[0][price_data][unit_amount]": 89900,
        "line_items[0][price_data][product_data][name]": "Router",
    }
    request = urllib.request.Request(  # noqa: S310
        f"{settings.STRIPE_API_BASE}/v1/checkout/sessions",
        urllib.parse.urlencode(wish).encode(),
        {"Authorization": f"Bearer {key}"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        ask("pay", session=json.load(answer)["id"], **CARD)


def ask(door: str, **data: Any) -> dict[str, Any]:
    """Have the demo's Stripe do what people do around it."""
    body = urllib.parse.urlencode(data).encode()
    with urllib.request.urlopen(f"{settings.STRIPE_API_BASE}/_lab/{door}", body, timeout=10) as answer:  # noqa: S310
        return json.load(answer)
