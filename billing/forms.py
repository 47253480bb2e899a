"""Forms of invoices, runs, discounts and the settings of billing."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _

from billing.models import BillingSettings, Discount, GroupBilling
from billing.periods import DAY
from company.models import InvoiceGroup
from core.forms import Form, ModelForm
from subscribers.models import Tariff

MOST = Decimal("99999999.99")
CENT = Decimal("0.01")


def day_input() -> forms.DateInput:
    """A date as browsers offer a calendar for."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def money_field(label: Any, *, least: Decimal = CENT, **more: Any) -> forms.DecimalField:
    """An amount of money, at least a cent unless it says otherwise."""
    widget = forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01"})
    return forms.DecimalField(
        label=label, min_value=least, max_value=MOST, max_digits=10, decimal_places=2, widget=widget, **more
    )


class BillingSettingsForm(ModelForm):
    """How the ISP bills."""

    class Meta:
        model = BillingSettings
        fields = [
            "billing_day",
            "due_days",
            "in_advance",
            "lead_days",
            "begins_on",
            "is_automatic",
            "hour",
            "bills_suspended",
            "gives_back",
            "odd_percent",
            "bound_percent",
            "invoice_limit",
            "iban",
        ]
        widgets = {"begins_on": day_input()}

    def clean_iban(self) -> str:
        return self.cleaned_data["iban"].replace(" ", "").upper()


class GroupBillingForm(ModelForm):
    """What holds for one invoice group instead."""

    class Meta:
        model = GroupBilling
        fields = ["billing_day", "due_days"]


FAR = timedelta(days=45)  # from today, for the date of a run


class PlanRunForm(Form):
    """For which date, and for whom, the billing is to be worked out."""

    on = forms.DateField(label=_("Date of the invoices"), widget=day_input())
    group = forms.ModelChoiceField(
        label=_("For"), queryset=InvoiceGroup.objects.all(), required=False, empty_label=_("everybody")
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["on"].initial = today
        if not InvoiceGroup.objects.exists():
            del self.fields["group"]

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if abs(on - self.today) > FAR:
            raise forms.ValidationError(_("Choose a day within six weeks of today."))
        return on


class DiscountForm(ModelForm):
    """Something off the price of a service: per cent or an amount."""

    class Meta:
        model = Discount
        fields = ["percent", "amount", "starts_on", "ends_on", "reason"]
        widgets = {"starts_on": day_input(), "ends_on": day_input()}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        percent, amount = data.get("percent"), data.get("amount")
        if not self.errors and (percent is None) == (amount is None):
            self.add_error("percent", _("Give either a percentage or an amount."))
        starts, ends = data.get("starts_on"), data.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("It would end before it begins."))
        self._validate_constraints = False  # they are said in words above
        return data


class OneOffForm(Form):
    """Dates and note of an invoice that is not of a run."""

    on = forms.DateField(label=_("Date"), widget=day_input())
    due_on = forms.DateField(label=_("Due date"), widget=day_input())
    note = forms.CharField(label=_("Note on the document"), max_length=300, required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)  # sent twice it makes one invoice

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        on, due_on = data.get("on"), data.get("due_on")
        if on and not self.today - FAR <= on <= self.today:
            self.add_error("on", _("Choose today, or a day of the last six weeks."))
        if on and due_on and not on <= due_on <= on + 366 * DAY:
            self.add_error("due_on", _("It is due on the day of the invoice or within a year after it."))
        return data


class LineForm(Form):
    """A line of such an invoice. Empty lines are left aside."""

    text = forms.CharField(label=_("Description"), max_length=200)
    quantity = forms.DecimalField(
        label=_("Quantity"),
        min_value=Decimal("0.001"),
        max_value=Decimal(99999),
        max_digits=8,
        decimal_places=3,
        initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )
    unit_price = money_field(_("Price, tax included"))
    tax_rate = forms.TypedChoiceField(label=_("Tax"), coerce=Decimal)

    def __init__(self, *args: Any, rates: list[Decimal], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tax_rate"].choices = [(str(rate), f"{rate.normalize():f} %") for rate in rates]  # type: ignore[attr-defined]

    def has_changed(self) -> bool:
        """A line counts once somebody has written into it; quantity and tax stand there from the beginning."""
        return bool(self["text"].data or self["unit_price"].data)


LineFormSet = forms.formset_factory(LineForm, extra=0, min_num=1, max_num=30, absolute_max=30, validate_max=True)


def tax_rates() -> list[Decimal]:
    """The rates of the tariffs, and none. One query."""
    return sorted({Decimal("0.00"), *Tariff.objects.order_by().values_list("tax_rate", flat=True).distinct()})


class CreditForm(Form):
    """A credit note, over the whole of what is left or over a part."""

    amount = money_field(_("Amount, tax included"))
    reason = forms.CharField(label=_("Reason"), max_length=200, help_text=_("It stands on the credit note."))
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)  # sent twice it makes one credit note

    def __init__(self, *args: Any, most: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["amount"]
        field.validators = [*field.validators, MaxValueValidator(most)]
        field.initial = most
        self.initial.setdefault("key", uuid4())


class WriteOffForm(Form):
    """Giving up what is open."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class StatementForm(Form):
    """The days of a statement."""

    since = forms.DateField(label=_("From"), widget=day_input())
    until = forms.DateField(label=_("Until"), widget=day_input())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", _("It would end before it begins."))
        if since and since.year < 2000:
            self.add_error("since", _("Choose a day after 1999."))
        return data
