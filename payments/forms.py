"""Forms of the ways to pay, and of what holds for all of them."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import ModelForm
from payments.models import BalanceSettings, PaymentMethod, PaymentSettings

ACCOUNT_NUMBER = re.compile(r"(?:\d[ .-]?){6,}")

# What may be left empty, and means this.
OPTIONAL = {"fee_fixed": Decimal(0), "fee_percent": Decimal(0), "fee_bearer": PaymentMethod.Bearer.ISP}


class PaymentMethodForm(ModelForm):
    """One way to pay, with what subscribers see of it."""

    class Meta:
        model = PaymentMethod
        fields = [
            *("kind", "name", "portal_name", "bank", "holder", "account_number", "transfer_code", "instructions"),
            *("fee_fixed", "fee_percent", "fee_bearer", "groups", "takes_reports", "visible_in_portal"),
        ]
        widgets = {
            "instructions": forms.Textarea(attrs={"rows": 5}),
            "groups": forms.CheckboxSelectMultiple,
        }
        help_texts = {
            "name": _("For example the bank and the account number. Only your staff see it if a portal name is set."),
            "portal_name": _(
                "A short label for subscribers, such as “Bank transfer”. If empty, they see the name above."
            ),
            "instructions": _("What the subscriber has to do: account to pay to, reference to give, opening hours."),
            "bank": _("Where the money goes: the bank, or the chain of stores."),
            "account_number": _("Subscribers copy it with a button."),
            "transfer_code": _("The long number for transfers from other banks."),
            "fee_fixed": _("What each payment costs, in your currency."),
            "fee_percent": _("Of the amount, besides the fixed fee."),
            "fee_bearer": _("What the subscriber pays on top is shown before paying and stands on the receipt."),
            "groups": _("Without a choice all subscribers can use it."),
            "takes_reports": _("Subscribers choose it when they report that they have paid."),
            "visible_in_portal": _("When off, staff can use it and subscribers do not see it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in OPTIONAL:
            self.fields[name].required = False
        if self.instance.kind == PaymentMethod.Kind.GATEWAY:
            # It comes with the keys of its gateway, and nobody reports what the gateway tells.
            for name in ("kind", "bank", "holder", "account_number", "transfer_code", "takes_reports"):
                del self.fields[name]
        else:
            kinds = [choice for choice in PaymentMethod.Kind.choices if choice[0] != PaymentMethod.Kind.GATEWAY]
            self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        if not self.fields["groups"].queryset.exists():  # type: ignore[attr-defined]
            del self.fields["groups"]

    def clean(self) -> dict[str, Any]:
        """A number that looks like an account's is not shown to subscribers by oversight."""
        data = super().clean() or {}
        for name, nothing in OPTIONAL.items():
            if name not in self.errors and data.get(name) in (None, ""):
                data[name] = nothing
        is_exposed = data.get("visible_in_portal") and not data.get("portal_name")
        if is_exposed and ACCOUNT_NUMBER.search(data.get("name", "")):
            self.add_error(
                "portal_name",
                _("Subscribers would see the number in the name above. Give a short label for the portal."),
            )
        return data


class PaymentSettingsForm(ModelForm):
    """Receipts, reports, and the grace for reports."""

    class Meta:
        model = PaymentSettings
        fields = ["confirms", "takes_reports", "reactivates", "grace_days", "grace_cap"]
        help_texts = {
            "confirms": _("To the billing address of the subscriber, else to the e-mail address."),
            "takes_reports": _("With a voucher, in the portal and on the public balance page."),
            "reactivates": _(
                "At once, without waiting for you. It ends when you reject the report, or when the days are over. "
                "Each service can say something else on its page."
            ),
            "grace_days": _("From the day of the report, 15 at most."),
            "grace_cap": _("Who owes more waits until you have looked. Empty: any debt that the report covers."),
        }


class BalanceSettingsForm(ModelForm):
    """The public balance page."""

    class Meta:
        model = BalanceSettings
        fields = [
            *("is_on", "by_service", "by_username", "by_id_number", "by_tax_id", "by_email", "asks_phone"),
            *("title", "text"),
        ]
        widgets = {"text": forms.Textarea(attrs={"rows": 5})}
        help_texts = {
            "is_on": _(
                "Anybody who knows one of the numbers below sees what is owed, with initials in place of names."
            ),
            "asks_phone": _("Then a number that somebody found on a paper is not enough."),
            "title": _("Empty: “Your balance”."),
            "text": _("Plain text; addresses of web pages become links."),
        }

    def clean(self) -> dict[str, Any]:
        """A page that asks for nothing can find nobody."""
        data = super().clean() or {}
        if data.get("is_on") and not any(data.get(name) for name in self.fields if name.startswith("by_")):
            self.add_error("by_service", _("Choose at least one thing that people can name."))
        return data
