"""Editing the client card, two clerks at a time too."""

import re

import pytest

from core.models import AuditEntry
from core.scope import isp_scope
from subscribers.models import Subscriber
from subscribers.services.customers import change_subscriber
from tenants.roles import Role
from tests.dashboard.card_pages import text_of
from tests.dashboard.test_subscribers import staff_client
from tests.factories.staff import make_member
from tests.factories.subscribers import InvoiceGroupFactory, SubscriberFactory, ZoneFactory

EDIT = "/wispmega/subscribers/11/edit/"


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.SUPPORT)


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        return SubscriberFactory(
            number=11,
            first_name="Ana",
            last_name="Ruiz",
            mobile="+525511112222",
            email="ana@b.mx",
            id_number="RUIA850101",
            city="Puebla",
            zone=ZoneFactory(name="Norte"),
        )


def sent(answer, **changes):
    """What a browser sends of a form: every field as the page has it, with these changes."""
    page = answer.content.decode().partition('action="/language/"')[0].partition("<main")[2]
    data = dict(
        re.findall(r'<input[^>]*type="(?:text|email|number|hidden)"[^>]*name="(\w+)"[^>]*value="([^"]*)"', page)
    )
    data |= dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*type="hidden"[^>]*value="([^"]*)"', page))
    data |= dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    for name, options in re.findall(r'(?s)<select name="(\w+)".*?>(.*?)</select>', page):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        data[name] = chosen.group(1) if chosen else ""
    data.pop("csrfmiddlewaretoken", None)
    return data | changes


def test_everything_on_the_card_can_be_changed(isp, clerk, ana):
    with isp_scope(isp):
        zone, group = ZoneFactory(name="Sur"), InvoiceGroupFactory(name="Empresas")
    data = {
        "version": "1",
        "kind": "company",
        "first_name": "Eva",
        "last_name": "Luna",
        "id_number": "LUNE900101",
        "mobile": "55 3333 4444",
        "second_mobile": "+420 603 123 456",
        "email": "eva@b.mx",
        "address": "Juárez 4",
        "district": "Centro",
        "city": "Toluca",
        "postcode": "50000",
        "zone": str(zone.pk),
        "business_name": "Luna SA",
        "tax_id": "gode-561231-gr8",
        "billing_address": "Juárez 5",
        "billing_email": "facturas@b.mx",
        "group": str(group.pk),
    }
    answer = clerk.post(EDIT, data, follow=True)
    assert "Saved." in text_of(answer)
    with isp_scope(isp):
        eva = Subscriber.objects.get(number=11)
        assert (eva.full_name, eva.mobile, eva.second_mobile) == ("Eva Luna", "+525533334444", "+420603123456")
        assert (eva.zone, eva.group, eva.tax_id, eva.kind) == (zone, group, "GODE561231GR8", "company")
        assert eva.version == 2
        changes = AuditEntry.objects.get(verb="subscribers.subscriber.changed").details["changes"]
        assert changes["zone"] == ["Norte", "Sur"]
        assert set(data) - set(changes) == {"version", "district"}


def test_the_form_sent_back_as_it_came_changes_nothing(isp, clerk, ana):
    with isp_scope(isp):
        Subscriber.objects.filter(pk=ana.pk).update(tax_id="GODE561231GR8")
    answer = clerk.post(EDIT, sent(clerk.get(EDIT)), follow=True)
    assert "Nothing was changed." in text_of(answer)
    with isp_scope(isp):
        ana.refresh_from_db()
        assert (ana.version, ana.mobile, ana.tax_id) == (1, "+525511112222", "GODE561231GR8")


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"first_name": ""}, "first_name", "This field is required."),
        ({"mobile": "call me"}, "mobile", "with its area code"),
        ({"second_mobile": "12"}, "second_mobile", "with its area code"),
        ({"email": "nobody"}, "email", "valid email"),
        (
            {"tax_id": "GODE561331GR8"},
            "tax_id",
            "This is not a valid RFC. Compare it with the paper; it looks like GODE5",
        ),
        ({"billing_email": "x@"}, "billing_email", "valid email"),
        ({"zone": "999999"}, "zone", "valid choice"),
        ({"kind": "company"}, "business_name", "A company has a business name."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(isp, clerk, ana, changes, field, message):
    answer = clerk.post(EDIT, sent(clerk.get(EDIT), address="Juárez 4", **changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert message in page.partition(f'id="id_{field}_error"')[2][:400]
    assert 'value="Juárez 4"' in page
    with isp_scope(isp):
        ana.refresh_from_db()
        assert (ana.address, ana.version) == ("Calle 5 de Mayo 12", 1)


def test_the_number_is_called_as_the_country_calls_it(other_isp):
    client = staff_client(other_isp, Role.OWNER)
    with isp_scope(other_isp):
        SubscriberFactory(number=11)
    text = text_of(client.get("/fibrandina/subscribers/11/edit/"))
    assert "NIT" in text
    assert "213.123.432-1" in text


class TestTwoClerks:
    @pytest.fixture
    def other(self, isp):
        return make_member(isp, Role.ADMIN, name="Adam Admin")

    def test_the_second_sees_what_changed_and_keeps_what_was_typed(self, isp, clerk, ana, other):
        opened = clerk.get(EDIT)
        with isp_scope(isp):
            change_subscriber(by=other, subscriber=ana, version=1, city="Toluca", email="new@b.mx")
        answer = clerk.post(EDIT, sent(opened, city="Tunja", address="Juárez 4"))
        text = text_of(answer)
        assert answer.status_code == 409
        assert "Somebody else saved this card while you had it open" in text
        assert re.search(r"City : Puebla → Toluca \( ?Adam Admin, [^)]+\) – yours is below, and would replace it", text)
        assert re.search(r"E-mail : ana@b.mx → new@b.mx \( ?Adam Admin, [^)]+\) – taken over below", text)
        kept = sent(answer)
        # What was typed, what was taken over, and what nobody touched.
        assert (kept["city"], kept["address"]) == ("Tunja", "Juárez 4")
        assert (kept["email"], kept["first_name"], kept["version"]) == ("new@b.mx", "Ana", "2")
        with isp_scope(isp):
            ana.refresh_from_db()
            assert (ana.city, ana.address, ana.version) == ("Toluca", "Calle 5 de Mayo 12", 2)

    def test_saving_again_goes_over_it_and_leaves_what_the_other_changed_elsewhere(self, isp, clerk, ana, other):
        opened = clerk.get(EDIT)
        with isp_scope(isp):
            change_subscriber(
                by=other, subscriber=ana, version=1, city="Toluca", mobile="+525577778888", zone=ZoneFactory(name="Sur")
            )
        again = clerk.post(EDIT, sent(opened, city="Tunja"))
        assert "Saved." in text_of(clerk.post(EDIT, sent(again), follow=True))
        with isp_scope(isp):
            ana.refresh_from_db()
            assert (ana.city, ana.mobile, ana.zone.name, ana.version) == ("Tunja", "+525577778888", "Sur", 3)
            last = AuditEntry.objects.filter(verb="subscribers.subscriber.changed").latest("pk")
            assert last.details["changes"] == {"city": ["Toluca", "Tunja"]}

    def test_a_third_who_saves_in_between_is_seen_too(self, isp, clerk, ana, other):
        opened = clerk.get(EDIT)
        with isp_scope(isp):
            change_subscriber(by=other, subscriber=ana, version=1, city="Toluca")
        again = clerk.post(EDIT, sent(opened, address="Juárez 4"))
        with isp_scope(isp):
            change_subscriber(by=other, subscriber=ana, version=2, district="Norte")
        third = clerk.post(EDIT, sent(again))
        assert third.status_code == 409
        assert "Norte" in text_of(third)
        assert sent(third)["district"] == "Norte"

    def test_without_the_version_the_first_change_would_be_lost(self, isp, clerk, ana, other, monkeypatch):
        """The control: what the check of the version keeps from happening."""
        from subscribers.services import customers

        opened = clerk.get(EDIT)
        with isp_scope(isp):
            change_subscriber(by=other, subscriber=ana, version=1, email="new@b.mx")
        unchecked = customers.change_subscriber
        monkeypatch.setattr(customers, "change_subscriber", lambda **given: unchecked(**{**given, "version": None}))
        clerk.post(EDIT, sent(opened, city="Tunja"))
        with isp_scope(isp):
            ana.refresh_from_db()
            assert (ana.city, ana.email) == ("Tunja", "ana@b.mx")

    @pytest.mark.parametrize("version", ["", "x", "0", "99999999999", "7"])
    def test_a_version_that_was_never_there_saves_nothing(self, isp, clerk, ana, version):
        answer = clerk.post(EDIT, sent(clerk.get(EDIT), city="Tunja", version=version))
        assert answer.status_code in (409, 422)
        assert 'value="Tunja"' in answer.content.decode()
        with isp_scope(isp):
            ana.refresh_from_db()
            assert ana.city == "Puebla"


class TestSomebodyElseAlike:
    def test_a_phone_that_another_one_has_is_asked_about_once(self, isp, clerk, ana):
        with isp_scope(isp):
            SubscriberFactory(number=77, first_name="Known", last_name="One", second_mobile="+525533334444")
        data = sent(clerk.get(EDIT), mobile="55 3333 4444")
        answer = clerk.post(EDIT, data)
        assert answer.status_code == 422
        assert "Known One, number 77, has the same ID number, mobile or e-mail." in text_of(answer)
        assert "Saved." in text_of(clerk.post(EDIT, data | {"anyway": "on"}, follow=True))
        # The card shares the phone now, and other changes are not asked about.
        assert "Saved." in text_of(clerk.post(EDIT, sent(clerk.get(EDIT), city="Tunja"), follow=True))

    def test_its_own_phone_is_no_double(self, clerk, ana):
        answer = clerk.post(EDIT, sent(clerk.get(EDIT), id_number="RUIA850102"), follow=True)
        assert "Saved." in text_of(answer)


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.READ_ONLY])
def test_those_who_only_look_change_nothing(isp, ana, role):
    client = staff_client(isp, role)
    for answer in (client.get(EDIT), client.post(EDIT, {"version": "1", "first_name": "Eva", "kind": "person"})):
        assert answer.status_code == 403
    with isp_scope(isp):
        ana.refresh_from_db()
        assert ana.first_name == "Ana"
