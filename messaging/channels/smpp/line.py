"""One connection to a message centre, by smpplib: bound, used for one thing after the other, heard."""

import logging
import ssl
import time
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from smpplib import consts, exceptions, smpp
from smpplib.client import Client

from messaging.channels import outside
from messaging.channels.base import Away, NoSuchAddress, Refused, SetupRefused, Told
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
        if not 0 <= exact_size <= LONGEST:
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


def problem(status: int) -> Exception:
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
                smpp.make_pdu(
                    "bind_transceiver",
                    client=self.client,
                    system_id=values["system_id"],
                    password=values.get("password", ""),
                    system_type=values.get("system_type", ""),
                    interface_version=0x34,
                )
            )
        except outside.NotOutside as error:
            self.drop()
            raise SetupRefused(_("The host does not lead to the public Internet."), "host") from error
        except ssl.SSLError as error:
            self.drop()
            raise Away(_("The certificate of the other side is not valid.")) from error
        except OSError as error:
            self.drop()
            raise Away(_("Nobody answers at this host and port.")) from error
        except BaseException:
            self.drop()
            raise
        if answer.status:
            self.drop()
            raise problem(answer.status)

    def submit(self, **fields: Any) -> str:
        """Hand over one segment; the number that it has there."""
        answer = self._ask(smpp.make_pdu("submit_sm", client=self.client, **fields))
        if answer.status:
            raise problem(answer.status)
        number = answer.message_id or b""
        return number.decode("ascii", "replace") if isinstance(number, bytes) else str(number)

    def _ask(self, pdu: Any) -> Any:
        """Send, and read until the answer to it. What comes in between is heard."""
        until = time.monotonic() + self.timeout
        try:
            self.client.send_pdu(pdu)
            while time.monotonic() < until:
                came = self.client.read_pdu()
                if came.sequence == pdu.sequence and came.command in {f"{pdu.command}_resp", "generic_nack"}:
                    return came
                self._take(came)
        except TimeoutError as error:
            raise Away(_("The message centre did not answer in time.")) from error
        except (exceptions.ConnectionError, OSError) as error:
            raise Away(_("The message centre closed the connection.")) from error
        except (exceptions.PDUError, exceptions.UnknownCommandError, ValueError, IndexError) as error:
            raise Away(_("The message centre answered something that is not SMPP.")) from error
        raise Away(_("The message centre did not answer in time."))

    def listen(self, seconds: float) -> None:
        """Hear what comes, until it has been quiet for so long."""
        until = time.monotonic() + seconds
        try:
            while (left := until - time.monotonic()) > 0:
                self.client._socket.settimeout(left)
                self._take(self.client.read_pdu())
        except TimeoutError:
            return
        except (exceptions.ConnectionError, exceptions.PDUError, exceptions.UnknownCommandError, OSError):
            return
        finally:
            if self.client._socket is not None:
                self.client._socket.settimeout(self.timeout)

    def _take(self, pdu: Any) -> None:
        if pdu.command == "deliver_sm":
            self._answer(pdu)
            if (event := receipt_of(pdu) if is_receipt(pdu) else self.parts.take(pdu)) is not None:
                self.events.append(event)
        elif pdu.command in {"enquire_link", "unbind"}:
            self._answer(pdu)

    def _answer(self, pdu: Any) -> None:
        answer = smpp.make_pdu(f"{pdu.command}_resp", client=self.client, status=0)
        answer.sequence = pdu.sequence
        self.client.send_pdu(answer)

    def close(self) -> None:
        """Say good-bye; what is said until then is heard."""
        try:
            self._ask(smpp.make_pdu("unbind", client=self.client))
        except Away:
            pass
        finally:
            self.drop()

    def drop(self) -> None:
        self.events += self.parts.rest()
        if self.client._socket is not None:
            self.client._socket.close()
            self.client._socket = None
        self.client.state = consts.SMPP_CLIENT_STATE_CLOSED
