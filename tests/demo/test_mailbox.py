"""The demo's own gateway of SMS: what it takes stands among the mails."""

import json
import urllib.request
from urllib.parse import urlencode

import pytest

from demo.mailbox import Mailbox, free_port


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
