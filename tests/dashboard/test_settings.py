"""Profile, branding, portal and documents; and who may open which section."""

import io
import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from company.models import Branding, DocumentRule, PortalSettings, Profile, document_demands
from core.models import AuditEntry, StoredFile
from core.scope import isp_scope, public_scope
from dashboard import settings_urls
from dashboard.settings_sections import GROUPS
from domains.models import Claim, Domain, Surface
from messaging.models import ChannelAccount
from tenants.roles import Role
from tests.dashboard.settings_pages import audit_rows, staff_client, text_of
from tests.factories.company import picture

SECTIONS = ["profile", "branding", "portal", "domains", "documents", "captcha", "chat", "payments"]
PROFILE = {
    "display_name": "Mega Internet",
    "legal_name": "Wisp Mega S.A. de C.V.",
    "tax_id": "WME010203AB1",
    "email": "hola@wispmega.example",
    "phone": "55 1234 5678",
    "whatsapp": "+52 55 8765 4321",
    "website": "wispmega.example",
    "address": "Av. Juárez 1",
    "opening_hours": "Mon-Fri 9-18",
}
DOCUMENTS = {"id_front": "required", "id_back": "hidden", "proof_of_address": "optional", "coupon": "hidden"}


@pytest.fixture
def admin_page(isp):
    """A browser of an administrator of WispMega."""
    return staff_client(isp)


def url(section, isp="wispmega"):
    return f"/{isp}/settings/{section}/"


# Who may open what


def listed(page):
    """The names of the settings that a page leads to, in their order."""
    return re.findall(r'href="/wispmega/settings/([a-z-]+)/"', page)


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.BILLING])
def test_the_list_of_settings_names_what_the_role_may_open_and_nothing_else(isp, role):
    client = staff_client(isp, role)
    names = listed(text_of(client.get("/wispmega/settings/")))
    every = [section for group in GROUPS for section in group.sections]
    opened = [each.name for each in every if client.get(url(each.name)).status_code != 403]
    assert names == opened
    assert len(names) == len(set(names))
    assert ("profile" in names) == (role != Role.BILLING)
    assert "payments" in names


def test_every_page_of_the_settings_stands_in_their_list():
    pages = {str(each.pattern).rstrip("/") for each in settings_urls.urlpatterns if str(each.pattern).count("/") == 1}
    assert pages == {section.name for group in GROUPS for section in group.sections}


def test_the_menu_beside_a_page_has_the_order_of_the_list(admin_page):
    menu = text_of(admin_page.get(url("rules"))).partition("<nav")[2].rpartition("</nav>")[0]
    assert listed(menu) == listed(text_of(admin_page.get("/wispmega/settings/")))


def test_the_list_says_how_it_is_with_channels_gateways_and_domains(isp, admin_page, count_queries):
    assert "does not work" not in text_of(admin_page.get("/wispmega/settings/"))
    connected(isp, channel="twilio", medium="sms", problem="Refused.", is_on=True)
    connected(isp, channel="whatsapp", medium="whatsapp", is_on=True)
    with count_queries() as one:
        page = text_of(admin_page.get("/wispmega/settings/"))
    assert "1 does not work" in entry(page, "channels")
    connected(isp, channel="smpp", medium="sms", problem="Refused.", is_on=False)
    with public_scope():
        Claim.objects.create(isp_id=isp.pk, host="wisp.example", surface=Surface.PORTAL)
        Claim.objects.create(isp_id=isp.pk, host="mega.example", surface=Surface.PORTAL)
    with count_queries() as more:
        page = text_of(admin_page.get("/wispmega/settings/"))
    assert "2 do not work" in entry(page, "channels")
    assert "waits for the DNS" in entry(page, "domains")
    assert "badge" not in entry(page, "sender")
    assert len(more) == len(one)


def connected(isp, **columns):
    with isp_scope(isp):
        ChannelAccount.objects.create(checked_at=timezone.now(), **columns)


def entry(page, name):
    return page.partition(f'href="{url(name)}"')[2].partition("</a>")[0]


def test_an_administrator_finds_all_sections_and_the_current_one_marked(admin_page):
    for section in SECTIONS:
        page = text_of(admin_page.get(url(section)))
        assert all(f'href="{url(each)}"' in page for each in SECTIONS)
        marked = page.partition(f'href="{url(section)}"')[2].partition(">")[0]
        assert 'aria-current="page"' in marked


def test_billing_finds_the_payment_methods_only(isp):
    client = staff_client(isp, Role.BILLING)
    page = text_of(client.get(url("payments")))
    assert url("payments") in page
    for section in SECTIONS[:-1]:
        assert url(section) not in page
        assert "You may not open this page" in text_of(client.get(url(section)))


@pytest.mark.parametrize("role", [Role.BILLING, Role.SUPPORT, Role.TECHNICIAN, Role.READ_ONLY])
def test_other_roles_change_nothing(isp, role):
    client = staff_client(isp, role)
    refused = [
        client.post(url("profile"), PROFILE),
        client.post(url("branding"), {"colour": "#000000", "logo": picture()}),
        client.post(url("portal"), {"identifier": "uuid"}),
        client.post(url("documents"), DOCUMENTS),
    ]
    assert {response.status_code for response in refused} == {403}
    with isp_scope(isp):
        assert not Profile.objects.exists()
        assert not Branding.objects.exists()
        assert not PortalSettings.objects.exists()
        assert not DocumentRule.objects.exists()
        assert not StoredFile.objects.exists()


def test_staff_of_another_isp_find_nothing_and_change_nothing(isp, other_isp):
    client = staff_client(other_isp, Role.OWNER)
    for section in SECTIONS:
        assert "WispMega" not in text_of(client.get(url(section)))
    assert client.post(url("profile"), PROFILE).status_code == 404
    with isp_scope(isp):
        assert not Profile.objects.exists()


def test_what_one_isp_saves_is_its_own(isp, other_isp, admin_page):
    admin_page.post(url("profile"), PROFILE)
    admin_page.post(url("branding"), {"colour": "#112233", "welcome": "Hola", "logo": picture()})
    admin_page.post(url("portal"), {"identifier": "uuid"})
    admin_page.post(url("documents"), DOCUMENTS)
    with isp_scope(isp):
        assert Profile.load().display_name == "Mega Internet"
        assert Branding.load().colour == "#112233"
    with isp_scope(other_isp):
        assert Profile.load().display_name == ""
        assert Branding.load().colour == "#066fd1"
        assert PortalSettings.load().identifier == "slug"
        assert document_demands()["id_back"] == "required"
        assert not StoredFile.objects.exists()
    assert audit_rows(other_isp) == []


# Profile


def test_the_profile_is_saved_with_numbers_in_one_form_and_the_audit_names_the_fields(isp, admin_page):
    response = admin_page.post(url("profile"), PROFILE, follow=True)
    assert response.redirect_chain == [(url("profile"), 302)]
    assert "Saved." in text_of(response)
    with isp_scope(isp):
        profile = Profile.load()
    assert profile.display_name == "Mega Internet"
    assert (profile.phone, profile.whatsapp) == ("+525512345678", "+525587654321")
    assert profile.website == "https://wispmega.example"
    ((verb, details),) = audit_rows(isp)
    assert (verb, sorted(details["changes"])) == ("company.profile.changed", sorted(PROFILE))
    assert details["changes"]["display_name"] == ["", "Mega Internet"]
    assert 'value="+52 55 1234 5678"' in text_of(response)


def test_saving_the_page_as_it_is_leaves_no_audit_row(isp, admin_page):
    admin_page.post(url("profile"), PROFILE)
    shown = admin_page.get(url("profile")).context["form"]
    response = admin_page.post(url("profile"), {name: shown[name].value() for name in PROFILE}, follow=True)
    assert "Nothing was changed." in text_of(response)
    assert len(audit_rows(isp)) == 1


def test_the_audit_names_only_what_changed(isp, admin_page):
    admin_page.post(url("profile"), PROFILE)
    admin_page.post(url("profile"), {**PROFILE, "phone": "55 0000 0000", "address": ""})
    verb, details = audit_rows(isp)[-1]
    assert (verb, sorted(details["changes"])) == ("company.profile.changed", ["address", "phone"])
    assert details["changes"]["phone"] == ["+525512345678", "+525500000000"]


def test_of_two_who_save_the_last_one_wins_and_the_audit_names_both(isp, admin_page):
    second = staff_client(isp, Role.OWNER)
    admin_page.post(url("profile"), PROFILE)
    second.post(url("profile"), {**PROFILE, "tax_id": "OTHER"})
    with isp_scope(isp):
        assert Profile.load().tax_id == "OTHER"
        entries = AuditEntry.objects.filter(verb="company.profile.changed").order_by("pk")
        (first, last) = entries
    assert first.actor_id != last.actor_id
    assert sorted(first.details["changes"]) == sorted(PROFILE)
    assert last.details["changes"] == {"tax_id": [PROFILE["tax_id"], "OTHER"]}


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("email", "hola@", "valid email address"),
        ("phone", "call us", "area code"),
        ("whatsapp", "*611", "area code"),
        ("website", "http://wispmega.example", "begin with https://"),
        ("website", "javascript:alert(1)", "valid URL"),
        ("display_name", "x" * 121, "at most 120 characters"),
        ("address", "x" * 301, "at most 300 characters"),
        ("tax_id", "x\x00y", "Null characters are not allowed"),
    ],
)
def test_a_profile_that_is_wrong_is_shown_again_with_what_was_typed(isp, admin_page, field, value, says):
    response = admin_page.post(url("profile"), {**PROFILE, field: value})
    assert response.status_code == 422
    page = text_of(response)
    assert says in page.partition(f'id="id_{field}_error"')[2][:400]
    assert PROFILE["legal_name"] in page
    assert response.context["form"][field].value() == value
    with isp_scope(isp):
        assert not Profile.objects.exists()


# Branding


def test_a_logo_is_drawn_anew_at_most_512_pixels_wide_and_public_on_the_isps_hosts_only(isp, other_isp, admin_page, at):
    response = admin_page.post(
        url("branding"), {"colour": "#E85D04", "welcome": "Hola", "logo": picture(size=(2000, 1000))}, follow=True
    )
    assert "Saved." in text_of(response)
    with isp_scope(isp):
        branding = Branding.load()
        logo = branding.logo
    assert (branding.colour, branding.welcome) == ("#e85d04", "Hola")
    shown = at("wispmega.localhost").get(f"/logo/{logo.uuid}/")
    image = Image.open(io.BytesIO(shown.getvalue()))
    assert (image.size, image.format) == ((512, 256), "PNG")
    assert "public" in shown["Cache-Control"]
    assert shown["Content-Type"] == "image/png"
    assert at("fibrandina.localhost").get(f"/logo/{logo.uuid}/").status_code == 404
    ((verb, details),) = audit_rows(isp)
    assert (verb, sorted(details["changes"])) == ("company.branding.changed", ["colour", "logo", "welcome"])
    assert details["changes"]["colour"] == ["#066fd1", "#e85d04"]


def test_the_logo_of_a_shared_page_is_found_under_the_isps_link_only(isp, other_isp, admin_page, at):
    admin_page.post(url("branding"), {"colour": "#e85d04", "logo": picture()})
    with isp_scope(isp):
        logo = Branding.load().logo
    shared = at("portal.localhost")
    assert shared.get(f"/install/wispmega/logo/{logo.uuid}/").getvalue().startswith(b"\x89PNG")
    for wrong in ("fibrandina", isp.uuid, "nobody"):
        assert shared.get(f"/install/{wrong}/logo/{logo.uuid}/").status_code == 404


def test_another_logo_takes_the_place_of_the_old_one_whose_file_goes(
    isp, admin_page, at, django_capture_on_commit_callbacks
):
    admin_page.post(url("branding"), {"colour": "#e85d04", "logo": picture()})
    with isp_scope(isp):
        old = Branding.load().logo
    with django_capture_on_commit_callbacks(execute=True):
        admin_page.post(url("branding"), {"colour": "#e85d04", "logo": picture("JPEG")})
    with isp_scope(isp):
        new = Branding.load().logo
        assert list(StoredFile.objects.all()) == [new]
    assert new.content_type == "image/jpeg"
    assert not Path(old.absolute_path).exists()
    assert Path(new.absolute_path).exists()
    assert at("wispmega.localhost").get(f"/logo/{old.uuid}/").status_code == 404


def test_the_colour_can_be_changed_without_choosing_the_logo_again(isp, admin_page):
    admin_page.post(url("branding"), {"colour": "#e85d04", "logo": picture()})
    admin_page.post(url("branding"), {"colour": "#000000"})
    with isp_scope(isp):
        branding = Branding.load()
        assert branding.logo is not None
    assert branding.colour == "#000000"
    assert audit_rows(isp)[-1] == ("company.branding.changed", {"changes": {"colour": ["#e85d04", "#000000"]}})


def test_a_removed_logo_is_gone_and_the_preview_shows_the_name(isp, admin_page, at):
    admin_page.post(url("branding"), {"colour": "#e85d04", "logo": picture()})
    with isp_scope(isp):
        logo = Branding.load().logo
    assert admin_page.get(url("branding/logo")).getvalue().startswith(b"\x89PNG")
    page = text_of(admin_page.post(url("branding/logo/remove"), follow=True))
    assert "The logo was removed" in page
    assert 'data-preview="name">WispMega<' in page
    assert at("wispmega.localhost").get(f"/logo/{logo.uuid}/").status_code == 404
    assert admin_page.get(url("branding/logo")).status_code == 404
    assert audit_rows(isp)[-1][0] == "company.logo.removed"


def upload(data, name="logo.png"):
    return SimpleUploadedFile(name, data, "image/png")


def gif():
    data = io.BytesIO()
    Image.new("RGB", (9, 9)).save(data, "GIF")
    return upload(data.getvalue())


@pytest.mark.parametrize(
    ("logo", "says"),
    [
        (lambda: upload(b"<svg onload=alert(1)>"), "of another kind"),
        (lambda: upload(b"%PDF-1.4 not a picture"), "of another kind"),
        (gif, "of another kind"),
        (lambda: upload(b""), "empty"),
        (lambda: upload(b"\x89PNG\r\n\x1a\n" + b"0" * 100), "cannot be read"),
        (lambda: upload(b"\x89PNG\r\n\x1a\n" + b"0" * (2 * 1024 * 1024)), "at most"),
    ],
)
def test_a_file_that_is_no_logo_is_refused_and_nothing_else_is_saved(isp, admin_page, logo, says):
    response = admin_page.post(url("branding"), {"colour": "#123456", "welcome": "Buen día", "logo": logo()})
    assert response.status_code == 422
    page = text_of(response)
    assert says in page.partition('id="id_logo_error"')[2][:400]
    assert 'value="#123456"' in page
    assert 'value="Buen día"' in page
    with isp_scope(isp):
        assert Branding.load().colour == "#066fd1"
        assert not StoredFile.objects.exists()
    assert audit_rows(isp) == []
    assert list(django_settings.MEDIA_ROOT.rglob("*.*")) == []


def test_nothing_that_hides_behind_a_picture_is_kept(isp, admin_page, at):
    hidden = picture().read() + b"<script>alert('canary')</script>"
    admin_page.post(url("branding"), {"colour": "#123456", "logo": upload(hidden, "../../../logo.html")})
    with isp_scope(isp):
        logo = Branding.load().logo
    shown = at("wispmega.localhost").get(f"/logo/{logo.uuid}/")
    assert b"canary" not in shown.getvalue()
    assert shown["Content-Type"] == "image/png"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert logo.path.startswith(f"{isp.uuid}/")


@pytest.mark.parametrize("colour", ["", "red", "#12345", "#gggggg", "#123456;}", "url(//evil)"])
def test_a_colour_that_is_none_is_refused(isp, admin_page, colour):
    response = admin_page.post(url("branding"), {"colour": colour, "welcome": "Hola"})
    assert response.status_code == 422
    assert 'id="id_colour_error"' in text_of(response)
    assert 'value="Hola"' in text_of(response)
    with isp_scope(isp):
        assert not Branding.objects.exists()


def test_the_page_says_in_words_how_the_colour_reads(isp, admin_page):
    admin_page.post(url("branding"), {"colour": "#ffff00"})
    page = text_of(admin_page.get(url("branding")))
    said = page.partition('data-reading="white"')[2].partition("</li>")[0]
    assert "hard to read" in said.partition("data-words")[2]
    assert "1.07" in said
    assert "reads well<" in page.partition('data-reading="text"')[2].partition("</li>")[0]


# Portal


def test_the_install_address_follows_the_choice_and_the_other_one_is_named_as_dead(isp, other_isp, admin_page):
    page = text_of(admin_page.get(url("portal")))
    assert 'value="http://wispmega.localhost/install/wispmega/"' in page
    assert 'value="http://portal.localhost/install/wispmega/"' in page
    assert "the other address stops working at once" in page
    response = admin_page.post(url("portal"), {"identifier": "uuid", "accepts_requests": "on"}, follow=True)
    page = text_of(response)
    assert f'value="http://wispmega.localhost/install/{isp.uuid}/"' in page
    assert f'value="http://portal.localhost/install/{isp.uuid}/"' in page
    assert "/install/wispmega/" not in page
    assert str(other_isp.uuid) not in page
    with isp_scope(isp):
        portal = PortalSettings.load()
    assert portal.accepts_requests is True
    assert portal.shows_services is False
    changes = {name: [True, False] for name in ("shows_contact", "shows_payment_methods", "shows_services")}
    changes["identifier"] = ["slug", "uuid"]
    assert audit_rows(isp) == [("company.portal_settings.changed", {"changes": changes})]


def test_each_address_has_a_qr_code_to_look_at_and_one_to_print(admin_page):
    page = text_of(admin_page.get(url("portal")))
    assert page.count('aria-label="QR code of http://wispmega.localhost/install/wispmega/"') == 1
    assert page.count('aria-label="QR code of http://portal.localhost/install/wispmega/"') == 1
    assert page.count('href="data:image/png;base64,') == 2


def test_the_address_is_on_the_isps_own_domain_once_it_is_proved(isp, admin_page):
    with public_scope():
        Domain.objects.create(
            isp=isp, host="clientes.wispmega.example", surface=Surface.PORTAL, verified_at=timezone.now()
        )
    assert 'value="http://clientes.wispmega.example/install/wispmega/"' in text_of(admin_page.get(url("portal")))


def test_a_third_kind_of_identifier_is_refused(isp, admin_page):
    response = admin_page.post(url("portal"), {"identifier": "name"})
    assert response.status_code == 422
    assert "Select a valid choice" in text_of(response)
    with isp_scope(isp):
        assert not PortalSettings.objects.exists()


# Documents


def test_each_document_is_required_optional_or_not_asked_for(isp, admin_page):
    page = text_of(admin_page.post(url("documents"), DOCUMENTS, follow=True))
    assert "Saved." in page
    assert 'name="id_back" value="hidden" class="form-selectgroup-input" checked' in page
    with isp_scope(isp):
        assert {kind.value: demand for kind, demand in document_demands().items()} == DOCUMENTS
    changes = {
        "id_back": ["required", "hidden"],
        "proof_of_address": ["required", "optional"],
        "coupon": ["optional", "hidden"],
    }
    assert audit_rows(isp) == [("company.document_rules.changed", {"changes": changes})]


@pytest.mark.parametrize("wrong", [{"coupon": "maybe"}, {"coupon": ""}])
def test_an_unknown_or_missing_choice_is_refused(isp, admin_page, wrong):
    response = admin_page.post(url("documents"), {**DOCUMENTS, **wrong})
    assert response.status_code == 422
    page = text_of(response)
    assert "invalid-feedback" in page
    assert 'name="id_back" value="hidden" class="form-selectgroup-input" checked' in page
    with isp_scope(isp):
        assert not DocumentRule.objects.exists()
