"""What a signed-in subscriber sees, and in whose words."""

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from babel.numbers import format_currency
from django.utils import timezone
from django.utils.translation import override

from company.models import Branding, ChatWidget, InvoiceGroup, PortalSettings, Profile
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from core.templatetags.ui import contrast, ink_on, reader_locale
from domains import resolver
from domains.models import Domain
from payments.models import PaymentMethod
from portal import views
from portal.templatetags.contact import tel, whatsapp
from subscribers.models import PortalUser, Subscriber, Tariff
from subscribers.services.connections import change_service_state
from tenants.models import ISP, IspSuspension, StaffUser
from tests.conftest import make_isp
from tests.factories.subscribers import PASSWORD, PortalUserFactory, ServiceFactory, SubscriberFactory, TariffFactory

HOST = "wispmega.localhost"
PAGES = ["/", "/account/", "/payment-methods/", "/contact/"]


def text_of(answer):
    """The words of a page, without tags, spaces and scripts."""
    body = re.sub(r"(?s)<(script|style|svg|head).*?</\1>", " ", answer.content.decode())
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("\xa0", " ").split())


@pytest.fixture
def company(isp):
    """WispMega with profile and two payment methods, one of them hidden."""
    with isp_scope(isp):
        Profile(
            pk=1,
            display_name="Wisp Mega Puebla",
            email="hola@wispmega.example",
            phone="+522221234567",
            whatsapp="+5212221234567",
            address="Av. Reforma 100\nPuebla",
            opening_hours="Lun a vie 9-18",
        ).save()
        Branding(pk=1, colour="#ffcc00", welcome="¡Hola!").save()
        PaymentMethod.objects.create(name="BBVA 0123", portal_name="Transferencia", instructions="CLABE 012 345\nRef.")
        PaymentMethod.objects.create(name="Only at the desk", visible_in_portal=False)


@pytest.mark.parametrize("page", PAGES)
def test_pages_ask_strangers_to_sign_in_and_tell_them_nothing(at, maria, company, page):
    answer = at(HOST).get(page)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/")
    assert answer.content == b""


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_a_person_are_kept_by_no_cache(browser, page):
    assert browser.get(page)["Cache-Control"] == "private, no-store"


def test_home_shows_own_data_services_methods_and_contact(browser, company):
    text = text_of(browser.get("/"))
    for own in ["Hello, María", "1042", "María López", "Calle 5 de Mayo 12", "72000 Puebla", "maria@example.com"]:
        assert own in text
    for service in ["Hogar 100", "active", "100 Mbit/s down, 20 Mbit/s up", "MX$499.00"]:
        assert service in text
    assert "Transferencia" in text
    assert "CLABE 012 345" in text
    assert "BBVA 0123" not in text
    assert "Only at the desk" not in text
    assert "Wisp Mega Puebla" in text


def test_phones_whatsapp_and_mail_can_be_tapped(browser, company):
    page = browser.get("/contact/").content.decode()
    assert 'href="tel:+522221234567"' in page
    assert 'href="https://wa.me/5212221234567"' in page
    assert 'href="mailto:hola@wispmega.example"' in page
    assert "Lun a vie 9-18" in page
    assert "Av. Reforma 100<br>Puebla" in page


def test_only_own_services_are_shown_and_no_ended_ones(isp, browser, maria):
    with isp_scope(isp):
        ServiceFactory(tariff=TariffFactory(name="Of somebody else"), subscriber=SubscriberFactory())
        ServiceFactory(tariff=TariffFactory(name="Old one"), subscriber=maria.subscriber, state="ended")
        ServiceFactory(tariff=TariffFactory(name="Cut one"), subscriber=maria.subscriber, state="suspended")
    text = text_of(browser.get("/"))
    assert "Of somebody else" not in text
    assert "Old one" not in text
    assert "Cut one suspended" in text
    assert "switched off at the moment" in text


@pytest.mark.parametrize(
    ("switch", "words", "page"),
    [
        ("shows_services", ["My services", "Hogar 100"], None),
        ("shows_payment_methods", ["How to pay", "Transferencia"], "/payment-methods/"),
        ("shows_contact", ["Contact", "hola@wispmega.example", "Lun a vie"], "/contact/"),
    ],
)
def test_a_switch_hides_its_section_everywhere(isp, browser, company, switch, words, page):
    before = text_of(browser.get("/"))
    with isp_scope(isp):
        PortalSettings(pk=1, **{switch: False}).save()
    after = browser.get("/")
    for word in words:
        assert word in before
        assert word not in text_of(after)
    if page:
        assert f'href="{page}"' not in after.content.decode()
        assert browser.get(page)["Location"] == "/"


def test_sections_without_rows_say_what_to_do(isp, at, maria):
    with isp_scope(isp):
        PortalUserFactory(username="fresh", subscriber__number=9)
    client = at(HOST)
    client.post("/sign-in/", {"login": "fresh", "password": PASSWORD})
    text = text_of(client.get("/"))
    assert "As soon as your connection is set up, you will see it here." in text
    assert "Please ask us how you can pay." in text
    assert "You will find it on your contract." in text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_the_same_with_one_row_and_with_thirty(isp, browser, maria, company, count_queries, page):
    browser.get(page)
    with count_queries() as few:
        browser.get(page)
    with isp_scope(isp):
        for n in range(29):
            ServiceFactory(subscriber=maria.subscriber, tariff=TariffFactory(name=f"Tariff {n}"))
            PaymentMethod.objects.create(name=f"Method {n}")
    with count_queries() as many:
        answer = browser.get(page)
    assert len(many) == len(few) <= 13
    if page == "/":
        assert "Tariff 28" in answer.content.decode()


@pytest.mark.parametrize(
    ("country", "currency", "language", "shown"),
    [
        ("MX", "MXN", "es", "$1,234.50"),
        ("CO", "COP", "es", "$1.234,50"),
        ("CZ", "CZK", "es", "1.234,50 CZK"),
        ("CZ", "CZK", "en", "1 234,50 CZK"),
        ("MX", "MXN", "en", "MX$1,234.50"),
    ],
)
def test_prices_are_written_as_the_country_writes_them(at, db, country, currency, language, shown):
    isp = make_isp("preciosnet", country=country, currency=currency, language=language)
    with isp_scope(isp):
        user = PortalUserFactory(username="ana")
        ServiceFactory(subscriber=user.subscriber, tariff=TariffFactory(price=Decimal("1234.50")))
    client = at("preciosnet.localhost")
    client.post("/sign-in/", {"login": "ana", "password": PASSWORD})
    assert shown in text_of(client.get("/"))


def test_czech_readers_get_czech_money():
    with override("cs"):
        assert format_currency(Decimal("1234.5"), "CZK", locale=reader_locale("CZ")) == "1\xa0234,50\xa0Kč"


@pytest.mark.parametrize(
    ("number", "country", "link", "chat"),
    [
        ("+52 222 123 4567", "MX", "tel:+522221234567", "https://wa.me/522221234567"),
        ("222 123 4567", "MX", "tel:+522221234567", "https://wa.me/522221234567"),
        ("222 123 4567 ext. 12", "MX", "tel:+522221234567", "https://wa.me/522221234567"),
        ("*611", "MX", "tel:%2A611", ""),
        ("ask at the desk", "MX", "", ""),
        ("javascript:alert(1)", "MX", "", ""),
        ("", "CO", "", ""),
    ],
)
def test_phone_numbers_become_links_and_other_text_does_not(number, country, link, chat):
    assert (tel(number, country), whatsapp(number, country)) == (link, chat)


def test_the_chat_is_on_home_and_contact_and_nowhere_else(isp, at, browser):
    with isp_scope(isp):
        ChatWidget(pk=1, vendor="crisp", account="c0ffee-42").save()
    with_chat = {page for page in PAGES if "c0ffee-42" in browser.get(page).content.decode()}
    assert with_chat == {"/", "/contact/"}
    sign_in_page = at(HOST).get("/sign-in/")
    assert "c0ffee-42" not in sign_in_page.content.decode()
    assert "crisp" not in sign_in_page["Content-Security-Policy"]


class TestLook:
    def test_the_brand_colours_the_page_with_readable_text(self, at, company):
        page = at(HOST).get("/sign-in/").content.decode()
        assert "--brand:#ffcc00;--brand-text:#182433" in page
        assert '<meta name="theme-color" content="#ffcc00">' in page
        assert "fill='%23ffcc00'" in page
        assert "Wisp Mega Puebla" in page
        assert "¡Hola!" in page

    @pytest.mark.parametrize("colour", ["#ffcc00", "#066fd1", "#ffffff", "#000000", "#7f7f7f", "#ff0000"])
    def test_inks_read_on_light_and_dark_pages(self, colour):
        for background in ("#f9fafb", "#ffffff", "#1f2937", "#111827"):
            assert contrast(ink_on(colour, background), background) >= 4.5

    def test_a_colour_that_reads_stays_as_it_is(self):
        assert ink_on("#0b3d91", "#ffffff") == "#0b3d91"

    def test_prospects_find_the_form_unless_the_isp_hides_it(self, at, isp, company):
        assert 'href="/install/wispmega/"' in at(HOST).get("/sign-in/").content.decode()
        with isp_scope(isp):
            PortalSettings(pk=1, identifier="uuid").save()
        hidden = at(HOST).get("/sign-in/").content.decode()
        assert "/install/" not in hidden
        assert str(isp.uuid) not in hidden
        with isp_scope(isp):
            PortalSettings(pk=1, accepts_requests=False).save()
        assert "/install/" not in at(HOST).get("/sign-in/").content.decode()

    def test_two_isps_look_different_and_share_no_word(self, at, other_isp, company):
        page = at("fibrandina.localhost").get("/sign-in/").content.decode()
        assert "Fibrandina" in page
        assert "Wisp" not in page
        assert "#ffcc00" not in page


class TestLanguage:
    def test_browser_then_isp_then_own_choice(self, at, isp, maria):
        assert at(HOST).get("/sign-in/")["Content-Language"] == "en"
        assert at(HOST).get("/sign-in/", HTTP_ACCEPT_LANGUAGE="es-MX,es;q=0.9")["Content-Language"] == "es"
        assert at(HOST).get("/sign-in/", HTTP_ACCEPT_LANGUAGE="cs,de;q=0.9")["Content-Language"] == "en"
        spanish = make_isp("hispanet", language="es")
        client = at(f"{spanish.slug}.localhost")
        assert client.get("/sign-in/")["Content-Language"] == "es"
        back = client.post("/language/", {"language": "en", "next": "/sign-in/?user=ana"})
        assert back["Location"] == "/sign-in/?user=ana"
        assert client.get("/sign-in/", HTTP_ACCEPT_LANGUAGE="es")["Content-Language"] == "en"

    def test_the_account_remembers_the_language_on_every_device(self, at, isp, maria, browser):
        browser.post("/account/language/", {"language": "es"})
        assert browser.get("/")["Content-Language"] == "es"
        device = at(HOST)
        device.post("/sign-in/", {"login": "maria", "password": PASSWORD})
        assert device.get("/")["Content-Language"] == "es"
        with isp_scope(isp):
            assert AuditEntry.objects.get().verb == "subscribers.portal_user.language_set"

    def test_an_unknown_language_is_not_saved(self, isp, maria, browser):
        browser.post("/account/language/", {"language": "xx"})
        with isp_scope(isp):
            assert PortalUser.objects.get(pk=maria.pk).language == ""


class TestPassword:
    NEW = "tres tristes tigres"

    def change(self, browser, current=PASSWORD, new=NEW, again=None):
        return browser.post("/account/", {"current": current, "new": new, "again": again or new})

    def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(self, at, maria, browser, is_signed_in):
        other = at(HOST)
        other.post("/sign-in/", {"login": "maria", "password": PASSWORD})
        key = browser.cookies["portal_session"].value
        assert is_signed_in(other)
        answer = self.change(browser)
        assert answer["Location"] == "/account/"
        assert "Your password was changed." in text_of(browser.get("/account/"))
        assert is_signed_in(browser)
        assert browser.cookies["portal_session"].value != key
        assert not is_signed_in(other)
        assert other.post("/sign-in/", {"login": "maria", "password": PASSWORD}).status_code == 422
        assert other.post("/sign-in/", {"login": "maria", "password": self.NEW}).status_code == 302

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"current": "wrong"}, "This is not your current password."),
            ({"new": "short"}, "too short"),
            ({"new": "1234567890123"}, "entirely numeric"),
            ({"new": "maria@example.com"}, "too similar to the"),
            ({"again": "something else"}, "The two passwords differ."),
        ],
    )
    def test_what_is_wrong_is_said_beside_the_field_and_nothing_changes(self, at, maria, browser, fields, message):
        answer = self.change(browser, **fields)
        assert answer.status_code == 422
        assert message in text_of(answer)
        assert PASSWORD not in answer.content.decode()
        assert at(HOST).post("/sign-in/", {"login": "maria", "password": PASSWORD}).status_code == 302

    def test_guessing_the_current_password_runs_out(self, maria, browser):
        for _ in range(views.PER_ACCOUNT):
            self.change(browser, current="wrong")
        answer = self.change(browser)
        assert answer.status_code == 422
        assert "Too many attempts" in text_of(answer)
        assert "not your current" not in text_of(answer)


def test_the_portal_of_a_suspended_isp_says_nothing_but_not_now(at, isp, maria, browser):
    with public_scope():
        operator = StaffUser.objects.create(email="op@example.com", name="Op")
        IspSuspension.objects.create(isp=ISP.objects.get(pk=isp.pk), reason="secret reason", started_by=operator)
    resolver.forget_all()
    for page in [*PAGES, "/sign-in/"]:
        answer = browser.get(page)
        assert answer.status_code == 503
        for word in ("WispMega", "secret", "María", "1042"):
            assert word not in answer.content.decode()


def test_a_custom_domain_is_the_same_portal_with_its_own_session(at, isp, maria, browser, is_signed_in):
    with public_scope():
        Domain.objects.create(
            isp_id=isp.pk, host="clientes.wispmega.test", surface="portal", verified_at=timezone.now()
        )
    custom = at("clientes.wispmega.test")
    custom.cookies["portal_session"] = browser.cookies["portal_session"].value
    assert not is_signed_in(custom)
    custom.post("/sign-in/", {"login": "maria@wispmega", "password": PASSWORD})
    assert is_signed_in(custom)


class TestTariffs:
    def test_the_name_for_the_portal_the_own_price_and_the_cycle_are_shown(self, isp, browser, maria):
        with isp_scope(isp):
            tariff = TariffFactory(name="FTTH-200-v3", portal_name="Fibre 200", description="With TV", cycle=3)
            ServiceFactory(subscriber=maria.subscriber, tariff=tariff, price=Decimal("450"))
        text = text_of(browser.get("/"))
        assert "Fibre 200 active 100 Mbit/s down, 20 Mbit/s up With TV" in text
        assert "MX$450.00 every three months" in text
        assert "FTTH-200-v3" not in text

    @pytest.mark.parametrize(("switch", "hidden"), [("shows_speed", "Mbit/s"), ("shows_price", "MX$499.00")])
    def test_speed_and_price_are_shown_only_if_the_tariff_says_so(self, isp, browser, switch, hidden):
        assert hidden in text_of(browser.get("/"))
        with isp_scope(isp):
            Tariff.objects.update(**{switch: False})
        text = text_of(browser.get("/"))
        assert hidden not in text
        assert "Hogar 100" in text

    def test_the_state_has_its_date(self, isp, browser, maria):
        with isp_scope(isp):
            [service] = maria.subscriber.services.all()
            with time_machine.travel(datetime(2026, 3, 2, 5, 30, tzinfo=UTC), tick=False):
                change_service_state(by=None, service=service, to="suspended", reason="two months unpaid")
        text = text_of(browser.get("/"))
        # The ISP's date, where it was still the evening before.
        assert "Since March 1, 2026 this service is switched off." in text
        assert "unpaid" not in text
        with isp_scope(isp), time_machine.travel(datetime(2026, 3, 9, 18, tzinfo=UTC), tick=False):
            change_service_state(by=None, service=service, to="active")
        assert "Active since March 9, 2026" in text_of(browser.get("/"))


class TestInvoiceGroups:
    def group(self, isp, maria, **fields):
        with isp_scope(isp):
            return InvoiceGroup.objects.create(name="Internal name", **fields)

    def test_contact_and_footer_are_the_groups_where_it_fills_them(self, isp, browser, company, maria):
        group = self.group(isp, maria, legal_name="Mega Empresas SA", email="b@mega.example", phone="+525599990000")
        with isp_scope(isp):
            Subscriber.objects.filter(pk=maria.subscriber.pk).update(group=group)
        for page in ("/", "/contact/", "/account/"):
            answer = browser.get(page)
            text = text_of(answer)
            assert "Mega Empresas SA" in text
            assert "b@mega.example" in text
            assert 'href="tel:+525599990000"' in answer.content.decode()
            assert "hola@wispmega.example" not in text
            assert "Internal name" not in text
        # What the group leaves empty is the company's.
        assert "Av. Reforma 100" in text_of(browser.get("/contact/"))

    def test_who_has_no_group_belongs_to_the_default_one(self, isp, browser, company, maria):
        self.group(isp, maria, email="everybody@mega.example", is_default=True)
        assert "everybody@mega.example" in text_of(browser.get("/contact/"))

    def test_a_group_of_others_is_not_shown(self, isp, browser, company, maria):
        self.group(isp, maria, email="others@mega.example")
        text = text_of(browser.get("/contact/"))
        assert "others@mega.example" not in text
        assert "hola@wispmega.example" in text

    def test_before_signing_in_the_company_speaks_for_itself(self, isp, at, company, maria):
        self.group(isp, maria, email="everybody@mega.example", is_default=True)
        text = text_of(at(HOST).get("/sign-in/"))
        assert "everybody@mega.example" not in text
        assert "hola@wispmega.example" in text
