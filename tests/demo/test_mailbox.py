"""The demo's own gateway of SMS: what it takes stands among the mails."""

import json
import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest

from demo.mailbox import Mailbox, free_port
from lab.meta import Meta, template


@pytest.fixture
def mailbox(tmp_path):
    made = Mailbox(tmp_path / "mail", free_port())
    made.start()
    yield made
    made.stop()


def test_an_sms_stands_among_the_mails(mailbox):
    address = mailbox.url.replace("localhost", "127.0.0.1")
    said = {"to": "+525512345678", "text": "Hola, ¿todo bien?", "from": "WispMega", "scope": "isp1"}
    with urllib.request.urlopen(f"{address}sms", urlencode(said).encode(), timeout=5) as answer:
        assert json.load(answer)["status"] == "ok"
    with urllib.request.urlopen(f"{address}messages.json", timeout=5) as answer:
        (row,) = json.load(answer)
    assert (row["to"], row["subject"], row["of"]) == ("+525512345678", "SMS", "isp1")
    assert row["text"].strip() == "Hola, ¿todo bien?"


def test_a_text_of_whatsapp_stands_among_them_as_it_is_read(mailbox):
    mailbox.metas["7"] = Meta([template("due", "es", {"type": "BODY", "text": "Hola {{1}}"})])
    address = mailbox.url.replace("localhost", "127.0.0.1")
    part = {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}
    said = {"name": "due", "language": {"code": "es"}, "components": [part]}
    body = {"to": "525512345678", "type": "template", "template": said}
    request = urllib.request.Request(f"{address}meta/7/messages", json.dumps(body).encode())
    request.add_header("Authorization", "Bearer isp1")
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert json.load(answer)["messages"]
    with urllib.request.urlopen(f"{address}messages.json", timeout=5) as answer:
        (row,) = json.load(answer)
    assert (row["to"], row["subject"], row["of"], row["text"].strip()) == (
        "+525512345678",
        "WhatsApp",
        "isp1",
        "Hola Ana",
    )
    part["parameters"].append({"type": "text", "text": "2"})
    request.data = json.dumps(body).encode()
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    assert json.load(caught.value)["error"]["code"] == 132000
