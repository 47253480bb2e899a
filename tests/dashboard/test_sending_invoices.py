"""Writing to those whom chosen invoices are for."""

import re

import pytest

from core.scope import isp_scope
from messaging.models import ChannelAccount
from payments.services import payments
from subscribers.models import Sending
from tests.dashboard.test_billing import clerk as clerk
from tests.dashboard.test_billing import issue, today
from tests.dashboard.test_sendings import MANY, start, work_off, written
from tests.dashboard.test_subscribers import text_of
from tests.factories.subscribers import PortalUserFactory, SubscriberFactory

BILLS = "/wispmega/billing/"


@pytest.fixture
def bills(isp, settings):
    """Ana has two invoices, the others have one each; by their first names."""
    settings.EMAIL_HOST = "localhost"
    with isp_scope(isp):
        ChannelAccount.objects.create(channel="http_sms", medium="sms", price="0.5000", spelling="plain")
        names = [("Ana", 21), ("Eva", 22), ("Ida", 23), ("Zoe", 24)]
        people = {
            name: SubscriberFactory(number=n, first_name=name, mobile=f"+5255123456{n}", email=f"{name}@mail.example")
            for name, n in names
        }
        PortalUserFactory(subscriber=people["Eva"], language="es")
    rows = {name: [issue(isp, person, "100")] for name, person in people.items()}
    rows["Ana"].append(issue(isp, people["Ana"], "50"))
    return rows


def chosen(clerk, rows, *names):
    """The form that follows when the invoices of some are ticked."""
    numbers = [row.number for name in names for row in rows[name]]
    answer = clerk.post(f"{MANY}begin-invoices/", {"invoice": numbers})
    assert answer["Location"].endswith("/edit/")
    return answer["Location"]


def shown_fields(page):
    """What stands in the form, as it would be sent back."""
    form = page.context["form"]
    return {field.html_name: field.value() or "" for field in form}


def test_chosen_invoices_get_a_reminder_that_can_be_changed(isp, clerk, bills):
    at = chosen(clerk, bills, "Ana", "Eva")
    page = clerk.get(at)
    assert "You write to 2 subscribers" in text_of(page)
    typed = shown_fields(page)
    assert typed["medium"] == "sms"
    assert typed["text"] == "{{ company }}: {{ name }}, you owe {{ balance }}. See it and pay: {{ pay_url }}"
    assert typed["text_es"].startswith("{{ company }}: {{ name }}, debe {{ balance }}.")
    typed["text"] = typed["text"].replace("you owe", "please pay")
    answer = clerk.post(at, typed)
    draft = answer["Location"]
    shown = text_of(clerk.get(draft))
    assert "2 customers will be written to" in shown
    assert re.search(r"Ana, please pay \S*150\.00\. See it and pay: http", shown)
    start(clerk, draft, isp)
    work_off(isp)
    found = written(isp)
    assert set(found) == {"+525512345621", "+525512345622"}
    ana, eva = found["+525512345621"].text, found["+525512345622"].text
    assert re.search(r"please pay \S*150\.00\. See it and pay: http", ana)
    assert re.search(r"Eva, debe \S*100[.,]00\. Vea y pague: http", eva)
    # The link leads to the customer's own page, and lets nobody in.
    assert "/notice/s/" in ana
    assert ana.rpartition("http")[2] != eva.rpartition("http")[2]
    assert not found["+525512345621"].has_secret


def test_who_has_paid_meanwhile_is_not_told_to_pay_nothing(isp, clerk, bills):
    at = chosen(clerk, bills, "Ana", "Ida")
    with isp_scope(isp):
        ida = bills["Ida"][0].subscriber
        payments.register_payment(
            by=None, subscriber=ida, amount=bills["Ida"][0].total, currency="MXN", on=today(), source="desk"
        )
    draft = clerk.post(at, shown_fields(clerk.get(at)))["Location"]
    assert "1 left out: owes nothing, and the text says what is owed" in text_of(clerk.get(draft))
    other = {**shown_fields(clerk.get(at)), "text": "Our new account number", "text_es": ""}
    clerk.post(at, other)
    assert "2 customers will be written to" in text_of(clerk.get(draft))


def test_without_a_tick_all_that_match_the_search_are_meant(isp, clerk, bills):
    answer = clerk.post(f"{MANY}begin-invoices/", {"query": "q=eva"})
    assert "You write to 1 subscriber" in text_of(clerk.get(answer["Location"]))
    answer = clerk.post(f"{MANY}begin-invoices/", {"query": "q=nobody"})
    assert answer["Location"] == f"{BILLS}?q=nobody"
    with isp_scope(isp):
        assert Sending.objects.count() == 1
