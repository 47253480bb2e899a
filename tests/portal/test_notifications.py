"""Notifications in browsers: switched on, sent, removed, and gone when the browser is."""

import pytest

from core.scope import isp_scope
from lab.push import PushLab
from messaging.channels.web_push.channel import WebPushChannel
from messaging.models import Browser, ChannelAccount, Message, StoppedAddress
from messaging.outbox import turns
from messaging.services import browsers
from tests.factories.subscribers import PortalUserFactory, SubscriberFactory
from tests.portal.acts import portal_client

PAGE = "/account/notifications/"


@pytest.fixture
def service(settings):
    lab = PushLab()
    lab.start()
    settings.PUSH_SERVICES = [f"127.0.0.1:{lab.port}"]
    yield lab
    lab.stop()


@pytest.fixture
def ana(isp):
    with isp_scope(isp):
        made = WebPushChannel.make()
        row = ChannelAccount(
            channel="web_push", medium="push", values={"contact": "a@b.example", "public_key": made["public_key"]}
        )
        row.secrets = f'{{"private_key": "{made["private_key"]}"}}'
        row.save()
        return PortalUserFactory(subscriber=SubscriberFactory(), username="ana")


@pytest.fixture
def client(isp, ana):
    return portal_client(isp, ana)


def test_the_button_carries_the_isps_key(isp, client):
    with isp_scope(isp):
        key = browsers.public_key()
    assert f'data-push="{key}"' in client.get(PAGE).content.decode()
    with isp_scope(isp):
        ChannelAccount.objects.update(is_on=False)
    assert "data-push=" not in client.get(PAGE).content.decode()


def test_a_browser_gets_what_is_sent_and_is_forgotten_once_it_is_gone(isp, client, service):
    browser = service.browser()
    client.post(f"{PAGE}add/", browser.given, headers={"user-agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    assert "Firefox · Linux" in client.get(PAGE).content.decode()
    client.post(f"{PAGE}test/")
    with isp_scope(isp):
        turns.take_turn(isp_id=isp.pk, medium="push")
        assert Message.objects.get().state == "sent"
        assert "browser" not in Message.objects.get().data
    assert browser.read(service.calls[0].body)["link"] == PAGE
    service.gone.add("/send/one")
    client.post(f"{PAGE}test/")
    with isp_scope(isp):
        turns.take_turn(isp_id=isp.pk, medium="push")
        assert not Browser.objects.exists()
        assert not StoppedAddress.objects.exists()
        assert sorted(Message.objects.values_list("state", flat=True)) == ["failed", "sent"]


def test_a_browser_is_kept_once_and_belongs_to_who_came_last(isp, client, service, ana):
    given = service.browser().given
    for _time in range(2):
        client.post(f"{PAGE}add/", given)
    with isp_scope(isp):
        other = PortalUserFactory(subscriber=SubscriberFactory(), username="leo")
    portal_client(isp, other).post(f"{PAGE}add/", given)
    with isp_scope(isp):
        assert [row.owner_key for row in Browser.objects.all()] == [other.pk]


@pytest.mark.parametrize("change", [{"endpoint": "https://evil.example/x"}, {"p256dh": ""}, {"auth": "x"}])
def test_what_no_browser_gives_out_is_not_kept(isp, client, service, change):
    page = client.post(f"{PAGE}add/", {**service.browser().given, **change}, follow=True).content.decode()
    assert "cannot be switched on" in page
    with isp_scope(isp):
        assert not Browser.objects.exists()


def test_there_is_an_end_to_how_many(isp, client, service, monkeypatch):
    monkeypatch.setattr(browsers, "MOST", 1)
    client.post(f"{PAGE}add/", service.browser().given)
    assert (
        "Remove one of them" in client.post(f"{PAGE}add/", service.browser("two").given, follow=True).content.decode()
    )
    with isp_scope(isp):
        assert Browser.objects.count() == 1


def test_only_ones_own_browsers_are_removed(isp, client, service):
    client.post(f"{PAGE}add/", service.browser().given)
    with isp_scope(isp):
        row = Browser.objects.get()
        other = PortalUserFactory(subscriber=SubscriberFactory(), username="leo")
    assert portal_client(isp, other).post(f"{PAGE}{row.uuid}/remove/").status_code == 404
    client.post(f"{PAGE}{row.uuid}/remove/")
    with isp_scope(isp):
        assert not Browser.objects.exists()


def test_each_portal_host_has_the_worker_and_the_policy_lets_it_run(client):
    answer = client.get("/push-worker.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert b"showNotification" in answer.content
    assert "worker-src 'self'" in client.get(PAGE).headers["Content-Security-Policy"]


def test_the_account_offers_notifications_only_where_they_are_sent(isp, client):
    assert f'href="{PAGE}"' in client.get("/account/").content.decode()
    with isp_scope(isp):
        ChannelAccount.objects.update(is_on=False)
    assert f'href="{PAGE}"' not in client.get("/account/").content.decode()
    page = client.get(PAGE).content.decode()
    assert "We send no notifications to browsers" in page
    assert "Your browsers" not in page
