"""The queue of payment reports, and the settings around it."""

import html
from uuid import uuid4

import pytest

from core.scope import isp_scope
from payments.models import Payment, PaymentReport, PaymentSettings
from tenants.roles import Role
from tests.dashboard.settings_pages import audit_rows, staff_client
from tests.dashboard.test_subscribers import text_of as words_of
from tests.factories.company import PaymentMethodFactory
from tests.factories.files import picture, upload
from tests.factories.payments import bill, report
from tests.factories.subscribers import SubscriberFactory

PAGE = "/wispmega/payments/reports/"


def text_of(answer):
    return html.unescape(words_of(answer))


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.BILLING)


@pytest.fixture
def waiting(isp):
    """Two reports, the first of them for an invoice."""
    with isp_scope(isp):
        ana, eva = SubscriberFactory(first_name="Ana", last_name="Ruiz"), SubscriberFactory(first_name="Eva")
        method = PaymentMethodFactory(name="BBVA")
        one = report(ana, "500", reference="R1", invoices=[bill(ana)], method=method)
        two = report(eva, "80", voucher=upload(picture(colour="#010203")), method=method)
    return one, two


def state(isp, row):
    with isp_scope(isp):
        return PaymentReport.objects.get(pk=row.pk)


def test_an_empty_queue_says_what_comes_here(clerk):
    assert "No reports here" in text_of(clerk.get(PAGE))


def test_the_queue_shows_what_is_to_be_checked_and_finds_the_rest(isp, clerk, waiting):
    page = text_of(clerk.get(PAGE))
    assert "Ruiz, Ana" in page
    assert "Eva" in page
    assert "Begin with the oldest" in page
    clerk.post(f"{PAGE}{waiting[0].uuid}/reject/", {"reason": "no"})
    assert "Ruiz, Ana" not in text_of(clerk.get(PAGE))
    assert "Ruiz, Ana" in text_of(clerk.get(f"{PAGE}?state=rejected"))
    assert "Ruiz, Ana" in text_of(clerk.get(f"{PAGE}?state=&q=ruiz"))


def test_the_voucher_stands_beside_the_invoice(isp, clerk, waiting):
    one, _two = waiting
    page = clerk.get(f"{PAGE}{one.uuid}/").content.decode()
    assert f'<img class="img-fluid rounded" src="{PAGE}{one.uuid}/voucher/"' in page
    assert "$500.00" in page
    assert "Invoice 000001" in page
    assert 'value="500.00"' in page
    picture_of = clerk.get(f"{PAGE}{one.uuid}/voucher/")
    assert picture_of["Content-Type"] == "image/jpeg"
    assert picture_of.getvalue()[:2] == b"\xff\xd8"
    download = clerk.get(f"{PAGE}{one.uuid}/voucher/?download=1")
    assert "attachment" in download["Content-Disposition"]
    assert download.getvalue()


def test_a_pdf_is_shown_as_pictures_of_its_pages(isp, clerk):
    import io

    import pikepdf

    pdf, out = pikepdf.new(), io.BytesIO()
    pdf.add_blank_page()
    pdf.add_blank_page()
    pdf.save(out)
    with isp_scope(isp):
        row = report(SubscriberFactory(), voucher=upload(out.getvalue(), "v.pdf"))
    page = clerk.get(f"{PAGE}{row.uuid}/").content.decode()
    assert f'src="{PAGE}{row.uuid}/voucher/2/"' in page
    sheet = clerk.get(f"{PAGE}{row.uuid}/voucher/2/")
    assert sheet["Content-Type"] == "image/png"
    assert sheet.content[1:4] == b"PNG"
    assert clerk.get(f"{PAGE}{row.uuid}/voucher/3/").status_code == 404


def test_approving_books_and_opens_the_next_one(isp, clerk, waiting):
    one, two = waiting
    answer = clerk.post(f"{PAGE}{one.uuid}/approve/", {"amount": "500"})
    assert answer.url == f"{PAGE}{two.uuid}/"
    assert state(isp, one).state == "approved"
    with isp_scope(isp):
        assert Payment.objects.get().amount == 500
    assert clerk.post(f"{PAGE}{two.uuid}/approve/", {"amount": "80"}).url == PAGE


def test_approving_refuses_bad_amounts(isp, clerk, waiting):
    for amount, says in [("0", "above zero"), ("-1", "no amount"), ("", "required"), ("1e30", "no amount")]:
        assert says in text_of(clerk.post(f"{PAGE}{waiting[0].uuid}/approve/", {"amount": amount}))
    assert state(isp, waiting[0]).state == "pending"


def test_rejecting_needs_a_reason(isp, clerk, waiting):
    one, two = waiting
    assert "required" in text_of(clerk.post(f"{PAGE}{one.uuid}/reject/", {"reason": " "}))
    assert state(isp, one).state == "pending"
    assert clerk.post(f"{PAGE}{one.uuid}/reject/", {"reason": "not readable"}).url == f"{PAGE}{two.uuid}/"
    assert (state(isp, one).state, state(isp, one).reason) == ("rejected", "not readable")


def test_who_comes_second_is_told(isp, clerk, waiting):
    one, _two = waiting
    clerk.post(f"{PAGE}{one.uuid}/reject/", {"reason": "no"})
    page = text_of(clerk.post(f"{PAGE}{one.uuid}/approve/", {"amount": "500"}, follow=True))
    assert "Somebody was quicker" in page
    with isp_scope(isp):
        assert not Payment.objects.exists()


def test_what_was_seen_before_is_pointed_out_with_a_link(isp, clerk, waiting):
    one, two = waiting
    assert "Seen before" not in text_of(clerk.get(f"{PAGE}{one.uuid}/"))
    with isp_scope(isp):
        same_file = report(two.subscriber, voucher=upload())
        same_reference = report(two.subscriber, reference="r1", voucher=upload(picture(colour="#0a0b0c")))
    for row, words in ((same_file, "The same file"), (same_reference, "The same reference")):
        page = clerk.get(f"{PAGE}{row.uuid}/")
        assert words in text_of(page)
        assert f"{PAGE}{one.uuid}/" in page.content.decode()


def test_support_looks_and_decides_nothing(isp, waiting):
    client = staff_client(isp, Role.SUPPORT)
    page = text_of(client.get(f"{PAGE}{waiting[0].uuid}/"))
    assert "Ana Ruiz" in page
    assert "Approve and book" not in page
    client.post(f"{PAGE}{waiting[0].uuid}/approve/", {"amount": "500"})
    assert state(isp, waiting[0]).state == "pending"


def test_a_report_takes_the_same_queries_whatever_waits(isp, clerk, waiting, count_queries):
    def queries():
        with count_queries() as counted:
            assert "Ana Ruiz" in clerk.get(f"{PAGE}{waiting[0].uuid}/").content.decode()
        return len(counted)

    few = queries()
    with isp_scope(isp):
        for _ in range(6):
            report(SubscriberFactory(), voucher=False, reference=str(uuid4()))
    assert queries() == few


def test_the_rules_are_saved_and_audited(isp, clerk):
    page = "/wispmega/settings/payment-rules/"
    clerk.post(
        page, {"confirms": "on", "takes_reports": "on", "reactivates": "on", "grace_days": "5", "grace_cap": "900"}
    )
    with isp_scope(isp):
        rules = PaymentSettings.load()
    assert (rules.confirms, rules.reactivates, rules.grace_days, rules.grace_cap) == (True, True, 5, 900)
    assert audit_rows(isp)[-1][0] == "payments.settings.changed"
    for changes, says in [
        ({"grace_days": "0"}, "greater than or equal to 1"),
        ({"grace_days": "16"}, "15"),
        ({"grace_days": "3", "grace_cap": "0"}, "0.01"),
    ]:
        assert says in text_of(clerk.post(page, changes))
