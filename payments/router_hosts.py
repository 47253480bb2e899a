"""The pages of gateways, for the list of what suspended subscribers must reach."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from company.router import Entry, also
from payments.models import GatewayAccount

# What a hosted page loads besides, until its question whether somebody is human. Else paying stalls half-way.
BESIDES = {
    "stripe": (
        *("js.stripe.com", "api.stripe.com", "hooks.stripe.com", "m.stripe.com", "m.stripe.network"),
        *("r.stripe.com", "q.stripe.com", "b.stripecdn.com", "hcaptcha.com", "newassets.hcaptcha.com"),
    ),
    "mercado_pago": ("http2.mlstatic.com", "api.mercadopago.com", "sdk.mercadopago.com"),
}


@also
def gateways() -> Iterable[Entry]:
    """The hosts of those gateways that subscribers can pay at. One query."""
    for account in GatewayAccount.objects.offered():
        hosts = [urlsplit(origin).hostname or "" for origin in account.kind.hosts()] if account.kind else []
        for host in (*hosts, *BESIDES.get(account.gateway, ())):
            if host:
                yield Entry(host, account.title)
