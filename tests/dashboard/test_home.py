"""The chooser of ISPs and an ISP's start page."""

import re

import pytest
from django.utils import timezone

from billing.models import BillingRun, SuspensionRule, SuspensionRun
from company.models import Branding, CaptchaKeys, ChatWidget, DocumentRule, Identifier, PortalSettings, Profile
from core.models import StoredFile
from core.scope import isp_scope, public_scope
from domains import resolver
from domains.models import Domain
from payments.models import PaymentMethod
from subscribers.models import Service
from tenants.models import Membership
from tenants.roles import Role
from tests.factories.preinstall import InstallRequestFactory
from tests.factories.staff import StaffUserFactory, make_member
from tests.factories.subscribers import ServiceFactory, SubscriberFactory


def steps(page) -> dict[str, bool]:
    """The checklist of a page: title -> done."""
    text = page.text.partition('id="steps"')[2].partition("</ul>")[0]
    found = {}
    for item in text.split("<li")[1:]:
        title = re.search(r'flex-fill">\s*(?:<a [^>]*>)?([^<\n]+)', item).group(1).strip()
        found[title] = "is-done" in item.partition(">")[0]
    return found


# The chooser


def test_with_one_isp_one_goes_straight_to_it(owner, signed_in):
    assert signed_in(owner).get("/").headers["Location"] == "/wispmega/"


def test_with_several_one_chooses(isp, other_isp, owner, signed_in):
    client = signed_in(owner)
    with public_scope():
        Membership.objects.create(isp=other_isp, user=owner, role=Role.TECHNICIAN)
    page = client.get("/").text
    assert 'href="/wispmega/"' in page
    assert 'href="/fibrandina/"' in page
    assert "Technician" in page
    # And inside the frame one can switch.
    assert 'href="/fibrandina/"' in client.get("/wispmega/").text
    assert 'href="/wispmega/"' in client.get("/fibrandina/").text


def test_with_one_isp_there_is_nothing_to_switch_to(owner, signed_in, other_isp):
    page = signed_in(owner).get("/wispmega/").text
    assert "Switch company" not in page
    assert "Fibrandina" not in page


def test_with_none_one_is_told_what_to_do(db, signed_in):
    page = signed_in(StaffUserFactory(email="lone@example.com")).get("/")
    assert "You do not work for a company yet" in page.text
    assert "lone@example.com" in page.text


def test_a_staff_domain_leads_to_its_isp_or_says_so(isp, other_isp, owner, stranger, signed_in, staff_domain):
    with public_scope():
        Membership.objects.create(isp=other_isp, user=owner, role=Role.OWNER)
    assert signed_in(owner, staff_domain).get("/").headers["Location"] == "/wispmega/"
    page = signed_in(stranger, staff_domain).get("/")
    assert "You do not work for WispMega" in page.text
    assert "Fibrandina" not in page.text


def test_the_chooser_takes_the_same_queries_for_two_and_for_thirty(isp, other_isp, signed_in, count_queries):
    from tenants.models import ISP

    few_user, many_user = make_member(isp), make_member(isp)
    with public_scope():
        for n in range(30):
            fields = {"slug": f"isp{n}x", "slug_skeleton": f"isp{n}x", "name": f"Isp {n:02d}"}
            one = ISP.objects.create(**fields, country="MX", language="en", currency="MXN", timezone="UTC")
            Membership.objects.create(isp=one, user=many_user, role=Role.OWNER)
        Membership.objects.create(isp=other_isp, user=few_user, role=Role.OWNER)
    counts = []
    for user in (few_user, many_user):
        client = signed_in(user)
        with count_queries() as counted:
            page = client.get("/")
        counts.append(len(counted))
    assert "Isp 29" in page.text
    assert counts[0] == counts[1]


# The checklist


def test_a_new_isp_has_everything_to_do(owner, signed_in):
    page = signed_in(owner).get("/wispmega/")
    found = steps(page)
    assert len(found) == 9
    assert not any(found.values())
    assert "0 of 9 done" in page.text


def logo_file() -> StoredFile:
    return StoredFile.objects.create(path="x/logo", name="logo.png", content_type="image/png", size=1, sha256="0" * 64)


DONE = {
    "Fill in your company profile": lambda: Profile(pk=1, phone="+525512345678").save(),
    "Add your logo and colour": lambda: Branding(pk=1, logo=logo_file()).save(),
    "Choose the documents you ask for": lambda: DocumentRule.objects.create(kind="coupon", demand="hidden"),
    "Add a payment method": lambda: PaymentMethod.objects.create(name="Bank"),
    "Try your install form": lambda: InstallRequestFactory(),
    "Use your own reCAPTCHA keys": lambda: CaptchaKeys.objects.create(domain="x.example", site_key="a", secret_key="b"),
    "Show your chat in the portal": lambda: ChatWidget(pk=1, vendor="crisp", account="x").save(),
}


@pytest.mark.parametrize("title", DONE)
def test_a_step_is_done_once_its_thing_is_there(title, isp, owner, signed_in):
    with isp_scope(isp):
        DONE[title]()
    assert [name for name, done in steps(signed_in(owner).get("/wispmega/")).items() if done] == [title]


@pytest.mark.parametrize("how", ["member", "invitation"])
def test_staff_are_there_once_somebody_is_invited(how, isp, owner, signed_in):
    client = signed_in(owner)
    if how == "member":
        make_member(isp, Role.SUPPORT)
    else:
        client.post("/wispmega/staff/invite/", {"email": "nina@example.com", "role": "support"})
    assert steps(client.get("/wispmega/"))["Invite your staff"]


def test_the_domain_of_another_isp_does_not_count(isp, other_isp, owner, signed_in):
    client = signed_in(owner)
    for one, done in ((other_isp, False), (isp, True)):
        with public_scope():
            Domain.objects.create(isp=one, host=f"x.{one.slug}.example", surface="portal", verified_at=timezone.now())
        assert steps(client.get("/wispmega/"))["Use your own domain"] is done


def test_the_steps_lead_to_pages_that_open(owner, signed_in):
    client = signed_in(owner)
    text = client.get("/wispmega/").text.partition('id="steps"')[2].partition("</ul>")[0]
    links = re.findall(r'href="([^"]+)"', text)
    assert len(links) == 9
    for link in links:
        assert "page-title" in client.get(link).text, link


@pytest.mark.parametrize("role", [Role.BILLING, Role.SUPPORT, Role.TECHNICIAN, Role.READ_ONLY])
def test_those_who_cannot_set_up_are_not_asked_to(role, isp, signed_in):
    page = signed_in(make_member(isp, role)).get("/wispmega/")
    assert steps(page) == {}
    assert "What to set up next" not in page.text


# Figures and the form


def test_figures_and_latest_requests(isp, other_isp, owner, signed_in):
    with isp_scope(isp):
        subscriber = SubscriberFactory()
        for n, state in enumerate(["active", "active", "suspended"]):
            ServiceFactory(subscriber=subscriber, number=100 + n, state=state)
        for n in range(7):
            InstallRequestFactory(number=n + 1, last_name=f"Prospect{n}", state="new" if n < 4 else "rejected")
    with isp_scope(other_isp):
        InstallRequestFactory(number=99, last_name="Foreign")
        SubscriberFactory.create_batch(3)
    page = signed_in(owner).get("/wispmega/").text

    def figure(name):
        return re.search(rf'id="{name}">([^<]*)<', page).group(1)

    assert figure("new-requests") == "4"
    assert figure("subscribers") == "1"
    assert [figure(f"services-{state.value}") for state in Service.State] == ["0", "2", "1", "0"]
    latest = page.partition('id="latest"')[2]
    assert latest.count("list-group-item-action") == 5
    assert "Prospect6" in latest
    assert "Prospect0" not in latest
    assert "Foreign" not in page


def test_the_start_page_takes_the_same_queries_whatever_there_is(isp, owner, signed_in, count_queries):
    client = signed_in(owner)
    client.get("/wispmega/")
    with count_queries() as few:
        client.get("/wispmega/")
    with isp_scope(isp):
        for n in range(30):
            InstallRequestFactory(number=n + 1)
            SubscriberFactory(number=n + 1)
    with count_queries() as many:
        client.get("/wispmega/")
    assert len(few) == len(many)
    assert len(many) <= 20


def test_the_address_of_the_form_is_the_one_that_works(isp, owner, signed_in, at):
    client = signed_in(owner)

    def address():
        return re.search(r'id="install-url" value="([^"]+)"', client.get("/wispmega/").text).group(1)

    assert address() == "http://wispmega.localhost/install/wispmega/"
    with isp_scope(isp):
        PortalSettings(pk=1, identifier=Identifier.UUID).save()
    assert address() == f"http://wispmega.localhost/install/{isp.uuid}/"
    assert "<form" in at("wispmega.localhost").get(f"/install/{isp.uuid}/").text
    with public_scope():
        Domain.objects.create(isp=isp, host="clientes.wispmega.localhost", surface="portal", verified_at=timezone.now())
    resolver.forget_all()
    assert address() == f"http://clientes.wispmega.localhost/install/{isp.uuid}/"


def test_the_form_has_a_qr_code_that_is_dark_on_light(owner, signed_in):
    page = signed_in(owner).get("/wispmega/").text
    code = page.partition('class="qr-code"')[2].partition("</svg>")[0]
    assert 'fill="#fff"' in code
    assert 'stroke="#000"' in code
    assert 'aria-label="QR code of your install form"' in code


def test_runs_that_stopped_by_themselves_are_shown_to_those_who_may_let_them_go_on(isp, signed_in):
    with isp_scope(isp):
        rule = SuspensionRule.objects.create(is_on=True)
        SuspensionRun.objects.create(rule=rule, planned_at=timezone.now(), is_too_many=True)
        stopped = {"stopped": {"kind": "far", "value": "2", "bound": "1"}}
        BillingRun.objects.create(on=timezone.localdate(), state="planned", report=stopped)
        BillingRun.objects.create(on=timezone.localdate(), state="stopped", report={"stopped": {"kind": "staff"}})
        BillingRun.objects.create(on=timezone.localdate(), state="done", report={})
    page = signed_in(make_member(isp, Role.BILLING)).get("/wispmega/").text
    assert "1 billing run has stopped and waits for you" in page
    assert "1 suspension run would switch off too many" in page
    page = signed_in(make_member(isp, Role.SUPPORT)).get("/wispmega/").text
    assert 'id="held-' not in page
