"""Mail of an ISP through a real SMTP conversation, and what happens when the server does not play along."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from django.db import connection, transaction
from django.utils import timezone

from core.scope import isp_scope, public_scope
from messaging.models import Message
from messaging.outbox import claims, turns
from messaging.services import send_mail
from messaging.tasks import sweep_messages, take_turn
from tenants.models import ISP


class Server:
    """Keeps what it is given, or answers with the codes that a test sets."""

    def __init__(self) -> None:
        self.taken = []
        self.recipient_answer = "250 OK"
        self.data_answer = "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.data_answer.startswith("250"):
            self.taken.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return self.data_answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server(settings) -> Iterator[Server]:
    handler = Server()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=settings.EMAIL_PORT)
    controller.start()
    yield handler
    controller.stop()


def waiting_mail(**fields) -> Message:
    values = {"to": "rosa@mail.example", "subject": "Su solicitud R-000001", "text": "Gracias, Núñez.\n", **fields}
    return Message.objects.create(**values)


def sent(message: Message) -> bool:
    """Whether an attempt by itself brings it to the server."""
    before = Message.objects.get(pk=message.pk).state
    turns.deliver_one(message.pk)
    message.refresh_from_db()
    return message.state == Message.State.SENT != before


def test_the_server_gets_the_mail_in_the_isps_name(in_isp, server):
    written = waiting_mail(from_name="WispMega", reply_to="hola@wispmega.example")
    assert sent(written) is True
    (recipients, message), *more = server.taken
    assert (recipients, more) == (["rosa@mail.example"], [])
    assert message["From"].addresses[0].display_name == "WispMega"
    assert message["Reply-To"] == "hola@wispmega.example"
    assert message["Message-ID"] == f"<{written.uuid}@localhost>"
    assert message["X-Lastmile-Scope"] == f"isp{in_isp.uuid}"
    assert message.get_content().strip() == "Gracias, Núñez."
    written.refresh_from_db()
    assert written.state == Message.State.SENT
    assert written.sent_at is not None


def test_delivered_again_it_is_not_sent_again(in_isp, server):
    written = waiting_mail()
    assert sent(written) is True
    assert sent(written) is False
    assert len(server.taken) == 1


def test_a_server_that_is_busy_is_asked_again_later(in_isp, server):
    written = waiting_mail()
    server.data_answer = "451 try again"
    assert sent(written) is False
    written.refresh_from_db()
    assert (written.state, written.attempts) == (Message.State.WAITING, 1)
    assert written.due_at > timezone.now() + timedelta(seconds=50)
    assert "451" in written.error
    server.data_answer = "250 OK"
    Message.objects.update(due_at=timezone.now())
    assert sent(written) is True
    assert len(server.taken) == 1


def test_an_address_refused_for_good_is_not_tried_again(in_isp, server):
    written = waiting_mail()
    server.recipient_answer = "550 no such mailbox"
    assert sent(written) is False
    written.refresh_from_db()
    assert written.state == Message.State.FAILED
    assert "550" in written.error


def test_no_server_at_all_keeps_the_mail(in_isp, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    written = waiting_mail()
    assert sent(written) is False
    written.refresh_from_db()
    assert written.state == Message.State.WAITING
    assert written.why.sentence == "Nobody answers at this address."


def test_the_last_attempt_ends_it(in_isp, server):
    written = waiting_mail(attempts=claims.ATTEMPTS - 1)
    server.data_answer = "451 try again"
    sent(written)
    written.refresh_from_db()
    assert written.state == Message.State.FAILED


def test_what_a_dead_worker_left_is_due_again_after_a_while(in_isp, server):
    left = waiting_mail(state=Message.State.SENDING, attempts=1)
    Message.objects.update(due_at=timezone.now() + claims.STUCK)
    assert sent(left) is False
    Message.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert sent(left) is True
    assert len(server.taken) == 1


def test_nothing_is_sent_for_a_transaction_that_came_to_nothing(in_isp, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        send_mail(
            template="preinstall/received",
            language="es",
            to="rosa@mail.example",
            name="Rosa",
            reference="R-000001",
            company="WispMega",
        )
        assert Message.objects.count() == 1
    assert len(callbacks) == 1


def test_the_sweep_of_an_isp_finds_its_due_mail_and_no_other(
    isp, other_isp, monkeypatch, django_capture_on_commit_callbacks
):
    queued = []
    monkeypatch.setattr(take_turn, "delay", lambda **told: queued.append((told["isp_id"], told["medium"])))
    for each in (isp, other_isp):
        with isp_scope(each):
            waiting_mail()
            waiting_mail(to="ana@mail.example")
            later = waiting_mail()
            Message.objects.filter(pk=later.pk).update(due_at=timezone.now() + timedelta(minutes=5))
            waiting_mail(state=Message.State.SENT)
        with django_capture_on_commit_callbacks(execute=True):
            sweep_messages(isp_id=each.pk)
        assert queued == [(each.pk, "email")]
        queued.clear()


def sent_by_two_workers(server) -> int:
    """How many times a mail leaves when two connections deliver it at the same time."""
    with public_scope():
        isp = ISP.objects.get(slug="wispmega")
    with isp_scope(isp), transaction.atomic():
        pk = waiting_mail().pk
    start = threading.Barrier(2)

    def work() -> None:
        start.wait(10)
        try:
            with isp_scope(isp):
                turns.deliver_one(pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with isp_scope(isp), transaction.atomic():
        Message.objects.all().delete()
    return len(server.taken)


def test_two_workers_send_one_mail(committed, server):
    assert sent_by_two_workers(server) == 1


def test_control_without_the_claim_two_workers_send_two(committed, server, monkeypatch):
    both = threading.Barrier(2)

    def unlocked(medium, pk):
        both.wait(10)
        return Message.objects.get(pk=pk)

    monkeypatch.setattr(turns, "claim_one", unlocked)
    monkeypatch.setattr(turns, "claim_urgent_to", lambda medium, to: None)
    assert sent_by_two_workers(server) == 2
