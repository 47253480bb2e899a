"""What can be wrong with a file or a row. Kept as codes with their details, written out in the reader's language.

A problem is `{"code": …, "column": place from 0 or None, "is_error": …, "with": {details}}`. What is no error is told,
and the row is taken all the same.
"""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.tabular.problems import TEXTS as TABULAR

TEXTS: dict[str, Any] = {
    **TABULAR,
    # A file
    "no_rows": _("This file has titles, but no rows below them."),
    "too_many_columns": _(
        "This file has %(count)s columns; at most %(most)s can be read. Remove those you do not need."
    ),
    "too_many_rows": _("This file has more than %(most)s rows. Split it and import the parts one after the other."),
    "gone": _("The file is not kept any more. Upload it again."),
    "failed": _("Something went wrong on our side. Nothing was half done; please try again."),
    "stopped": _(
        "Something went wrong on our side before all rows were in. Import the same file again for the rest: those who are there are left out. What is in can be undone."
    ),
    # A value
    "required": _("A name is missing."),
    "too_long": _("This is too long; at most %(most)s characters are possible."),
    "bad_email": _("“%(value)s” is not an e-mail address."),
    "bad_phone": _("“%(value)s” is not a phone number. Write it with its area code, for example %(example)s."),
    "bad_date": _("“%(value)s” is not a date as the others in this column (%(form)s)."),
    "future_date": _("“%(value)s” is in the future."),
    "old_date": _("“%(value)s” is too long ago."),
    "bad_number": _("“%(value)s” is not a whole number from 1 to 999,999,999."),
    "bad_amount": _("“%(value)s” is not an amount."),
    "large_amount": _("“%(value)s” is larger than an amount can be."),
    "negative": _("“%(value)s” is below zero."),
    "bad_ip": _("“%(value)s” is not an IP address."),
    "bad_login": _(
        "“%(value)s” cannot be a user name: 3 to 60 letters without accents, digits, dots, hyphens and underscores."
    ),
    "bad_tax_id": _("“%(value)s” can hardly be a tax number; it is taken as it is."),
    "bad_speed": _("“%(value)s” is not a speed in Mbit/s."),
    "bad_kind": _("“%(value)s” is neither a person nor a company."),
    "unknown_state": _("Nobody has said which state “%(value)s” is."),
    "unknown_tariff": _("There is no tariff “%(value)s”."),
    "unknown_zone": _("There is no zone “%(value)s”."),
    "unknown_router": _("There is no router “%(value)s”."),
    "unknown_group": _("There is no invoice group “%(value)s”."),
    "no_tariff": _("There are details of a service, but no tariff."),
    # Against other rows and the base
    "same_in_file": _("The same %(what)s stands in row %(row)s: %(value)s"),
    "leader_is_bad": _("Row %(row)s with the same customer is not taken, so this one is not either."),
    "repeated_titles": _("The titles once more."),
    "known": _("Is in the base already, as number %(number)s (%(name)s): same %(what)s."),
    "two_matches": _(
        "Two customers of the base fit: number %(number)s by %(what)s, number %(other)s by %(other_what)s."
    ),
    "login_taken": _("The user name “%(value)s” belongs to number %(number)s (%(name)s)."),
    "service_taken": _("The service number %(value)s belongs to number %(number)s (%(name)s)."),
    "ip_taken": _("The address %(value)s is used on this router by number %(number)s (%(name)s)."),
    "looks_same": _("Number %(number)s (%(name)s) has the same %(what)s."),
    "balance_left": _("The balance of a customer who is there already is left as it is."),
    "meanwhile": _("Somebody has added the same one since the check."),
    "erased": _("Customer %(number)s had this %(what)s and was erased; it is not given out again."),
    # An undoing
    "kept_changed": _("%(what)s was changed since"),
    "kept_used": _("%(what)s has been added since"),
    "kept_login": _("somebody has signed in"),
    "kept_gone": _("%(what)s was deleted since"),
}
# The kinds of problems of rows in few words, for a list of what was found.
KINDS: dict[str, Any] = {
    "other_encoding": _("another encoding"),
    "extra_cells": _("more cells than titles"),
    "formula": _("formula without a result"),
    "cell_error": _("formula with an error"),
    "long_cell": _("too much text"),
    "required": _("name missing"),
    "too_long": _("too long"),
    "bad_email": _("no e-mail address"),
    "bad_phone": _("no phone number"),
    "bad_date": _("no date, or of another kind"),
    "future_date": _("date in the future"),
    "old_date": _("date too long ago"),
    "bad_number": _("no number"),
    "bad_amount": _("no amount"),
    "large_amount": _("amount too large"),
    "negative": _("below zero"),
    "bad_ip": _("no IP address"),
    "bad_login": _("no possible user name"),
    "bad_tax_id": _("no tax number"),
    "bad_speed": _("no speed"),
    "bad_kind": _("neither person nor company"),
    "unknown_state": _("unknown state"),
    "unknown_tariff": _("unknown tariff"),
    "unknown_zone": _("unknown zone"),
    "unknown_router": _("unknown router"),
    "unknown_group": _("unknown invoice group"),
    "no_tariff": _("service without a tariff"),
    "same_in_file": _("the same as in another row"),
    "leader_is_bad": _("its customer is in a refused row"),
    "repeated_titles": _("titles once more"),
    "known": _("is in your base"),
    "two_matches": _("fits two customers"),
    "login_taken": _("user name taken"),
    "service_taken": _("service number taken"),
    "ip_taken": _("IP address taken"),
    "looks_same": _("similar to a customer of yours"),
    "balance_left": _("balance not taken over"),
    "meanwhile": _("taken since the check"),
    "erased": _("of an erased customer"),
}
WHATS: dict[str, Any] = {
    "number": _("subscriber number"),
    "id_number": _("ID number"),
    "username": _("user name"),
    "service_number": _("service number"),
    "address_key": _("IP address on the router"),
    "name_and_contact": _("name and contact"),
    "mobile": _("mobile"),
    "email": _("e-mail"),
}


def sentence(kept: dict[str, Any]) -> str:
    """A kept problem in the reader's language."""
    text = TEXTS.get(str(kept.get("code", "")))
    if text is None:
        return ""
    details = dict(kept.get("with", {}))
    for name in ("what", "other_what"):
        if name in details:
            details[name] = WHATS.get(details[name], details[name])
    try:
        return str(text) % details
    except (KeyError, TypeError, ValueError):
        return str(text)


def has_errors(problems: Iterable[dict[str, Any]]) -> bool:
    """Whether one of them keeps the row out."""
    return any(each["is_error"] for each in problems)
