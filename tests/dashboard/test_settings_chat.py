"""The chat in the settings: what was recognised, on and off, gone."""

import pytest

from company.models import ChatWidget
from core.scope import isp_scope
from tenants.roles import Role
from tests.company.test_chat_vendors import CHATWOOT, CRISP, OTHER, SMARTSUPP, TAWK, TIDIO
from tests.dashboard.settings_pages import audit_rows, staff_client, text_of

PAGE = "/wispmega/settings/chat/"


@pytest.fixture
def admin_page(isp):
    return staff_client(isp)


def widget_of(isp):
    with isp_scope(isp):
        return ChatWidget.load()


@pytest.mark.parametrize(
    ("script", "name", "account", "host"),
    [
        (SMARTSUPP, "Smartsupp", "8fde5e5a0b5beef908e268b0f2dab6b97c538dd9", "*.smartsuppchat.com"),
        (TIDIO, "Tidio", "4cydyg5ubfb3qqcdbfu16cyytczaxlds", "*.tidio.co"),
        (TAWK, "Tawk.to", "645f277b74285f0ec46b34d0/1h0ngmpml", "*.tawk.to"),
        (CRISP, "Crisp", "c46126df-9865-4cd1-82ee-dbe93bd42485", "*.crisp.chat"),
        (CHATWOOT, "Chatwoot", "coVW3GVVA4bpCSXrfLwGrJSo", "app.chatwoot.com"),
    ],
)
def test_the_page_shows_what_was_recognised_and_keeps_nothing_else(
    isp, other_isp, admin_page, script, name, account, host
):
    page = text_of(admin_page.post(PAGE, {"script": script}, follow=True))
    assert f"Saved: {name}." in page
    assert f"<strong>{name}</strong>" in page
    assert account in page
    assert f"<code>{host}</code>" in page
    widget = widget_of(isp)
    assert (widget.account, widget.script, widget.is_on) == (account, "", True)
    assert widget_of(other_isp).vendor == ""
    assert [verb for verb, _ in audit_rows(isp)] == ["company.chat.set"]


def test_an_unknown_script_is_kept_and_its_hosts_are_named(isp, admin_page):
    page = text_of(admin_page.post(PAGE, {"script": OTHER}, follow=True))
    assert "A chat that we do not know" in page
    assert "<code>widget.livehelp.example</code>" in page
    assert OTHER not in page
    assert widget_of(isp).script == OTHER
    assert "livehelp" not in str(audit_rows(isp))


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("", "required"),
        ("<script>alert(1)</script>", "no address"),
        (TAWK.replace("645f", "zzzz"), "looks like Tawk.to"),
        (OTHER + "<!-- " + "x" * 5000, "at most 5000 characters"),
    ],
)
def test_a_script_that_is_refused_is_shown_again_harmless_and_changes_nothing(isp, admin_page, script, says):
    admin_page.post(PAGE, {"script": TIDIO})
    response = admin_page.post(PAGE, {"script": script})
    assert response.status_code == 422
    page = text_of(response)
    assert says in page.partition('id="id_script_error"')[2][:300]
    assert response.context["form"]["script"].value() == script
    assert "<script>alert(1)" not in page
    assert widget_of(isp).vendor == "tidio"


def test_the_hint_below_the_field_saves_nothing(isp, admin_page):
    hint = text_of(admin_page.post(f"{PAGE}check/", {"script": CRISP}))
    assert "<strong>Crisp</strong>" in hint
    assert "<html" not in hint
    assert "no address" in text_of(admin_page.post(f"{PAGE}check/", {"script": "Hola"}))
    assert widget_of(isp).vendor == ""
    assert audit_rows(isp) == []


def test_the_chat_is_hidden_shown_again_and_removed(isp, admin_page):
    admin_page.post(PAGE, {"script": CRISP})
    assert "The chat is hidden." in text_of(admin_page.post(f"{PAGE}switch/", {"is_on": "0"}, follow=True))
    assert widget_of(isp).is_shown is False
    assert "The chat is shown." in text_of(admin_page.post(f"{PAGE}switch/", {"is_on": "1"}, follow=True))
    assert widget_of(isp).is_shown is True
    page = text_of(admin_page.post(f"{PAGE}remove/", follow=True))
    assert "The chat was removed." in page
    assert ">Your chat<" not in page
    widget = widget_of(isp)
    assert (widget.vendor, widget.account) == ("", "")
    verbs = [verb for verb, _ in audit_rows(isp)]
    assert verbs == [
        "company.chat.set",
        "company.chat.switched_off",
        "company.chat.switched_on",
        "company.chat.removed",
    ]


@pytest.mark.parametrize("role", [Role.BILLING, Role.SUPPORT, Role.TECHNICIAN, Role.READ_ONLY])
def test_other_roles_cannot_touch_the_chat(isp, role):
    with isp_scope(isp):
        ChatWidget(pk=1, vendor="tidio", account="x" * 32).save()
    client = staff_client(isp, role)
    client.post(PAGE, {"script": CRISP})
    client.post(f"{PAGE}switch/", {"is_on": "0"})
    client.post(f"{PAGE}remove/")
    assert "Crisp" not in text_of(client.post(f"{PAGE}check/", {"script": CRISP}))
    widget = widget_of(isp)
    assert (widget.vendor, widget.is_on) == ("tidio", True)


def test_no_staff_page_names_the_vendor_in_its_policy(isp, admin_page):
    admin_page.post(PAGE, {"script": CRISP})
    assert "crisp" not in admin_page.get(PAGE)["Content-Security-Policy"]
