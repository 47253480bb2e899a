"""Papers on the client card, and in the portal those that the subscriber may see."""

import io
import re
from pathlib import Path

import pikepdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core.models import AuditEntry, StoredFile
from core.scope import isp_scope
from core.uploads import store
from subscribers.models import SubscriberDocument
from tenants.roles import Role
from tests.dashboard.card_pages import file_of, text_of
from tests.dashboard.test_subscribers import staff_client, verbs
from tests.factories.preinstall import picture, upload
from tests.factories.subscribers import PASSWORD, PortalUserFactory, SubscriberDocumentFactory, SubscriberFactory

CARD = "/wispmega/subscribers/11/"
PAPERS = f"{CARD}documents/"


@pytest.fixture
def clerk(isp):
    return staff_client(isp, Role.SUPPORT)


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        return SubscriberFactory(number=11, first_name="Ana", last_name="Ruiz")


@pytest.fixture
def contract(isp, ana):
    """A PDF of two pages."""
    with isp_scope(isp), pikepdf.new() as made:
        for _ in range(2):
            made.add_blank_page(page_size=(200, 300))
        out = io.BytesIO()
        made.save(out)
        file = store(SimpleUploadedFile("contrato.pdf", out.getvalue()))
        return SubscriberDocumentFactory(subscriber=ana, title="Contract 2026", file=file)


@pytest.fixture
def photo(isp, ana):
    with isp_scope(isp):
        return SubscriberDocumentFactory(subscriber=ana, title="Handover", kind="handover", in_portal=True)


def looks(isp):
    return [verb for verb in verbs(isp) if verb.endswith(("viewed", "downloaded"))]


class TestKeeping:
    def test_a_paper_is_kept_with_title_and_kind_and_stays_with_staff(self, isp, clerk, ana):
        data = {"file": upload(name="x.jpg"), "kind": "contract", "title": "Contract 2026"}
        text = text_of(clerk.post(f"{PAPERS}add/", data, follow=True))
        assert "Contract 2026 was added." in text
        assert "Contract 2026 staff only Contract" in text
        with isp_scope(isp):
            kept = SubscriberDocument.objects.get()
            assert (kept.subscriber, kept.in_portal, kept.file.content_type) == (ana, False, "image/jpeg")
            assert Path(kept.file.absolute_path).exists()
        assert verbs(isp) == ["subscribers.document.added"]

    @pytest.mark.parametrize(
        ("changes", "field", "message"),
        [
            ({"file": SimpleUploadedFile("x.pdf", b"MZ not a paper")}, "file", "of another kind"),
            ({"file": SimpleUploadedFile("x.pdf", b"")}, "file", "empty"),
            ({"file": SimpleUploadedFile("x.svg", b"<svg onload='x'/>")}, "file", "of another kind"),
            ({"file": ""}, "file", "This field is required."),
            ({"title": " "}, "title", "This field is required."),
            ({"kind": "x"}, "kind", "valid choice"),
        ],
    )
    def test_what_is_wrong_is_said_beside_the_field(self, isp, clerk, ana, changes, field, message):
        data = {"file": upload(), "kind": "contract", "title": "Contract 2026", **changes}
        answer = clerk.post(f"{PAPERS}add/", data)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert message in page.partition(f'id="id_{field}_error"')[2][:400]
        if field == "file":
            assert 'value="Contract 2026"' in page
        with isp_scope(isp):
            assert not SubscriberDocument.objects.exists()
            assert not StoredFile.objects.exists()

    def test_it_is_called_something_else_and_shown_in_the_portal(self, isp, clerk, contract):
        data = {"kind": "other", "title": "Annex", "in_portal": "on"}
        assert "Annex in the portal" in text_of(clerk.post(f"{PAPERS}{contract.uuid}/change/", data, follow=True))
        text = text_of(clerk.get(f"{CARD}history/"))
        assert "Title: before: Contract 2026 → after: Annex" in text
        assert "Show it in the portal: before: no → after: yes" in text

    def test_a_paper_that_is_removed_goes_with_its_file_and_leaves_a_trace(
        self, isp, clerk, contract, django_capture_on_commit_callbacks
    ):
        path = Path(contract.file.absolute_path)
        with django_capture_on_commit_callbacks(execute=True):
            text = text_of(clerk.post(f"{PAPERS}{contract.uuid}/remove/", follow=True))
        assert "Contract 2026 was removed." in text
        assert not path.exists()
        with isp_scope(isp):
            assert not StoredFile.objects.exists()
        assert "Removed a document Contract 2026" in text_of(clerk.get(f"{CARD}history/"))


class TestLooking:
    def test_who_looked_is_seen_below_the_paper(self, isp, clerk, contract, photo):
        assert "Nobody has opened it yet." in text_of(clerk.get(PAPERS))
        assert "page 2" in clerk.get(f"{PAPERS}{contract.uuid}/").content.decode()
        text = text_of(clerk.get(PAPERS))
        assert re.search(r"Opened once, last by Person Number\d+", text)
        assert file_of(clerk.get(f"{PAPERS}{contract.uuid}/download/"))[:4] == b"%PDF"
        assert re.search(
            r"Opened 2 times, last by Person Number\d+ Person Number\d+ · [^·]+ · downloaded",
            text_of(clerk.get(PAPERS)),
        )

    def test_a_page_and_its_pictures_are_one_look(self, isp, clerk, contract):
        clerk.get(f"{PAPERS}{contract.uuid}/")
        for sheet in (1, 2):
            assert clerk.get(f"{PAPERS}{contract.uuid}/pages/{sheet}/")["Content-Type"] == "image/png"
        assert looks(isp) == ["subscribers.document.viewed"]
        assert file_of(clerk.get(f"{PAPERS}{contract.uuid}/download/"))[:4] == b"%PDF"
        assert looks(isp) == ["subscribers.document.viewed", "subscribers.document.downloaded"]

    def test_a_picture_shows_in_place_for_htmx_and_else_on_a_page(self, clerk, photo):
        part = clerk.get(f"{PAPERS}{photo.uuid}/", HTTP_HX_REQUEST="true").content.decode()
        assert "<html" not in part
        assert f'src="{PAPERS}{photo.uuid}/image/"' in part
        assert "<html" in clerk.get(f"{PAPERS}{photo.uuid}/").content.decode()
        image = clerk.get(f"{PAPERS}{photo.uuid}/image/")
        assert (image["Content-Type"], image["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
        assert file_of(image)[:2] == picture()[:2]

    def test_pictures_and_pages_are_not_mixed_up(self, clerk, contract, photo):
        for path in (f"{contract.uuid}/image/", f"{photo.uuid}/pages/1/", f"{contract.uuid}/pages/9/"):
            assert clerk.get(f"{PAPERS}{path}").status_code == 404

    def test_a_paper_is_found_only_on_its_own_card(self, isp, clerk, photo):
        with isp_scope(isp):
            SubscriberFactory(number=12)
        for end in ("", "image/", "download/", "change/"):
            assert clerk.get(f"/wispmega/subscribers/12/documents/{photo.uuid}/{end}").status_code == 404
        assert looks(isp) == []

    @pytest.mark.parametrize("role", [Role.BILLING, Role.TECHNICIAN, Role.READ_ONLY])
    def test_roles_without_the_right_see_neither_papers_nor_names(self, isp, contract, role):
        client = staff_client(isp, role)
        for path in (PAPERS, f"{PAPERS}{contract.uuid}/", f"{PAPERS}{contract.uuid}/download/"):
            answer = client.get(path)
            assert answer.status_code == 403
            assert "Contract 2026" not in answer.content.decode()
        assert looks(isp) == []


class TestPortal:
    @pytest.fixture
    def browser(self, at, isp, ana):
        with isp_scope(isp):
            PortalUserFactory(subscriber=ana, username="ana")
        client = at("wispmega.localhost")
        client.post("/sign-in/", {"login": "ana", "password": PASSWORD})
        return client

    def test_only_papers_meant_for_it_are_shown(self, isp, browser, contract, photo):
        text = text_of(browser.get("/"))
        assert "My documents Handover" in text
        assert "Contract 2026" not in text
        image = browser.get(f"/documents/{photo.uuid}/")
        assert image["Content-Type"] == "image/jpeg"
        assert file_of(image)[:2] == picture()[:2]
        assert browser.get(f"/documents/{contract.uuid}/").status_code == 404
        with isp_scope(isp):
            [entry] = AuditEntry.objects.filter(verb="subscribers.document.viewed")
            assert (entry.actor_kind, entry.actor_label) == ("portal_user", "ana")

    def test_without_any_there_is_no_section(self, browser, contract):
        assert "My documents" not in text_of(browser.get("/"))

    def test_papers_of_others_are_not_there(self, isp, browser):
        with isp_scope(isp):
            other = SubscriberDocumentFactory(in_portal=True, title="Of somebody else")
        assert "Of somebody else" not in text_of(browser.get("/"))
        assert browser.get(f"/documents/{other.uuid}/").status_code == 404

    def test_strangers_sign_in_first(self, at, photo):
        answer = at("wispmega.localhost").get(f"/documents/{photo.uuid}/")
        assert answer["Location"].startswith("/sign-in/")
