"""Addresses that are written to no more, for staff."""

import pytest

from core.scope import isp_scope
from messaging import services
from messaging.models import Message, StoppedAddress
from tenants.roles import Role
from tests.factories.staff import make_member
from tests.factories.subscribers import SubscriberFactory


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.SUPPORT, name="Sara Support", email="sara@wispmega.example")


def test_staff_learn_of_it_on_the_card_and_on_the_page_and_undo_it(isp, clerk, signed_in):
    with isp_scope(isp):
        ana = SubscriberFactory(email="Ana@mail.example")
        mail = Message.objects.create(to="ana@mail.example", subject="Su factura", text="x", state="failed")
        StoppedAddress.objects.create(
            medium="email", address="ana@mail.example", reason="bounce", said="550 5.1.1 no such user", message=mail
        )
        kept_back = services.write_message(medium="email", to="ana@mail.example", text="x", subject="Recibo")
    browser = signed_in(clerk)
    assert (
        "Nothing is sent to ana@mail.example: does not exist."
        in browser.get(f"/wispmega/subscribers/{ana.number}/").text
    )
    assert "1 address was stopped" in browser.get("/wispmega/messages/").text
    page = browser.get(f"/wispmega/messages/{kept_back.uuid}/")
    assert "so it is written to no more" in page.text
    page = browser.post(f"/wispmega/messages/{kept_back.uuid}/resend/", follow=True)
    assert "written to again under Stopped addresses" in page.text
    page = browser.get("/wispmega/messages/stopped/")
    assert "550 5.1.1 no such user" in page.text
    assert str(mail.uuid) in page.text
    page = browser.post(
        "/wispmega/messages/stopped/release/", {"medium": "email", "address": "ana@mail.example"}, follow=True
    )
    assert "is written to again" in page.text
    page = browser.post(f"/wispmega/messages/{kept_back.uuid}/resend/", follow=True)
    assert "on its way again" in page.text


def test_staff_stop_an_address_and_a_wrong_one_is_said_at_its_field(isp, clerk, signed_in):
    browser = signed_in(clerk)
    page = browser.post("/wispmega/messages/stopped/", {"medium": "sms", "address": "55 1234 5678"})
    assert page.status_code == 422
    assert "no address that can be written to" in page.text
    page = browser.post("/wispmega/messages/stopped/", {"medium": "sms", "address": "+52 1 55 1234 5678"}, follow=True)
    assert "+5215512345678" in page.text
    with isp_scope(isp):
        assert services.write_message(medium="sms", to="+5215512345678", text="x").state == "stopped"


def test_the_list_asks_as_often_for_many_as_for_one(isp, clerk, signed_in, count_queries):
    browser = signed_in(clerk)

    def stopped(number: int) -> None:
        with isp_scope(isp):
            mail = Message.objects.create(to=f"c{number}@mail.example", subject="x", text="x")
            StoppedAddress.objects.create(medium="email", address=mail.to, reason="bounce", message=mail)

    stopped(0)
    browser.get("/wispmega/messages/stopped/")
    with count_queries() as one:
        browser.get("/wispmega/messages/stopped/")
    for number in range(1, 9):
        stopped(number)
    with count_queries() as many:
        page = browser.get("/wispmega/messages/stopped/")
    assert "c8@mail.example" in page.text
    assert len(one) == len(many)
