"""Staff end the agreement to charge a card: with a reason, for good, and the subscriber hears of it."""

import pytest
from django.utils import timezone

from core.scope import isp_scope
from messaging.models import Message
from payments.models import GatewayAccount, PaymentMethod, SavedMethod
from tenants.roles import Role
from tests.dashboard.settings_pages import audit_rows, staff_client, text_of
from tests.factories.company import PaymentMethodFactory
from tests.factories.subscribers import SubscriberFactory

CARD = "/wispmega/subscribers/77/payments/"


@pytest.fixture
def saved(isp):
    with isp_scope(isp):
        method = PaymentMethodFactory(name="Card", kind=PaymentMethod.Kind.GATEWAY)
        account = GatewayAccount.objects.create(method=method, gateway="stripe", secret="x", is_live=True)
        ana = SubscriberFactory(first_name="Ana", last_name="Ríos", number=77, email="ana@mail.example")
        return SavedMethod.objects.create(
            subscriber=ana,
            account=account,
            number="pm_1",
            customer="cus_1",
            brand="visa",
            last4="4242",
            expires="12/2030",
            terms="Charge me.",
            agreed_at=timezone.now(),
        )


def test_staff_end_a_card_with_a_reason_and_the_subscriber_is_told(isp, saved):
    clerk = staff_client(isp, Role.BILLING)
    page = text_of(clerk.get(CARD))
    assert "Visa •••• 4242" in page
    assert f"{CARD}card/{saved.uuid}/end/" in page
    page = text_of(clerk.post(f"{CARD}card/{saved.uuid}/end/", {"reason": "Asked for by phone"}, follow=True))
    assert "The card is not charged any more." in page
    assert "Ended by staff" in page
    assert "Asked for by phone" in page
    with isp_scope(isp):
        saved.refresh_from_db()
        assert (saved.ended_how, saved.ended_reason, saved.is_running) == ("staff", "Asked for by phone", False)
        mail = Message.objects.get(occasion="payments/card_ended")
        assert mail.to == "ana@mail.example"
        assert "Asked for by phone" in mail.text
    (details,) = [details for verb, details in audit_rows(isp) if verb == "payments.saved_method.ended"]
    assert details["reason"] == "Asked for by phone"
    # Once more tells nobody anything.
    clerk.post(f"{CARD}card/{saved.uuid}/end/", {"reason": "Again"})
    with isp_scope(isp):
        assert Message.objects.filter(occasion="payments/card_ended").count() == 1


def test_without_a_reason_nothing_ends(isp, saved):
    clerk = staff_client(isp, Role.BILLING)
    answer = clerk.post(f"{CARD}card/{saved.uuid}/end/", {"reason": " "})
    assert answer.status_code == 422
    assert "This field is required." in text_of(answer)
    with isp_scope(isp):
        assert SavedMethod.objects.get().is_running


def test_a_card_of_another_subscriber_is_not_there(isp, saved):
    with isp_scope(isp):
        SubscriberFactory(number=78)
    clerk = staff_client(isp, Role.BILLING)
    assert clerk.post(f"/wispmega/subscribers/78/payments/card/{saved.uuid}/end/", {"reason": "x"}).status_code == 404
    with isp_scope(isp):
        assert SavedMethod.objects.get().is_running
