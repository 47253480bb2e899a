"""Subscribers in the dashboard."""

import re

import pytest

from core.models import AuditEntry
from core.scope import isp_scope
from subscribers.authentication import authenticate
from subscribers.models import PortalUser, Service, Subscriber, Tariff, Zone
from tenants.roles import Role
from tests.conftest import HostClient
from tests.factories.staff import make_member, sign_in
from tests.factories.subscribers import (
    PortalUserFactory,
    ServiceFactory,
    SubscriberFactory,
    TariffFactory,
    ZoneFactory,
)

LIST = "/wispmega/subscribers/"
NEW = "/wispmega/subscribers/new/"


def staff_client(isp, role):
    """A browser at the shared dashboard in which somebody with this role is signed in."""
    client = HostClient("app.localhost")
    sign_in(client, make_member(isp, role))
    return client


def verbs(isp):
    """What the audit log of an ISP says, oldest first."""
    with isp_scope(isp):
        return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


def text_of(answer):
    body = re.sub(r"(?s)<(script|style|svg|head|select).*?</\1>", " ", answer.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\xa0", " ").split())


def numbers_in(answer):
    """The subscribers of a list, in its order."""
    return [int(number) for number in re.findall(r'href="/wispmega/subscribers/(\d+)/"', answer.content.decode())]


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.SUPPORT)


@pytest.fixture
def people(isp):
    with isp_scope(isp):
        ana = SubscriberFactory(number=11, first_name="Ana", last_name="Álvarez", mobile="+525511112222")
        ServiceFactory(subscriber=ana, tariff=TariffFactory(name="Basic"))
        ServiceFactory(subscriber=ana, tariff=TariffFactory(name="Pro"), state="suspended")
        eva = SubscriberFactory(number=12, first_name="Eva", last_name="Benítez", zone=ZoneFactory(name="Norte"))
        ServiceFactory(subscriber=eva, tariff=TariffFactory(name="Pro"))
        PortalUserFactory(subscriber=eva, username="evita")
        SubscriberFactory(number=13, first_name="Zoe", last_name="Ruiz")


def test_the_list_shows_names_numbers_phones_zones_and_services(clerk, people):
    answer = clerk.get(LIST)
    assert numbers_in(answer) == [11, 12, 13]
    text = text_of(answer)
    for words in [
        "Álvarez, Ana 11 +52 55 1111 2222 Centro Basic active Pro suspended",
        "Norte Pro active",
        "no service",
    ]:
        assert words in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=alvarez", [11]),
        ("q=evita", [12]),
        ("q=2222", [11]),
        ("q=13", [13]),
        ("q=xyz", []),
        ("state=active", [11, 12]),
        ("state=suspended", [11]),
        ("state=none", [13]),
        ("state=active&q=eva", [12]),
        ("tariff={Pro}", [11, 12]),
        # State and tariff speak of the same service.
        ("tariff={Pro}&state=active", [12]),
        ("tariff={Basic}&state=suspended", []),
        ("zone={Norte}", [12]),
        ("zone={Norte}&state=none", []),
        ("sort=-number", [13, 12, 11]),
        ("sort=-name", [13, 12, 11]),
        ("page=99", [11, 12, 13]),
        ("page=x&sort=nothing", [11, 12, 13]),
    ],
)
def test_the_list_is_searched_filtered_and_sorted(isp, clerk, people, query, found):
    with isp_scope(isp):
        ids = {row.name: row.uuid for row in [*Tariff.objects.all(), *Zone.objects.all()]}
    answer = clerk.get(f"{LIST}?{query.format_map(ids)}")
    assert numbers_in(answer) == found
    assert answer.status_code == 200
    if not found:
        assert "Nobody fits this search." in text_of(answer)


@pytest.mark.parametrize(
    "query", ["state=x", "zone=999999", "tariff=x", "q=%00", "debt_from=many", "debt=x", "login=x"]
)
def test_a_filter_that_makes_no_sense_is_said_so_and_finds_nobody(clerk, people, query):
    answer = clerk.get(f"{LIST}?{query}")
    assert answer.status_code == 422
    assert numbers_in(answer) == []
    assert "invalid-feedback" in answer.content.decode()


def test_long_lists_come_in_pages(isp, clerk):
    with isp_scope(isp):
        for number in range(100, 130):
            SubscriberFactory(number=number, last_name=f"L{number}")
    first, second = clerk.get(LIST), clerk.get(f"{LIST}?page=2")
    assert numbers_in(first) == list(range(100, 125))
    assert numbers_in(second) == list(range(125, 130))
    assert "26 to 30 of 30" in text_of(second)


def test_the_list_costs_the_same_with_one_row_and_with_thirty(isp, clerk, count_queries):
    with isp_scope(isp):
        ServiceFactory(subscriber=SubscriberFactory(number=99))
    clerk.get(LIST)
    with count_queries() as few:
        clerk.get(LIST)
    with isp_scope(isp):
        for number in range(100, 124):
            subscriber = SubscriberFactory(number=number, zone=ZoneFactory(name=f"Z{number}"))
            ServiceFactory.create_batch(2, subscriber=subscriber, tariff=TariffFactory(name=f"T{number}"))
    with count_queries() as many:
        answer = clerk.get(LIST)
    assert len(numbers_in(answer)) == 25
    assert len(many) == len(few) <= 14


def test_an_empty_list_says_what_to_do_to_those_who_may(isp):
    office, technician = staff_client(isp, Role.SUPPORT), staff_client(isp, Role.TECHNICIAN)
    assert "Add the first one by hand" in text_of(office.get(LIST))
    assert NEW in office.get(LIST).content.decode()
    assert "as soon as a colleague has added them" in text_of(technician.get(LIST))
    assert NEW not in technician.get(LIST).content.decode()


def test_the_card_shows_identity_contact_services_and_logins(isp, clerk):
    with isp_scope(isp):
        ana = SubscriberFactory(
            number=11,
            first_name="Ana",
            last_name="Ruiz",
            id_number="RUIA850101",
            mobile="+525511112222",
            email="a@b.mx",
        )
        ServiceFactory(subscriber=ana, number=501, ip_address="10.0.0.7", state="suspended")
        PortalUserFactory(subscriber=ana, username="ana")
        PortalUserFactory(subscriber=ana, username="old.login", is_active=False)
        PortalUserFactory(username="somebody.else")
    text = text_of(clerk.get(f"{LIST}11/"))
    for words in ["Ana Ruiz", "RUIA850101", "+52 55 1111 2222", "a@b.mx", "72000 Puebla", "Centro"]:
        assert words in text
    assert "501 Hogar 100 100 / 20 Mbit/s suspended MX$499.00 Calle 5 de Mayo 12 10.0.0.7" in text
    text = text_of(clerk.get(f"{LIST}11/logins/"))
    assert "ana Account owner a@b.mx open never" in text
    assert "old.login Account owner a@b.mx closed" in text
    assert "somebody.else" not in text
    assert "argon2" not in text


def test_the_card_costs_the_same_with_one_service_and_with_thirty(isp, clerk, count_queries):
    with isp_scope(isp):
        ana = SubscriberFactory(number=11)
        ServiceFactory(subscriber=ana)
        PortalUserFactory(subscriber=ana)
    clerk.get(f"{LIST}11/")
    with count_queries() as few:
        clerk.get(f"{LIST}11/")
    with isp_scope(isp):
        for n in range(29):
            ServiceFactory(subscriber=ana, tariff=TariffFactory(name=f"T{n}"))
            PortalUserFactory(subscriber=ana)
    with count_queries() as many:
        assert "T28" in clerk.get(f"{LIST}11/").content.decode()
    assert len(many) == len(few)


def test_markup_in_a_name_is_text(isp, clerk):
    with isp_scope(isp):
        SubscriberFactory(number=11, first_name="<b>x</b>")
    for path in (LIST, f"{LIST}11/"):
        page = clerk.get(path).content.decode()
        assert "&lt;b&gt;x" in page
        assert "<b>x" not in page


class TestWhoMaySee:
    @pytest.mark.parametrize("number", [999, 2**31, 10**30])
    def test_a_number_that_nobody_has(self, clerk, people, number):
        answer = clerk.get(f"{LIST}{number}/")
        assert answer.status_code == 404
        assert "This page does not exist" in answer.content.decode()

    def test_nobody_sees_those_of_another_isp(self, isp, other_isp, people):
        stranger = staff_client(other_isp, Role.OWNER)
        with isp_scope(other_isp):
            SubscriberFactory(number=11, first_name="Theirs")
        assert "Theirs" in text_of(stranger.get("/fibrandina/subscribers/11/"))
        assert "Ana" not in text_of(stranger.get("/fibrandina/subscribers/"))
        for path in (LIST, f"{LIST}11/", NEW):
            answer = stranger.get(path)
            assert answer.status_code == 404
            assert "Ana" not in answer.content.decode()

    def test_strangers_sign_in_first(self, at, people):
        answer = at("app.localhost").get(f"{LIST}11/")
        assert answer["Location"] == f"/sign-in/?next={LIST.replace('/', '%2F')}11%2F"

    @pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.READ_ONLY])
    def test_who_may_only_look_adds_nobody(self, isp, role):
        client = staff_client(isp, role)
        for answer in (client.get(NEW), client.post(NEW, {"first_name": "Ana"})):
            assert answer.status_code == 403
        with isp_scope(isp):
            assert not Subscriber.objects.exists()


class TestAdding:
    PASSWORD = "tres tristes tigres"

    def data(self, **changes):
        return {
            "first_name": "Ana",
            "last_name": "Ruiz",
            "id_number": "RUIA850101",
            "email": "ana@example.com",
            "mobile": "55 1111 2222",
            "address": "Juárez 4",
            "city": "Puebla",
            "username": "ana.ruiz",
            "password": self.PASSWORD,
            "again": self.PASSWORD,
            **changes,
        }

    def test_subscriber_service_and_login_in_one_go(self, isp, clerk):
        with isp_scope(isp):
            tariff = TariffFactory(name="Pro")
        answer = clerk.post(NEW, self.data(tariff=tariff.pk))
        with isp_scope(isp):
            ana = Subscriber.objects.get()
            assert (ana.number, ana.full_name, ana.mobile) == (1, "Ana Ruiz", "+525511112222")
            assert Service.objects.get().address == "Juárez 4"
            user = authenticate("ana.ruiz", self.PASSWORD)
            assert user.subscriber == ana
            assert user.email == "ana@example.com"
            assert set(AuditEntry.objects.values_list("actor_kind", flat=True)) == {"staff"}
        assert answer["Location"] == f"{LIST}1/"
        assert "Ana Ruiz was added." in text_of(clerk.get(answer["Location"]))
        assert verbs(isp) == [
            "subscribers.subscriber.created",
            "subscribers.service.created",
            "subscribers.portal_user.created",
        ]

    def test_service_and_login_may_come_later(self, isp, clerk):
        clerk.post(NEW, {"first_name": "Ana"})
        with isp_scope(isp):
            assert Subscriber.objects.get().full_name == "Ana"
            assert not Service.objects.exists()
            assert not PortalUser.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "field", "message"),
        [
            ({"first_name": ""}, "first_name", "This field is required."),
            ({"mobile": "call me"}, "mobile", "with its area code"),
            ({"mobile": "*611"}, "mobile", "with its area code"),
            ({"email": "nobody"}, "email", "valid email"),
            ({"tariff": "999999"}, "tariff", "valid choice"),
            ({"username": "ana ruiz"}, "username", "Use 3 to 60 letters"),
            ({"username": "TAKEN"}, "username", "This user name is taken."),
            ({"username": ""}, "username", "The password needs a user name."),
            ({"password": "", "again": ""}, "password", "Set a password for the login."),
            ({"password": "short", "again": "short"}, "password", "too short"),
            ({"again": "other"}, "again", "The two passwords differ."),
        ],
    )
    def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_saved(self, isp, clerk, changes, field, message):
        with isp_scope(isp):
            PortalUserFactory(username="taken", subscriber__number=77)
        answer = clerk.post(NEW, self.data(**changes))
        page = answer.content.decode()
        assert answer.status_code == 422
        assert message in page.partition(f'id="id_{field}_error"')[2][:400]
        assert 'value="Juárez 4"' in page
        assert self.PASSWORD not in page
        with isp_scope(isp):
            assert [row.number for row in Subscriber.objects.all()] == [77]
        assert verbs(isp) == []

    @pytest.mark.parametrize("same", ["id_number", "email", "mobile"])
    def test_one_who_is_known_already_is_added_only_on_purpose(self, isp, clerk, same):
        known = {"id_number": "RUIA850101", "email": "Ana@Example.com", "mobile": "+525511112222"}
        with isp_scope(isp):
            SubscriberFactory(number=77, first_name="Known", last_name="One", **{same: known[same]})
        answer = clerk.post(NEW, self.data())
        assert answer.status_code == 422
        assert "Known One, number 77, has the same ID number, mobile or e-mail." in text_of(answer)
        assert clerk.post(NEW, self.data(anyway="on")).status_code == 302
        with isp_scope(isp):
            assert Subscriber.objects.count() == 2

    def test_sending_it_twice_adds_one(self, isp, clerk):
        for _ in range(2):
            clerk.post(NEW, self.data())
        with isp_scope(isp):
            assert Subscriber.objects.count() == 1
