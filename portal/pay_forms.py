"""What a subscriber chooses to pay, and with what."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from core.forms import Form
from payments.models import GatewayAccount

OTHER = "other"  # what is owed beside invoices


class PayForm(Form):
    """Invoices, the rest of the debt, the gateway, and whether the card is kept. `wish` is what it comes to."""

    chosen = forms.MultipleChoiceField(
        label=_("What would you like to pay?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one invoice."),
            "invalid_choice": _("One of these invoices is paid already. Please choose again."),
        },
    )
    gateway = forms.ChoiceField(label=_("Pay with"), widget=forms.RadioSelect)
    saves = forms.BooleanField(required=False)

    def __init__(
        self,
        data: Any,
        *,
        invoices: Iterable[Invoice],
        balance: Decimal | None,
        accounts: list[GatewayAccount],
        wanted: list[str],
        terms: str,
    ) -> None:
        super().__init__(data)
        self.accounts = accounts
        self.debts = {str(invoice.uuid): invoice for invoice in sorted(invoices, key=lambda row: row.due_on)}
        self.other = max((balance or Decimal(0)) - sum(debt.open for debt in self.debts.values()), Decimal(0))
        self.terms = terms
        known = [*self.debts, *([OTHER] if self.other else [])]
        self.fields["chosen"].choices = [(name, name) for name in known]
        self.fields["gateway"].choices = [(each.gateway, each.method.shown_name) for each in accounts]
        picked = [name for name in wanted if name in self.debts]
        self.picked = set(data.getlist("chosen") if data is not None else picked or known)
        if len(accounts) == 1:
            self.fields["gateway"].required = False
            self.fields["gateway"].widget = forms.HiddenInput()
        self.initial["gateway"] = accounts[0].gateway if accounts else ""

    @property
    def total(self) -> Decimal:
        """Of what is picked."""
        return sum((row["amount"] for row in self.rows if row["is_picked"]), Decimal(0))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What is open, for the page."""
        rows = [
            {"name": name, "invoice": invoice, "amount": invoice.open, "is_picked": name in self.picked}
            for name, invoice in self.debts.items()
        ]
        if self.other:
            rows.append({"name": OTHER, "invoice": None, "amount": self.other, "is_picked": OTHER in self.picked})
        return rows

    @property
    def can_save(self) -> bool:
        return bool(self.terms) and any(each.kind and each.kind.can_save for each in self.accounts)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        name = data.get("gateway") or (self.accounts[0].gateway if len(self.accounts) == 1 else "")
        self.account = next((each for each in self.accounts if each.gateway == name), None)
        if self.account is None and "gateway" not in self.errors:
            self.add_error(None, _("Paying online is not possible at the moment."))
        return data

    @property
    def wish(self) -> dict[str, Any]:
        """What is begun, once the form is valid."""
        picked = self.cleaned_data["chosen"]
        invoices = [self.debts[name] for name in picked if name in self.debts]
        saves = self.cleaned_data["saves"] and self.account is not None and self.account.kind.can_save
        return {
            "account": self.account,
            "invoices": invoices,
            "amount": sum((debt.open for debt in invoices), self.other if OTHER in picked else Decimal(0)),
            "terms": self.terms if saves else "",
        }
