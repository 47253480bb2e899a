"""Why a statement is not taken. Kept as codes with their details, written out in the reader's language."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.tabular.problems import TEXTS as TABULAR

TEXTS: dict[str, Any] = {
    **TABULAR,
    "other_kind": _("This file is of another kind. Choose a statement as CSV, XLSX, MT940 or CAMT.053."),
    "other_xml": _("This XML file is no statement of a bank: CAMT.053 or CAMT.054 is needed."),
    "damaged": _("This file is damaged. Download it from the bank once more."),
    "gone": _("The file is not kept any more. Upload it again."),
    "failed": _("Something went wrong on our side. Nothing was half done; please try again."),
    "cut": _(
        "The file ends in the middle of the statement, so a part of it is missing. Download it from the bank again."
    ),
    "cut_row": _(
        "The file ends in the middle of row %(row)s, so a part of it is missing. Download it from the bank again."
    ),
    "no_titles": _("The row with the titles of the columns was not found. Remove what stands above it, and try again."),
    "no_lines": _("There is not a single movement in this file."),
    "too_many_lines": _("This file has more than %(most)s movements. Download a shorter period."),
    "too_deep": _("This file is built in a way in which no bank builds its statements, so it is not read."),
    "two_accounts": _("This file holds the accounts %(one)s and %(two)s. Download one file for each account."),
    "two_currencies": _("Line %(line)s is in %(found)s, and the account in %(wanted)s."),
    "no_account": _("The file does not say which account it is of."),
    "no_balance": _("The file does not say the balance before and after, so nobody can tell whether it is whole."),
    "wrong_sum": _(
        "The movements do not lead from the balance before (%(opening)s) to the one after (%(closing)s): %(missing)s is"
        " missing. The file is not whole, or was changed."
    ),
    "gap": _(
        "The statements in this file do not follow one another: between %(one)s and %(two)s something is missing."
    ),
    "bad_line": _("Line %(line)s is not written as this format demands: “%(value)s”"),
    "bad_date": _("Row %(line)s: “%(value)s” is no date as the others (%(form)s)."),
    "bad_day": _("Line %(line)s: “%(value)s” is no date."),
    "old_date": _("Line %(line)s: %(value)s is too long ago for a statement. Is another column the date?"),
    "future_date": _("Line %(line)s: %(value)s is in the future. Is another column the date?"),
    "bad_amount": _("Line %(line)s: “%(value)s” is no amount."),
    "large_amount": _("Line %(line)s: “%(value)s” is larger than an amount can be."),
    "zero_amount": _("Row %(line)s moves no money. Is another column the amount?"),
    "both_ways": _("Row %(line)s says both money in and money out."),
    "no_way": _("Row %(line)s has no amount."),
    "bad_currency": _("Line %(line)s: “%(value)s” is no currency."),
    "no_date_between": _("Row %(line)s has an amount, but no date."),
    "wrong_balance": _(
        "Row %(line)s: the balance does not follow from the row before. If the bank lists movements in another order,"
        " leave the column with the balance out."
    ),
    "other_account": _("Row %(line)s is of the account %(found)s, and not of %(wanted)s."),
    "missing_column": _("The column “%(column)s” is not in this file. It looks like the statement of another bank."),
    "no_columns": _("Choose the columns with the date and the amount."),
}


class BadStatement(Exception):
    """A file that is not taken, as a whole. Carries the code of a refusal and its details."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.trouble = {"code": code, "with": {name: str(value) for name, value in details.items()}}


def sentence(trouble: dict[str, Any]) -> str:
    """A kept refusal in the reader's language; nothing for none."""
    text = TEXTS.get(str(trouble.get("code", "")))
    if text is None:
        return ""
    try:
        return str(text) % trouble.get("with", {})
    except (KeyError, TypeError, ValueError):
        return str(text)
