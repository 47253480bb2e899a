"""What staff are asked in the money inbox."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.folding import folded
from core.forms import Form
from payments.models import BankAccount, BankLine, PaymentMethod, Statement
from payments.statements import BadStatement
from payments.statements.lines import account_key, typed_amount
from payments.statements.tables import Mapping
from payments.statements.targets import BY_KEY, TARGETS
from subscribers.models import Subscriber

DATES = [("dmy", _("day, month, year")), ("mdy", _("month, day, year")), ("ymd", _("year, month, day"))]
POINTS = [(",", _("a comma: 1.234,56")), (".", _("a point: 1,234.56"))]


class RemovalForm(Form):
    """Why a statement is taken out again."""

    reason = forms.CharField(label=_("Why it is removed"), max_length=300)


class StatementForm(Form):
    """The file."""

    file = forms.FileField(
        label=_("Statement of your bank"),
        help_text=_(
            "CAMT.053, MT940, or a table as CSV or XLSX, up to 20 MB. Nothing is booked before you have seen it."
        ),
        error_messages={"required": _("Choose a file."), "empty": _("This file is empty. Please choose it again.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ".csv,.txt,.tsv,.xlsx,.xml,.sta,.mt940,.940,.c53"


class AccountForm(Form):
    """Whose account a statement is of: one that is known, or a new one."""

    account = forms.ModelChoiceField(
        BankAccount.objects.all(), label=_("Account"), required=False, empty_label=_("a new account")
    )
    name = forms.CharField(
        label=_("Name of the new account"), max_length=80, required=False, help_text=_("For example the bank's name.")
    )
    number = forms.CharField(label=_("Number of the new account"), max_length=60, required=False)
    method = forms.ModelChoiceField(
        PaymentMethod.objects.filter(is_active=True),
        label=_("Payment method of what comes in there"),
        required=False,
        empty_label=_("none"),
        help_text=_("Payments from the new account are listed under it."),
    )

    def __init__(self, *args: Any, statement: Statement, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.statement = statement
        self.fields["account"].initial = statement.account_id
        if statement.found_account:
            del self.fields["number"]

    @property
    def account_number(self) -> str:
        return self.statement.found_account or account_key(self.cleaned_data.get("number", ""))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not data.get("account") and "account" not in self.errors:
            if not data.get("name"):
                self.add_error("name", _("Give the new account a name, or choose one that is there."))
            if "number" in self.fields and len(account_key(data.get("number", ""))) < 4:
                self.add_error("number", _("Type the number of the account."))
        return data


class ColumnsForm(AccountForm):
    """What the columns of a table are, and whose account it is of."""

    date_order = forms.ChoiceField(label=_("Order of the date"), choices=DATES, widget=forms.RadioSelect)
    point = forms.ChoiceField(label=_("Before the decimals stands"), choices=POINTS, widget=forms.RadioSelect)
    turned = forms.BooleanField(label=_("Money that comes in has a minus"), required=False)

    def __init__(self, *args: Any, statement: Statement, **kwargs: Any) -> None:
        super().__init__(*args, statement=statement, **kwargs)
        mapping = statement.mapping
        by_title = {title: target for target, titles in mapping.get("columns", {}).items() for title in titles}
        choices = [("", _("not needed")), *((target.key, target.label) for target in TARGETS)]
        self.columns = statement.table.get("columns", [])
        for place, column in enumerate(self.columns):
            title = folded(column["name"]) or column["name"]
            field = forms.ChoiceField(
                label=column["name"], choices=choices, required=False, initial=by_title.get(title, "")
            )
            field.widget.attrs["class"] = "form-select"
            self.fields[f"c{place}"] = field
        for name in ("date_order", "point", "turned"):
            self.fields[name].initial = mapping.get(name)

    def rows(self) -> list[tuple[Any, dict[str, Any]]]:
        """Each field with the column it is about."""
        return [(self[f"c{place}"], column) for place, column in enumerate(self.columns)]

    def others(self) -> list[Any]:
        """The fields beside those of the columns."""
        return [self[name] for name in self.fields if not re.fullmatch(r"c\d+", name)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        seen: dict[str, str] = {}
        for name in [name for name in self.fields if re.fullmatch(r"c\d+", name)]:
            target = data.get(name, "")
            if target in seen and not BY_KEY[target].joined:
                message = gettext("“%(target)s” is chosen for “%(other)s” already. Choose it for one column only.")
                other = self.fields[seen[target]].label
                self.add_error(name, message % {"target": BY_KEY[target].label, "other": other})
            elif target:
                seen[target] = name
        if "booked_on" not in seen:
            self.add_error(None, _("Choose the column with the date of booking."))
        if not seen.keys() & {"amount", "amount_in"}:
            self.add_error(None, _("Choose the column with the amount, or the one with money in."))
        if "amount" in seen and seen.keys() & {"amount_in", "amount_out"}:
            self.add_error(
                seen["amount"], _("Choose either one column with the amount, or those with money in and out.")
            )
        return data

    @property
    def mapping(self) -> Mapping:
        columns: dict[str, list[str]] = {}
        for place, column in enumerate(self.columns):
            if target := self.cleaned_data.get(f"c{place}"):
                columns.setdefault(target, []).append(folded(column["name"]) or column["name"])
        account = self.cleaned_data.get("account")
        return Mapping(
            columns=columns,
            date_order=self.cleaned_data["date_order"],
            point=self.cleaned_data["point"],
            turned=self.cleaned_data["turned"],
            own_account=account.number if account else self.account_number,
        )


def typed(text: str) -> Decimal:
    """An amount as a clerk types it, with a point or a comma before the decimals. Raises BadStatement."""
    return typed_amount(text, point="," if re.search(r",\d{1,2}\s*\D*$", text) else ".", line=0)


class BookForm(Form):
    """How a line is split among the chosen customers. One amount may be left empty: it takes the rest."""

    def __init__(
        self, *args: Any, line: BankLine, people: Sequence[Subscriber], debts: dict[int, Sequence[Any]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.line, self.people = line, list(people)
        for person in self.people:
            amount = forms.CharField(label=_("Amount"), max_length=30, required=False)
            amount.widget.attrs |= {"inputmode": "decimal", "class": "form-control", "placeholder": _("the rest")}
            self.fields[f"amount_{person.number}"] = amount
            choices = [(debt.invoice, debt.number) for debt in debts.get(person.pk, []) if debt.invoice]
            invoices = forms.TypedMultipleChoiceField(
                label=_("Pays first"), choices=choices, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
            )
            invoices.widget.attrs["class"] = "form-check-input"
            self.fields[f"invoices_{person.number}"] = invoices

    def rows(self) -> list[tuple[Subscriber, Any, Any]]:
        """Each customer with the fields of amount and invoices."""
        return [(row, self[f"amount_{row.number}"], self[f"invoices_{row.number}"]) for row in self.people]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        self.amounts: dict[int, Decimal] = {}
        empty = []
        for person in self.people:
            name = f"amount_{person.number}"
            text = (data.get(name) or "").strip()
            if not text:
                empty.append(person)
                continue
            try:
                amount = typed(text)
            except BadStatement:
                self.add_error(name, _("Type an amount such as 499.00."))
                continue
            if amount <= 0:
                self.add_error(name, _("The amount must be more than zero."))
            self.amounts[person.pk] = amount
        if self.errors:
            return data
        rest = self.line.left - sum(self.amounts.values(), Decimal(0))
        if not self.people:
            self.add_error(None, _("Choose a customer first."))
        elif len(empty) > 1:
            self.add_error(f"amount_{empty[1].number}", _("Only one amount may be left empty."))
        elif rest < 0 or (empty and not rest):
            self.add_error(None, _("That is more than the line has."))
        elif empty:
            self.amounts[empty[0].pk] = rest
        elif rest:
            message = gettext("%(rest)s is left over. Leave one amount empty: that customer gets the rest as credit.")
            self.add_error(None, message % {"rest": rest})
        return data

    def invoices_of(self, person: Subscriber) -> list[int]:
        return list(self.cleaned_data.get(f"invoices_{person.number}", []))


class AsideForm(Form):
    note = forms.CharField(
        label=_("What it is instead"), max_length=200, required=False, help_text=_("For example interest, or a refund.")
    )


class UndoForm(Form):
    reason = forms.CharField(label=_("Why it is undone"), max_length=200)


class SearchForm(Form):
    q = forms.CharField(label=_("Find a customer"), max_length=100, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].widget.attrs["placeholder"] = _("Name, number, phone or address")
