"""From the cells of a row to what they mean, by target, with what is wrong. No query: lists are loaded beforehand."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from company import tax_ids
from core.folding import folded, plain
from core.tabular.problems import problem
from core.tabular.values import BadValue, is_nothing, read_date
from imports import values
from imports.answers import TWO_SURNAMES, state_of
from imports.models import Batch, Row
from imports.targets import JOINED, SERVICE_DETAILS
from subscribers.models import Service, Subscriber

TEXTS = {
    "first_name": 80,
    "last_name": 80,
    "id_number": 40,
    "address": 200,
    "district": 80,
    "city": 80,
    "postcode": 12,
    "business_name": 160,
    "tax_id": 40,
    "billing_address": 300,
    "service_address": 200,
    "queue": 80,
    "notes": 2000,
    "tariff": 80,
    "zone": 80,
    "router": 80,
    "group": 80,
}
TOLD = {"bad_tax_id"}  # the text is taken all the same: others have kept it for years
LISTS = {"zone": "unknown_zone", "router": "unknown_router", "group": "unknown_group"}
COMPANY_ENDINGS = {"sa", "srl", "sac", "ltda", "sas", "sapi", "inc", "llc", "ltd", "sro", "gmbh", "eirl", "spa", "lda"}


@dataclass
class Rules:
    """How the cells of one import are read."""

    columns: dict[str, list[int]]  # places by target
    answers: dict[str, Any]
    country: str
    today: date
    known: dict[str, set[str]] = field(default_factory=dict)  # plain names of tariffs, zones, routers, groups there are

    @classmethod
    def of(cls, batch: Batch, *, country: str, today: date, known: dict[str, set[str]]) -> "Rules":
        columns: dict[str, list[int]] = {}
        for place, target in sorted(batch.mapping.items(), key=lambda item: int(item[0])):
            columns.setdefault(target, []).append(int(place))
        return cls(columns, batch.answers, country, today, known)


def clean(row: Row, rules: Rules) -> None:
    """Set the row's values, and its problems as far as the row alone tells them."""
    row.problems, row.values = list(row.flaw), {}
    for target, places in rules.columns.items():
        cells = [row.cells[place] for place in places if place < len(row.cells) and not is_nothing(row.cells[place])]
        if not cells:
            continue
        try:
            text = ", ".join(dict.fromkeys(cells)) if target in JOINED else cells[0]
            _read(target, text, row, rules)
        except BadValue as error:
            row.problems.append(problem(error.code, places[0], is_error=error.code not in TOLD, **error.details))
    _complete(row, rules)


def _read(target: str, text: str, row: Row, rules: Rules) -> None:
    found, answers = row.values, rules.answers
    match target:
        case "number" | "service_number":
            found[target] = values.read_number(text)
        case "full_name":
            _read_name(text, found, rules)
        case "email" | "billing_email":
            found[target] = values.read_email(text)
        case "mobile":
            phones = values.read_phones(text, country=rules.country)
            found["mobile"] = phones[0] if phones else ""
            if len(phones) > 1 and "second_mobile" not in found:
                found["second_mobile"] = phones[1]
        case "second_mobile":
            phones = values.read_phones(text, country=rules.country)
            if phones and phones[0] != found.get("mobile"):
                found["second_mobile"] = phones[0]
        case "since" | "started_on" | "ended_on":
            later = timedelta(days=366) if target == "ended_on" else timedelta(0)
            order = answers.get("dates", {}).get(target, "dmy")
            found[target] = read_date(text, order=order, today=rules.today + later).isoformat()
        case "price" | "balance":
            _read_amount(target, text, found, answers)
        case "ip":
            found["ip"] = values.read_ip(text)
        case "username":
            found["username"] = values.read_login(text)
        case "download" | "upload":
            found[target] = values.read_speed(text)
        case "kind":
            found["kind"] = values.read_kind(text)
        case "state":
            _read_state(text, found, answers)
        case "tax_id":
            found["tax_id"] = _short(text.upper(), 40)
            found["tax_id"] = _tax_id(text, rules.country)
        case _:
            found[target] = _short(text, TEXTS[target])
    is_closed = target in LISTS and answers.get("lists", {}).get(target) == "bad"
    if is_closed and plain(text) not in rules.known.get(target, set()):
        raise BadValue(LISTS[target], value=text[:80])
    if target == "tariff":
        _check_tariff(text, rules)


def _tax_id(text: str, country: str) -> str:
    try:
        return tax_ids.stored(text, country=country)
    except tax_ids.BadTaxId as error:
        raise BadValue("bad_tax_id", value=text[:40]) from error


def _short(text: str, most: int) -> str:
    if len(text) > most:
        raise BadValue("too_long", most=most)
    return text


def _read_name(text: str, found: dict[str, Any], rules: Rules) -> None:
    _short(text, 160)
    words = folded(text.replace(".", "")).split()
    if words and words[-1] in COMPANY_ENDINGS and len(words) > 1:
        found.setdefault("business_name", text)
        found.setdefault("kind", Subscriber.Kind.COMPANY.value)
        found["first_name"] = _short(text, 80)
        return
    surnames = 2 if rules.country.upper() in TWO_SURNAMES else 1
    order = rules.answers.get("order", "first")
    found["first_name"], found["last_name"] = values.split_name(text, order=order, surnames=surnames)


def _read_amount(target: str, text: str, found: dict[str, Any], answers: dict[str, Any]) -> None:
    amount = values.read_amount(text, point=answers.get("points", {}).get(target, "."))
    if target == "price" and amount < 0:
        raise BadValue("negative", value=text[:40])
    if target == "balance" and answers.get("sign") == "credit":
        amount = -amount
    found[target] = str(amount)


def _read_state(text: str, found: dict[str, Any], answers: dict[str, Any]) -> None:
    word = folded(text)
    state = answers.get("states", {}).get(word) or state_of(text)
    if not state or word in answers.get("refused_states", []):
        raise BadValue("unknown_state", value=text[:40])
    found["state"] = state


def _check_tariff(text: str, rules: Rules) -> None:
    answer = rules.answers.get("tariffs", {}).get(plain(text), {})
    is_known = plain(text) in rules.known.get("tariff", set())
    if answer.get("bad") or not (is_known or answer.get("use") or answer.get("download")):
        raise BadValue("unknown_tariff", value=text[:80])


def _complete(row: Row, rules: Rules) -> None:
    """What follows from several cells together."""
    found = row.values
    failed = {each["column"] for each in row.problems if each["is_error"]}
    if not found.get("first_name"):
        name = found.get("business_name") or found.pop("last_name", "")
        found["first_name"] = str(name)[:80]
    if not found["first_name"] and not row.flaw:
        places = [place for target in ("full_name", "first_name") for place in rules.columns.get(target, [])]
        if not failed & set(places):
            row.problems.append(problem("required", places[0] if places else None))
    if found.get("business_name") and "kind" not in found and "kind" not in rules.columns:
        found["kind"] = Subscriber.Kind.COMPANY.value
    has_tariff = "tariff" in found or failed & set(rules.columns.get("tariff", []))
    details = sorted(t for t in SERVICE_DETAILS if found.get(t) and t != "queue")
    if details and not has_tariff:
        is_error = bool(found.get("ip") or found.get("service_number"))
        row.problems.append(problem("no_tariff", rules.columns[details[0]][0], is_error=is_error))
    if found.get("ip") and found.get("state") != Service.State.ENDED:
        found["address_key"] = f"{plain(found.get('router', ''))}|{found['ip']}"
