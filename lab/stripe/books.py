"""What the stand-in knows: accounts with their keys, and the objects of each, kept in one file."""

import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any

PREFIXES = {
    "customer": "cus_",
    "checkout.session": "cs_",
    "payment_intent": "pi_",
    "charge": "ch_",
    "balance_transaction": "txn_",
    "payment_method": "pm_",
    "refund": "re_",
    "event": "evt_",
    "webhook_endpoint": "we_",
    "dispute": "du_",
}
Row = dict[str, Any]


class Problem(Exception):
    """What the API answers when it refuses: a status and the fields of the error."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error", **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "message": message, **fields}


@dataclass
class Ledger:
    """The objects of one account in one mode. What is made live is not there in test mode."""

    account: Row
    livemode: bool
    rows: dict[str, Row] = field(default_factory=dict)
    answers: dict[str, Row] = field(default_factory=dict)  # by idempotency key

    def add(self, kind: str, **fields: Any) -> Row:
        """Make an object with an id of its kind."""
        row = {
            "id": self._id(kind),
            "object": kind,
            "created": int(time.time()),
            "livemode": self.livemode,
            **fields,
        }
        self.rows[row["id"]] = row
        return row

    def _id(self, kind: str) -> str:
        mode = ("live_" if self.livemode else "test_") if kind == "checkout.session" else ""
        return f"{PREFIXES[kind]}{mode}{secrets.token_hex(12)}"

    def get(self, number: str, kind: str) -> Row:
        """Raises Problem 404 as Stripe does, also for what another account has."""
        row = self.rows.get(number)
        if row is None or row["object"] != kind:
            raise Problem(404, f"No such {kind}: '{number}'", code="resource_missing", param="id")
        return row

    def find(self, kind: str, **fields: Any) -> list[Row]:
        """Objects of a kind with these values, the newest first."""
        found = [
            row
            for row in self.rows.values()
            if row["object"] == kind and all(row.get(name) == value for name, value in fields.items())
        ]
        return list(reversed(found))


class Books:
    """All accounts. One lock holds for every request, so that what is answered is what is kept."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.lock = RLock()
        self.accounts: dict[str, Row] = {}
        self.ledgers: dict[str, Ledger] = {}  # by secret key
        if file and file.exists():
            self._load(json.loads(file.read_text()))

    def open_account(self, name: str, country: str, currency: str) -> Row:
        """An account with a live and a test key; the same one if it is there."""
        with self.lock:
            if name not in self.accounts:
                account = {
                    "id": f"acct_{secrets.token_hex(8)}",
                    "object": "account",
                    "country": country,
                    "default_currency": currency.lower(),
                    "charges_enabled": True,
                    "business_profile": {"name": name},
                    "settings": {"dashboard": {"display_name": name}},
                    "keys": {mode: f"sk_{mode}_{secrets.token_hex(16)}" for mode in ("live", "test")},
                }
                self.accounts[name] = account
                self._open_ledgers(account)
                self.save()
            return self.accounts[name]

    def _open_ledgers(self, account: Row) -> None:
        for mode, key in account["keys"].items():
            self.ledgers[key] = Ledger(account, livemode=mode == "live")

    def ledger(self, key: str) -> Ledger:
        """What a secret key opens. Raises Problem 401."""
        if key not in self.ledgers:
            raise Problem(401, f"Invalid API Key provided: {key[:8]}****", code="api_key_invalid")
        return self.ledgers[key]

    def holder(self, number: str) -> Ledger | None:
        """The ledger that an object is in, for pages that are opened without a key."""
        return next((ledger for ledger in self.ledgers.values() if number in ledger.rows), None)

    def save(self) -> None:
        if self.file is None:
            return
        kept = {
            "accounts": self.accounts,
            "ledgers": {key: {"rows": each.rows, "answers": each.answers} for key, each in self.ledgers.items()},
        }
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(kept))
        new.replace(self.file)

    def _load(self, kept: Row) -> None:
        self.accounts = kept["accounts"]
        for account in self.accounts.values():
            self._open_ledgers(account)
        for key, each in kept["ledgers"].items():
            self.ledgers[key].rows, self.ledgers[key].answers = each["rows"], each["answers"]
