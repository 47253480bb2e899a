"""What the tests of payments at gateways do again and again."""

from decimal import Decimal

from billing.models import Account, Invoice, LedgerEntry
from core.scope import public_scope
from payments.models import Checkout
from payments.services.checkouts import begin_checkout
from tenants.directory import IspRef, reference
from tenants.models import ISP
from tests.payments.gateways.fake import NOON

TERMS = "I allow WispMega to charge this card."


def ref(isp: ISP) -> IspRef:
    with public_scope():
        return reference(ISP.objects.with_state().get(pk=isp.pk))


def begin(isp: ISP, person: object, amount: str = "800", **more: object) -> Checkout:
    values = {"at": NOON, "host": "wispmega.localhost", "account": None, **more}
    values["account"] = values["account"] or _account()
    return begin_checkout(by=None, isp=ref(isp), subscriber=person, amount=Decimal(amount), **values)


def _account() -> object:
    from payments.models import GatewayAccount

    return GatewayAccount.objects.get()


def balance(person: object) -> Decimal:
    return Account.objects.get(subscriber=person).balance


def entries(person: object) -> list[tuple[str, Decimal]]:
    """The ledger, the oldest entry first."""
    return list(LedgerEntry.objects.filter(subscriber=person).order_by("pk").values_list("kind", "amount"))


def invoices(person: object) -> list[Invoice]:
    return list(Invoice.objects.filter(subscriber=person).order_by("due_on"))
