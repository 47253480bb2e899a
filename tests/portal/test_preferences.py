"""Customers choose what they want to hear of, in the portal and with the link of a mail."""

from core.scope import isp_scope
from messaging.events.base import Kind
from messaging.models import Medium, Message, OptOut
from messaging.opt_out_links import Wish, opt_out_url
from tests.factories.subscribers import PortalUserFactory


def path_of(isp, user, kind=Kind.NEWS):
    with isp_scope(isp):
        url = opt_out_url(isp, Wish(user.subscriber_id, 0, kind, Medium.EMAIL))
    return "/opt-out/" + url.split("/")[4] + "/"


def test_looking_at_the_link_changes_nothing_and_one_click_does(isp, maria, at):
    browser = at("wispmega.localhost", enforce_csrf_checks=True)
    path = path_of(isp, maria)
    assert "Send me no more of these" in browser.get(path).content.decode()
    with isp_scope(isp):
        assert not OptOut.objects.exists()
    # As a mail program does it: without cookies.
    done = browser.post(path, {"List-Unsubscribe": "One-Click"})
    assert "you get no more of these" in done.content.decode()
    browser.post(path)
    with isp_scope(isp):
        row = OptOut.objects.get()
        assert (row.subscriber_key, row.login_key, row.kind, row.medium) == (maria.subscriber_id, 0, "news", "email")


def test_a_link_of_another_isp_or_of_nobody_does_nothing(isp, other_isp, maria, at):
    with isp_scope(other_isp):
        stranger = PortalUserFactory()
    for path in (path_of(other_isp, stranger), path_of(isp, maria)[:-6] + "AAAAA/", "/opt-out/x/"):
        gone = at("wispmega.localhost").post(path)
        assert (gone.status_code, "does not work any more" in gone.content.decode()) == (404, True)
        assert "choose under Account which messages you want" in gone.content.decode()
        assert "password" not in gone.content.decode().partition("<main")[2]
    with isp_scope(isp):
        assert not OptOut.objects.exists()


def test_nobody_erased_is_written_down_again(isp, maria, at):
    from django.utils import timezone

    from subscribers.models import Subscriber
    from subscribers.models.subscriber import BLANKED

    with isp_scope(isp):
        Subscriber.objects.filter(pk=maria.subscriber_id).update(**dict.fromkeys(BLANKED, ""), erased_at=timezone.now())
    assert at("wispmega.localhost").post(path_of(isp, maria)).status_code == 404
    with isp_scope(isp):
        assert not OptOut.objects.exists()


def test_what_is_chosen_in_the_portal_counts_at_once(isp, maria, browser):
    with isp_scope(isp):
        values = {"subscriber_key": maria.subscriber_id, "to": "a@b.example", "text": "x"}
        for kind in ("bills", "visits"):
            Message.objects.create(**values, kind=kind)
    assert "Messages that I want" in browser.get("/account/messages/").content.decode()
    wanted = {kind: ["email"] for kind in ("payments", "service", "visits", "news")}
    answer = browser.post("/account/messages/", wanted)
    assert answer.headers["Location"] == "/account/messages/"
    with isp_scope(isp):
        assert list(OptOut.objects.values_list("kind", "medium", "by_kind")) == [("bills", "email", "portal_user")]
        assert dict(Message.objects.values_list("kind", "state")) == {"bills": "stopped", "visits": "waiting"}
    assert browser.post("/account/messages/", {"bills": ["fax"]}).status_code == 422
