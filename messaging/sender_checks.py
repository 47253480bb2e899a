"""What the DNS says about a sender domain. No answer is ever taken for the answer that there is nothing."""

from dataclasses import dataclass, field

from domains.dns import UNKNOWN, State, Verdict, look_up
from domains.hosts import registrable

LOOKUPS = 10  # that SPF may ask for (RFC 7208, section 4.6.4)


def examine(*, host: str, key_name: str, public_key: str, spf: str) -> dict[str, Verdict]:
    """The verdict on each record. Calls the DNS."""
    return {"dkim": dkim(key_name, public_key), "spf": policy(host, spf), "dmarc": dmarc(host)}


def dkim(name: str, public_key: str) -> Verdict:
    """Whether our key stands where receivers look for it."""
    answer = look_up(name, "TXT")
    if answer.reason != "found":
        return _without(answer.reason)
    texts = [text for text in answer.values if "p=" in text.replace(" ", "")]
    if not texts:
        return Verdict(State.BAD, "broken", answer.values[0][:200])
    keys = {_tags(text).get("p", "").replace(" ", "") for text in texts}
    if public_key in keys:
        return Verdict(State.GOOD, "found")
    return Verdict(State.BAD, "revoked" if keys == {""} else "other_key")


def dmarc(host: str) -> Verdict:
    """What the domain asks receivers to do with mails that are not its own: its own record, else its parent's."""
    for name in dict.fromkeys([host, registrable(host) or host]):
        answer = look_up(f"_dmarc.{name}", "TXT")
        if answer.reason in UNKNOWN:
            return Verdict(State.WARNING, answer.reason)
        records = [text for text in answer.values if text.lower().startswith("v=dmarc1")]
        if len(records) > 1:
            return Verdict(State.BAD, "several")
        if records:
            asked = _tags(records[0]).get("p", "").lower()
            if asked not in ("none", "quarantine", "reject"):
                return Verdict(State.BAD, "broken", records[0][:200])
            return Verdict(State.GOOD, "watching" if asked == "none" else "found", records[0][:200])
    return Verdict(State.WARNING, "nothing")


@dataclass
class _Walk:
    """A reading of an SPF record with all that it includes."""

    mechanism: str
    asked: int = 0
    is_named: bool = False
    seen: set[str] = field(default_factory=set)

    def read(self, record: str) -> None:
        for term in record.split()[1:]:
            bare = term.lstrip("+?~-").lower()
            kind, _, target = bare.partition(":")
            if bare == self.mechanism and not term.startswith(("-", "~", "?")):
                self.is_named = True
            if kind in ("include", "a", "mx", "ptr", "exists") or bare.startswith("redirect="):
                self.asked += 1
            if kind == "include" and target and bare != self.mechanism:
                self.follow(target)
            elif bare.startswith("redirect="):
                self.follow(bare.partition("=")[2])

    def follow(self, name: str) -> None:
        if name in self.seen or self.asked > LOOKUPS or "%" in name:
            return
        self.seen.add(name)
        for record in _spf_records(look_up(name, "TXT").values):
            self.read(record)


def policy(host: str, mechanism: str) -> Verdict:
    """Whether the one SPF record of a domain lets our server send."""
    answer = look_up(host, "TXT")
    if answer.reason in UNKNOWN:
        return Verdict(State.WARNING, answer.reason)
    records = _spf_records(answer.values)
    if not records:
        return Verdict(State.BAD, "nothing")
    if len(records) > 1:
        return Verdict(State.BAD, "several")
    [record] = records
    if record.lower().split()[-1] in ("+all", "all"):
        return Verdict(State.WARNING, "everybody", record[:200])
    walk = _Walk(mechanism.lower())
    walk.read(record)
    if not walk.is_named:
        return Verdict(State.BAD, "without_us", record[:200])
    if walk.asked > LOOKUPS:
        return Verdict(State.WARNING, "too_many", str(walk.asked))
    return Verdict(State.GOOD, "found", record[:200])


def _spf_records(texts: tuple[str, ...]) -> list[str]:
    return [text for text in texts if text.lower().split(" ")[0] == "v=spf1"]


def _without(reason: str) -> Verdict:
    return Verdict(State.WARNING, reason) if reason in UNKNOWN else Verdict(State.BAD, "nothing")


def _tags(record: str) -> dict[str, str]:
    """The tags of a DKIM or DMARC record."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
