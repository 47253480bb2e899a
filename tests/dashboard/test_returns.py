"""What staff see of mails that came back, and of a mailbox that cannot be read."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from core.scope import isp_scope
from messaging.channels.base import Fate
from messaging.models import ChannelAccount, Message, StoppedAddress
from messaging.returns.reports import Report
from messaging.services.returned import take_return
from tenants.roles import Role
from tests.factories.staff import make_member


def returned(isp, fate=Fate.COMPLAINED, said="abuse: Provider-Feedback/1.0", to="ana@mail.example") -> Message:
    with isp_scope(isp):
        uuid = uuid4()
        message = Message.objects.create(
            uuid=uuid, to=to, subject="x", text="x", state="sent", channel="platform_smtp", number_there=str(uuid)
        )
        take_return(number=str(uuid), report=Report(fate, said), at=timezone.now())
    return message


def test_a_message_says_that_it_came_back_and_in_whose_words(isp, owner, signed_in):
    page = signed_in(owner).get(f"/wispmega/messages/{returned(isp, Fate.FAILED, '552 5.2.2 Mailbox <full>').uuid}/")
    text = page.content.decode()
    assert "Came back" in text
    assert "552 5.2.2 Mailbox &lt;full&gt;" in text
    assert "Since this message" not in text


def test_a_message_that_was_called_spam_says_so_and_why_nothing_more_goes_there(isp, owner, signed_in):
    text = signed_in(owner).get(f"/wispmega/messages/{returned(isp).uuid}/").content.decode()
    for words in ("Reported", "Was reported as spam", "abuse: Provider-Feedback/1.0", "Since this message"):
        assert words in text


def test_home_tells_of_addresses_that_stopped_by_themselves(isp, owner, signed_in):
    client = signed_in(owner)
    assert "stopped-addresses" not in client.get("/wispmega/").content.decode()
    with isp_scope(isp):
        StoppedAddress.objects.create(medium="email", address="by@staff.example", reason="staff")
    assert "stopped-addresses" not in client.get("/wispmega/").content.decode()
    returned(isp)
    assert "In the last week 1 address was stopped" in client.get("/wispmega/").content.decode()
    with isp_scope(isp):
        StoppedAddress.objects.update(at=timezone.now() - timedelta(days=8))
    assert "stopped-addresses" not in client.get("/wispmega/").content.decode()


def test_home_tells_who_may_see_it(isp, signed_in):
    returned(isp)
    with isp_scope(isp):
        ChannelAccount.objects.create(channel="own_smtp", medium="email", mailbox_problem="x")
    page = signed_in(make_member(isp, Role.TECHNICIAN, email="t@wispmega.example")).get("/wispmega/").content.decode()
    assert "stopped-addresses" not in page
    assert "The mailbox of" not in page


def test_a_mailbox_that_cannot_be_read_shows_at_its_channel_and_at_home(isp, owner, signed_in):
    client = signed_in(owner)
    with isp_scope(isp):
        values = {"imap_host": "imap.wispmega.mx", "sender": "a@wispmega.mx"}
        ChannelAccount.objects.create(channel="own_smtp", medium="email", values=values, checked_at=timezone.now())
    assert "The mailbox of" not in client.get("/wispmega/").content.decode()
    for path in ("settings/channels/", "settings/channels/own_smtp/"):
        assert "mailbox cannot be read" not in client.get(f"/wispmega/{path}").content.decode()
    with isp_scope(isp):
        ChannelAccount.objects.update(mailbox_problem="Invalid <credentials>")
    home = client.get("/wispmega/").content.decode()
    assert "The mailbox of Own mail server cannot be read" in home
    assert "does not take your messages" not in home
    for path in ("settings/channels/", "settings/channels/own_smtp/"):
        text = client.get(f"/wispmega/{path}").content.decode()
        assert "The mailbox cannot be read" in text
        assert "Invalid &lt;credentials&gt;" in text
        assert "bg-yellow" in text
