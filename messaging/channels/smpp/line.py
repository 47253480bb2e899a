"""One connection to a message centre, by smpplib: bound, used by several threads at once, heard.

Each sends, and then waits for the answer with its number; whoever waits while nobody reads does so for all.
"""

import logging
import select
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from threading import Condition, Lock
from typing import Any

from smpplib import consts, exceptions, smpp
from smpplib.client import Client

from messaging.channels import outside
from messaging.channels.base import Away, NoSuchAddress, Refused, SetupRefused, Told
from messaging.channels.reasons import Reason
from messaging.channels.smpp.incoming import Parts, is_receipt, receipt_of

LONGEST = 64 * 1024  # bytes of a PDU
LOGGER = "lastmile.smpp"
# What the library logs in detail holds the password and every text.
logging.getLogger(LOGGER).setLevel(logging.CRITICAL)

BAD_KEYS = {consts.SMPP_ESME_RBINDFAIL, consts.SMPP_ESME_RINVPASWD, consts.SMPP_ESME_RINVSYSID}
BAD_KEYS |= {consts.SMPP_ESME_RINVSYSTYP}
BAD_SENDER = {consts.SMPP_ESME_RINVSRCADR, consts.SMPP_ESME_RINVSRCTON, consts.SMPP_ESME_RINVSRCNPI}
LATER = {
    consts.SMPP_ESME_RTHROTTLED: 5.0,
    consts.SMPP_ESME_RMSGQFUL: 30.0,
    consts.SMPP_ESME_RSYSERR: None,
    consts.SMPP_ESME_RALYBND: 30.0,
    consts.SMPP_ESME_RX_T_APPN: None,
    consts.SMPP_ESME_RUNKNOWNERR: None,
    consts.SMPP_ESME_RINVBNDSTS: None,
}


class _Client(Client):
    """smpplib's, with our way to connect, and a limit to what it reads."""

    def connect(self) -> None:
        plain = outside.connected(self.host, self.port, self.timeout)
        if self._ssl_context is not None:
            plain = self._ssl_context.wrap_socket(plain, server_hostname=self.host)
        self._socket = plain
        self.state = consts.SMPP_CLIENT_STATE_OPEN

    def _recv_exact(self, exact_size: int) -> bytes:
        if not 0 <= exact_size <= LONGEST or self._socket is None:
            raise exceptions.ConnectionError
        until = time.monotonic() + (self._socket.gettimeout() or self.timeout)
        data = bytearray()
        while len(data) < exact_size:
            if time.monotonic() > until:
                raise TimeoutError("It comes too slowly.")
            piece = self._socket.recv(exact_size - len(data))
            if not piece:
                raise exceptions.ConnectionError
            data += piece
        return bytes(data)


def meaning(status: int) -> Exception:
    """What a status other than success means to us."""
    text = f"{consts.DESCRIPTIONS.get(status, 'Unknown code')} (0x{status:02X})"
    if status in LATER:
        return Away(text, LATER[status])
    if status in BAD_KEYS:
        return SetupRefused(text, "system_id")
    if status in BAD_SENDER:
        return SetupRefused(text, "sender")
    if status == consts.SMPP_ESME_RINVDSTADR:
        return NoSuchAddress(text)
    return Refused(text)


class Line:
    """A bound connection. Raises Away, SetupRefused where it comes to nothing."""

    def __init__(self, values: Mapping[str, Any], timeout: float) -> None:
        self.timeout = timeout
        self.events: list[Told] = []
        self.problem: Away | None = None  # that ended it
        self._socket = Lock()  # whoever sends or reads; TLS of one connection is for one thread at a time
        self._news = Condition()
        self._answers: dict[int, Any] = {}  # to what is waited for, by number; None until it comes
        self._is_read = False
        self.parts = Parts(is_latin=values.get("alphabet") == "latin")
        context = ssl.create_default_context() if values.get("tls") == "yes" else None
        self.client = _Client(
            values["host"],
            values["port"],
            timeout=timeout,
            logger_name=LOGGER,
            ssl_context=context,
            allow_unknown_opt_params=True,
        )
        try:
            self.client.connect()
            answer = self._ask(
                "bind_transceiver",
                system_id=values["system_id"],
                password=values.get("password", ""),
                system_type=values.get("system_type", ""),
                interface_version=0x34,
            )
        except outside.NotOutside as error:
            self.drop()
            raise SetupRefused(Reason("not_outside"), "host") from error
        except ssl.SSLError as error:
            self.drop()
            raise Away(Reason("bad_certificate")) from error
        except OSError as error:
            self.drop()
            raise Away(Reason("nobody_answers")) from error
        except BaseException:
            self.drop()
            raise
        if answer.status:
            self.drop()
            raise meaning(answer.status)

    def submit(self, **fields: Any) -> str:
        """Hand over one segment; the number that it has there."""
        answer = self._ask("submit_sm", **fields)
        if answer.status == consts.SMPP_ESME_RINVBNDSTS:
            self.problem = self.problem or Away(Reason("hung_up"))
        if answer.status:
            raise meaning(answer.status)
        number = answer.message_id or b""
        return number.decode("ascii", "replace") if isinstance(number, bytes) else str(number)

    @property
    def is_broken(self) -> bool:
        return self.problem is not None

    def taken(self) -> list[Told]:
        """What was heard since it was asked last."""
        with self._news:
            events, self.events = self.events, []
        return events

    def _ask(self, command: str, **fields: Any) -> Any:
        """Send, and wait for the answer. What comes in between is heard."""
        with self._socket:
            if self.problem:
                raise self.problem
            pdu = smpp.make_pdu(command, client=self.client, **fields)
            with self._news:
                self._answers[pdu.sequence] = None
            try:
                self.client.send_pdu(pdu)
            except (exceptions.ConnectionError, exceptions.PDUError, OSError) as error:
                self._answers.pop(pdu.sequence, None)
                self.problem = Away(Reason("hung_up"))
                raise self.problem from error
        try:
            return self._wait(pdu.sequence)
        finally:
            with self._news:
                self._answers.pop(pdu.sequence, None)

    def _wait(self, number: int) -> Any:
        """The answer with this number, read by this thread or by another one."""
        until = time.monotonic() + self.timeout
        while True:
            with self._news:
                self._news.wait_for(
                    lambda: self._answers[number] is not None or self.problem or not self._is_read,
                    timeout=max(until - time.monotonic(), 0),
                )
                if self._answers[number] is not None:
                    return self._answers[number]
                if self.problem:
                    raise self.problem
                if time.monotonic() > until:
                    raise Away(Reason("no_answer_in_time"))
                self._is_read = True
            try:
                self._read()
            finally:
                with self._news:
                    self._is_read = False
                    self._news.notify_all()

    def _read(self) -> None:
        """Read one PDU, for whomever it is. When nothing comes, or what is none, that ends the line."""
        try:
            self._rest(self.timeout)
            with self._socket:
                came = self.client.read_pdu()
            with self._news:
                is_awaited = came.sequence in self._answers
                if is_awaited and (came.command.endswith("_resp") or came.command == "generic_nack"):
                    self._answers[came.sequence] = came
                    return
            self._take(came)
        except TimeoutError:
            self.problem = Away(Reason("no_answer_in_time"))
        except (exceptions.ConnectionError, OSError):
            self.problem = Away(Reason("hung_up"))
        except (exceptions.PDUError, exceptions.UnknownCommandError, ValueError, IndexError):
            self.problem = Away(Reason("not_smpp"))

    def listen(self, seconds: float) -> None:
        """Hear what comes, until it has been quiet for so long."""
        until = time.monotonic() + seconds
        with suppress(exceptions.ConnectionError, exceptions.PDUError, exceptions.UnknownCommandError, OSError):
            while (left := until - time.monotonic()) > 0:
                self._rest(left)
                self._take(self.client.read_pdu())

    def _rest(self, seconds: float) -> None:
        """Until there is something to read. Raises TimeoutError."""
        line = self.client._socket
        if line is None:
            raise exceptions.ConnectionError
        if isinstance(line, ssl.SSLSocket) and line.pending():
            return
        wait = select.poll()
        wait.register(line, select.POLLIN)
        if not wait.poll(max(seconds, 0) * 1000):
            raise TimeoutError

    def _take(self, pdu: Any) -> None:
        if pdu.command == "deliver_sm":
            self._answer(pdu)
            if (event := receipt_of(pdu) if is_receipt(pdu) else self.parts.take(pdu)) is not None:
                with self._news:
                    self.events.append(event)
        elif pdu.command in {"enquire_link", "unbind"}:
            self._answer(pdu)

    def _answer(self, pdu: Any) -> None:
        answer = smpp.make_pdu(f"{pdu.command}_resp", client=self.client, status=0)
        answer.sequence = pdu.sequence
        with self._socket:
            self.client.send_pdu(answer)

    def close(self) -> None:
        """Say good-bye; what is said until then is heard."""
        try:
            self._ask("unbind")
        except Away:
            pass
        finally:
            self.drop()

    def drop(self) -> None:
        self.events += self.parts.rest()
        line = self.client._socket
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)  # wakes whoever still waits for something to read
            with self._socket:
                line.close()
                self.client._socket = None
        self.client.state = consts.SMPP_CLIENT_STATE_CLOSED
