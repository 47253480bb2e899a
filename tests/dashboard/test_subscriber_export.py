"""The list of subscribers as a file."""

import csv
import io

import pytest
from openpyxl import load_workbook

from core.models import AuditEntry
from core.scope import isp_scope
from dashboard.views import subscriber_export
from subscribers.models import Subscriber
from tenants.roles import Role
from tests.dashboard.test_subscriber_list import owes
from tests.dashboard.test_subscribers import LIST, staff_client, verbs
from tests.factories.subscribers import ServiceFactory, SubscriberFactory

CSV, XLSX = f"{LIST}export/csv/", f"{LIST}export/xlsx/"


@pytest.fixture
def owner(isp):
    return staff_client(isp, Role.BILLING)


@pytest.fixture
def people(isp):
    with isp_scope(isp):
        ana = SubscriberFactory(number=11, first_name="=HYPERLINK(1)", last_name="", mobile="+525511112222")
        ServiceFactory(subscriber=ana, state="suspended")
        ServiceFactory(subscriber=ana)
        owes(ana, "-1500.50")
        for number in (12, 13):
            SubscriberFactory(number=number)


def table(answer, delimiter=","):
    text = answer.getvalue().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_it_has_the_rows_columns_and_order_of_the_view(isp, owner, people):
    owner.post(f"{LIST}columns/", {"column": ["number", "mobile", "services", "balance"]})
    answer = owner.get(f"{CSV}?sort=-number")
    rows = table(answer)
    assert rows[0] == ["Name", "Number", "Mobile", "Services", "Balance"]
    assert [row[1] for row in rows[1:]] == ["13", "12", "11"]
    assert rows[3] == ["'=HYPERLINK(1)", "11", "'+525511112222", "suspended, active", "-1500.50"]
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="wispmega-')
    assert answer["Cache-Control"] == "no-store"


def test_xlsx_holds_the_same_as_numbers_and_texts(isp, owner, people):
    book = load_workbook(io.BytesIO(owner.get(f"{XLSX}?state=active").getvalue()))
    rows = list(book.active.iter_rows(values_only=True))
    assert rows[0] == ("Name", "Number", "Mobile", "Zone", "Services", "Balance")
    assert rows[1:] == [("=HYPERLINK(1)", 11, "+525511112222", "Centro", "suspended, active", -1500.5)]
    assert book.active["A2"].data_type != "f"


def test_it_is_written_in_the_language_of_the_reader_and_the_manner_of_the_country(isp, other_isp, people):
    client = staff_client(other_isp, Role.OWNER)
    client.post("/language/", {"language": "es", "next": "/"})
    with isp_scope(other_isp):
        subscriber = SubscriberFactory(number=1)
        owes(subscriber, "1500.50")
    rows = table(client.get("/fibrandina/subscribers/export/csv/?all=1"), ";")
    assert rows[0][0] == "Nombre"
    assert rows[1][-1] == "1500,50"


def test_who_took_what_along_is_in_the_log(isp, owner, people):
    owner.get(f"{CSV}?q=maria&state=none").getvalue()
    with isp_scope(isp):
        entry = AuditEntry.objects.get(verb="subscribers.list.exported")
    assert entry.details["rows"] == 2
    assert entry.details["filters"] == {"q": "maria", "state": "none"}
    assert (entry.details["format"], entry.actor_kind) == ("csv", "staff")


@pytest.mark.parametrize("path", [CSV, XLSX])
@pytest.mark.parametrize("role", [Role.SUPPORT, Role.TECHNICIAN, Role.READ_ONLY])
def test_it_needs_a_right_of_its_own(isp, people, role, path):
    client = staff_client(isp, role)
    answer = client.get(path)
    assert answer.status_code == 403
    assert "HYPERLINK" not in answer.content.decode()
    assert "/export/csv/" not in client.get(LIST).text
    assert verbs(isp) == ["billing.entry.booked"]


def test_a_search_that_makes_no_sense_gives_no_file(isp, owner, people):
    assert owner.get(f"{CSV}?state=x")["Location"] == f"{LIST}?state=x"
    assert owner.get(f"{LIST}export/pdf/").status_code == 404
    assert verbs(isp) == ["billing.entry.booked"]


def test_long_lists_come_in_parts_each_in_a_transaction_of_its_own(isp, owner, people, monkeypatch, count_queries):
    monkeypatch.setattr(subscriber_export, "PART", 2)
    answer = owner.get(f"{CSV}?all=1")
    with isp_scope(isp):
        # Somebody who is gone when their part comes is left aside.
        Subscriber.objects.get(number=12).delete()
    assert len(table(answer)) == 3
    monkeypatch.setattr(subscriber_export, "PART", 1000)
    with count_queries() as few:
        table(owner.get(f"{CSV}?all=1"))
    with isp_scope(isp):
        for _ in range(40):
            ServiceFactory()
    with count_queries() as many:
        assert len(table(owner.get(f"{CSV}?all=1"))) == 43
    assert len(many) == len(few)


def test_nothing_of_the_other_isp(isp, other_isp, owner, people):
    with isp_scope(other_isp):
        SubscriberFactory(number=99, last_name="Foráneo")
    text = owner.get(f"{CSV}?all=1").getvalue().decode()
    assert "Foráneo" not in text
    assert owner.get("/fibrandina/subscribers/export/csv/?all=1").status_code == 404
