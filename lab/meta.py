"""Meta's Cloud API of WhatsApp for a carrier on loopback: it gives its templates, and takes what fits them alone.

Like Meta it refuses lists of parameters that do not fit a template's components (132000), empty ones and those with
line breaks (131008), and templates that it does not know (132001), has paused (132015) or disabled (132016).
"""

import re
from typing import Any

from lab.carriers import Call, Reply

HOLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
LONGEST = {"header": 60, "body": 1024}
WITH_FILES = {"IMAGE", "VIDEO", "DOCUMENT", "LOCATION"}
BY_STATE = {"PAUSED": 132015, "DISABLED": 132016}
BUTTONS = {"URL": "url", "COPY_CODE": "copy_code"}


class Refusal(Exception):
    """What Meta says, with its number."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def template(name: str, language: str, *components: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A row of Meta's list."""
    usual = {"status": "APPROVED", "category": "UTILITY", "id": str(abs(hash(name)) % 10**9)}
    return {"name": name, "language": language, **usual, **more, "components": list(components)}


class Meta:
    """Answers for a phone and a business account; `sent` keeps what was taken, as somebody reads it."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.sent: list[dict[str, Any]] = []

    def __call__(self, call: Call) -> Reply:
        try:
            return Reply(200, self._answer(call))
        except Refusal as refusal:
            error = {"code": refusal.code, "message": f"(#{refusal.code}) {refusal}", "type": "OAuthException"}
            return Reply(400, {"error": {**error, "error_data": {"details": str(refusal)}}})

    def _answer(self, call: Call) -> dict[str, Any]:
        if call.path.endswith("/message_templates"):
            return {"data": self.rows, "paging": {"cursors": {"after": "x"}}}
        if call.path.endswith("/messages"):
            said = call.json
            text = self._read(said["template"]) if said["type"] == "template" else said["text"]["body"]
            self.sent.append({"to": said["to"], "text": text})
            return {"messages": [{"id": f"wamid.{len(self.sent)}"}]}
        return {"verified_name": "Lab", "display_phone_number": "+52 55 1234 0000"}

    def _read(self, said: dict[str, Any]) -> str:
        wanted = said["name"], said["language"]["code"]
        row = next((each for each in self.rows if (each["name"], each["language"]) == wanted), None)
        if row is None:
            raise Refusal(132001, "Template name does not exist in the translation")
        if code := BY_STATE.get(row["status"]):
            raise Refusal(code, f"Template is {row['status'].lower()}")
        given = {(each["type"], each.get("index", "")): each["parameters"] for each in said.get("components", [])}
        lines = [line for part in row["components"] for line in _part(part, given)]
        if given:
            raise Refusal(132000, f"Number of parameters does not match the expected number of params: {list(given)}")
        return "\n".join(lines)


def _part(part: dict[str, Any], given: dict[tuple[str, str], list[dict[str, Any]]]) -> list[str]:
    """The lines of a component; what was given for it is taken out of `given`."""
    if part["type"] == "BUTTONS":
        return [_button(number, each, given) for number, each in enumerate(part["buttons"])]
    if part.get("format") in WITH_FILES:
        raise Refusal(132012, f"header: Format mismatch, expected {part['format']}, received UNKNOWN")
    name = part["type"].lower()
    holes = list(dict.fromkeys(HOLE.findall(part["text"])))
    values = _values(name, holes, given.pop((name, ""), []))
    text = HOLE.sub(lambda hit: values[hit[1]], part["text"])
    if len(text) > LONGEST.get(name, len(text)):
        raise Refusal(132005, "Translated text too long")
    return [text]


def _button(number: int, button: dict[str, Any], given: dict[tuple[str, str], list[dict[str, Any]]]) -> str:
    kind, address = BUTTONS.get(button["type"], ""), button.get("url", "")
    holes = ["1"] if kind == "copy_code" else HOLE.findall(address)
    parameters = given.pop(("button", str(number)), [])
    if kind == "copy_code" and parameters:
        parameters = [{"type": "text", "text": parameters[0]["coupon_code"]}]
    values = _values(f"button {number}", holes, parameters)
    return f"[{button['text']}] {HOLE.sub(lambda hit: values[hit[1]], address) or ' '.join(values.values())}".strip()


def _values(where: str, holes: list[str], parameters: list[dict[str, Any]]) -> dict[str, str]:
    if len(parameters) != len(holes):
        words = f"{where}: number of localizable_params ({len(parameters)}) does not match the expected number"
        raise Refusal(132000, f"{words} of params ({len(holes)})")
    names = [each.get("parameter_name", hole) for each, hole in zip(parameters, holes, strict=True)]
    if set(names) != set(holes) or any(not hole.isdigit() and "parameter_name" not in parameters[0] for hole in holes):
        raise Refusal(132000, f"{where}: parameter names do not match")
    for each in parameters:
        if not each["text"] or "\n" in each["text"] or "    " in each["text"]:
            raise Refusal(131008, f"{where}: Parameter text is missing or has new-line characters or 4 spaces")
    return {name: each["text"] for name, each in zip(names, parameters, strict=True)}
