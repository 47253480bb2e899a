"""The money inbox as staff and the task work with it, without the browser and the broker."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.models import Invoice
from billing.services import invoices
from core.scope import isp_scope
from payments.models import BankLine
from payments.services import certain, inbox, matching, statement_work, statements
from payments.statements.tables import Mapping
from tenants.directory import IspRef
from tenants.roles import Role
from tests.factories.staff import make_member
from tests.factories.subscribers import SubscriberFactory

TODAY = date(2026, 11, 26)


def ref(isp):
    fields = ("pk", "uuid", "slug", "schema_name", "name", "country", "language", "currency", "timezone")
    return IspRef(**{name: getattr(isp, name) for name in fields}, is_suspended=False)


def owing(amount, on=date(2026, 11, 1), person=None, **fields):
    """A customer with an open invoice, and that invoice."""
    person = person or SubscriberFactory(**fields)
    line = invoices.Line(text="Internet", unit_price=Decimal(amount), tax_rate=Decimal(16))
    return person, invoices.issue_invoice(by=None, subscriber=person, lines=[line], on=on, currency="MXN")


class Inbox:
    """One ISP's inbox, each step with its task."""

    def __init__(self, isp, by):
        self.isp, self.by, self.ref = isp, by, ref(isp)

    def upload(self, data, name="statement.xml"):
        return statements.take_file(upload=SimpleUploadedFile(name, data), by=self.by, isp=self.ref)

    def work(self, statement):
        statement_work.work_on(statement_id=statement.pk, isp_id=self.isp.pk)
        statement.refresh_from_db()
        return statement

    def take(self, data, name="statement.xml", **table):
        """Bring a statement all the way, its account added when it is new."""
        statement = self.work(self.upload(data, name))
        if statement.state == "open":
            number = statement.found_account or "0123456789"
            account = statement.account or statements.add_account(
                by=self.by, name="BBVA", number=number, currency=statement.currency or "MXN"
            )
            if statement.is_table:
                mapping = Mapping(**{**statement.mapping, **table})
                statements.read_table(statement=statement, mapping=mapping, account=account, isp=self.ref)
            else:
                statements.choose_account(statement=statement, account=account, by=self.by, isp=self.ref)
            statement.refresh_from_db()
            statement = self.work(statement)
        return statement

    def lines(self):
        return list(BankLine.objects.order_by("pk"))

    def line(self):
        (line,) = self.lines()
        return line

    def look(self, line):
        line.refresh_from_db()
        matching.look_at([line], isp=self.ref)
        return line

    def book(self, line, *parts, by=None, **how):
        """Parts are customers, or customers with amounts."""
        split = [
            inbox.Part(part[0], Decimal(part[1]), part[2:]) if isinstance(part, tuple) else inbox.Part(part, line.left)
            for part in parts
        ]
        return inbox.book_line(line=line, parts=split, by=by or self.by, currency="MXN", today=TODAY, **how)

    def undo(self, match, reason="wrong customer"):
        return inbox.undo_match(match=match, by=self.by, today=TODAY, reason=reason)

    def book_certain(self):
        count = certain.ask(mark=certain.offer().mark, by=self.by, isp=self.ref)
        certain.work_off(isp_id=self.isp.pk)
        return count


def open_of(invoice):
    return Invoice.objects.select_related("entry").get(pk=invoice.pk).open


def balance(person):
    person = type(person).objects.select_related("account").get(pk=person.pk)
    return person.account.balance


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.BILLING, name="Clara Clerk", email="clara@wispmega.example")


@pytest.fixture
def inbox_of(isp, clerk):
    with isp_scope(isp):
        yield Inbox(isp, clerk)
