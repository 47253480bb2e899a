"""reCAPTCHA keys: one pair a domain, the secret never shown."""

import pytest
from django.utils import timezone

from company.captcha import recaptcha_keys_for
from company.models import CaptchaKeys
from core.scope import isp_scope, public_scope
from domains.models import Domain, Surface
from tenants.roles import Role
from tests.dashboard.settings_pages import audit_rows, staff_client, text_of
from tests.factories.company import CaptchaKeysFactory

PAGE = "/wispmega/settings/captcha/"
SITE, SECRET = "6LcSITE-" + "a" * 32, "6LcSECRET-" + "b" * 30
KEYS = {"domain": "wispmega.localhost", "site_key": SITE, "secret_key": SECRET}


@pytest.fixture
def admin_page(isp):
    return staff_client(isp)


def test_without_keys_the_page_says_that_the_forms_are_protected(admin_page):
    page = text_of(admin_page.get(PAGE))
    assert "Your forms are protected already" in page
    assert "wispmega.localhost</strong>" in page
    assert "built-in check" in page


def test_keys_are_added_for_a_domain_and_the_secret_is_never_shown(isp, other_isp, admin_page):
    response = admin_page.post(PAGE, KEYS, follow=True)
    page = text_of(response)
    assert "reCAPTCHA is used on wispmega.localhost from now on." in page
    assert SITE in page
    assert SECRET not in page
    assert SECRET not in text_of(admin_page.get(f"{PAGE}wispmega.localhost/"))
    with isp_scope(isp):
        assert recaptcha_keys_for("wispmega.localhost").secret_key == SECRET
    assert audit_rows(isp) == [("company.captcha_keys.added", {"domain": "wispmega.localhost"})]
    with isp_scope(other_isp):
        assert not CaptchaKeys.objects.exists()


def test_the_secret_is_not_readable_in_the_database(isp, admin_page):
    from django.db import connection

    admin_page.post(PAGE, KEYS)
    with isp_scope(isp), connection.cursor() as cursor:
        cursor.execute("SELECT secret_key FROM company_captchakeys")
        assert SECRET not in cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("domain", "fibrandina.localhost", "not a domain of your portal"),
        ("domain", "not-proved.example", "not a domain of your portal"),
        ("domain", "", "required"),
        ("site_key", "6Lshort", "not a whole key"),
        ("site_key", "<script>alert(1)</script>aaaaaaaaaaaaa", "not a whole key"),
        ("secret_key", "", "required"),
        ("secret_key", SITE, "the site key again"),
    ],
)
def test_wrong_keys_are_refused_and_the_secret_is_not_sent_back(isp, admin_page, field, value, says):
    with public_scope():
        Domain.objects.create(isp=isp, host="not-proved.example", surface=Surface.PORTAL)
    response = admin_page.post(PAGE, {**KEYS, field: value})
    assert response.status_code == 422
    page = text_of(response)
    assert says in page.partition(f'id="id_{field}_error"')[2][:300]
    assert SECRET not in page
    if field != "site_key":
        assert f'value="{SITE}"' in page
    with isp_scope(isp):
        assert not CaptchaKeys.objects.exists()


def test_keys_can_be_for_a_proved_domain_and_cover_what_is_below(isp, admin_page):
    with public_scope():
        Domain.objects.create(
            isp=isp, host="clientes.wispmega.example", surface=Surface.PORTAL, verified_at=timezone.now()
        )
    admin_page.post(PAGE, {**KEYS, "domain": "clientes.wispmega.example"})
    with isp_scope(isp):
        assert recaptcha_keys_for("www.clientes.wispmega.example").site_key == SITE
        assert recaptcha_keys_for("wispmega.localhost") is None


def test_a_domain_is_shown_as_people_write_it(isp, admin_page):
    with public_scope():
        Domain.objects.create(isp=isp, host="xn--seor-hqa.example", surface=Surface.PORTAL, verified_at=timezone.now())
    assert "señor.example</strong>" in text_of(admin_page.get(PAGE))
    page = text_of(admin_page.post(PAGE, {**KEYS, "domain": "xn--seor-hqa.example"}, follow=True))
    assert "reCAPTCHA is used on señor.example" in page
    assert f"{PAGE}xn--seor-hqa.example/" in page


def test_keys_are_replaced_whole(isp, admin_page):
    admin_page.post(PAGE, KEYS)
    address = f"{PAGE}wispmega.localhost/"
    other = {"domain": "wispmega.localhost", "site_key": "6LcNEW" + "c" * 34, "secret_key": ""}
    assert "required" in text_of(admin_page.post(address, other))
    with isp_scope(isp):
        assert recaptcha_keys_for("wispmega.localhost").site_key == SITE
    admin_page.post(address, {**other, "secret_key": "6LcNEWSECRET" + "d" * 28})
    with isp_scope(isp):
        keys = CaptchaKeys.objects.get()
    assert (keys.site_key, keys.secret_key) == ("6LcNEW" + "c" * 34, "6LcNEWSECRET" + "d" * 28)
    assert audit_rows(isp)[-1] == ("company.captcha_keys.replaced", {"domain": "wispmega.localhost"})


def test_keys_of_a_domain_that_is_gone_are_marked_and_can_be_deleted(isp, admin_page):
    with isp_scope(isp):
        CaptchaKeysFactory(domain="old.example")
    assert "no longer your domain" in text_of(admin_page.get(PAGE))
    page = text_of(admin_page.post(f"{PAGE}old.example/delete/", follow=True))
    assert "The built-in check is used on old.example again." in page
    with isp_scope(isp):
        assert not CaptchaKeys.objects.exists()
    assert audit_rows(isp) == [("company.captcha_keys.deleted", {"domain": "old.example"})]


def test_another_isps_keys_are_not_there(isp, other_isp):
    with isp_scope(isp):
        CaptchaKeysFactory(domain="clientes.wispmega.example")
    client = staff_client(other_isp, Role.OWNER)
    address = "/fibrandina/settings/captcha/clientes.wispmega.example/"
    assert client.get(address).status_code == 404
    assert client.post(f"{address}delete/").status_code == 404
    assert "wispmega" not in text_of(client.get("/fibrandina/settings/captcha/"))
    with isp_scope(isp):
        assert CaptchaKeys.objects.count() == 1


@pytest.mark.parametrize("role", [Role.BILLING, Role.SUPPORT, Role.TECHNICIAN, Role.READ_ONLY])
def test_other_roles_cannot_touch_the_keys(isp, role):
    with isp_scope(isp):
        CaptchaKeysFactory(domain="old.example")
    client = staff_client(isp, role)
    client.post(PAGE, KEYS)
    client.post(f"{PAGE}old.example/", {**KEYS, "domain": "old.example"})
    client.post(f"{PAGE}old.example/delete/")
    with isp_scope(isp):
        assert CaptchaKeys.objects.get().site_key != SITE


def test_a_get_deletes_nothing(isp, admin_page):
    with isp_scope(isp):
        CaptchaKeysFactory(domain="old.example")
    admin_page.get(f"{PAGE}old.example/delete/")
    with isp_scope(isp):
        assert CaptchaKeys.objects.exists()
