"""The activity log."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import connection

from core.audit import record
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from dashboard.acts import ACTS, details, title
from dashboard.filters import AuditFilter
from tests.factories.preinstall import InstallationFactory, InstallRequestFactory, RequestDocumentFactory
from tests.factories.subscribers import SubscriberFactory


def rows(page) -> str:
    return page.text.partition("<tbody>")[2].partition("</tbody>")[0]


@pytest.fixture
def log(isp, owner, admin):
    """Three acts of three days, the second at 23:30 of 10 March in Mexico."""
    with isp_scope(isp):
        for moment, verb, by, more in [
            (datetime(2026, 3, 9, 18, tzinfo=UTC), "tenants.invitation.sent", owner, {"email": "nina@example.com"}),
            (datetime(2026, 3, 11, 5, 30, tzinfo=UTC), "payments.method.added", admin, {"name": "Bank of Toluca"}),
            (datetime(2026, 3, 12, 18, tzinfo=UTC), "preinstall.request.submitted", None, {"number": 7}),
        ]:
            with time_machine.travel(moment, tick=False):
                record(verb, by=by, **more)


def test_it_tells_who_did_what(log, owner, signed_in):
    text = rows(signed_in(owner).get("/wispmega/audit/"))
    assert "Invited somebody" in text
    assert "nina@example.com" in text
    assert "the system" in text
    assert "tenants.invitation" not in text
    assert text.index("Received an install request") < text.index("Added a payment method")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("who=olga", ["Invited somebody"]),
        ("who=ADAM", ["Added a payment method"]),
        ("act=payments.method.added", ["Added a payment method"]),
        ("since=2026-03-10", ["Added a payment method", "Received an install request"]),
        ("until=2026-03-10", ["Invited somebody", "Added a payment method"]),
        ("since=2026-03-11&until=2026-03-11", []),
        ("who=nobody", []),
        ("who=olga%40wispmega.exam", ["Invited somebody"]),
        ("who=owner+OLG%C3%81", ["Invited somebody"]),
        ("who=o", ["Invited somebody"]),
        ("who=wispmega", []),
        ("who=lga", []),
        ("who=%25", []),
        ("who=%27+%7C+zz%3A*", []),
    ],
)
def test_it_can_be_searched(query, found, log, owner, signed_in):
    text = rows(signed_in(owner).get(f"/wispmega/audit/?{query}"))
    every = ["Invited somebody", "Added a payment method", "Received an install request"]
    assert [act for act in every if act in text] == found
    if not found:
        assert "Nothing here for this search" in text


def test_a_search_by_name_is_answered_from_the_index(log, isp):
    rows = AuditFilter({"who": "olga"}, queryset=AuditEntry.objects.all()).qs
    with isp_scope(isp), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        plan = rows.order_by().explain()
    assert "audit_actor_words" in plan


@pytest.mark.parametrize(("query", "field"), [("since=yesterday", "since"), ("act=no.such.verb", "act")])
def test_a_search_that_is_not_understood_says_so(query, field, log, owner, signed_in):
    page = signed_in(owner).get(f"/wispmega/audit/?{query}")
    assert page.status_code == 422
    assert f'id="id_{field}_error"' in page.text
    assert "Invited somebody" not in rows(page)


def test_another_isps_log_is_not_in_it(log, stranger, signed_in):
    text = rows(signed_in(stranger).get("/fibrandina/audit/"))
    assert "Invited somebody" not in text
    assert "olga@" not in text


def test_it_takes_the_same_queries_for_one_row_and_for_thirty(isp, owner, signed_in, count_queries):
    client = signed_in(owner)
    with isp_scope(isp):
        record("company.profile.changed", by=owner)
    client.get("/wispmega/audit/")
    with count_queries() as few:
        client.get("/wispmega/audit/")
    with isp_scope(isp):
        for _ in range(30):
            record("company.profile.changed", by=owner)
    with count_queries() as many:
        page = client.get("/wispmega/audit/")
    assert rows(page).count("<tr") == 31
    assert len(few) == len(many)


def test_it_is_paged(isp, owner, signed_in):
    with isp_scope(isp):
        for n in range(60):
            record("payments.method.added", by=owner, name=f"Method {n:02d}")
    client = signed_in(owner)
    assert "Method 59" in rows(client.get("/wispmega/audit/"))
    assert "Method 05" not in rows(client.get("/wispmega/audit/"))
    assert "Method 05" in rows(client.get("/wispmega/audit/?page=2"))
    # A page that does not exist shows the last one.
    assert "Method 05" in rows(client.get("/wispmega/audit/?page=900"))


def test_a_verb_without_words_is_still_readable():
    assert title(AuditEntry(verb="network.router.switched_off")) == "Router switched off"


def test_details_show_roles_by_their_names():
    entry = AuditEntry(verb="x", details={"who": "Nina", "before": "support", "role": "billing"})
    assert details(entry) == "Nina · Support → Billing"


def test_every_verb_of_an_isp_has_words():
    """A verb that is recorded in an ISP's scope without words here would read as jargon."""
    import re
    from pathlib import Path

    from django.conf import settings

    recorded = set()
    for app in ("company", "messaging", "subscribers", "billing", "payments", "preinstall", "portal", "dashboard"):
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py"):
            recorded |= set(re.findall(r'record\(\s*"([a-z_]+\.[a-z_]+\.[a-z_]+)"', path.read_text()))
    text = (Path(settings.BASE_DIR) / "tenants/services/memberships.py").read_text()
    recorded |= set(re.findall(r'_record\(isp, "([a-z_.]+)"', text))
    assert len(recorded) > 10
    assert recorded - set(ACTS) == set()


def test_text_in_details_is_not_markup(isp, owner, signed_in):
    with isp_scope(isp):
        record("payments.method.added", by=owner, name="<b>bold</b>")
    text = rows(signed_in(owner).get("/wispmega/audit/"))
    assert "<b>bold" not in text
    assert "&lt;b&gt;bold" in text


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        (
            AuditEntry(
                verb="preinstall.request.state_changed",
                details={"number": 12, "before": "in_review", "after": "rejected", "reason": "Too far away"},
            ),
            "R-000012 · in review → rejected · Too far away",
        ),
        (
            AuditEntry(verb="preinstall.document.viewed", details={"number": 3, "kind": "id_front"}),
            "R-000003 · Official ID, front",
        ),
        (
            AuditEntry(
                verb="company.profile.changed",
                target_type="company.profile",
                details={"fields": ["tax_id", "no_longer_there"]},
            ),
            "tax ID, no_longer_there",
        ),
    ],
)
def test_details_are_words_and_no_codes(entry, shown):
    assert details(entry) == shown


def test_acts_on_the_isps_domains_are_there_and_those_of_others_are_not(
    isp, other_isp, owner, signed_in, count_queries
):
    client = signed_in(owner)
    client.get("/wispmega/audit/")
    with public_scope():
        for each, host in ((isp, "clientes.wispmega.example"), (other_isp, "mi.fibrandina.example")):
            record("domains.domain.hsts_changed", by=owner, on=each, host=host, before=None, after=300)
            record("tenants.isp.suspended", by=owner, on=each, reason="unpaid")
    text = client.get("/wispmega/audit/").text
    assert "Changed for how long browsers insist on HTTPS" in text.rpartition("<tbody>")[2]
    assert "clientes.wispmega.example · 5 minutes" in text
    assert "fibrandina" not in text
    assert "unpaid" not in text
    assert "clientes.wispmega.example" not in client.get("/wispmega/audit/?who=nobody").text
    with count_queries() as few:
        client.get("/wispmega/audit/")
    with public_scope():
        for number in range(40):
            record("domains.claim.made", by=owner, on=isp, host=f"a{number}.wispmega.example")
    with count_queries() as many:
        text = client.get("/wispmega/audit/").text
    assert len(many) == len(few)
    assert text.count(".wispmega.example · ") + text.count(".wispmega.example</div>") == 20


def test_it_finds_what_was_done_about_a_number(isp, owner, signed_in):
    with isp_scope(isp):
        ana, eva = SubscriberFactory(number=41), SubscriberFactory(number=42)
        asked = InstallRequestFactory(number=41)
        paper = RequestDocumentFactory(request=asked)
        there = InstallationFactory(number=41, service__subscriber=eva)
        for verb, on in [
            ("subscribers.subscriber.changed", ana),
            ("subscribers.note.added", eva),
            ("preinstall.request.commented", asked),
            ("preinstall.document.viewed", paper),
            ("preinstall.installation.moved", there),
        ]:
            record(verb, by=owner, on=on, number=41)
    client = signed_in(owner)
    every = ["Changed a subscriber&#x27;s card", "Commented on", "Looked at a prospect", "Moved an installation"]
    for number, wanted in {
        "41": every[:1],
        "r-000041": every[1:3],
        "I-41": every[3:],
        "43": [],
        "R-99": [],
        "X-41": [],
        "R-": [],
        "99999999999999999999": [],
    }.items():
        text = rows(client.get("/wispmega/audit/", {"about": number}))
        assert [act for act in every if act in text] == wanted, number


def test_staff_see_who_has_looked_at_a_document(isp, owner, admin, signed_in):
    with isp_scope(isp):
        paper = RequestDocumentFactory(request__number=7)
    page = f"/wispmega/requests/7/documents/{paper.uuid}/"
    signed_in(admin).get(f"{page}download/").getvalue()
    text = signed_in(owner).get(page).text
    looks = text.partition("Who has looked at it")[2].partition("</ul>")[0]
    assert looks.index(owner.name) < looks.index(admin.name) < looks.index("downloaded")
