"""WhatsApp by Meta's Cloud API, with the ISP's own number: approved templates, and signed callbacks."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.channels.base import (
    ApprovalNews,
    Approved,
    Away,
    Channel,
    Event,
    Fate,
    Field,
    Forged,
    Incoming,
    NoNews,
    NoSuchAddress,
    Parcel,
    SetupRefused,
    Taken,
    Told,
)
from messaging.channels.outside import Answer, Session, read_json, refused, sound
from messaging.channels.reasons import Reason
from messaging.channels.whatsapp.templates import approved, components

FATES = {"delivered": Fate.DELIVERED, "read": Fate.DELIVERED, "failed": Fate.FAILED}
NOBODY = {131026, 131021, 1013}  # no WhatsApp there
NO_NEWS = {131050}  # what Meta takes for advertising, by whoever was to get it
# Meta pauses an approved text for some hours (132015); whoever is written to meanwhile gets it afterwards.
LATER = {2, 4, 80007, 130429, 131048, 131056, 131057, 131000, 131016, 132015, 133004}
FOR_ALL = {4, 80007, 130429, 131048, 131057}  # not of one message or one person: the whole account waits
KEYS = {190, 3, 10, 200, 33, 131005, 131031, 131042, 133010, 368}
CHANGED = gettext_lazy(
    "What was sent along does not fit the approved text, which was changed at Meta. Fetch the approved texts in the "
    "settings of WhatsApp, then choose what stands in its places again."
)
HINTS = {
    "131026": gettext_lazy("The number has no WhatsApp, or has not agreed to its terms."),
    "131047": gettext_lazy(
        "The customer's last message is more than a day old, so WhatsApp takes nothing but an approved text. Choose "
        "one for this message under Texts of messages."
    ),
    "131049": gettext_lazy("WhatsApp holds advertising back from people who get much of it."),
    "131050": gettext_lazy(
        "The customer has told WhatsApp to bring no advertising from you, so news are not sent there any more. Bills "
        "and notices still arrive, if Meta takes their text for one about the service."
    ),
    "132000": CHANGED,
    "132001": gettext_lazy(
        "Meta has no approved text of this name in this language. Fetch the approved texts in the settings of WhatsApp."
    ),
    "132005": gettext_lazy("With its values the text is longer than Meta allows."),
    "132007": gettext_lazy("Meta finds that the text breaks its rules."),
    "132012": CHANGED,
    "132015": gettext_lazy("Meta has paused the approved text, as too many people complained. It is tried again."),
    "132016": gettext_lazy("Meta has disabled the approved text for good. Choose another one for this message."),
}
# What Meta says of an approved text, where it is not the new state itself.
STATES = {"reinstated": "approved", "unarchived": "approved", "unlocked": "approved"}
WRITTEN = {"text", "button", "interactive", "image", "audio", "video", "document", "sticker", "location", "contacts"}
SAID = 160  # characters of an error, so that its number stays when it is cut
PER_PAGE, PAGES = 40, 25  # templates, with all their parts; more in one answer would be cut off


class WhatsAppChannel(Channel):
    name = "whatsapp"
    title = "WhatsApp"
    about = gettext_lazy(
        "Through Meta's Cloud API, with texts that Meta has approved. You need a business account there."
    )
    medium = "whatsapp"
    calls_back = True
    hears_answers = True
    has_templates = True
    hints = HINTS
    fields = [
        Field("phone", gettext_lazy("Phone number ID"), gettext_lazy("In Meta: WhatsApp, API setup. Digits only.")),
        Field("business", gettext_lazy("WhatsApp Business account ID"), gettext_lazy("It stands there, too.")),
        Field(
            "token",
            gettext_lazy("Access token"),
            gettext_lazy("Of a system user, that does not run out, with whatsapp_business_messaging."),
            is_secret=True,
        ),
        Field("app_secret", gettext_lazy("App secret"), gettext_lazy("In Meta: App settings, basic."), is_secret=True),
        Field(
            "verify_token",
            gettext_lazy("Verify token"),
            gettext_lazy(
                "Paste it in Meta under Webhooks, with the address shown here, and choose “messages”, "
                "“message_template_status_update” and “message_template_components_update”."
            ),
            is_made=True,
        ),
    ]

    def __post_init__(self) -> None:
        self.session = Session()

    def close(self) -> None:
        self.session.close()

    @classmethod
    def mistakes(cls, values: Mapping[str, str]) -> dict[str, str]:
        text = _("Enter the number alone: digits only.")
        wrong = [name for name in ("phone", "business") if not re.fullmatch(r"[0-9]{1,30}", values.get(name, ""))]
        return dict.fromkeys(wrong, text)

    def _call(self, method: str, path: str, field: str, **options: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.setup.values['token']}"}
        answer = self.session.call(method, f"{settings.WHATSAPP_API_BASE}/{path}", headers=headers, **options)
        data = answer.data if isinstance(answer.data, dict) else {}
        if isinstance(data.get("error"), dict):
            raise self._problem(data["error"], answer, field)
        sound(answer)
        if answer.status >= 400 or not data:
            raise SetupRefused(Reason("http_status", {"status": answer.status}), field)
        return data

    def _problem(self, error: dict[str, Any], answer: Answer, field: str) -> Exception:
        code = error.get("code")
        code = code if isinstance(code, int) else 0
        details = error.get("error_data")
        said = details.get("details") if isinstance(details, dict) else ""
        text = " ".join(str(said or error.get("message") or "").split())[:SAID]
        text = f"{text} (#{code})".strip() if code else text
        if code in LATER or answer.status == 429 or answer.status >= 500:
            return Away(text, answer.after or (60.0 if answer.status == 429 or code in FOR_ALL else None))
        if code in KEYS or 200 <= code < 300 or answer.status in {401, 403}:
            return SetupRefused(text, "token")
        if code == 100 and field:
            return SetupRefused(text, field)
        if code in NO_NEWS:
            return NoNews(text)
        return NoSuchAddress(text) if code in NOBODY else refused(text, status=answer.status)

    def check(self) -> str:
        data = self._call(
            "GET", self.setup.values["phone"], "phone", params={"fields": "display_phone_number,verified_name"}
        )
        self._call("GET", f"{self.setup.values['business']}/message_templates", "business", params={"limit": 1})
        return f"{data.get('verified_name', '')} {data.get('display_phone_number', '')}".strip()[:200]

    def templates(self) -> list[Approved]:
        found, params = [], {"limit": str(PER_PAGE), "fields": "name,language,status,category,components"}
        for _page in range(PAGES):
            path = f"{self.setup.values['business']}/message_templates"
            data = self._call("GET", path, "business", params=params)
            found += [approved(row) for row in data.get("data", []) if isinstance(row, dict)]
            after = ((data.get("paging") or {}).get("cursors") or {}).get("after")
            if not after or not (data.get("paging") or {}).get("next"):
                break
            params = {**params, "after": after}
        return found

    def send(self, parcel: Parcel) -> Taken:
        body: dict[str, Any] = {"messaging_product": "whatsapp", "to": parcel.to.lstrip("+")}
        body["biz_opaque_callback_data"] = parcel.key
        if name := parcel.data.get("template"):
            language = {"code": parcel.data.get("language")}
            parts = components(parcel.data.get("holes") or {})
            body |= {"type": "template", "template": {"name": name, "language": language, "components": parts}}
        else:
            # Taken only within a day of what the person wrote last.
            body |= {"type": "text", "text": {"body": parcel.text, "preview_url": False}}
        data = self._call("POST", f"{quote(self.setup.values['phone'], safe='')}/messages", "", json=body)
        messages = data.get("messages") or [{}]
        return Taken(str(messages[0].get("id") or ""), 1)

    def greeting(self, query: Mapping[str, str]) -> str | None:
        if query.get("hub.mode") != "subscribe":
            return None
        due = str(self.setup.values.get("verify_token") or "")
        if not due or not hmac.compare_digest(due.encode(), query.get("hub.verify_token", "").encode()):
            raise Forged("The verify token does not fit.")
        return query.get("hub.challenge", "")[:200]

    def events(self, *, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> list[Told]:
        secret = str(self.setup.values.get("app_secret") or "")
        due = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if not secret or not hmac.compare_digest(due.encode(), headers.get("X-Hub-Signature-256", "").encode()):
            raise Forged("The signature does not fit.")
        try:
            return list(self._told(read_json(body)))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise Forged("This is no notification.") from error

    def _told(self, data: Any) -> Iterator[Told]:
        for entry in data.get("entry", []):
            for change in entry.get("changes", []):
                value = change.get("value") or {}
                if str(change.get("field") or "").startswith(("message_template_", "template_")):
                    if str(entry.get("id")) == self.setup.values["business"]:
                        yield from filter(None, [_news(change["field"], value)])
                    continue
                # One app may serve several numbers; others' are not ours to hear.
                if str((value.get("metadata") or {}).get("phone_number_id")) != self.setup.values["phone"]:
                    continue
                yield from filter(None, map(_fate, value.get("statuses") or []))
                yield from filter(None, map(_answer, value.get("messages") or []))


def _fate(row: dict[str, Any]) -> Event | None:
    fate = FATES.get(row.get("status", ""))
    if fate is None or not row.get("id"):
        return None
    error = next(iter(row.get("errors") or []), {})
    if fate is Fate.FAILED and error.get("code") in NOBODY | NO_NEWS:
        fate = Fate.NO_NEWS if error["code"] in NO_NEWS else Fate.BOUNCED
    return Event(str(row["id"]), fate, _reason(error), _moment(row))


def _reason(error: dict[str, Any]) -> str:
    """Why a message did not arrive, with the number that says what to do."""
    details = error.get("error_data")
    said = details.get("details") if isinstance(details, dict) else ""
    code = f"(#{error['code']})" if isinstance(error.get("code"), int) else ""
    return f"{str(said or error.get('title') or '')[:SAID]} {code}".strip()


def _news(field: str, value: dict[str, Any]) -> ApprovalNews | None:
    """What happened to an approved text. That it may be disabled soon changes nothing yet."""
    name, language = (str(value.get(f"message_template_{part}") or "")[:512] for part in ("name", "language"))
    state = str(value.get("event") or "").lower()[:30]
    if not name or not language or state == "flagged":
        return None
    if field != "message_template_status_update":
        state = ""
    return ApprovalNews(name, language, STATES.get(state, state))


def _moment(row: dict[str, Any]) -> datetime | None:
    told = str(row.get("timestamp") or "")
    if not (told.isascii() and told.isdigit() and len(told) < 12):
        return None
    return datetime.fromtimestamp(int(told), UTC)


def _answer(row: dict[str, Any]) -> Incoming | None:
    """What somebody has written; nothing of what is none, such as a reaction or a new number."""
    sender = str(row.get("from") or "")
    if row.get("type", "text") not in WRITTEN or not sender.isdigit():
        return None
    said = row.get("interactive") or {}
    reply = said.get("button_reply") or said.get("list_reply") or {}
    text = (row.get("text") or {}).get("body") or (row.get("button") or {}).get("text") or reply.get("title")
    return Incoming(f"+{sender}", str(text or ""), str(row.get("id") or "")[:160], _moment(row))


CHANNEL = WhatsAppChannel
