"""How fast a channel is handed messages, with a gateway that asks to slow down."""

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import ChannelAccount, Message
from messaging.outbox import turns
from messaging.services import write_message
from tests.messaging.channels.test_http_sms import VALUES

LONG_AGO = timedelta(hours=1)


def some_time_passes():
    past = timezone.now() - LONG_AGO
    ChannelAccount.objects.update(paused_until=past)
    Message.objects.unsent().update(due_at=past)


@pytest.mark.parametrize(("rate", "most"), [(6, 1), (0, 5)])
def test_a_gateway_gets_no_more_than_its_rate_and_rests_when_it_asks_to(in_isp, carrier, rate, most):
    """Six a minute: one, and the next one ten seconds later. The control: without a rate they go together."""
    values = {**VALUES, "url": f"{carrier.url}/send"}
    account = ChannelAccount.objects.create(
        channel="http_sms", medium="sms", values=values, rate=rate, rate_per=60, price="0.5"
    )
    for n in range(4):
        message = write_message(medium="sms", to=f"+52551234567{n}", text=f"n{n}", lane=Message.Lane.BULK)
        Message.objects.filter(pk=message.pk).update(price="0.5", segments=1)
    carrier.faults = ["slow down"]
    counts = []
    for _turn in range(8):
        before = len(carrier.calls)
        next_at = turns.take_turn(isp_id=in_isp.pk, medium="sms")
        counts.append(len(carrier.calls) - before)
        if len(counts) == 1:
            account.refresh_from_db()
            assert account.paused_until > timezone.now() + timedelta(seconds=5)  # it asked for seven
            assert next_at >= account.paused_until
            assert turns.take_turn(isp_id=in_isp.pk, medium="sms") is not None
            assert len(carrier.calls) == counts[0]  # it rests
            # What will be tried again counts in the month's budget.
            assert set(Message.objects.unsent().values_list("price", flat=True)) == {account.price}
        some_time_passes()
    assert max(counts) <= most
    assert (max(counts) > 1) is (rate == 0)
    taken = [call.json["message"]["text"] for call in carrier.calls]
    assert len(taken) == 5  # the one that was told to wait comes once more
    assert set(taken) == {"n0", "n1", "n2", "n3"}
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
