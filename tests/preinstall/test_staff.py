"""Staff read and work on install requests."""

import io
import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pikepdf
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from core.models import AuditEntry
from core.scope import isp_scope
from core.uploads import store
from preinstall.models import InstallRequest
from tenants.roles import Role
from tests.factories.preinstall import InstallRequestFactory, RequestDocumentFactory
from tests.factories.staff import make_member, sign_in
from tests.factories.subscribers import SubscriberFactory

LIST = "/wispmega/requests/"


def text(response):
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.fixture
def staff(at, isp):
    """`staff(role)` is a signed-in browser of somebody of WispMega."""

    def make(role=Role.OWNER, where=isp):
        client = at("app.localhost")
        sign_in(client, make_member(where, role))
        return client

    return make


@pytest.fixture
def document(isp):
    with isp_scope(isp):
        return RequestDocumentFactory(request__number=7, request__first_name="Rosa")


@pytest.fixture
def paper(isp):
    with isp_scope(isp), pikepdf.new() as made:
        made.add_blank_page(page_size=(200, 300))
        made.add_blank_page(page_size=(200, 300))
        out = io.BytesIO()
        made.save(out)
        file = store(SimpleUploadedFile("recibo.pdf", out.getvalue()))
        return RequestDocumentFactory(request__number=8, kind="proof_of_address", file=file)


def address(document, rest=""):
    return f"{LIST}{document.request.number}/documents/{document.uuid}/{rest}"


def looks(isp, verb="viewed"):
    with isp_scope(isp):
        return AuditEntry.objects.filter(verb=f"preinstall.document.{verb}").count()


def test_an_empty_list_tells_the_form_s_address(staff):
    page = text(staff().get(LIST))
    assert "No install requests yet" in page
    assert "http://wispmega.localhost/install/wispmega/" in page


def test_the_list_counts_and_filters(staff, isp):
    with isp_scope(isp):
        InstallRequestFactory(number=1, first_name="Ana", last_name="Nueva")
        InstallRequestFactory(number=2, first_name="Beto", last_name="Visto", state="in_review", mobile="+525599990000")
        InstallRequestFactory(number=3, first_name="Cora", last_name="Conocida", state="rejected", was_known=True)
    client = staff()
    page = text(client.get(LIST))
    assert all(name in page for name in ("Ana Nueva", "Beto Visto", "Cora Conocida"))
    assert page.count("Looks like somebody we know</span>") == 1
    for query, name in {
        "state=in_review": "Beto",
        "q=r-000003": "Cora",
        "q=99990000": "Beto",
        "q=ana+nue": "Ana",
    }.items():
        found = text(client.get(f"{LIST}?{query}"))
        assert [who for who in ("Ana N", "Beto V", "Cora C") if who in found] == [
            who for who in ("Ana N", "Beto V", "Cora C") if who.startswith(name)
        ]
    assert "No request fits" in text(client.get(f"{LIST}?until=2001-01-01"))
    bad = client.get(f"{LIST}?since=yesterday")
    assert (bad.status_code, "Enter a valid date" in text(bad)) == (422, True)


def test_the_list_asks_as_much_for_thirty_as_for_one(staff, isp, count_queries):
    client = staff()
    with isp_scope(isp):
        InstallRequestFactory(number=1)
    client.get(LIST)
    with count_queries() as one:
        client.get(LIST)
    with isp_scope(isp):
        for number in range(2, 31):
            InstallRequestFactory(number=number)
    with count_queries() as thirty:
        page = text(client.get(LIST))
    assert "1 to 25 of 30" in page
    assert len(one) == len(thirty)


def test_the_page_shows_everything_and_escapes_it(staff, document, isp):
    with isp_scope(isp):
        InstallRequest.objects.filter(number=7).update(comments="<script>alert(1)</script>", district="Centro")
    page = text(staff().get(f"{LIST}7/"))
    for part in ("R-000007", "Rosa", "Calle Cinco 12, Centro, Puebla", "Official ID, front", "ine.jpg"):
        assert part in page
    assert "&lt;script&gt;alert(1)" in page


def test_what_looks_the_same_is_shown_with_links(staff, isp):
    with isp_scope(isp):
        SubscriberFactory(number=501, first_name="Mismo", email="ROSA@example.org", mobile="", id_number="")
        SubscriberFactory(number=502, first_name="Ajeno", email="", mobile="", id_number="")
        InstallRequestFactory(number=1, email="rosa@example.org", mobile="+525511112222", id_number="QUIR-80 01.01")
        InstallRequestFactory(number=2, email="", second_mobile="+525511112222", id_number="")
        InstallRequestFactory(number=3, email="x@example.org", id_number="quir800101")
        InstallRequestFactory(number=4, email="rosa@example.org", state="rejected")
        InstallRequestFactory(number=5, email="", id_number="")
        known = InstallRequest.objects.get(number=1)
        assert {row.number for row in known.similar_requests()} == {2, 3}
        assert {row.number for row in known.similar_subscribers()} == {501}
    page = text(staff().get(f"{LIST}1/"))
    assert '/wispmega/subscribers/501/"' in page
    assert "(same: e-mail)" in page
    assert "(same: phone)" in page
    assert "(same: ID number)" in page
    assert "R-000004" not in page
    assert "somebody we know" not in text(staff().get(f"{LIST}5/"))


def test_a_request_goes_its_way(staff, isp):
    with isp_scope(isp):
        InstallRequestFactory(number=1)
    client = staff(Role.SUPPORT)
    for to, label in (("in_review", "in review"), ("approved", "approved"), ("in_review", "in review")):
        page = text(client.post(f"{LIST}1/state/", {"to": to}, follow=True))
        assert f"The request is now: {label}." in page
    refused = client.post(f"{LIST}1/state/", {"to": "rejected", "reason": "  "})
    assert (refused.status_code, "Please say why" in text(refused)) == (422, True)
    page = text(client.post(f"{LIST}1/state/", {"to": "rejected", "reason": "No coverage <there>"}, follow=True))
    assert "No coverage &lt;there&gt;" in page
    with isp_scope(isp):
        request = InstallRequest.objects.get()
        assert [change.state for change in request.state_changes.all()] == [
            "new",
            "in_review",
            "approved",
            "in_review",
            "rejected",
        ]
        assert AuditEntry.objects.filter(verb="preinstall.request.state_changed").count() == 4


@pytest.mark.parametrize("to", ["new", "nonsense", ""])
def test_a_state_that_is_none(staff, isp, to):
    with isp_scope(isp):
        InstallRequestFactory(number=1)
    assert staff().post(f"{LIST}1/state/", {"to": to}).status_code == 422
    with isp_scope(isp):
        assert InstallRequest.objects.get().state == "new"


def test_two_clerks_decide_at_once(staff, isp):
    with isp_scope(isp):
        InstallRequestFactory(number=1, state="approved")
    page = text(staff().post(f"{LIST}1/state/", {"to": "rejected", "reason": "late"}, follow=True))
    assert "Somebody was quicker" in page
    with isp_scope(isp):
        assert InstallRequest.objects.get().state == "approved"


def test_comments_stay_with_the_staff(staff, isp):
    with isp_scope(isp):
        InstallRequestFactory(number=1)
    client = staff()
    page = text(client.post(f"{LIST}1/comments/", {"text": "Llamar <b>mañana</b>"}, follow=True))
    assert "Llamar &lt;b&gt;mañana" in page
    empty = client.post(f"{LIST}1/comments/", {"text": " "})
    assert (empty.status_code, "required" in text(empty)) == (422, True)


def test_a_picture_is_seen_in_place_and_the_look_is_written_down(staff, document, isp):
    client = staff()
    part = client.get(address(document), HTTP_HX_REQUEST="true")
    assert "<html" not in text(part)
    assert f'src="{address(document)}image/"' in text(part)
    image = client.get(f"{address(document)}image/")
    assert image["Content-Disposition"].startswith("inline")
    assert "sandbox" in image["Content-Security-Policy"]
    assert Image.open(io.BytesIO(image.getvalue())).format == "JPEG"
    assert looks(isp) == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        client.get(f"{address(document)}image/").getvalue()
    assert looks(isp) == 2
    assert looks(isp, "downloaded") == 0
    assert "<html" in text(client.get(address(document)))


def test_a_pdf_is_seen_as_pictures_of_its_pages(staff, paper, isp):
    client = staff()
    page = text(client.get(address(paper)))
    assert f"{address(paper)}pages/2/" in page
    assert f"{address(paper)}pages/3/" not in page
    sheet = client.get(f"{address(paper)}pages/2/")
    assert sheet["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(sheet.content)).format == "PNG"
    assert client.get(f"{address(paper)}pages/3/").status_code == 404
    assert client.get(f"{address(paper)}image/").status_code == 404
    assert looks(isp) == 1


def test_each_download_is_written_down(staff, paper, isp):
    client = staff()
    for _ in range(2):
        response = client.get(f"{address(paper)}download/")
        assert response["Content-Disposition"] == 'attachment; filename="recibo.pdf"'
        assert response.getvalue().startswith(b"%PDF")
    assert looks(isp, "downloaded") == 2


def test_a_file_that_is_gone_is_said(staff, paper, settings, isp):
    (settings.MEDIA_ROOT / paper.file.path).unlink()
    assert "cannot be shown here" in text(staff().get(address(paper)))


def test_a_document_is_found_through_its_request_only(staff, document, paper):
    client = staff()
    for number, uuid in ((8, document.uuid), (7, paper.uuid), (7, uuid4()), (99, document.uuid)):
        response = client.get(f"{LIST}{number}/documents/{uuid}/download/")
        assert response.status_code == 404
        assert b"%PDF" not in response.content


@pytest.mark.parametrize(
    ("role", "works", "sees"),
    [
        (Role.OWNER, True, True),
        (Role.ADMIN, True, True),
        (Role.SUPPORT, True, True),
        (Role.TECHNICIAN, True, False),
        (Role.BILLING, False, False),
        (Role.READ_ONLY, False, False),
    ],
)
def test_roles(staff, document, isp, role, works, sees):
    client = staff(role)
    page = text(client.get(f"{LIST}7/"))
    assert "Rosa" in page
    assert ("Approve" in page) == works
    assert (address(document) in page) == sees
    for rest in ("", "image/", "download/"):
        response = client.get(address(document, rest))
        assert (response.status_code == 200) == sees
        if response.streaming:
            response.getvalue()
    client.post(f"{LIST}7/state/", {"to": "approved"})
    client.post(f"{LIST}7/comments/", {"text": "Hola"})
    with isp_scope(isp):
        request = InstallRequest.objects.get()
        assert (request.state == "approved") == works
        assert request.staff_comments.exists() == works


def test_strangers_find_nothing(staff, document, isp, other_isp, at):
    stranger = staff(Role.OWNER, other_isp)
    for path in (LIST, f"{LIST}7/", address(document), address(document, "download/")):
        response = stranger.get(path)
        assert response.status_code == 404
        assert "Rosa" not in text(response)
        assert at("app.localhost").get(path)["Location"].startswith("/sign-in/")
    own = stranger.get(address(document, "image/").replace("wispmega", "fibrandina"))
    assert own.status_code == 404


def test_a_row_that_points_to_another_isp_s_file_opens_nothing(staff, document, isp, other_isp):
    with isp_scope(other_isp):
        theirs = RequestDocumentFactory().file
        secret = Path(theirs.absolute_path).read_bytes()
    with isp_scope(isp):
        document.file.path = theirs.path
        document.file.save()
    response = staff().get(address(document, "image/"))
    assert response.status_code == 404
    assert secret not in response.content
