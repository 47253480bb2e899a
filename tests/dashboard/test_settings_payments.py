"""Payment methods: their order, what subscribers see of them, in use or not."""

import pytest

from core.scope import isp_scope
from payments.models import PaymentMethod
from tenants.roles import Role
from tests.dashboard.settings_pages import audit_rows, staff_client, text_of
from tests.factories.company import PaymentMethodFactory

PAGE = "/wispmega/settings/payments/"
METHOD = {
    "kind": "bank_transfer",
    "name": "BBVA 0123 4567 8901",
    "portal_name": "Bank transfer",
    "instructions": "CLABE 012 345 678901234567\nReference: your number",
    "visible_in_portal": "on",
}


@pytest.fixture
def clerk(isp):
    """A browser of somebody in billing at WispMega."""
    return staff_client(isp, Role.BILLING)


def names_in_order(isp):
    with isp_scope(isp):
        return list(PaymentMethod.objects.values_list("name", flat=True))


def test_an_empty_list_says_what_to_do(clerk):
    page = text_of(clerk.get(PAGE))
    assert "No payment method yet" in page
    assert f'href="{PAGE}add/"' in page


def test_a_method_is_added_behind_the_others(isp, other_isp, clerk):
    with isp_scope(isp):
        PaymentMethodFactory(name="Cash desk", position=7)
    page = text_of(clerk.post(f"{PAGE}add/", METHOD, follow=True))
    assert "BBVA 0123 4567 8901 was added." in page
    assert names_in_order(isp) == ["Cash desk", "BBVA 0123 4567 8901"]
    with isp_scope(isp):
        method = PaymentMethod.objects.get(name=METHOD["name"])
        assert list(PaymentMethod.objects.in_portal())[-1].shown_name == "Bank transfer"
    assert method.instructions.splitlines() == METHOD["instructions"].splitlines()
    assert names_in_order(other_isp) == []
    assert audit_rows(isp) == [("payments.method.added", {"name": METHOD["name"]})]


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "x" * 121}, "name", "at most 120"),
        ({"kind": "barter"}, "kind", "valid choice"),
        ({"instructions": "x" * 1001}, "instructions", "at most 1000"),
        ({"portal_name": "x" * 81}, "portal_name", "at most 80"),
        ({"portal_name": ""}, "portal_name", "would see the number"),
    ],
)
def test_a_wrong_method_is_shown_again_with_what_was_typed(isp, clerk, changes, field, says):
    response = clerk.post(f"{PAGE}add/", {**METHOD, **changes})
    assert response.status_code == 422
    assert says in text_of(response).partition(f'id="id_{field}_error"')[2][:300]
    for name, value in {**METHOD, **changes}.items():
        assert response.context["form"][name].value() in (value, True)
    assert names_in_order(isp) == []


def test_a_hidden_method_may_carry_its_number_in_the_name(isp, clerk):
    hidden = {name: value for name, value in METHOD.items() if name != "visible_in_portal"}
    clerk.post(f"{PAGE}add/", {**hidden, "portal_name": ""})
    assert names_in_order(isp) == ["BBVA 0123 4567 8901"]
    with isp_scope(isp):
        assert not PaymentMethod.objects.in_portal().exists()
    assert "not visible" in text_of(clerk.get(PAGE))


def test_a_method_is_changed_and_the_audit_names_the_fields(isp, clerk):
    with isp_scope(isp):
        method = PaymentMethodFactory(name="Banco", instructions="CLABE 999")
    changed = {"kind": "cash", "name": "Cash desk", "portal_name": "", "instructions": "", "visible_in_portal": "on"}
    changed["takes_reports"] = "on"
    assert "Saved." in text_of(clerk.post(f"{PAGE}{method.uuid}/", changed, follow=True))
    with isp_scope(isp):
        method.refresh_from_db()
    assert (method.kind, method.name, method.instructions) == ("cash", "Cash desk", "")
    ((verb, details),) = audit_rows(isp)
    assert (verb, details["name"]) == ("payments.method.changed", "Cash desk")
    assert sorted(details["changes"]) == ["instructions", "kind", "name"]
    assert details["changes"]["name"] == ["Banco", "Cash desk"]
    response = clerk.post(f"{PAGE}{method.uuid}/", {**changed, "name": ""})
    assert response.status_code == 422
    assert names_in_order(isp) == ["Cash desk"]


def test_methods_move_up_and_down_and_stop_at_the_ends(isp, clerk):
    with isp_scope(isp):
        # Equal positions, as an import may leave them.
        first, second, third = [PaymentMethodFactory(name=name, position=0) for name in ("A", "B", "C")]

    def move(method, direction):
        clerk.post(f"{PAGE}{method.uuid}/move/", {"direction": direction})
        return names_in_order(isp)

    assert move(first, "down") == ["B", "A", "C"]
    assert move(third, "up") == ["B", "C", "A"]
    assert move(second, "up") == ["B", "C", "A"]
    assert move(first, "down") == ["B", "C", "A"]
    assert len(audit_rows(isp)) == 2


def test_a_method_is_taken_out_of_use_and_used_again(isp, clerk):
    with isp_scope(isp):
        method = PaymentMethodFactory(name="OXXO")
    address = f"{PAGE}{method.uuid}/switch/"
    page = text_of(clerk.post(address, {"is_active": "0"}, follow=True))
    assert "OXXO is out of use." in page
    with isp_scope(isp):
        assert not PaymentMethod.objects.in_portal().exists()
    clerk.post(address, {"is_active": "0"})
    clerk.post(address, {"is_active": "1"})
    with isp_scope(isp):
        assert PaymentMethod.objects.in_portal().get() == method
    assert [verb for verb, _ in audit_rows(isp)] == ["payments.method.retired", "payments.method.resumed"]


def test_another_isps_methods_are_not_there(isp, other_isp):
    with isp_scope(isp):
        method = PaymentMethodFactory(name="CANARY")
    client = staff_client(other_isp, Role.OWNER)
    base = f"/fibrandina/settings/payments/{method.uuid}/"
    answers = [
        client.get(base),
        client.post(base, METHOD),
        client.post(f"{base}move/", {"direction": "up"}),
        client.post(f"{base}switch/", {"is_active": "0"}),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert "CANARY" not in text_of(client.get("/fibrandina/settings/payments/"))
    with isp_scope(isp):
        method.refresh_from_db()
    assert (method.name, method.is_active) == ("CANARY", True)


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.TECHNICIAN, Role.READ_ONLY])
def test_other_roles_neither_see_nor_change_methods(isp, role):
    with isp_scope(isp):
        method = PaymentMethodFactory(name="CANARY")
    client = staff_client(isp, role)
    assert "CANARY" not in text_of(client.get(PAGE))
    client.post(f"{PAGE}add/", METHOD)
    client.post(f"{PAGE}{method.uuid}/switch/", {"is_active": "0"})
    assert names_in_order(isp) == ["CANARY"]
    with isp_scope(isp):
        assert PaymentMethod.objects.get().is_active


def test_the_list_costs_the_same_with_one_row_and_with_thirty(isp, clerk, count_queries):
    with isp_scope(isp):
        PaymentMethodFactory()
    with count_queries() as one:
        clerk.get(PAGE)
    with isp_scope(isp):
        PaymentMethodFactory.create_batch(29)
    with count_queries() as thirty:
        page = text_of(clerk.get(PAGE))
    assert page.count("Take out of use") == 30
    assert len(one) == len(thirty)
