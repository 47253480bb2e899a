"""What people wrote, for staff: in the list, on the card, and by whose phone."""

import pytest

from core.scope import isp_scope
from messaging.models import ChannelAccount, ReceivedMessage
from tenants.roles import Role
from tests.conftest import HostClient
from tests.factories.staff import make_member
from tests.factories.subscribers import SubscriberFactory

LIST = "/wispmega/messages/received/"
PHONE = "+525512345678"


@pytest.fixture
def browser(isp, signed_in):
    return signed_in(make_member(isp, Role.SUPPORT, name="Sara Support", email="sara@wispmega.example"))


def received(text, sender=PHONE, **fields):
    return ReceivedMessage.objects.create(medium="sms", channel="twilio", sender=sender, text=text, **fields)


def test_it_stands_in_the_list_and_on_the_cards_of_all_who_have_the_phone(isp, browser):
    assert "Nothing has come in yet" in browser.get(LIST).text
    with isp_scope(isp):
        ana = SubscriberFactory(mobile=PHONE, first_name="Ana", last_name="Ayala")
        ben = SubscriberFactory(second_mobile="+5215512345678", mobile="", first_name="Ben", last_name="Barrera")
        cay = SubscriberFactory(mobile="+525599999999", first_name="Cay", last_name="Cruz")
        received("<b>¿Ya pagué?</b>")
        received("STOP", sender="+525500000000", word="stop")
        received("", sender="22000")
    page = browser.get(LIST).text
    assert "&lt;b&gt;¿Ya pagué?" in page
    assert "wants no more messages" in page
    assert "without text" in page
    assert ("Ana Ayala" in page, "Ben Barrera" in page, "Cay Cruz" in page) == (True, True, False)
    cards = [browser.get(f"/wispmega/subscribers/{who.number}/messages/").text for who in (ana, ben, cay)]
    assert ["¿Ya pagué?" in card for card in cards] == [True, True, False]


def test_it_is_searched(isp, browser):
    with isp_scope(isp):
        received("uno")
        received("dos", sender="+525500000000")
        received("STOP", word="stop")
    page = browser.get(f"{LIST}?sender=%2B5255123").text
    assert ("uno" in page, "dos" in page) == (True, False)
    page = browser.get(f"{LIST}?what=text").text
    assert ("uno" in page, "wants no more" in page) == (True, False)
    assert browser.get(f"{LIST}?medium=pigeon").status_code == 422


def test_the_list_asks_as_often_for_many_as_for_one(isp, browser, count_queries):
    with isp_scope(isp):
        received("m0", sender="+525500000000")
        SubscriberFactory(mobile="+525500000000")
    browser.get(LIST)
    with count_queries() as one:
        browser.get(LIST)
    with isp_scope(isp):
        for number in range(1, 9):
            received(f"m{number}", sender=f"+52550000000{number}")
            SubscriberFactory(mobile=f"+52550000000{number}")
    with count_queries() as many:
        page = browser.get(LIST)
    assert "m8" in page.text
    assert len(one) == len(many)


def test_an_answer_at_our_address_is_believed_with_the_secret_only(isp, browser):
    with isp_scope(isp):
        fields = {"callback_secret": "abc", "incoming_sender": "from", "incoming_text": "text"}
        row = ChannelAccount.objects.create(channel="http_sms", medium="sms", values=fields)
    address = f"/channels/{row.uuid}/events/?secret="
    client = HostClient("wispmega.localhost")
    assert client.post(f"{address}no", {"from": PHONE, "text": "Hola"}).status_code == 403
    assert client.post(f"{address}abc", {"from": PHONE, "text": "x" * 1_000_000}).status_code == 413
    assert "Nothing has come in yet" in browser.get(LIST).text
    assert client.get(f"{address}abc&from=5512345678&text=Hola").status_code == 200
    assert "Hola" in browser.get(LIST).text
