"""The ways to pay as verbs; their pages are tried in tests/dashboard/test_settings_payments.py."""

from core.models import AuditEntry
from payments.models import PaymentMethod
from payments.services import methods as services
from tests.factories.company import PaymentMethodFactory


def test_subscribers_see_the_short_name_where_there_is_one(in_isp):
    assert PaymentMethodFactory(name="BBVA 0123", portal_name="Transfer").shown_name == "Transfer"
    assert PaymentMethodFactory(name="Cash desk").shown_name == "Cash desk"


def test_subscribers_see_methods_in_use_that_are_visible_in_the_order_of_the_isp(in_isp):
    PaymentMethodFactory(name="third", position=3)
    PaymentMethodFactory(name="first", position=1)
    PaymentMethodFactory(name="hidden", position=2, visible_in_portal=False)
    PaymentMethodFactory(name="retired", position=0, is_active=False)
    assert [method.name for method in PaymentMethod.objects.in_portal()] == ["first", "third"]


def test_a_change_works_on_what_is_stored_and_not_on_what_was_loaded(in_isp):
    loaded = PaymentMethodFactory(name="Old", instructions="stale")
    PaymentMethod.objects.update(instructions="by somebody else")
    assert services.change_payment_method(method=loaded, values={"name": "New"}, by=None) == {"name": ["Old", "New"]}
    stored = PaymentMethod.objects.get()
    assert (stored.name, stored.instructions) == ("New", "by somebody else")


def test_a_change_that_changes_nothing_leaves_no_trace(in_isp):
    method = PaymentMethodFactory(name="Same")
    assert services.change_payment_method(method=method, values={"name": "Same"}, by=None) == {}
    assert not AuditEntry.objects.exists()


def test_the_first_method_of_all_gets_the_first_place(in_isp):
    first = services.add_payment_method(values={"name": "A"}, by=None)
    second = services.add_payment_method(values={"name": "B"}, by=None)
    assert (first.position, second.position) == (0, 1)
