"""A prospect sends the public form."""

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from company.models import DocumentRule, Identifier, PortalSettings, Profile
from core.models import AuditEntry, StoredFile
from core.scope import isp_scope
from messaging.models import Message
from preinstall import views
from preinstall.models import DraftUpload, InstallRequest, RequestDocument
from tests.factories.preinstall import picture, upload
from tests.preinstall.conftest import DATA, DOCUMENTS


def text(response):
    return re.sub(r"\s+", " ", response.content.decode())


def field_error(response, name):
    found = re.search(rf'id="id_{name}_error"[^>]*>(.*?)</div>', response.content.decode(), re.S)
    return " ".join(found.group(1).split()) if found else ""


@pytest.fixture
def settings_of(isp):
    def change(**values):
        with isp_scope(isp):
            row = PortalSettings.load()
            for name, value in values.items():
                setattr(row, name, value)
            row.save()

    return change


@pytest.mark.parametrize("host", ["wispmega.localhost", "portal.localhost"])
def test_a_form_with_documents_becomes_a_request(prospect, made, isp, host):
    someone = prospect(host)
    assert "Request an installation" in text(someone.open())
    response = someone.send()
    assert response.status_code == 302, text(response)
    (request,) = made()
    assert request.reference == "R-000001"
    assert request.mobile == "+525512345678"
    assert (request.full_name, request.city, request.comments) == ("Rosa Quintero Ibarra", "Puebla", "Por la tarde")
    with isp_scope(isp):
        assert set(request.documents.values_list("kind", flat=True)) == set(DOCUMENTS)
        assert [change.state for change in request.state_changes.all()] == ["new"]
        assert not DraftUpload.objects.exists()
        assert AuditEntry.objects.filter(verb="preinstall.request.submitted").count() == 1
    page = text(someone.client.get(response["Location"]))
    assert "R-000001" in page
    assert "Rosa" not in page
    assert "rosa@" not in page


def test_numbers_have_no_gaps(prospect, made):
    for _ in range(2):
        prospect().send()
    prospect().send(first_name="")
    prospect().send()
    assert [request.number for request in made()] == [1, 2, 3]


def test_the_form_says_what_a_browser_needs(prospect):
    page = prospect().open().content.decode()
    for part in ('autocomplete="given-name"', 'autocomplete="postal-code"', 'inputmode="tel"', 'type="tel"'):
        assert part in page
    assert "application/pdf" in page
    assert "<script>" not in page.replace('<script nonce="', "")


def test_everything_stays_when_one_field_is_wrong(prospect, made, isp):
    someone = prospect()
    response = someone.send(mobile="12")
    assert response.status_code == 422
    assert "not a phone number" in field_error(response, "mobile")
    page = text(response)
    assert "Calle Cinco 12" in page
    assert "Por la tarde" in page
    for kind in DOCUMENTS:
        assert f"{kind}.jpg" in page
    assert not made()
    assert someone.send(files={}).status_code == 302
    (request,) = made()
    with isp_scope(isp):
        assert request.documents.count() == 3


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("first_name", "", "required"),
        ("last_name", "<b>x</b>", "only the name"),
        ("first_name", "Win at http://x.example", "only the name"),
        ("first_name", "12345", "only the name"),
        ("email", "not an address", "valid email"),
        ("email", "a@example.org\nBcc: b@example.org", "valid email"),
        ("mobile", "", "required"),
        ("mobile", "abc", "not a phone number"),
        ("second_mobile", "99", "not a phone number"),
        ("address", "", "required"),
        ("address", "x" * 201, "at most 200"),
        ("comments", "x" * 2001, "at most 2000"),
    ],
)
def test_a_wrong_field_has_its_message(prospect, made, field, value, message):
    response = prospect().send(**{field: value})
    assert response.status_code == 422
    assert message in field_error(response, field)
    assert not made()


def test_only_what_is_needed_is_needed(prospect, made, isp):
    with isp_scope(isp):
        for kind in DOCUMENTS:
            DocumentRule.objects.create(kind=kind, demand="hidden" if kind == "id_back" else "optional")
    someone = prospect()
    assert 'name="id_back"' not in someone.open().content.decode()
    response = someone.send({}, email="", district="", city="", postcode="", comments="", id_number="Q 1")
    assert response.status_code == 302, text(response)
    assert made()[0].email == ""


def test_a_document_that_is_not_asked_for_is_not_kept(prospect, made, isp):
    with isp_scope(isp):
        DocumentRule.objects.create(kind="id_back", demand="hidden")
    assert prospect().send().status_code == 302
    with isp_scope(isp):
        assert set(RequestDocument.objects.values_list("kind", flat=True)) == {"id_front", "proof_of_address"}


def test_a_missing_document_is_said_at_its_field(prospect, made):
    response = prospect().send({"id_front": upload(), "id_back": upload()})
    assert "add this document" in field_error(response, "proof_of_address")
    assert field_error(response, "id_front") == ""
    assert not made()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (picture() + b"\0" * (11 * 1024 * 1024), "at most 10.0"),
        (b"<html>%PDF-1.7</html>", "another kind"),
        (b"GIF89a" + b"\0" * 100, "another kind"),
    ],
    ids=["empty", "11 MB", "html", "gif"],
)
def test_a_bad_file_is_said_at_its_field_and_the_others_are_kept(prospect, made, isp, data, message):
    files = {"id_front": SimpleUploadedFile("ine.jpg", data), "id_back": upload(), "proof_of_address": upload()}
    someone = prospect()
    response = someone.send(files)
    assert response.status_code == 422
    assert message in field_error(response, "id_front")
    assert not made()
    with isp_scope(isp):
        assert set(DraftUpload.objects.values_list("kind", flat=True)) == {"id_back", "proof_of_address"}
    assert someone.send({"id_front": upload()}).status_code == 302


def test_a_file_without_end_is_cut(prospect, isp, settings):
    settings.UPLOAD_LIMIT = 200_000
    response = prospect().send({"id_front": SimpleUploadedFile("ine.jpg", b"\xff\xd8\xff" + b"\0" * 3_000_000)})
    assert "at most" in field_error(response, "id_front")


def test_a_file_chosen_early_is_there_later(prospect, made, isp):
    someone = prospect()
    for kind in DOCUMENTS:
        assert someone.add(kind, upload(name=f"{kind}.png")).json()["received"][kind] == f"{kind}.png"
    answer = someone.add("id_front", upload(b"nonsense"))
    assert (answer.status_code, "another kind" in answer.json()["error"]) == (422, True)
    there = someone.client.get(f"{someone.path}documents/", {"submission": str(someone.submission)}).json()
    assert set(there["received"]) == set(DOCUMENTS)
    assert there["sent"] is False
    assert someone.send({}).status_code == 302
    there = someone.client.get(f"{someone.path}documents/", {"submission": str(someone.submission)}).json()
    assert there == {"received": {}, "sent": True}


def test_a_file_chosen_again_replaces_the_first(prospect, isp, django_capture_on_commit_callbacks, settings):
    someone = prospect()
    someone.add("id_front", upload(name="blurred.jpg"))
    with django_capture_on_commit_callbacks(execute=True):
        someone.add("id_front", upload(name="sharp.jpg"))
    with isp_scope(isp):
        (file,) = StoredFile.objects.all()
        assert file.name == "sharp.jpg"
    assert len(list((settings.MEDIA_ROOT / str(isp.uuid)).iterdir())) == 1


def test_documents_of_another_form_are_not_told(prospect):
    someone, stranger = prospect(), prospect()
    someone.add("id_front", upload())
    page = stranger.client.get(f"{stranger.path}documents/", {"submission": str(stranger.submission)})
    assert page.json()["received"] == {}
    assert stranger.client.get(f"{stranger.path}documents/").status_code == 404


def test_sent_twice_is_one_request(prospect, made, isp):
    someone = prospect()
    captcha = someone.solve()
    first, second = someone.send(captcha=captcha), someone.send(captcha=captcha)
    assert first["Location"] == second["Location"]
    assert len(made()) == 1
    with isp_scope(isp):
        assert Message.objects.count() == 1


def test_without_a_solved_captcha_nothing_is_made(prospect, made):
    someone = prospect()
    response = someone.send(captcha="")
    assert response.status_code == 422
    assert "Please tick this box." in text(response)
    assert not made()
    used = someone.solve()
    assert prospect().send(captcha=used).status_code == 302
    assert "repeat" in text(prospect().send(captcha=used))
    assert len(made()) == 1


def test_a_captcha_of_another_isp_is_worth_nothing(prospect, made, at, other_isp):
    theirs = prospect("portal.localhost", "fibrandina").solve()
    assert prospect().send(captcha=theirs).status_code == 422
    assert not made()


def test_a_wrong_field_does_not_use_up_the_captcha(prospect, made):
    someone = prospect()
    captcha = someone.solve()
    assert someone.send(captcha=captcha, mobile="1").status_code == 422
    assert "/done/" in someone.send({}, captcha=captcha)["Location"]


def test_too_many_wait_and_lose_nothing(prospect, made, monkeypatch):
    monkeypatch.setattr("preinstall.views._may_send", lambda request: False)
    someone = prospect()
    response = someone.send()
    assert response.status_code == 429
    page = text(response)
    assert "Nothing is lost" in page
    assert "Calle Cinco 12" in page
    assert "id_front.jpg" in page
    assert not made()


def test_the_sixty_first_form_of_an_hour_from_one_place_waits(prospect, made):
    with_errors = {"first_name": "", "files": {}, "captcha": "x"}
    someone = prospect()
    assert {someone.send(**with_errors).status_code for _ in range(60)} == {422}
    refused = someone.send(**with_errors)
    assert refused.status_code == 429
    assert "Nothing is lost" in text(refused)
    someone.client.defaults["REMOTE_ADDR"] = "203.0.113.77"
    assert someone.send(**with_errors).status_code == 422


def test_uploads_cannot_fill_the_disk(prospect, isp, monkeypatch):
    real = views.allow
    monkeypatch.setattr(views, "allow", lambda what, *, limit, seconds: real(what, limit=2, seconds=seconds))
    someone = prospect()
    answers = [someone.add("id_front", upload()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 422]
    assert "Too many files" in answers[2].json()["error"]
    assert "Too many files" in field_error(prospect().send({"id_back": upload()}), "id_back")
    with isp_scope(isp):
        assert StoredFile.objects.count() == 1


def test_an_isp_that_takes_no_requests(prospect, made, settings_of):
    settings_of(accepts_requests=False)
    someone = prospect()
    assert "No requests at the moment" in text(someone.open())
    someone.submission = uuid4()
    someone.client.post(someone.path, {**DATA, "submission": str(someone.submission)})
    assert someone.add("id_front", upload()).status_code == 404
    assert not made()


def test_the_identifier_that_was_not_chosen_is_hidden(prospect, settings_of, isp):
    slug, uuid = prospect(), prospect(identifier=str(isp.uuid))
    assert "Request an installation" in text(slug.open())
    assert "does not exist" in text(uuid.open())
    settings_of(identifier=Identifier.UUID)
    for host in ("wispmega.localhost", "portal.localhost"):
        assert "does not exist" in text(prospect(host).open())
        assert "Request an installation" in text(prospect(host, str(isp.uuid)).open())
    short = slug.client.get("/install/")
    assert "does not exist" in text(short)
    assert str(isp.uuid) not in text(short)


def test_the_page_of_a_slug_does_not_tell_the_uuid(prospect, isp):
    assert str(isp.uuid) not in prospect().open().content.decode()


@pytest.mark.parametrize("kind", ["slug", "uuid"])
def test_another_isp_is_not_on_this_host(prospect, other_isp, kind):
    with isp_scope(other_isp):
        PortalSettings(pk=1, identifier=kind).save()
        Profile(pk=1, display_name="CANARYFIBRA").save()
    identifier = "fibrandina" if kind == "slug" else str(other_isp.uuid)
    here = prospect(identifier=identifier)
    assert "CANARYFIBRA" not in text(here.open())
    assert "does not exist" in text(here.open())
    assert "CANARYFIBRA" in text(prospect("portal.localhost", identifier).open())


@pytest.mark.parametrize("identifier", ["nobody", "00000000-0000-0000-0000-000000000000", "x" * 36, "..", "%00"])
def test_nobody_s_form(prospect, identifier):
    page = prospect("portal.localhost", identifier).client.get(f"/install/{identifier}/")
    assert page.status_code in {400, 404}
    assert "<form" not in text(page)


def test_short_and_old_addresses(at, isp):
    own = at("wispmega.localhost")
    assert own.get("/install/")["Location"] == "/install/wispmega/"
    old = own.get("/solicitar-instalacion/wispmega/?utm_source=qr")
    assert (old.status_code, old["Location"]) == (301, "/install/wispmega/?utm_source=qr")
    assert at("portal.localhost").get("/solicitar-instalacion/wispmega/")["Location"] == "/install/wispmega/"
    assert "does not exist" in text(at("portal.localhost").get("/install/"))


def test_a_receipt_is_of_one_isp_and_not_guessed(prospect, other_isp):
    done = prospect().send()["Location"]
    theirs = done.replace("wispmega", "fibrandina")
    shared = prospect("portal.localhost").client
    assert "R-000001" in text(shared.get(done))
    assert "does not exist" in text(shared.get(theirs))
    assert "does not exist" in text(shared.get("/install/wispmega/done/1/"))


def test_mail_to_the_isp_and_to_the_prospect(prospect, isp, django_capture_on_commit_callbacks, monkeypatch):
    sent = []
    monkeypatch.setattr("messaging.tasks.take_turn.delay", lambda **kwargs: sent.append(kwargs))
    with isp_scope(isp):
        Profile(pk=1, display_name="WispMega SA", email="ventas@wispmega.example").save()
    with django_capture_on_commit_callbacks(execute=True):
        prospect().send()
    with isp_scope(isp):
        office, person = Message.objects.get(to="ventas@wispmega.example"), Message.objects.get(to="rosa@example.org")
    assert office.reply_to == "rosa@example.org"
    for part in ("R-000001", "Rosa Quintero Ibarra", "rosa@example.org", "55 1234 5678", "Calle Cinco 12"):
        assert part in office.text
    assert "/wispmega/requests/1/" in office.text
    assert person.reply_to == "ventas@wispmega.example"
    assert person.from_name == "WispMega SA"
    assert "R-000001" in person.subject + person.text
    for part in ("5512345678", "1234 5678", "Calle Cinco", "QUIR800101", "rosa@example.org", "http"):
        assert part not in person.text
    assert {(told["isp_id"], told["medium"]) for told in sent} == {(isp.pk, "email")}


def test_no_address_no_mail(prospect, isp):
    prospect().send(email="")
    with isp_scope(isp):
        assert not Message.objects.exists()


def test_a_name_cannot_add_headers(prospect, isp, made):
    prospect().send(first_name="Rosa\r\nBcc: x", last_name="Q")
    prospect().send(first_name="Rosa\r\nBcc x", last_name="Q\u2028uintero")
    (request,) = made()
    assert request.full_name == "Rosa Bcc x Q uintero"
    with isp_scope(isp):
        assert "\n" not in Message.objects.get().subject


def test_a_duplicate_is_never_told_to_the_prospect(prospect, made):
    first, second = prospect(), prospect()
    one = first.client.get(first.send()["Location"])
    two = second.client.get(second.send()["Location"])
    assert [request.was_known for request in made()] == [False, True]

    def plain(page):
        return re.sub(r"R-\d+|(nonce|value)=\"[^\"]*\"|done/[^/\"]*", "", text(page))

    assert plain(one) == plain(two)


def test_the_language_of_the_form_is_the_language_of_the_mail(prospect, made):
    someone = prospect()
    someone.client.cookies["language"] = "es"
    someone.send()
    assert made()[0].language == "es"
    assert translation.get_language() == "en"


def test_a_form_never_talks_to_strangers(prospect):
    policy = prospect().open()["Content-Security-Policy"]
    assert "google" not in policy
    assert "unsafe-eval" not in policy


def test_nothing_half_saved_when_the_mail_cannot_be_written(prospect, made, monkeypatch, isp):
    def broken(**kwargs):
        raise RuntimeError("no template")

    monkeypatch.setattr("preinstall.services.requests.notify", broken)
    someone = prospect()
    someone.client.raise_request_exception = False
    assert "Nothing was saved" in text(someone.send())
    assert not made()
    with isp_scope(isp):
        assert not InstallRequest.objects.exists()
        assert not RequestDocument.objects.exists()
