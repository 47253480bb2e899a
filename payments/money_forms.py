"""Forms about money that came in: at the desk, reported, taken back."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from babel import Locale
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import Invoice, LedgerEntry
from core.amounts import AmountField
from core.forms import Form
from core.uploads import DOCUMENTS
from payments.models import Payment, PaymentMethod

FIRST_DAY = date(2000, 1, 1)  # nobody pays earlier


class PaidOnField(forms.DateField):
    """A day that is not to come, and not before this century. Set `today`, the ISP's date."""

    today: date | None = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)

    def until(self, today: date) -> None:
        """Take no day after this one."""
        self.today = today
        self.widget.attrs |= {"max": today.isoformat(), "min": FIRST_DAY.isoformat()}

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and self.today and value > self.today:
            raise ValidationError(_("This day is still to come."), code="future")
        if value and value < FIRST_DAY:
            raise ValidationError(_("This day is too long ago. Please look at the year."), code="past")


class InvoiceChoice(forms.ModelMultipleChoiceField):
    """Open invoices, each with what is left of it; drawn by the page."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Invoice.objects.none(),
            to_field_name="uuid",
            required=False,
            widget=forms.CheckboxSelectMultiple,
            error_messages={
                "invalid_choice": _("One of these invoices has been paid meanwhile."),
                "invalid_pk_value": _("One of these invoices has been paid meanwhile."),
            },
            **kwargs,
        )


def one_line(text: str) -> str:
    """A text with single spaces, without what cannot be seen."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


class _MoneyForm(Form):
    """What all of them ask for."""

    amount = AmountField(label=_("Amount"))

    def __init__(self, *args: Any, locale: Locale, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].of(locale, currency)  # type: ignore[attr-defined]


class _PaidForm(_MoneyForm):
    """Money that somebody has paid: how, when, for what."""

    method = forms.ModelChoiceField(PaymentMethod.objects.none(), label=_("Payment method"), to_field_name="uuid")
    paid_on = PaidOnField(label=_("Paid on"))
    reference = forms.CharField(label=_("Reference"), max_length=120, required=False)
    comment = forms.CharField(label=_("Comment"), max_length=300, required=False)
    invoices = InvoiceChoice(label=_("For these invoices"))

    def __init__(
        self, *args: Any, today: date, methods: QuerySet[PaymentMethod], invoices: QuerySet[Invoice], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["paid_on"].until(today)  # type: ignore[attr-defined]
        self.fields["method"].queryset = methods  # type: ignore[attr-defined]
        self.fields["invoices"].queryset = invoices  # type: ignore[attr-defined]
        self.open_invoices = invoices

    def clean_reference(self) -> str:
        return one_line(self.cleaned_data["reference"])

    def clean_comment(self) -> str:
        return one_line(self.cleaned_data["comment"])

    @property
    def chosen(self) -> set[str]:
        """The invoices that are ticked."""
        return {str(getattr(value, "uuid", value)) for value in self["invoices"].value() or ()}


class PaymentForm(_PaidForm):
    """A payment at the desk. `key` names the form, so that sent twice it is one payment."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    is_another = forms.BooleanField(label=_("It is another payment, book it"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reference"].help_text = _("For example the number on the voucher.")
        self.fields["invoices"].help_text = _("Without a choice, what is due first is paid first.")
        self.fields["method"].empty_label = _("Please choose")  # type: ignore[attr-defined]
        self.seen: list[Payment] = []

    def clean(self) -> dict[str, Any]:
        """The same reference a second time is a question."""
        data = super().clean() or self.cleaned_data
        reference, key = data.get("reference"), data.get("key")
        if reference and key:
            rows = Payment.objects.standing().with_rows().with_reference(reference)  # type: ignore[attr-defined]
            self.seen = list(rows.exclude(key__endswith=f":{key}")[:5])
        if self.seen and not data.get("is_another"):
            self.add_error("reference", _("A payment with this reference is there already. Is this another one?"))
        return data


class TakeBackForm(_MoneyForm):
    """A payment that was none, or that was paid back."""

    kind = forms.ChoiceField(
        label=_("What happened"),
        choices=[
            (LedgerEntry.Kind.TAKEN_BACK.value, _("It was booked by mistake, or the money never came")),
            (LedgerEntry.Kind.REFUND.value, _("The money was paid back to the subscriber")),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("It stands on the statement."))

    def __init__(self, *args: Any, most: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most = most

    def clean_amount(self) -> Decimal:
        if self.cleaned_data["amount"] > self.most:
            raise ValidationError(_("That is more than is left of this payment."))
        return self.cleaned_data["amount"]

    def clean_reason(self) -> str:
        return one_line(self.cleaned_data["reason"])


class ReportForm(_PaidForm):
    """What a subscriber reports to have paid. `received` is the voucher that came before, if one did."""

    submission = forms.UUIDField(widget=forms.HiddenInput)
    voucher = forms.FileField(
        label=_("Voucher"), required=False, help_text=_("A photo or a PDF file, up to 10 MB."), allow_empty_file=True
    )

    def __init__(self, *args: Any, received: Any = None, voucher_error: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.received, self.voucher_error = received, voucher_error
        self.fields["voucher"].widget.attrs["accept"] = ",".join([*sorted(DOCUMENTS), ".pdf", ".png", ".jpg", ".jpeg"])
        self.fields["amount"].help_text = _("What you paid, as it stands on the voucher.")
        self.fields["reference"].help_text = _("The number of the payment on the voucher, if it has one.")
        self.fields["method"].empty_label = _("Please choose")  # type: ignore[attr-defined]
        self.fields["method"].label_from_instance = lambda method: method.shown_name  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Staff need something by which to find the money."""
        data = super().clean() or self.cleaned_data
        if self.voucher_error:
            self.add_error("voucher", self.voucher_error)
        elif self.received is None and not data.get("reference") and "reference" not in self.errors:
            self.add_error("voucher", _("Add the voucher, or write the reference of the payment."))
        return data


class ApproveForm(_MoneyForm):
    """What of a report is booked, if it is not what was reported."""


class RejectForm(Form):
    """Why a report is refused."""

    reason = forms.CharField(label=_("Reason"), max_length=300)

    def clean_reason(self) -> str:
        reason = one_line(self.cleaned_data["reason"])
        if not reason:
            raise ValidationError(_("Please say why; the subscriber is told."))
        return reason


REASONS: Iterable[Any] = [
    pgettext_lazy("reason for refusing a payment report", "The voucher cannot be read."),
    pgettext_lazy("reason for refusing a payment report", "The payment has not arrived in our account."),
    pgettext_lazy("reason for refusing a payment report", "This payment was reported and booked before."),
    pgettext_lazy("reason for refusing a payment report", "The amount differs from the voucher."),
]


def fresh_key(text: str | None) -> UUID:
    """The number of a form that was sent, or a new one."""
    try:
        return UUID(text or "")
    except ValueError:
        return uuid4()
