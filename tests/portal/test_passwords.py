"""Links to set a password, forgotten ones, one-time ones."""

from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone

from core import tokens
from core.models import AuditEntry
from core.scope import isp_scope, public_scope
from messaging.models import ChannelAccount, EventRule, Message
from messaging.tasks import deliver_message
from subscribers.models import AutoLoginLink, LoginRules, PortalToken, PortalUser
from subscribers.services import autologin, logins, passwords
from subscribers.tasks import send_forgotten_links
from tenants.directory import reference
from tenants.models import ISP
from tests.captcha import solved
from tests.factories.subscribers import PASSWORD, PortalUserFactory, SubscriberFactory

HOST = "wispmega.localhost"
NEW = "tres tristes tigres"


def ref(isp):
    with public_scope():
        return reference(ISP.objects.with_state().get(pk=isp.pk))


def path_in(mail):
    return "/set-password/" + mail.text.partition("/set-password/")[2].split()[0]


@pytest.fixture
def sent(isp, maria):
    """The path of a link that staff have sent to Maria."""
    with isp_scope(isp):
        passwords.send_set_password_link(by=maria, isp=ref(isp), user=maria)
        return path_in(Message.objects.get())


def set_it(client, path, new=NEW, again=None):
    return client.post(path, {"password": new, "again": again or new})


class TestLink:
    def test_looking_spends_nothing_and_sending_the_form_sets_it_once(self, at, maria, sent, browser, is_signed_in):
        client = at(HOST)
        for _ in range(3):
            page = client.get(sent)
            assert "Choose a password" in page.text
            assert "maria" in page.text
        assert page["Cache-Control"] == "private, no-store"
        assert page["X-Robots-Tag"] == "noindex"
        assert is_signed_in(browser)
        assert set_it(client, sent)["Location"] == "/sign-in/?user=maria"
        # It signs nobody in, and ends what was there.
        assert not is_signed_in(client)
        assert not is_signed_in(browser)
        for answer in (client.get(sent), set_it(client, sent, "another good one")):
            assert "This link does not work any more" in answer.text
        assert client.post("/sign-in/", {"login": "maria", "password": NEW}).status_code == 302

    @pytest.mark.parametrize(
        ("new", "again", "message"),
        [
            ("short", None, "too short"),
            ("password123", None, "too common"),
            ("maria@example.com", None, "too similar"),
            ("1234567890123", None, "entirely numeric"),
            (NEW, "something else", "The two passwords differ."),
            ("", None, "This field is required."),
        ],
    )
    def test_a_bad_password_is_named_and_spends_nothing(self, at, sent, new, again, message):
        assert message in set_it(at(HOST), sent, new, again).text
        assert set_it(at(HOST), sent).status_code == 302

    def test_the_shortest_length_is_the_isp_s(self, at, isp, sent):
        with isp_scope(isp):
            LoginRules(pk=1, min_length=16).save()
        assert "at least 16" in set_it(at(HOST), sent, "fifteen letters").text

    def test_the_subscriber_s_own_data_are_no_password(self, at, isp, maria, sent):
        with isp_scope(isp):
            number = maria.subscriber.id_number
        assert "too similar to the official ID number" in set_it(at(HOST), sent, number).text

    def test_it_ends_with_time_with_a_newer_one_with_the_address_and_with_the_login(self, at, isp, maria, sent):
        def works():
            return "Choose a password" in at(HOST).get(sent).text

        with time_machine.travel(timezone.now() + timedelta(days=8)):
            assert not works()
        with isp_scope(isp):
            PortalUser.objects.filter(pk=maria.pk).update(valid_until=date(2020, 1, 1))
        assert not works()
        with isp_scope(isp):
            PortalUser.objects.filter(pk=maria.pk).update(valid_until=None, is_active=False)
        assert not works()
        with isp_scope(isp):
            PortalUser.objects.filter(pk=maria.pk).update(is_active=True)
        assert works()
        with isp_scope(isp):
            logins.change_portal_user(by=maria, user=maria, values={"email": "other@example.com"})
        assert not works()

    def test_a_newer_one_takes_its_place(self, at, isp, maria, sent):
        with isp_scope(isp):
            passwords.send_set_password_link(by=maria, isp=ref(isp), user=maria)
        assert "does not work any more" in at(HOST).get(sent).text

    def test_a_token_for_something_else_sets_no_password(self, at, isp, maria):
        with isp_scope(isp):
            secret = tokens.issue(PortalToken, purpose="else", life=timedelta(days=1), portal_user=maria)
            scope = AutoLoginLink.Scope.EVERYTHING
            url = autologin.autologin_url(isp=ref(isp), user=maria, scope=scope, life=timedelta(days=1))
        for bad in (secret, url.rstrip("/").rpartition("/")[2], "x", "ñ"):
            assert "does not work any more" in at(HOST).get(f"/set-password/{bad}/").text

    def test_the_secret_is_stored_nowhere_once_the_mail_is_out(self, isp, maria, sent):
        secret = sent.rstrip("/").rpartition("/")[2]
        with isp_scope(isp):
            [pk] = Message.objects.values_list("pk", flat=True)
        deliver_message(isp_id=isp.pk, message_id=pk)
        with isp_scope(isp):
            kept = str([list(model.objects.values()) for model in (Message, PortalToken, AuditEntry, PortalUser)])
            assert Message.objects.get().state == "sent"
        assert secret not in kept

    @pytest.mark.parametrize(
        ("values", "reason"),
        [({"email": ""}, "no_email"), ({"is_active": False}, "closed"), ({"valid_until": date(2020, 1, 1)}, "closed")],
    )
    def test_what_cannot_be_sent_is_refused(self, isp, maria, values, reason):
        with isp_scope(isp):
            PortalUser.objects.filter(pk=maria.pk).update(**values)
            maria.refresh_from_db()
            with pytest.raises(passwords.CannotSend, match=reason):
                passwords.send_set_password_link(by=maria, isp=ref(isp), user=maria)
            assert not Message.objects.exists()

    def test_nor_without_a_mail_server(self, isp, maria, settings):
        settings.EMAIL_HOST = ""
        with isp_scope(isp), pytest.raises(passwords.CannotSend, match="no_server"):
            passwords.send_set_password_link(by=maria, isp=ref(isp), user=maria)


class TestForgotten:
    def ask(self, at, isp, login, **extra):
        client = at(HOST, **extra)
        with isp_scope(isp):
            solution = solved("forgot")
        return client.post("/forgot/", {"login": login, "captcha": solution})

    def mails(self, isp):
        with isp_scope(isp):
            return list(Message.objects.order_by("pk"))

    @pytest.mark.parametrize(
        "login", ["maria", "MARIA", "maria@wispmega", "maria@example.com", "nobody", "x@y.example"]
    )
    def test_the_answer_is_the_same_for_all_and_the_work_is_a_task(
        self, at, isp, maria, login, django_capture_on_commit_callbacks, count_queries, monkeypatch
    ):
        sent = []
        monkeypatch.setattr("subscribers.tasks.send_forgotten_links.delay", lambda **names: sent.append(names))
        with django_capture_on_commit_callbacks(execute=True), count_queries() as queries:
            answer = self.ask(at, isp, login)
        assert (answer.status_code, answer["Location"], answer.content) == (302, "/forgot/sent/", b"")
        assert sent == [{"isp_id": isp.pk, "login": login.removesuffix("@wispmega")}]
        assert not [row for row in queries.captured_queries if "portaluser" in row["sql"]]
        assert self.mails(isp) == []

    @pytest.mark.parametrize("login", ["maria", "Maria@Example.com", "1042"])
    def test_whoever_is_named_gets_a_link(self, at, isp, maria, login):
        send_forgotten_links(isp_id=isp.pk, login=login)
        [mail] = self.mails(isp)
        assert mail.to == "maria@example.com"
        assert set_it(at(HOST), path_in(mail)).status_code == 302

    def test_however_it_is_named_a_login_gets_few_links_an_hour(self, at, isp, maria):
        for login in ["maria", "maria@example.com", "1042"] * 3:
            send_forgotten_links(isp_id=isp.pk, login=login)
        mails = self.mails(isp)
        assert len(mails) == 5
        # The last one works: what was refused has not ended it.
        assert set_it(at(HOST), path_in(mails[-1])).status_code == 302

    def test_who_walks_through_all_logins_has_few_links_sent_by_what_costs_something(self, isp, maria, monkeypatch):
        monkeypatch.setattr(passwords, "PER_ISP", 2)
        with isp_scope(isp):
            ChannelAccount.objects.create(channel="http_sms", medium="sms", price="0.5")
            EventRule.objects.create(event="portal/forgotten", media=["sms", "email"])
            for n in range(4):
                person = SubscriberFactory(mobile=f"+525512345{n:03d}")
                PortalUserFactory(username=f"walk{n}", email=f"p{n}@example.com", subscriber=person)
        for n in range(4):
            send_forgotten_links(isp_id=isp.pk, login=f"walk{n}")
        assert [mail.medium for mail in self.mails(isp)] == ["sms", "sms", "email", "email"]

    def test_nobody_closed_over_or_without_address_gets_one(self, isp, maria):
        with isp_scope(isp):
            PortalUserFactory(username="closed", email="c@example.com", is_active=False)
            PortalUserFactory(username="over", email="o@example.com", valid_until=date(2020, 1, 1))
            PortalUserFactory(username="bare", email="")
        for login in ("closed", "c@example.com", "over", "bare", "nobody", "", "maria@other.example"):
            send_forgotten_links(isp_id=isp.pk, login=login)
        assert self.mails(isp) == []

    def test_an_address_of_several_logins_gets_a_link_for_each(self, isp, maria):
        with isp_scope(isp):
            PortalUserFactory(username="twin", email="maria@example.com")
        send_forgotten_links(isp_id=isp.pk, login="maria@example.com")
        assert sorted(mail.text.partition("login ")[2].split(".")[0] for mail in self.mails(isp)) == ["maria", "twin"]

    def test_without_a_captcha_nothing_is_asked(self, at, isp, maria):
        answer = at(HOST).post("/forgot/", {"login": "maria"})
        assert answer.status_code == 422
        assert "Please tick this box." in answer.text

    def test_the_sixth_request_for_a_login_sends_nothing_and_says_the_same(
        self, at, isp, maria, django_capture_on_commit_callbacks, monkeypatch
    ):
        sent = []
        monkeypatch.setattr("subscribers.tasks.send_forgotten_links.delay", lambda **names: sent.append(names))
        with django_capture_on_commit_callbacks(execute=True):
            places = {self.ask(at, isp, "maria", REMOTE_ADDR=f"192.0.2.{n}")["Location"] for n in range(7)}
        assert places == {"/forgot/sent/"}
        assert len(sent) == 5


class TestOneTime:
    @pytest.fixture
    def said(self, isp, maria):
        with isp_scope(isp):
            return passwords.dictate_password(by=maria, user=maria, at=timezone.now())[0]

    def enter(self, at, password, **extra):
        client = at(HOST)
        return client, client.post("/sign-in/", {"login": "maria", "password": password, **extra})

    def test_it_signs_in_once_and_opens_nothing_until_an_own_one_is_chosen(self, at, browser, said, is_signed_in):
        assert not is_signed_in(browser), "the old sessions end"
        client, answer = self.enter(at, said, next="/contact/")
        assert answer["Location"] == "/account/new-password/"
        for page in ("/", "/account/", "/contact/", "/payment-methods/", "/colleagues/", "/account/confirm/"):
            assert client.get(page)["Location"] == "/account/new-password/"
        assert client.post("/account/language/", {"language": "es"})["Location"] == "/account/new-password/"
        _, second = self.enter(at, said)
        assert second.status_code == 422
        assert "too short" in client.post("/account/new-password/", {"password": "short", "again": "short"}).text
        chosen = client.post("/account/new-password/", {"password": NEW, "again": NEW})
        assert chosen["Location"] == "/"
        assert is_signed_in(client)
        assert client.get("/account/new-password/")["Location"] == "/"
        assert is_signed_in(self.enter(at, NEW)[0])

    @pytest.mark.parametrize(
        "typed", [str.upper, lambda said: said.replace("-", " "), lambda said: said.replace("-", "")]
    )
    def test_it_is_understood_however_it_was_heard(self, at, said, typed):
        assert self.enter(at, typed(said))[1]["Location"] == "/account/new-password/"

    def test_it_ends_after_three_days(self, at, said):
        with time_machine.travel(timezone.now() + timedelta(days=2, hours=23)):
            assert self.enter(at, said + "x")[1].status_code == 422
        with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1)):
            assert self.enter(at, said)[1].status_code == 422

    def test_the_password_before_it_is_gone_and_it_gives_no_proof_elsewhere(self, at, said):
        assert self.enter(at, PASSWORD)[1].status_code == 422

    def test_each_is_another_one(self):
        from subscribers import passwords as made

        said = {made.dictated() for _ in range(200)}
        assert len(said) == 200
        assert all(len(made.heard(each)) == 15 for each in said)

    def test_an_initial_password_by_rule(self, at, isp, maria, is_signed_in):
        with isp_scope(isp):
            rules = LoginRules(pk=1, initial="id_number")
            rules.save()
            user = PortalUserFactory(username="new", password="!", subscriber__id_number="AB-12 34567", email="")
            assert logins.give_initial_password(user=user, rules=rules, at=timezone.now())
        client = at(HOST)
        answer = client.post("/sign-in/", {"login": "new", "password": "ab1234567"})
        assert answer["Location"] == "/account/new-password/"
        again = at(HOST).post("/sign-in/", {"login": "new", "password": "ab1234567"})
        assert again.status_code == 422

    def test_an_initial_password_ends_with_the_rule_and_with_time(self, at, isp):
        with isp_scope(isp):
            rules = LoginRules(pk=1, initial="id_number")
            rules.save()
            user = PortalUserFactory(username="new", password="!", subscriber__id_number="AB1234567", email="")
            logins.give_initial_password(user=user, rules=rules, at=timezone.now())
        with time_machine.travel(timezone.now() + timedelta(days=15)):
            assert at(HOST).post("/sign-in/", {"login": "new", "password": "AB1234567"}).status_code == 422
        with isp_scope(isp):
            LoginRules.objects.update(initial="")
        assert at(HOST).post("/sign-in/", {"login": "new", "password": "AB1234567"}).status_code == 422

    def test_nobody_with_a_password_gets_an_initial_one(self, in_isp):
        rules = LoginRules(pk=1, initial="id_number")
        assert not logins.give_initial_password(user=PortalUserFactory(), rules=rules, at=timezone.now())


class TestValidity:
    """Dates of the ISP, looked at with each request. WispMega is in Mexico, six hours behind UTC."""

    @pytest.mark.parametrize(
        ("moment", "is_in"),
        [
            ("2026-03-10T05:59+00:00", False),  # 9 March, 23:59 in Mexico
            ("2026-03-10T06:00+00:00", True),
            ("2026-03-21T05:59+00:00", True),  # 20 March, 23:59
            ("2026-03-21T06:00+00:00", False),
        ],
    )
    def test_both_days_are_included(self, at, isp, maria, is_signed_in, moment, is_in):
        with isp_scope(isp):
            PortalUser.objects.filter(pk=maria.pk).update(valid_from=date(2026, 3, 10), valid_until=date(2026, 3, 20))
        with time_machine.travel(moment, tick=False):
            client = at(HOST)
            client.post("/sign-in/", {"login": "maria", "password": PASSWORD})
            assert is_signed_in(client) == is_in

    def test_a_session_ends_with_its_login(self, isp, maria, browser, is_signed_in):
        assert is_signed_in(browser)
        with isp_scope(isp):
            PortalUser.objects.filter(pk=maria.pk).update(valid_until=timezone.localdate() - timedelta(days=2))
        assert not is_signed_in(browser)
