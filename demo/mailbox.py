"""A mail server, a gateway of SMS and Metas of WhatsApp for the demo, which keep everything, and pages to read it."""

import json
import socket
import time
import urllib.request
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate
from functools import partial
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import uuid4

from aiosmtpd.controller import Controller

from lab.carriers import Call
from lab.meta import Meta

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#182433;background:#f6f8fb;color-scheme:light dark}
main,header{max-width:60rem;margin:auto;padding:1rem}
a{color:#066fd1}
nav a{margin-right:1rem}
article,.row{background:#fff;border:1px solid #dce1e7;border-radius:6px;padding:.75rem 1rem;margin-bottom:.5rem}
.row{display:block;text-decoration:none;color:inherit}
.row small{float:right;color:#667382}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}
@media(prefers-color-scheme:dark){
body{background:#111827;color:#dce1e7}
article,.row{background:#1f2937;border-color:#374151}
a{color:#6ab0f3}
}
"""


class Keeper:
    """Writes each message that comes by SMTP to a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        number = len(list(self.folder.glob("*.eml")))
        (self.folder / f"{number:06d}-{uuid4().hex[:8]}.eml").write_bytes(envelope.content)
        return "250 Kept"


class Mailbox:
    """The demo's SMTP server on a free port, and its pages on a port of the caller's choice."""

    def __init__(self, folder: Path, port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.smtp_port = free_port()
        self.smtp = Controller(Keeper(folder), hostname="127.0.0.1", port=self.smtp_port)
        self.metas: dict[str, Meta] = {}  # by the number of a phone, which is that of its business, too
        self.web = ThreadingHTTPServer(("127.0.0.1", port), partial(Pages, folder, self.metas))
        self.url = f"http://localhost:{port}/"
        self.is_running = False

    def start(self) -> None:
        self.smtp.start()
        Thread(target=self.web.serve_forever, daemon=True).start()
        self.is_running = True

    def stop(self) -> None:
        if self.is_running:
            self.smtp.stop(no_assert=True)
            self.web.shutdown()
        self.web.server_close()


class Pages(BaseHTTPRequestHandler):
    """All mails and SMS, those of one ISP, and one of them; `/messages.json` for programs."""

    def __init__(self, folder: Path, metas: dict[str, Meta], *args: Any) -> None:
        self.folder, self.metas = folder, metas
        super().__init__(*args)

    def log_message(self, *args: Any) -> None:
        """Silent: the demo's terminal is for people."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        wanted = parse_qs(parts.query).get("of", [""])[0]
        if parts.path.startswith("/meta/"):
            self._ask_meta(b"")
        elif parts.path == "/":
            self._answer(self._list(wanted))
        elif parts.path == "/sms":
            self._answer("Balance: 1,000 SMS", "text/plain")
        elif parts.path == "/messages.json":
            rows = [self._row(path) for path in self._paths()]
            self._answer(json.dumps(rows, ensure_ascii=False), "application/json")
        elif (path := self.folder / f"{Path(parts.path).name}.eml").exists():
            self._answer(self._message(path))
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """A gateway of SMS: what is sent is kept among the mails, and the state is called back."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/meta/"):
            self._ask_meta(body)
            return
        said = dict(parse_qsl(body.decode()))
        if urlsplit(self.path).path != "/sms" or "to" not in said:
            self.send_error(404)
            return
        scope, sender = said.get("scope", ""), said.get("from", "SMS")
        name = self._keep("SMS", sender=sender, to=said["to"], text=said.get("text", ""), scope=scope)
        if callback := said.get("callback"):
            Thread(target=ring, args=(callback, name), daemon=True).start()
        self._answer(json.dumps({"status": "ok", "id": name}), "application/json")

    def _keep(self, subject: str, *, sender: str, to: str, text: str, scope: str) -> str:
        """Put a message among the mails; gives its name there."""
        mail = EmailMessage()
        mail["From"], mail["To"] = sender, to
        mail["Subject"], mail["Date"] = subject, formatdate(localtime=True)
        mail["X-Lastmile-Scope"] = scope
        mail.set_content(text)
        name = f"{len(list(self.folder.glob('*.eml'))):06d}-{uuid4().hex[:8]}"
        (self.folder / f"{name}.eml").write_bytes(mail.as_bytes())
        return name

    def _ask_meta(self, body: bytes) -> None:
        """What WhatsApp's Cloud API answers; what it takes is kept among the mails. The token says whose it is."""
        parts = urlsplit(self.path)
        meta = self.metas.get(parts.path.split("/")[2])
        if meta is None:
            self.send_error(404)
            return
        before = len(meta.sent)
        reply = meta(Call(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body))
        scope = self.headers.get("Authorization", "").removeprefix("Bearer ")
        for sent in meta.sent[before:]:
            self._keep("WhatsApp", sender="WhatsApp", to=f"+{sent['to']}", text=sent["text"], scope=scope)
        self._answer(reply.body.decode(), "application/json", reply.status)

    def _answer(self, text: str, kind: str = "text/html", status: int = 200) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'")
        self.end_headers()
        self.wfile.write(body)

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("*.eml"), reverse=True)

    def _owners(self) -> dict[str, str]:
        """Names of the scopes that mails carry."""
        try:
            demo = json.loads((self.folder.parent / "demo.json").read_text())
        except (OSError, ValueError):
            return {}
        return {"platform": "Lastmile", **{f"isp{isp['uuid']}": isp["name"] for isp in demo["isps"]}}

    def _row(self, path: Path) -> dict[str, str]:
        mail = parsed(path)
        scope = str(mail["X-Lastmile-Scope"] or "platform")
        return {
            "id": path.stem,
            "of": scope,
            "owner": self._owners().get(scope, "A new ISP"),
            "from": str(mail["From"]),
            "to": str(mail["To"]),
            "subject": str(mail["Subject"]),
            "date": str(mail["Date"]),
            "text": text_of(mail),
        }

    def _list(self, wanted: str) -> str:
        rows = [self._row(path) for path in self._paths()]
        owners = self._owners()
        links = [("", "All"), *owners.items()]
        nav = " ".join(f'<a href="/?of={escape(key)}">{escape(name)}</a>' for key, name in links)
        shown = [row for row in rows if not wanted or row["of"] == wanted]
        items = "".join(
            f'<a class="row" href="/{escape(row["id"])}"><small>{escape(row["date"])}</small>'
            f"<b>{escape(row['subject'])}</b><br>{escape(row['owner'])} → {escape(row['to'])}</a>"
            for row in shown
        )
        empty = "<p>No mail yet. It appears here a moment after the demo sends it.</p>"
        return page("Mail of the demo", f"<header><h1>Mail of the demo</h1><nav>{nav}</nav></header>{items or empty}")

    def _message(self, path: Path) -> str:
        row = self._row(path)
        head = "".join(f"<div><b>{name.title()}:</b> {escape(row[name])}</div>" for name in ("from", "to", "date"))
        return page(
            row["subject"],
            f'<p><a href="/">← All mail</a></p><h1>{escape(row["subject"])}</h1><article>{head}</article>'
            f"<article><pre>{linked(row['text'])}</pre></article>",
        )


def ring(address: str, number: str) -> None:
    """Say that a message has been delivered; several times, since the demo may still be starting."""
    parts = urlsplit(address)
    request = urllib.request.Request(
        f"http://127.0.0.1:{parts.port}{parts.path}?{parts.query}&id={number}&state=delivered",
        headers={"Host": parts.netloc},
    )
    for _time in range(5):
        time.sleep(2)
        try:
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
        except OSError:
            continue
        return


def free_port() -> int:
    """A port of loopback that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def parsed(path: Path) -> EmailMessage:
    """A kept mail."""
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(preferencelist=("plain", "html"))
    return body.get_content() if body else ""


def linked(text: str) -> str:
    """Text as HTML, with addresses that can be clicked."""
    words = [
        f'<a href="{escape(word)}">{escape(word)}</a>' if word.startswith(("http://", "https://")) else escape(word)
        for word in text.replace("\n", "\n ").split(" ")
    ]
    return " ".join(words)


def page(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style><main>{body}</main></html>"
    )
