"""Why something was not sent, as it is kept: a code with its values, and the carrier's own words as a quotation.

Only when somebody reads it does a code become a sentence, in the language of the reader. What a carrier says is always
kept between quotation marks, so nothing that it says is ever taken for a code of ours.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST = 180  # characters of what a carrier says that are kept
OPEN, CLOSE = "“", "”"
SENTENCES: dict[str, Any] = {
    # What we ourselves have against a message.
    "BadAddress": gettext_lazy("This is no address that can be written to."),
    "NoChannel": gettext_lazy("No channel is connected for it. Connect one in the settings, then send it again."),
    "TooLate": gettext_lazy("It could not go for days, so it may be wrong by now. Send it again if it still holds."),
    "WorkerLost": gettext_lazy("Each attempt ended in the middle, and nobody knows why."),
    "Stopped:bounce": gettext_lazy("The address does not exist, so it is written to no more."),
    "Stopped:complaint": gettext_lazy(
        "Who has the address called an earlier message spam, so it is written to no more."
    ),
    "Stopped:opt_out": gettext_lazy("Who has the address asked for no more messages."),
    "Stopped:preference": gettext_lazy("The customer does not want messages of this kind by this way."),
    "Stopped:sending": gettext_lazy("Your staff stopped the sending that it was part of."),
    "Stopped:deleted": gettext_lazy("The customer was deleted before it was sent."),
    "Stopped:staff": gettext_lazy("Your staff stopped this address."),
    "our_fault": gettext_lazy("Something went wrong on our side (%(kind)s)."),
    "not_writable": gettext_lazy("The address or the sender cannot stand in a mail."),
    # On the way to a carrier.
    "not_outside": gettext_lazy("The address does not lead to the public Internet."),
    "no_such_server": gettext_lazy("There is no server with this name."),
    "nobody_answers": gettext_lazy("Nobody answers at this address."),
    "no_answer_in_time": gettext_lazy("There was no answer in time."),
    "hung_up": gettext_lazy("The other side closed the connection."),
    "call_failed": gettext_lazy("The call failed (%(kind)s)."),
    "bad_certificate": gettext_lazy("The certificate of the other side is not valid."),
    "no_tls_here": gettext_lazy("The server does not speak TLS at this port."),
    "no_starttls": gettext_lazy("The server offers no STARTTLS, or no login."),
    "no_mail_server": gettext_lazy("The platform has no mail server."),
    "no_url": gettext_lazy("This is no address that can be called."),
    "bad_header": gettext_lazy("A header holds something that cannot be sent."),
    "sends_on": gettext_lazy("The address sends us on to another one. Please enter the one that answers itself."),
    # What a carrier answers, where it says no more than this.
    "http_status": gettext_lazy("The carrier answered %(status)s."),
    "slow_down": gettext_lazy("The carrier asks us to slow down."),
    "keys_refused": gettext_lazy("The carrier does not know these keys, or they may not do this."),
    "account_state": gettext_lazy("The account cannot be used as it is."),
    "web_page": gettext_lazy("A web page came back where a short answer is expected."),
    "web_page_status": gettext_lazy("A web page with the status %(status)s came back. Is the address right?"),
    "not_smpp": gettext_lazy("The message centre answered something that is not SMPP."),
    "server_refused": gettext_lazy("The server refused."),
    "too_much": gettext_lazy("The server said too much, or took too long."),
    # What became of it later, where the carrier says no more.
    "came_to_nothing": gettext_lazy("The carrier could not bring it, and did not say why."),
    "nobody_there": gettext_lazy("The carrier says that nobody can be reached there."),
    # Browsers.
    "browser_removed": gettext_lazy("The browser has been removed."),
    "browser_unknown": gettext_lazy("This browser cannot be reached: what it gave out is not usable."),
    "browser_ended": gettext_lazy("The browser has ended its subscription."),
    "browser_keys": gettext_lazy("The push service does not take our key for this browser."),
    "push_too_long": gettext_lazy("The push service finds the notification too long."),
    "push_keys": gettext_lazy("The keys are damaged. Disconnect, and connect again."),
    # Texts of an ISP's own.
    "wording": gettext_lazy("It is not written as texts have to be. Open and save it to see where."),
    "approved_text": gettext_lazy("The approved text cannot be sent as it is. Open it to see why."),
    "text_too_long": gettext_lazy("With its values it became longer than any message."),
}
WROTE = "they_wrote"  # the words are not a carrier's, but those of who has the address
# What may stand before a reason.
KINDS = ("Away", "Unclear", "SetupRefused", "Refused", "NoNews", "NoSuchAddress", "OptedOut")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. `said` is what the carrier said, as it came; `plain` a sentence from before there were codes."""

    code: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""
    plain: str = ""

    def __bool__(self) -> bool:
        return bool(self.code or self.said or self.plain)

    @property
    def kept(self) -> str:
        """As it stands in a column of 300 characters."""
        values = json.dumps(self.values, ensure_ascii=False) if self.values else ""
        quoted = f"{OPEN}{self.words}{CLOSE}" if self.said else ""
        return " ".join(part for part in (self.code, values, quoted, self.plain[:MOST]) if part)

    @property
    def words(self) -> str:
        """What was said, cut and without what nobody can read."""
        text = readable(self.said)
        return text if len(text) <= MOST else f"{text[: MOST - 1].rstrip()}…"

    @property
    def sentence(self) -> str:
        """What we say of it, in the language that is active; empty where only the carrier says something."""
        text = str(SENTENCES.get(self.code, self.plain))
        try:
            return text % self.values if self.values else text
        except (KeyError, TypeError, ValueError):
            return text

    @property
    def is_letter(self) -> bool:
        """Whether what was said was written by who has the address."""
        return self.code == WROTE

    @property
    def text(self) -> str:
        """All of it where no quotation can be marked but by its signs."""
        if not self.said:
            return self.sentence
        lead = _("They wrote:") if self.is_letter else _("The carrier said:")
        return " ".join(part for part in (self.sentence, lead, f"{OPEN}{self.words}{CLOSE}") if part)


def said(text: str, code: str = "") -> Reason:
    """What a carrier said in its own words; where it said nothing, the code alone."""
    return Reason(code, said=text)


def either(text: str, code: str, **values: Any) -> Reason:
    """What a carrier said; where it said nothing, a code of ours."""
    return Reason(said=text) if readable(text) else Reason(code, values)


def read(kept: str) -> Reason:
    """A reason as it was kept. What is neither code nor quotation is from before, and stays as it is."""
    if kept in SENTENCES:
        return Reason(kept)
    head, mark, rest = kept.partition(": ")
    whole = rest if mark and head in KINDS else kept
    before, mark, quoted = whole.partition(OPEN)
    if mark and not quoted.endswith(CLOSE):
        return Reason(plain=whole)
    code, _space, values = before.strip().partition(" ")
    if code and code != WROTE and code not in SENTENCES:
        return Reason(plain=whole)
    try:
        told = json.loads(values) if values else {}
    except ValueError:
        return Reason(plain=whole)
    return Reason(code, told if isinstance(told, dict) else {}, quoted.removesuffix(CLOSE))


def readable(text: str) -> str:
    """A text of somebody else on one line: no control characters, nothing invisible that turns it round, no halves."""
    plain = "".join(" " if unicodedata.category(mark) in {"Cc", "Cs", "Zl", "Zp"} else mark for mark in text)
    return " ".join("".join(mark for mark in plain if unicodedata.category(mark) not in {"Cf", "Co", "Cn"}).split())
