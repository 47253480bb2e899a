"""Tariffs, zones, routers and invoice groups."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from company.models import InvoiceGroup
from core.models import AuditEntry
from core.scope import isp_scope
from subscribers.models import Router, Tariff, Zone
from tenants.roles import Role
from tests.dashboard.card_pages import file_of, text_of
from tests.dashboard.test_subscribers import staff_client, verbs
from tests.factories.company import picture
from tests.factories.subscribers import (
    InvoiceGroupFactory,
    RouterFactory,
    ServiceFactory,
    SubscriberFactory,
    TariffFactory,
    ZoneFactory,
)

BASE = "/wispmega/catalogue/"
TARIFF = {
    "name": "Fibra 200",
    "download": "200",
    "upload": "50",
    "price": "499.50",
    "tax_rate": "16",
    "cycle": "12",
    "portal_name": "Two hundred",
    "description": "",
    "shows_price": "on",
}
KINDS = {
    "tariffs": (TARIFF, TariffFactory, Tariff),
    "zones": ({"name": "Norte"}, ZoneFactory, Zone),
    "routers": ({"name": "Cerro", "address": "10.0.0.1", "zone": "", "notes": "CCR"}, RouterFactory, Router),
    "groups": ({"name": "Empresas", "legal_name": "Empresas SA"}, InvoiceGroupFactory, InvoiceGroup),
}
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def admin(isp):
    return staff_client(isp, Role.ADMIN)


def the_row(isp, kind, **fields):
    with isp_scope(isp):
        return KINDS[kind][1](**fields)


class TestEveryKind:
    @kinds
    def test_an_empty_list_says_what_to_do_to_those_who_may(self, isp, admin, kind):
        assert f'href="{BASE}{kind}/add/"' in admin.get(f"{BASE}{kind}/").content.decode()
        office = staff_client(isp, Role.SUPPORT).get(f"{BASE}{kind}/")
        assert "An administrator can add some." in text_of(office)
        assert f"{BASE}{kind}/add/" not in office.content.decode()

    @kinds
    def test_one_is_added_changed_and_deleted_with_before_and_after_in_the_log(self, isp, admin, kind):
        data, _factory, model = KINDS[kind]
        assert f"{data['name']} was added." in text_of(admin.post(f"{BASE}{kind}/add/", data, follow=True))
        with isp_scope(isp):
            row = model.objects.get()
        answer = admin.post(f"{BASE}{kind}/{row.uuid}/change/", data | {"name": "Another"}, follow=True)
        assert "Saved." in text_of(answer)
        assert "Another" in text_of(answer)
        again = admin.post(f"{BASE}{kind}/{row.uuid}/change/", data | {"name": "Another"}, follow=True)
        assert "Nothing was changed." in text_of(again)
        with isp_scope(isp):
            changes = AuditEntry.objects.get(verb__endswith=".changed").details["changes"]
            assert changes == {"name": [data["name"], "Another"]}
        assert "Delete Another?" in text_of(admin.get(f"{BASE}{kind}/{row.uuid}/delete/"))
        assert "Another was deleted." in text_of(admin.post(f"{BASE}{kind}/{row.uuid}/delete/", follow=True))
        with isp_scope(isp):
            assert not model.objects.exists()
        assert [verb.rpartition(".")[2] for verb in verbs(isp)] == ["added", "changed", "deleted"]

    @kinds
    def test_a_name_that_is_taken_or_missing_is_refused_at_its_field(self, isp, admin, kind):
        data, _factory, model = KINDS[kind]
        the_row(isp, kind, name=data["name"])
        for name, message in ((data["name"], "already exists"), ("", "This field is required.")):
            answer = admin.post(f"{BASE}{kind}/add/", data | {"name": name})
            assert answer.status_code == 422
            assert message in answer.content.decode().partition('id="id_name_error"')[2][:300]
        with isp_scope(isp):
            assert model.objects.count() == 1

    @kinds
    def test_all_staff_read_the_list_and_only_administrators_change_it(self, isp, kind):
        row = the_row(isp, kind, name="Seen by all")
        client = staff_client(isp, Role.TECHNICIAN)
        assert "Seen by all" in text_of(client.get(f"{BASE}{kind}/"))
        assert f"{row.uuid}/change/" not in client.get(f"{BASE}{kind}/").content.decode()
        for path in ("add/", f"{row.uuid}/change/", f"{row.uuid}/delete/"):
            assert client.get(f"{BASE}{kind}/{path}").status_code == 403
            assert client.post(f"{BASE}{kind}/{path}", KINDS[kind][0]).status_code == 403
        with isp_scope(isp):
            assert KINDS[kind][2].objects.get().name == "Seen by all"

    @kinds
    def test_the_list_costs_the_same_with_one_row_and_with_thirty(self, isp, admin, kind, count_queries):
        def grow(n):
            for i in range(n):
                tariff, zone = TariffFactory(name=f"T {n}-{i}"), ZoneFactory(name=f"Z {n}-{i}")
                router, group = RouterFactory(name=f"R {n}-{i}", zone=zone), InvoiceGroupFactory(name=f"G {n}-{i}")
                ServiceFactory(tariff=tariff, router=router, subscriber=SubscriberFactory(zone=zone, group=group))

        with isp_scope(isp):
            grow(1)
        admin.get(f"{BASE}{kind}/")
        with count_queries() as few:
            admin.get(f"{BASE}{kind}/")
        with isp_scope(isp):
            grow(29)
        with count_queries() as many:
            assert "29-28" in admin.get(f"{BASE}{kind}/").content.decode()
        assert len(many) == len(few) <= 10

    @kinds
    def test_what_another_isp_has_is_not_there(self, isp, other_isp, admin, kind):
        with isp_scope(other_isp):
            theirs = KINDS[kind][1](name="Theirs")
        assert "Theirs" not in admin.get(f"{BASE}{kind}/").content.decode()
        for end in ("change/", "delete/"):
            assert admin.post(f"{BASE}{kind}/{theirs.uuid}/{end}", KINDS[kind][0]).status_code == 404
        with isp_scope(other_isp):
            assert KINDS[kind][2].objects.get().name == "Theirs"


class TestInUse:
    @pytest.mark.parametrize(
        ("kind", "use", "says"),
        [
            ("tariffs", lambda row: ServiceFactory(tariff=row, state="ended"), ["1 service"]),
            ("zones", lambda row: (SubscriberFactory(zone=row), RouterFactory(zone=row)), ["1 subscriber", "1 router"]),
            ("routers", lambda row: ServiceFactory.create_batch(2, router=row), ["2 services"]),
            ("groups", lambda row: SubscriberFactory(group=row), ["1 subscriber"]),
        ],
    )
    def test_deleting_is_refused_and_where_it_is_used_is_said(self, isp, admin, kind, use, says):
        row = the_row(isp, kind, name="Busy")
        with isp_scope(isp):
            use(row)
        for answer in (admin.get(f"{BASE}{kind}/{row.uuid}/delete/"), admin.post(f"{BASE}{kind}/{row.uuid}/delete/")):
            text = text_of(answer)
            assert "Busy is in use and cannot be deleted" in text
            for words in says:
                assert words in text
        assert answer.status_code == 409
        with isp_scope(isp):
            assert KINDS[kind][2].objects.filter(name="Busy").exists()
            assert not AuditEntry.objects.exists()

    @pytest.mark.parametrize("kind", ["tariffs", "routers"])
    def test_it_is_taken_out_of_use_and_back_and_who_has_it_keeps_it(self, isp, admin, kind):
        row = the_row(isp, kind, name="Busy")
        with isp_scope(isp):
            service = ServiceFactory(**{kind[:-1]: row})
        url = f"{BASE}{kind}/{row.uuid}/switch/"
        assert f'action="{url}"' in admin.get(f"{BASE}{kind}/{row.uuid}/delete/").content.decode()
        assert "Busy is out of use." in text_of(admin.post(url, {"is_active": "0"}, follow=True))
        card = f"/wispmega/subscribers/{service.subscriber.number}/services/"
        assert ">Busy</option>" not in admin.get(f"{card}new/").content.decode()
        assert "Busy" in text_of(admin.get(f"{card}{service.number}/"))
        assert "Busy is in use again." in text_of(admin.post(url, {"is_active": "1"}, follow=True))
        assert ">Busy</option>" in admin.get(f"{card}new/").content.decode()
        assert verbs(isp) == [f"subscribers.{kind[:-1]}.retired", f"subscribers.{kind[:-1]}.resumed"]

    def test_counts_link_to_those_who_have_it(self, isp, admin):
        row = the_row(isp, "tariffs", name="Busy")
        with isp_scope(isp):
            ServiceFactory.create_batch(2, tariff=row)
            ServiceFactory(tariff=row, state="ended")
        page = admin.get(f"{BASE}tariffs/").content.decode()
        assert f'<a href="/wispmega/subscribers/?tariff={row.pk}">2</a>' in page


class TestTariffs:
    def test_all_that_the_form_asks_is_kept(self, isp, admin):
        admin.post(f"{BASE}tariffs/add/", TARIFF)
        with isp_scope(isp):
            tariff = Tariff.objects.get()
            assert (tariff.price, tariff.tax_rate, tariff.cycle) == (Decimal("499.50"), Decimal("16.00"), 12)
            assert (tariff.shown_name, tariff.shows_speed, tariff.shows_price) == ("Two hundred", False, True)
        text = text_of(admin.get(f"{BASE}tariffs/"))
        assert "In the portal: Two hundred" in text
        assert "MX$499.50 every year · with 16 % tax" in text

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"price": "-1"}, "price"),
            ({"tax_rate": "101"}, "tax_rate"),
            ({"cycle": "5"}, "cycle"),
            ({"download": "x"}, "download"),
        ],
    )
    def test_what_makes_no_sense_is_refused_at_its_field(self, isp, admin, changes, field):
        answer = admin.post(f"{BASE}tariffs/add/", TARIFF | changes)
        assert answer.status_code == 422
        assert f'id="id_{field}_error"' in answer.content.decode()
        assert 'value="Two hundred"' in answer.content.decode()
        with isp_scope(isp):
            assert not Tariff.objects.exists()


def test_a_router_shows_its_services_by_address(isp):
    with isp_scope(isp):
        router = RouterFactory(name="Cerro", address="10.0.0.1")
        ana = SubscriberFactory(number=11, first_name="Ana", last_name="Ruiz")
        ServiceFactory(subscriber=ana, number=502, router=router, ip_address="10.0.0.10")
        ServiceFactory(subscriber=ana, number=501, router=router, ip_address="10.0.0.9")
        ServiceFactory(router=router, ip_address="10.0.0.8", state="ended")
    answer = staff_client(isp, Role.TECHNICIAN).get(f"{BASE}routers/{router.uuid}/")
    # As addresses are counted, not as texts.
    assert re.findall(r"10\.0\.0\.\d+", text_of(answer)) == ["10.0.0.1", "10.0.0.9", "10.0.0.10"]
    assert 'href="/wispmega/subscribers/11/services/501/"' in answer.content.decode()


class TestGroups:
    def test_the_first_is_the_default_and_another_can_become_it(self, isp, admin):
        for name in ("Everybody", "Business"):
            admin.post(f"{BASE}groups/add/", {"name": name})
        with isp_scope(isp):
            first, second = InvoiceGroup.objects.order_by("pk")
            assert (first.is_default, second.is_default) == (True, False)
        text = text_of(admin.post(f"{BASE}groups/{second.uuid}/default/", follow=True))
        assert "Subscribers without a group belong to Business now." in text
        with isp_scope(isp):
            assert InvoiceGroup.objects.get(is_default=True) == second

    def test_the_default_is_not_deleted_while_there_are_others(self, isp, admin):
        for name in ("Everybody", "Business"):
            admin.post(f"{BASE}groups/add/", {"name": name})
        with isp_scope(isp):
            first, second = InvoiceGroup.objects.order_by("pk")
        answer = admin.post(f"{BASE}groups/{first.uuid}/delete/")
        assert "Make another group the default first." in text_of(answer)
        for group in (second, first):
            assert "was deleted." in text_of(admin.post(f"{BASE}groups/{group.uuid}/delete/", follow=True))

    def test_names_numbers_and_logo(self, isp, admin):
        data = {
            "name": "Business",
            "legal_name": "Mega SA",
            "tax_id": "gode 561231 gr8",
            "phone": "55 1111 2222",
            "email": "b@mega.example",
            "website": "mega.example",
            "number_prefix": "B-",
            "footer": "Thank you.",
            "logo": picture(),
        }
        admin.post(f"{BASE}groups/add/", data)
        with isp_scope(isp):
            group = InvoiceGroup.objects.get()
            assert (group.tax_id, group.phone, group.website) == (
                "GODE561231GR8",
                "+525511112222",
                "https://mega.example",
            )
            first = group.logo
        logo = f"{BASE}groups/{group.uuid}/logo/"
        assert file_of(admin.get(logo))[1:4] == b"PNG"
        admin.post(f"{BASE}groups/{group.uuid}/change/", data | {"logo": picture("JPEG")})
        assert file_of(admin.get(logo))[:2] == b"\xff\xd8"
        assert Path(first.absolute_path).exists()  # until the change is durable
        admin.post(f"{logo}remove/")
        assert admin.get(logo).status_code == 404

    @pytest.mark.parametrize(
        ("changes", "field", "message"),
        [
            ({"tax_id": "nonsense"}, "tax_id", "This is not a valid RFC."),
            ({"phone": "x"}, "phone", "with its area code"),
            ({"logo": picture(name="x.png").__class__("x.png", b"MZ no picture")}, "logo", "of another kind"),
        ],
    )
    def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(self, isp, admin, changes, field, message):
        answer = admin.post(f"{BASE}groups/add/", {"name": "Business", "footer": "Thank you.", **changes})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert message in page.partition(f'id="id_{field}_error"')[2][:300]
        assert "Thank you." in page
        with isp_scope(isp):
            assert not InvoiceGroup.objects.exists()
