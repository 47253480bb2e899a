"""Consents: documents in versions, given and withdrawn in the portal and by staff."""

import pytest
from django.utils import timezone

from core.models import AuditEntry
from core.scope import isp_scope
from subscribers.models import Consent, ConsentDocument, ConsentVersion, Erased, Subscriber
from subscribers.portal_roles import PortalRole
from subscribers.services import consents
from tenants.roles import Role
from tests.dashboard.card_pages import text_of
from tests.dashboard.test_subscribers import staff_client
from tests.factories.staff import make_member
from tests.factories.subscribers import PASSWORD, PortalUserFactory, SubscriberDocumentFactory, SubscriberFactory

SETTINGS = "/wispmega/settings/consents/"


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.OWNER, name="Olga Owner", email="olga@wispmega.example")


@pytest.fixture
def offers(isp, clerk):
    """A document with one published version."""
    with isp_scope(isp):
        document = consents.add_document(by=clerk, title="Offers", givers="owner", text="We may write to you.")
        consents.publish(by=clerk, document=document, at=timezone.now())
        return document


def newer(isp, clerk, document, text="We may call you, too."):
    with isp_scope(isp):
        consents.write_draft(by=clerk, document=document, text=text)
        return consents.publish(by=clerk, document=document, at=timezone.now())


def give(by, subscriber, document, version=1, how="phone", **more):
    said = {"version": version, "how": how, "at": timezone.now(), **more}
    return consents.give(by=by, subscriber=subscriber, document=document, **said)


@pytest.fixture
def maria(isp):
    with isp_scope(isp):
        return PortalUserFactory(username="maria", subscriber__number=11, subscriber__first_name="Maria")


class TestVersions:
    def test_what_is_published_stays_as_it_is_and_the_next_one_has_the_next_number(self, isp, clerk, offers):
        assert newer(isp, clerk, offers).number == 2
        with isp_scope(isp):
            texts = list(offers.versions.order_by("number").values_list("number", "text"))
        assert texts == [(1, "We may write to you."), (2, "We may call you, too.")]

    def test_a_draft_is_seen_by_nobody_and_edited_in_place(self, isp, clerk, offers, maria):
        with isp_scope(isp):
            for text in ("First try", "Second try"):
                consents.write_draft(by=clerk, document=offers, text=text)
            [row] = consents.standing_of(maria.subscriber, by=maria)
            assert row.latest.number == 1
            assert offers.versions.filter(published_at=None).get().text == "Second try"
            consents.discard_draft(document=offers)
            assert offers.versions.count() == 1

    def test_nothing_new_is_not_published(self, isp, clerk, offers):
        with isp_scope(isp):
            with pytest.raises(consents.NothingToPublish):
                consents.publish(by=clerk, document=offers, at=timezone.now())
            consents.write_draft(by=clerk, document=offers, text="We may write to you.")
            with pytest.raises(consents.NothingToPublish):
                consents.publish(by=clerk, document=offers, at=timezone.now())

    def test_a_document_whose_only_text_is_a_draft_is_not_on_offer(self, isp, clerk, maria):
        with isp_scope(isp):
            document = consents.add_document(by=clerk, title="Calls", givers="any", text="Draft")
            assert not ConsentDocument.objects.on_offer().exists()
            with pytest.raises(consents.NotOnOffer):
                give(clerk, maria.subscriber, document)
            consents.discard_draft(document=document)
            assert document.versions.count() == 1


class TestGiving:
    def test_it_is_written_down_once_with_version_way_and_who(self, isp, clerk, offers, maria):
        with isp_scope(isp):
            first = give(clerk, maria.subscriber, offers)
            assert give(clerk, maria.subscriber, offers) == first
            assert (first.version.number, first.how, first.by_name) == (1, "phone", clerk.audit_label)
            entry = AuditEntry.objects.get(verb="subscribers.consent.given")
        assert entry.details == {"title": "Offers", "version": 1, "subscriber": 11, "how": "phone"}

    def test_only_the_version_that_was_read_can_be_agreed_to(self, isp, clerk, offers, maria):
        newer(isp, clerk, offers)
        with isp_scope(isp):
            with pytest.raises(consents.OtherVersion):
                give(clerk, maria.subscriber, offers, version=1)
            assert not Consent.objects.exists()

    def test_a_newer_version_leaves_the_older_consent_standing_until_one_agrees_anew(self, isp, clerk, offers, maria):
        with isp_scope(isp):
            give(clerk, maria.subscriber, offers)
        newer(isp, clerk, offers)
        with isp_scope(isp):
            [row] = consents.standing_of(maria.subscriber, by=maria)
            assert row.is_older
            assert row.waits
            assert list(Subscriber.objects.consenting(offers)) == [maria.subscriber]
            assert not Subscriber.objects.consenting(offers, to_latest=True).exists()
            give(maria, maria.subscriber, offers, version=2, how="portal")
            ends = list(Consent.objects.order_by("pk").values_list("version__number", "end"))
            assert ends == [(1, "replaced"), (2, "")]
            assert list(Subscriber.objects.consenting(offers, to_latest=True)) == [maria.subscriber]

    def test_withdrawn_counts_at_once_and_both_stay_written_down(self, isp, clerk, offers, maria):
        with isp_scope(isp):
            give(clerk, maria.subscriber, offers)
            said = {"document": offers, "how": "portal", "at": timezone.now()}
            assert consents.withdraw(by=maria, subscriber=maria.subscriber, **said)
            assert not consents.withdraw(by=maria, subscriber=maria.subscriber, **said)
            assert not Subscriber.objects.consenting(offers).exists()
            row = Consent.objects.get()
            assert (row.end, row.ended_how, row.ended_by_name) == ("withdrawn", "portal", "maria")
            give(clerk, maria.subscriber, offers)
            assert Consent.objects.count() == 2

    def test_one_for_owners_is_not_for_a_colleague_to_give_or_withdraw(self, isp, clerk, offers, maria):
        with isp_scope(isp):
            payer = PortalUserFactory(username="pia", subscriber=maria.subscriber, role=PortalRole.PAYER)
            with pytest.raises(consents.NotOnOffer):
                give(payer, maria.subscriber, offers, how="portal")
            give(maria, maria.subscriber, offers, how="portal")
            with pytest.raises(consents.NotOnOffer):
                consents.withdraw(
                    by=payer, subscriber=maria.subscriber, document=offers, how="portal", at=timezone.now()
                )
            consents.change_document(by=clerk, document=offers, values={"givers": "any"})
            assert consents.withdraw(
                by=payer, subscriber=maria.subscriber, document=offers, how="portal", at=timezone.now()
            )

    def test_an_erased_customer_agrees_to_nothing(self, isp, clerk, offers):
        with isp_scope(isp):
            nobody = Subscriber.objects.create(number=12, first_name="", erased_at=timezone.now())
            with pytest.raises(Erased):
                give(clerk, nobody, offers)
            assert not Subscriber.objects.consenting(offers).exists()


class TestSettings:
    def test_the_editor_keeps_a_draft_shows_it_and_publishes_it(self, isp):
        client = staff_client(isp, Role.ADMIN)
        text = "First <b>line</b>\n\nSecond paragraph"
        answer = client.post(f"{SETTINGS}add/", {"title": "Offers", "givers": "any", "position": 1, "text": text})
        page = client.get(answer["Location"])
        assert "As subscribers will read it" in text_of(page)
        assert "&lt;b&gt;line&lt;/b&gt;" in page.content.decode()
        assert client.post(f"{answer['Location']}publish/").status_code == 302
        page = client.get(answer["Location"])
        assert "Version 1" in text_of(page)
        assert "Publish version" not in text_of(page)
        assert "First" in text_of(client.get(f"{answer['Location']}1/"))

    def test_an_empty_text_is_refused_at_its_field_and_what_was_typed_stays(self, isp):
        client = staff_client(isp, Role.ADMIN)
        answer = client.post(f"{SETTINGS}add/", {"title": "Offers", "givers": "any", "position": 1, "text": " "})
        assert answer.status_code == 422
        assert 'value="Offers"' in answer.content.decode()
        with isp_scope(isp):
            assert not ConsentDocument.objects.exists()

    def test_the_list_says_how_many_have_given_it_and_the_page_who(self, isp, clerk, offers, maria):
        with isp_scope(isp):
            give(clerk, maria.subscriber, offers)
        newer(isp, clerk, offers)
        client = staff_client(isp, Role.ADMIN)
        words = text_of(client.get(SETTINGS))
        assert "1 subscriber has given it" in words
        assert "1 of them an older version" in words
        people = text_of(client.get(f"{SETTINGS}{offers.uuid}/people/"))
        assert "Maria" in people
        assert "by phone" in people

    def test_the_people_cost_the_same_whether_few_or_many(self, isp, clerk, offers, count_queries):
        client = staff_client(isp, Role.ADMIN)
        counts = []
        for _ in range(2):
            with isp_scope(isp):
                for _ in range(3):
                    give(clerk, SubscriberFactory(), offers)
            with count_queries() as queries:
                client.get(f"{SETTINGS}{offers.uuid}/people/")
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestCard:
    def test_staff_write_down_what_was_said_with_a_paper_and_take_it_back(self, isp, offers, maria):
        client = staff_client(isp, Role.SUPPORT)
        with isp_scope(isp):
            paper = SubscriberDocumentFactory(subscriber=maria.subscriber, title="Signed form")
            foreign = SubscriberDocumentFactory()
        card = "/wispmega/subscribers/11/personal-data/"
        url = f"{card}consents/{offers.uuid}/"
        refused = client.post(f"{url}give/", {"how": "paper", "version": "1", "paper": foreign.uuid})
        assert refused.status_code == 422
        assert client.post(f"{url}give/", {"how": "paper", "version": "1", "paper": paper.uuid}).status_code == 302
        with isp_scope(isp):
            assert Consent.objects.get().paper == paper
        assert "Signed form" in text_of(client.get(card))
        client.post(f"{url}withdraw/", {"how": "phone"})
        words = text_of(client.get(card))
        assert "Consents that have ended" in words
        assert "Not given" in words

    def test_a_stale_page_agrees_to_nothing(self, isp, clerk, offers, maria):
        newer(isp, clerk, offers)
        client = staff_client(isp, Role.SUPPORT)
        url = f"/wispmega/subscribers/11/personal-data/consents/{offers.uuid}/give/"
        answer = client.post(url, {"how": "phone", "version": "1"}, follow=True)
        assert "A newer version has been published" in text_of(answer)
        with isp_scope(isp):
            assert not Consent.objects.exists()


class TestPortal:
    @pytest.fixture
    def browser(self, at, maria):
        client = at("wispmega.localhost")
        assert client.post("/sign-in/", {"login": "maria", "password": PASSWORD})["Location"] == "/"
        return client

    def test_one_reads_gives_and_withdraws(self, isp, browser, offers):
        assert "Read and decide" in text_of(browser.get("/account/consents/"))
        url = f"/account/consents/{offers.uuid}/"
        assert "We may write to you." in text_of(browser.get(url))
        assert "Your consent was written down" in text_of(browser.post(url, {"version": "1"}, follow=True))
        with isp_scope(isp):
            assert Consent.objects.get().how == "portal"
        assert "You agreed to version 1" in text_of(browser.get("/account/consents/"))
        assert "It counts at once" in text_of(browser.post(f"{url}withdraw/", follow=True))

    def test_a_newer_version_says_what_one_agreed_to_and_asks_anew(self, isp, clerk, browser, offers):
        url = f"/account/consents/{offers.uuid}/"
        browser.post(url, {"version": "1"})
        newer(isp, clerk, offers)
        words = text_of(browser.get(url))
        assert "you agreed to version 1. This is version 2" in words
        assert "We may call you, too." in words
        assert "We may write to you." in words
        assert "The text has changed" in text_of(browser.post(url, {"version": "1"}, follow=True))
        browser.post(url, {"version": "2"})
        with isp_scope(isp):
            assert Consent.objects.standing().get().version == ConsentVersion.objects.get(number=2)

    def test_who_has_no_such_right_does_not_see_it(self, isp, at, maria, offers):
        with isp_scope(isp):
            PortalUserFactory(username="mario", subscriber=maria.subscriber, role=PortalRole.MEMBER)
        client = at("wispmega.localhost")
        client.post("/sign-in/", {"login": "mario", "password": PASSWORD})
        assert "We may write to you" not in client.get(f"/account/consents/{offers.uuid}/").text
        assert client.post(f"/account/consents/{offers.uuid}/", {"version": "1"}).status_code == 403
        with isp_scope(isp):
            assert not Consent.objects.exists()

    def test_a_document_that_is_out_of_use_cannot_be_given(self, isp, clerk, browser, offers):
        with isp_scope(isp):
            consents.change_document(by=clerk, document=offers, values={"is_active": False})
        assert browser.post(f"/account/consents/{offers.uuid}/", {"version": "1"}).status_code == 404
        with isp_scope(isp):
            assert not Consent.objects.exists()
