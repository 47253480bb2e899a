"""A mailbox that is read by IMAP: as much of RFC 3501 as reading takes, over TLS, with the faults that servers have."""

import re
import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from email import message_from_bytes
from pathlib import Path
from typing import Any

from lab.authority import self_signed

DAY = re.compile(r"SINCE (\d+)-(\w+)-(\d+)")
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905


@dataclass
class Kept:
    """A mail in the folder."""

    uid: int
    content: bytes
    on: date


@dataclass
class ImapLab:
    """One mailbox of one person. `said` is every command that came; nothing but reading is understood."""

    folder: Path
    user: str = "facturas@wispmega.mx"
    password: str = "right"
    folders: list[str] = field(default_factory=lambda: ["INBOX"])
    validity: int = 7
    is_plain: bool = False  # begins without TLS, and offers STARTTLS
    mails: list[Kept] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    fault: Callable[[str], bytes | None] = lambda command: None

    @property
    def certificate(self) -> Path:
        return self.folder / "imap.pem"

    def start(self) -> None:
        self_signed(["localhost", "127.0.0.1"], key=self.folder / "imap.key", certificate=self.certificate)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, self.folder / "imap.key")
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.lab = self
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def deliver(self, content: bytes, *, on: date, uid: int = 0) -> int:
        """Put a mail into the folder; its UID."""
        uid = uid or max((mail.uid for mail in self.mails), default=0) + 1
        self.mails.append(Kept(uid, content, on))
        return uid

    def fetched(self) -> list[str]:
        """Of which UIDs more than headers was asked for."""
        return [re.findall(r"UID FETCH (\S+)", line)[0] for line in self.said if "BODY.PEEK[]<" in line]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    lab: ImapLab

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or does not trust us, is no news."""


class _Session(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.lab = self.server.lab
        self.request.settimeout(10)
        self._speak(self.request if self.lab.is_plain else self._secured())
        self.put(b"* OK ready\r\n")
        while line := self.file.readline().decode(errors="replace").rstrip("\r\n"):
            tag, _, command = line.partition(" ")
            self.lab.said.append(command)
            if (fault := self.lab.fault(command)) is not None:
                self.put(fault)
                if not fault:
                    return
                continue
            name = " ".join(command.split()[: 2 if command.upper().startswith("UID") else 1]).upper()
            answer = getattr(self, f"do_{name.replace(' ', '_').lower()}", None)
            status = answer(command) if answer else "BAD not here"
            self.put(f"{tag} {status}\r\n".encode())
            if name == "STARTTLS":
                self._speak(self._secured())

    def finish(self) -> None:
        for each in (getattr(self, "file", None), getattr(self, "line", None)):
            if each is not None:
                each.close()

    def _secured(self) -> ssl.SSLSocket:
        plain = self.request
        try:
            return self.lab.context.wrap_socket(plain, server_side=True)
        except OSError:
            plain.close()
            raise

    def _speak(self, line: Any) -> None:
        self.line, self.file = line, line.makefile("rb")

    def put(self, data: bytes) -> None:
        self.line.sendall(data)

    def do_capability(self, command: str) -> str:
        self.put(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n")
        return "OK done"

    def do_starttls(self, command: str) -> str:
        return "OK begin"

    def do_login(self, command: str) -> str:
        is_right = self.lab.user in command and f'"{self.lab.password}"' in command
        return "OK welcome" if is_right else "NO [AUTHENTICATIONFAILED] Invalid credentials"

    def do_examine(self, command: str) -> str:
        if command.partition(" ")[2].strip('"') not in self.lab.folders:
            return "NO Mailbox does not exist"
        self.put(f"* {len(self.lab.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.lab.validity}] ok\r\n".encode())
        return "OK [READ-ONLY] done"

    def do_uid_search(self, command: str) -> str:
        mails = self.lab.mails
        if match := DAY.search(command):
            day = date(int(match[3]), MONTHS.index(match[2]) + 1, int(match[1]))
            found = [mail.uid for mail in mails if mail.on >= day]
        else:
            first = int(re.findall(r"UID (\d+):\*", command)[0])
            last = max((mail.uid for mail in mails), default=0)
            found = [mail.uid for mail in mails if mail.uid >= min(first, last)]  # n:* always has the last one
        self.put(f"* SEARCH {' '.join(map(str, found))}\r\n".encode())
        return "OK done"

    def do_uid_fetch(self, command: str) -> str:
        wanted = {int(each) for each in command.split()[2].split(",")}
        for number, mail in enumerate(self.lab.mails, 1):
            if mail.uid not in wanted:
                continue
            if "HEADER.FIELDS" in command:
                names = re.findall(r"HEADER\.FIELDS \(([^)]*)\)", command)[0].split()
                heads = message_from_bytes(mail.content)
                text = "".join(f"{name}: {heads[name]}\r\n" for name in names if heads[name]) + "\r\n"
                what, body = f"BODY[HEADER.FIELDS ({' '.join(names)})]", text.encode(errors="replace")
            else:
                size = int(re.findall(r"<0\.(\d+)>", command)[0])
                what, body = "BODY[]<0>", mail.content[:size]
            head = f"* {number} FETCH (UID {mail.uid} {what} {{{len(body)}}}\r\n"
            self.put(head.encode() + body + b")\r\n")
        return "OK done"
