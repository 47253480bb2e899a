"""A small file with the right titles, for those who fill one in by hand."""

import csv
import io

from django.utils.translation import gettext as _

from company.phones import example


def example_file(*, country: str) -> str:
    """Three made-up customers under titles that are recognised, in the reader's language."""
    titles = [
        _("Subscriber number"), _("First name"), _("Surname"), _("Official ID number"), _("E-mail"), _("Mobile"),
        _("Address"), _("City"), _("Zone"), _("Tariff"), _("Price"), _("State of the service"), _("IP address"),
        _("Router"), _("Service since"), _("Balance"), _("Portal user name"),
    ]  # fmt: skip
    active, suspended = _("active"), _("suspended")
    phone = example(country)
    rows = [
        ["1001", "Ana", "García", "ID-1001", "ana@mail.example", phone, "1 Main St.", "Centro", "Norte", "Hogar 50",
         "350.00", active, "10.10.0.11", "RB-1", "2024-03-15", "0.00", "ana.garcia"],
        ["1002", "Luis", "Mora", "ID-1002", "", "", "2 Main St.", "Centro", "Norte", "Hogar 100", "499.00", suspended,
         "10.10.0.12", "RB-1", "2023-11-02", "499.00", "luis.mora"],
        ["1003", "Eva", "Ruiz", "ID-1003", "eva@mail.example", "", "3 Main St.", "Centro", "Sur", "Hogar 50", "350.00",
         active, "10.10.0.13", "RB-2", "2025-01-20", "-100.00", ""],
    ]  # fmt: skip
    out = io.StringIO(newline="")
    csv.writer(out).writerows([titles, *rows])
    return f"\ufeff{out.getvalue()}"
