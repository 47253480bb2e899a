"""The queue gives each ISP its turn, keeps each ISP's order, and gives back what a worker did not finish."""

from collections.abc import Iterator

import pytest
from kombu import Connection, Exchange, Queue
from kombu.transport.redis import Transport as PlainTransport

from core.fair_queue import PREFIX, Transport
from core.settings import REDIS_URL, TEST_SLOT, TEST_WORKER

FAIR, PLAIN = (f"test-{kind}-{TEST_SLOT}-{TEST_WORKER}" for kind in ("fair", "plain"))
URL = REDIS_URL.replace("unix://", "redis+socket://")
FLOOD, LITTLE, PLATFORM = 1, 2, None


def connect(transport, name):
    """A connection with a queue of its own, emptied."""
    broker = Connection(URL, transport_options={"visibility_timeout": 60})
    broker.transport_cls = transport
    queue = Queue(name, Exchange(name, "direct"), routing_key=name)
    queue(broker.default_channel).declare()
    queue(broker.default_channel).purge()
    return broker, queue(broker.default_channel)


@pytest.fixture
def fair() -> Iterator[Queue]:
    broker, queue = connect(Transport, FAIR)
    yield queue
    queue.purge()
    queue.delete()
    broker.release()


@pytest.fixture
def plain() -> Iterator[Queue]:
    broker, queue = connect(PlainTransport, PLAIN)
    yield queue
    queue.purge()
    queue.delete()
    broker.release()


def send(queue, isp_id, *numbers):
    producer = queue.channel.connection.client.Producer(queue.channel)
    for number in numbers:
        headers = {} if isp_id is None else {"isp_id": isp_id}
        producer.publish([isp_id, number], exchange=queue.exchange, routing_key=queue.routing_key, headers=headers)


def take(queue, count=1):
    """What comes next, acknowledged."""
    messages = [queue.get() for _ in range(count)]
    for message in messages:
        message.ack()
    return [tuple(message.payload) for message in messages]


def place_of(queue, isp_id):
    """How many messages come before the first one of an ISP."""
    place = 0
    while (message := queue.get(no_ack=True)) is not None:
        if message.payload[0] == isp_id:
            return place
        place += 1
    raise AssertionError("It never came.")


def test_a_flood_of_one_isp_does_not_hold_up_another(fair):
    send(fair, FLOOD, *range(2000))
    send(fair, LITTLE, 0)
    assert place_of(fair, LITTLE) <= 2


def test_a_plain_queue_would_hold_it_up(plain):
    send(plain, FLOOD, *range(2000))
    send(plain, LITTLE, 0)
    assert place_of(plain, LITTLE) == 2000


def test_it_is_as_fair_when_half_of_the_flood_is_done(fair):
    send(fair, FLOOD, *range(300))
    take(fair, 150)
    send(fair, LITTLE, *range(10))
    first = take(fair, 22)
    assert [isp_id for isp_id, _ in first].count(LITTLE) == 10


def test_many_floods_share_and_nobody_waits_for_more_than_one_round(fair):
    for isp_id in range(10, 30):
        send(fair, isp_id, *range(20))
    send(fair, LITTLE, 0)
    assert place_of(fair, LITTLE) <= 21


def test_each_isps_messages_come_in_the_order_they_were_sent(fair):
    for number in range(30):
        send(fair, FLOOD, number)
        send(fair, LITTLE, number)
        send(fair, PLATFORM, number)
    came = take(fair, 90)
    for isp_id in (FLOOD, LITTLE, PLATFORM):
        assert [number for each, number in came if each == isp_id] == list(range(30))


def test_the_platforms_own_tasks_have_a_lane_too(fair):
    send(fair, FLOOD, *range(100))
    send(fair, PLATFORM, 0)
    assert place_of(fair, PLATFORM) <= 2


def test_who_was_alone_for_long_is_not_made_to_pay_for_it(fair):
    send(fair, FLOOD, *range(100))
    take(fair, 100)
    send(fair, LITTLE, *range(5))
    send(fair, FLOOD, 100)
    assert place_of(fair, FLOOD) <= 2


def test_what_is_not_finished_comes_back_in_its_turn_and_once(fair):
    send(fair, FLOOD, *range(3))
    send(fair, LITTLE, *range(3))
    lost = fair.get()
    lost.requeue()
    again = fair.get()
    assert again.payload == lost.payload
    assert again.headers["redelivered"] is True
    again.ack()
    assert len(take(fair, 5)) == 5
    assert fair.get() is None


def test_what_a_dead_worker_had_is_given_to_the_next_one(fair):
    send(fair, FLOOD, 0)
    fair.get()  # and nothing more is heard of it
    assert fair.get() is None
    channel = fair.channel
    with channel.conn_or_acquire() as client:
        for tag in channel.qos._delivered:
            client.zadd(channel.unacked_index_key, {tag: 1})
    channel.qos.restore_visible(interval=1)
    assert fair.get().payload == [FLOOD, 0]


def test_a_consumer_gets_its_messages_fairly_too(fair):
    """A worker does not ask for single messages as the other tests do; it waits at the queue."""
    send(fair, FLOOD, *range(50))
    send(fair, LITTLE, 0)
    came = []

    def receive(body, message):
        came.append(body[0])
        message.ack()

    client = fair.channel.connection.client
    with client.Consumer(fair, callbacks=[receive], channel=fair.channel):
        while len(came) < 51:
            client.drain_events(timeout=5)
    assert LITTLE in came[:3]


def test_size_and_purge_count_what_waits(fair):
    send(fair, FLOOD, *range(7))
    assert fair.queue_declare(passive=True).message_count == 7
    assert fair.purge() == 7
    assert fair.get() is None


def test_every_key_of_the_broker_says_that_it_is_the_platforms(fair):
    send(fair, FLOOD, 0)
    message = fair.get()
    with fair.channel.conn_or_acquire() as client:
        assert client.hlen("platform:unacked") >= 1
        assert client.exists(f"platform:binding.{FAIR}")
        assert client.ttl(f"{PREFIX}{FAIR}:lanes") > 0
        assert not client.exists(f"_kombu.binding.{FAIR}")
    message.ack()


def test_its_keys_belong_to_the_platform_and_nothing_stays_of_an_empty_queue(fair):
    send(fair, FLOOD, 0)
    with fair.channel.conn_or_acquire() as client:
        assert client.type(f"{PREFIX}{FAIR}") == b"zset"
        take(fair)
        assert not client.exists(f"{PREFIX}{FAIR}")
        send(fair, LITTLE, 0)
        assert client.hkeys(f"{PREFIX}{FAIR}:lanes") == [b"isp:2"]
