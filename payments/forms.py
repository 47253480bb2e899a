"""Forms of the ways to pay."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import ModelForm
from payments.models import PaymentMethod

ACCOUNT_NUMBER = re.compile(r"(?:\d[ .-]?){6,}")


class PaymentMethodForm(ModelForm):
    """One way to pay, with what subscribers see of it."""

    class Meta:
        model = PaymentMethod
        fields = ["kind", "name", "portal_name", "instructions", "visible_in_portal"]
        widgets = {"instructions": forms.Textarea(attrs={"rows": 5})}
        help_texts = {
            "name": _("For example the bank and the account number. Only your staff see it if a portal name is set."),
            "portal_name": _(
                "A short label for subscribers, such as “Bank transfer”. If empty, they see the name above."
            ),
            "instructions": _("What the subscriber has to do: account to pay to, reference to give, opening hours."),
            "visible_in_portal": _("When off, staff can use it and subscribers do not see it."),
        }

    def clean(self) -> dict[str, Any]:
        """A number that looks like an account's is not shown to subscribers by oversight."""
        data = super().clean() or {}
        is_exposed = data.get("visible_in_portal") and not data.get("portal_name")
        if is_exposed and ACCOUNT_NUMBER.search(data.get("name", "")):
            self.add_error(
                "portal_name",
                _("Subscribers would see the number in the name above. Give a short label for the portal."),
            )
        return data
