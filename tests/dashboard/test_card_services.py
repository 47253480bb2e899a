"""Services on the client card: adding, changing, their tariff and their state."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from core.models import AuditEntry
from core.scope import isp_scope
from subscribers.models import Service
from subscribers.services import connections
from tenants.roles import Role
from tests.dashboard.card_pages import text_of
from tests.dashboard.test_subscribers import staff_client, verbs
from tests.factories.staff import make_member
from tests.factories.subscribers import RouterFactory, ServiceFactory, SubscriberFactory, TariffFactory

SERVICES = "/wispmega/subscribers/11/services/"
NEW, ONE = f"{SERVICES}new/", f"{SERVICES}501/"


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.SUPPORT)


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        return SubscriberFactory(number=11, first_name="Ana", last_name="Ruiz")


@pytest.fixture
def service(isp, ana):
    with isp_scope(isp):
        return ServiceFactory(
            subscriber=ana, number=501, tariff=TariffFactory(name="Basic"), started_on=date(2026, 1, 5)
        )


@pytest.fixture
def offer(isp):
    """Two tariffs on sale, one that is not, and two routers of which one is in use."""
    with isp_scope(isp):
        return {
            "pro": TariffFactory(name="Pro", price=Decimal("700")),
            "old": TariffFactory(name="Old", is_active=False),
            "router": RouterFactory(name="Norte"),
            "retired": RouterFactory(name="Retired", is_active=False),
        }


class TestAdding:
    def data(self, offer, **changes):
        return {
            "tariff": offer["pro"].pk,
            "price": "650.50",
            "state": "pending",
            "started_on": "",
            "address": "Juárez 4",
            "router": offer["router"].pk,
            "ip_address": "10.0.0.7",
            "queue_name": "q-ana",
            **changes,
        }

    def test_a_service_with_all_that_it_needs(self, isp, clerk, ana, offer):
        answer = clerk.post(NEW, self.data(offer), follow=True)
        with isp_scope(isp):
            added = Service.objects.get()
            assert (added.subscriber, added.tariff, added.price) == (ana, offer["pro"], Decimal("650.50"))
            assert (added.router, added.ip_address, added.queue_name) == (offer["router"], "10.0.0.7", "q-ana")
            assert (added.state, added.changes.get().state) == ("pending", "pending")
        text = text_of(answer)
        assert f"Service {added.number} was added." in text
        assert "MX$650.50 every month" in text
        assert "own price; the tariff's is MX$700.00" in text
        assert verbs(isp) == ["subscribers.service.created"]

    def test_the_form_begins_with_the_address_of_the_customer_and_offers_what_is_on_sale(self, clerk, ana, offer):
        page = clerk.get(NEW).content.decode()
        assert 'value="Calle 5 de Mayo 12"' in page
        assert ">Pro</option>" in page
        assert ">Norte</option>" in page
        assert ">Old</option>" not in page
        assert ">Retired</option>" not in page

    @pytest.mark.parametrize(
        ("changes", "field", "message"),
        [
            ({"tariff": ""}, "tariff", "This field is required."),
            ({"price": "-1"}, "price", "greater than or equal to 0"),
            ({"price": "free"}, "price", "Enter a number."),
            ({"ip_address": "10.0.0.300"}, "ip_address", "valid IPv4 or IPv6 address"),
            ({"ip_address": "10.0.0.5"}, "ip_address", "10.0.0.5 belongs to service 601 of Eva Luna (number 12)."),
            ({"started_on": "31.02.2026"}, "started_on", "Enter a valid date."),
            ({"state": "ended"}, "state", "valid choice"),
        ],
    )
    def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(
        self, isp, clerk, ana, offer, changes, field, message
    ):
        with isp_scope(isp):
            eva = SubscriberFactory(number=12, first_name="Eva", last_name="Luna")
            ServiceFactory(subscriber=eva, number=601, router=offer["router"], ip_address="10.0.0.5")
        answer = clerk.post(NEW, self.data(offer, **changes))
        page = answer.content.decode()
        assert answer.status_code == 422
        assert message in page.partition(f'id="id_{field}_error"')[2][:400]
        assert 'value="q-ana"' in page
        with isp_scope(isp):
            assert [row.number for row in Service.objects.all()] == [601]

    def test_the_same_address_on_another_router_is_fine(self, isp, clerk, ana, offer):
        with isp_scope(isp):
            ServiceFactory(router=RouterFactory(name="Sur"), ip_address="10.0.0.7")
            ServiceFactory(router=offer["router"], ip_address="10.0.0.7", state="ended")
        assert "was added." in text_of(clerk.post(NEW, self.data(offer), follow=True))

    def test_somebody_who_took_the_address_in_the_same_moment_is_told_at_the_field(
        self, isp, clerk, ana, offer, monkeypatch
    ):
        def too_late(**given):
            raise ValidationError("Another service on this router has this IP address.")

        monkeypatch.setattr(connections, "create_service", too_late)
        answer = clerk.post(NEW, self.data(offer))
        assert answer.status_code == 422
        assert (
            "Another service on this router" in answer.content.decode().partition('id="id_ip_address_error"')[2][:300]
        )

    def test_without_a_tariff_it_says_where_to_add_one(self, isp, ana):
        assert "Ask an administrator to add one." in text_of(staff_client(isp, Role.SUPPORT).get(NEW))
        assert "/wispmega/catalogue/tariffs/add/" in staff_client(isp, Role.OWNER).get(NEW).content.decode()


class TestChanging:
    def test_what_was_changed_shows_with_before_and_after(self, isp, clerk, service, offer):
        data = {
            "price": "99",
            "address": "Juárez 4",
            "router": offer["router"].pk,
            "ip_address": "10.0.0.7",
            "queue_name": "",
            "started_on": "2026-01-06",
            "back_on_report": "True",
        }
        text = text_of(clerk.post(f"{ONE}change/", data, follow=True))
        assert "Saved." in text
        assert "Changed a service Own price: before: – → after: 99" in text
        assert "Router: before: – → after: Norte" in text
        assert "Since: before: 01/05/2026 → after: 01/06/2026" in text
        assert "comes back for some days when a payment is reported: before: – → after: yes" in text.lower()
        assert "Back on report yes" in text
        again = text_of(clerk.post(f"{ONE}change/", data, follow=True))
        assert "Nothing was changed." in again
        assert again.count("Changed a service") == 1

    def test_its_own_address_is_not_taken(self, isp, clerk, service, offer):
        with isp_scope(isp):
            Service.objects.filter(pk=service.pk).update(router=offer["retired"], ip_address="10.0.0.7")
        page = clerk.get(f"{ONE}change/").content.decode()
        assert re.search(r'<option value="\d+" selected>Retired</option>', page)
        data = {"address": "New", "router": offer["retired"].pk, "ip_address": "10.0.0.7"}
        assert "Saved." in text_of(clerk.post(f"{ONE}change/", data, follow=True))

    def test_the_tariff_is_changed_with_a_reason(self, isp, clerk, service, offer):
        data = {"tariff": offer["pro"].pk, "price": "", "reason": "wanted more"}
        text = text_of(clerk.post(f"{ONE}tariff/", data, follow=True))
        assert "Changed the tariff of a service Tariff: before: Basic → after: Pro wanted more" in text
        with isp_scope(isp):
            service.refresh_from_db()
            assert service.tariff == offer["pro"]

    @pytest.mark.parametrize("which", ["old", "own", "none"])
    def test_a_tariff_that_cannot_be_had_is_refused_beside_the_field(self, isp, clerk, service, offer, which):
        tariff = {"old": offer["old"].pk, "own": service.tariff_id, "none": ""}[which]
        answer = clerk.post(f"{ONE}tariff/", {"tariff": tariff, "reason": "kept text"})
        assert answer.status_code == 422
        assert 'id="id_tariff_tariff_error"' in answer.content.decode()
        assert 'value="kept text"' in answer.content.decode()
        with isp_scope(isp):
            service.refresh_from_db()
            assert service.tariff.name == "Basic"

    def test_a_service_that_has_ended_meanwhile_stays(self, isp, clerk, service, offer):
        with isp_scope(isp):
            connections.change_service_state(by=make_member(isp), service=service, to="ended", reason="moved away")
        for path, data in (("change/", {"address": "New"}), ("tariff/", {"tariff": offer["pro"].pk})):
            assert "Somebody was quicker: the service has ended." in text_of(
                clerk.post(f"{ONE}{path}", data, follow=True)
            )
        with isp_scope(isp):
            service.refresh_from_db()
            assert (service.address, service.tariff.name) == ("Calle 5 de Mayo 12", "Basic")


class TestStates:
    def test_suspended_and_resumed_with_who_when_and_why(self, isp, clerk, service):
        text = text_of(clerk.post(f"{ONE}state/", {"to": "suspended", "reason": "two months unpaid"}, follow=True))
        assert "The service is now: suspended." in text
        clerk.post(f"{ONE}state/", {"to": "active", "reason": "paid at the desk"})
        text = text_of(clerk.get(ONE))
        assert re.search(
            r"active paid at the desk Person Number\d+ · .*? suspended two months unpaid Person Number\d+ · ", text
        )
        with isp_scope(isp):
            assert list(service.changes.values_list("state", "reason")) == [
                ("suspended", "two months unpaid"),
                ("active", "paid at the desk"),
            ]

    @pytest.mark.parametrize("to", ["suspended", "ended"])
    def test_without_a_reason_nothing_is_switched_off(self, isp, clerk, service, to):
        answer = clerk.post(f"{ONE}state/", {"to": to, "reason": " "})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Say why" in page.partition(f'id="id_{to}_reason_error"')[2][:300]
        # The form that was sent is open, so that the message is seen.
        assert len(re.findall(r'<details class="act" open>', page)) == 1
        with isp_scope(isp):
            service.refresh_from_db()
            assert service.state == "active"

    @pytest.mark.parametrize(
        ("on", "message"),
        [
            ("2026-01-04", "The service began after this day."),
            ("2199-01-01", "This day is still to come."),
            ("31.02.2026", "Enter a valid date."),
        ],
    )
    def test_a_day_that_makes_no_sense_is_refused_and_the_reason_stays(self, isp, clerk, service, on, message):
        page = clerk.post(f"{ONE}state/", {"to": "ended", "reason": "moved away", "on": on}).content.decode()
        assert message in page.partition('id="id_ended_on_error"')[2][:300]
        assert 'value="moved away"' in page
        with isp_scope(isp):
            service.refresh_from_db()
            assert service.state == "active"

    def test_an_end_has_a_date_and_frees_the_address(self, isp, clerk, service):
        with isp_scope(isp):
            Service.objects.filter(pk=service.pk).update(ip_address="10.0.0.7")
        data = {"to": "ended", "reason": "moved away", "on": "2026-03-31"}
        text = text_of(clerk.post(f"{ONE}state/", data, follow=True))
        assert "Ended on March 31, 2026" in text
        assert "A customer who comes back gets a new one." in text
        with isp_scope(isp):
            ServiceFactory(ip_address="10.0.0.7")

    @pytest.mark.parametrize(
        ("state", "offered"),
        [
            ("pending", {"active", "ended"}),
            ("active", {"suspended", "ended"}),
            ("suspended", {"active", "ended"}),
            ("ended", set()),
        ],
    )
    def test_only_steps_that_make_sense_are_offered(self, isp, clerk, service, state, offered):
        with isp_scope(isp):
            Service.objects.filter(pk=service.pk).update(state=state)
        page = clerk.get(ONE).content.decode()
        assert set(re.findall(r'name="to" value="(\w+)"', page)) == offered

    def test_who_was_too_late_is_told_so(self, isp, clerk, service):
        with isp_scope(isp):
            connections.change_service_state(by=make_member(isp), service=service, to="suspended", reason="x")
        text = text_of(clerk.post(f"{ONE}state/", {"to": "suspended", "reason": "y"}, follow=True))
        assert "Somebody was quicker" in text
        with isp_scope(isp):
            assert service.changes.count() == 1

    @pytest.mark.parametrize("data", [{}, {"to": "x"}, {"to": "pending", "reason": "x"}])
    def test_states_that_nobody_can_choose_change_nothing(self, isp, clerk, service, data):
        text_of(clerk.post(f"{ONE}state/", data, follow=True))
        with isp_scope(isp):
            service.refresh_from_db()
            assert (service.state, AuditEntry.objects.count()) == ("active", 0)


class TestWhoMay:
    @pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.READ_ONLY])
    def test_those_who_only_look_change_nothing(self, isp, service, offer, role):
        client = staff_client(isp, role)
        assert "501" in text_of(client.get(ONE))
        for path, data in [
            (NEW, {"tariff": offer["pro"].pk, "state": "active"}),
            (f"{ONE}change/", {"address": "x"}),
            (f"{ONE}tariff/", {"tariff": offer["pro"].pk}),
            (f"{ONE}state/", {"to": "suspended", "reason": "x"}),
        ]:
            assert client.post(path, data).status_code == 403
        with isp_scope(isp):
            assert Service.objects.get().state == "active"
            assert not AuditEntry.objects.exists()

    def test_a_service_is_found_only_on_its_own_card(self, isp, clerk, service):
        with isp_scope(isp):
            SubscriberFactory(number=12)
        other = "/wispmega/subscribers/12/services/501/"
        assert clerk.get(other).status_code == 404
        assert clerk.post(f"{other}state/", {"to": "suspended", "reason": "x"}).status_code == 404
        with isp_scope(isp):
            service.refresh_from_db()
            assert service.state == "active"


def test_the_page_costs_the_same_with_one_change_and_with_thirty(isp, clerk, service, count_queries):
    user = make_member(isp)

    def change(n):
        for i in range(n):
            for to in ("suspended", "active"):
                connections.change_service_state(by=user, service=service, to=to, reason="x")
            connections.change_service(by=user, service=service, address=f"{n} {i}")

    with isp_scope(isp):
        change(1)
    clerk.get(ONE)
    with count_queries() as few:
        clerk.get(ONE)
    with isp_scope(isp):
        change(10)
    with count_queries() as many:
        assert "10 9" in clerk.get(ONE).content.decode()
    assert len(many) == len(few) <= 14
