"""The hosted page: a card or a voucher; and the shop where a voucher is paid."""

import time
from html import escape
from typing import Any

from lab.stripe.books import Row
from lab.stripe.money import DECLINES, DECLINES_LATER, Till

STYLE = """
:root{color-scheme:light dark;--line:#d5dbe1;--ink:#1a1f36;--soft:#697386;--paper:#fff;--back:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--line:#3b4252;--ink:#e6e9ef;--soft:#9aa4b5;--paper:#1b2130;--back:#11151f}}
*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;background:var(--back);color:var(--ink)}
main{max-width:26rem;margin:0 auto;padding:2rem 1rem}
.strip{background:#ffde92;color:#3d2b00;text-align:center;padding:.35rem;font-size:.875rem}
.card{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:1.25rem;margin-top:1rem}
.amount{font-size:2rem;font-weight:650}.soft{color:var(--soft)}.row{display:flex;gap:.75rem}.row>*{flex:1;min-width:0}
label{display:block;margin:.75rem 0 .25rem;font-size:.875rem}
input:not([type=radio]){width:100%;padding:.6rem .7rem;font:inherit;border:1px solid var(--line);border-radius:6px;
background:transparent;color:inherit}
button{width:100%;margin-top:1.25rem;padding:.75rem;font:inherit;font-weight:600;border:0;border-radius:6px;
background:#0055de;color:#fff;cursor:pointer}
.plain{background:transparent;color:inherit;border:1px solid var(--line);margin-top:.75rem}
.error{background:#fde3e3;color:#8a1010;border-radius:6px;padding:.6rem .75rem;margin-top:1rem}
.choice{display:flex;gap:.5rem;align-items:center;margin:.25rem 0}a{color:inherit}
"""
WORDS = {
    "en": {
        "strip": "Test desk: no money moves here",
        "card": "Card",
        "voucher": "Cash at a shop",
        "transfer": "Bank transfer (SPEI)",
        "number": "Card number",
        "until": "Valid until (MM/YY)",
        "code": "Security code",
        "pay": "Pay",
        "back": "Back without paying",
        "declined": "Your card was declined.",
        "bad_number": "This card number is not complete.",
        "bad_date": "This date is not valid.",
        "over": "This page is over. Nothing was paid here.",
        "done": "This was paid already.",
        "slip": "Payment slip",
        "slip_hint": "Show this number at the shop. It is valid for three days.",
        "at_shop": "Play the shop: pay this slip",
        "never": "Play the end: let the slip run out",
        "slip_over": "This slip is not waiting for money.",
        "saves": "The card is kept for later payments.",
    },
    "es": {
        "strip": "Caja de pruebas: aquí no se mueve dinero",
        "card": "Tarjeta",
        "voucher": "Efectivo en tienda",
        "transfer": "Transferencia bancaria (SPEI)",
        "number": "Número de la tarjeta",
        "until": "Válida hasta (MM/AA)",
        "code": "Código de seguridad",
        "pay": "Pagar",
        "back": "Volver sin pagar",
        "declined": "La tarjeta fue rechazada.",
        "bad_number": "El número de la tarjeta no está completo.",
        "bad_date": "La fecha no es válida.",
        "over": "Esta página ya terminó. Aquí no se pagó nada.",
        "done": "Esto ya está pagado.",
        "slip": "Ficha de pago",
        "slip_hint": "Muestre este número en la tienda. Vale tres días.",
        "at_shop": "Hacer de tienda: pagar esta ficha",
        "never": "Dejar vencer la ficha",
        "slip_over": "Esta ficha no espera dinero.",
        "saves": "La tarjeta se guarda para pagos futuros.",
    },
}


def words(row: Row) -> dict[str, str]:
    return WORDS["es" if str(row.get("locale") or "").startswith("es") else "en"]


def page(text: dict[str, str], body: str) -> str:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(text['pay'])}</title><style>{STYLE}</style><div class=strip>{escape(text['strip'])}</div>"
        f"<main>{body}</main></html>"
    )


def price(row: Row, amount: int) -> str:
    return f"{row['currency'].upper()} {amount / 100:,.2f}"


def form(till: Till, session: Row, error: str = "") -> str:
    """The page on which somebody pays."""
    text = words(session)
    shop = escape(till.ledger.account["business_profile"]["name"])
    if session["status"] != "open":
        return page(text, f"<p>{escape(text['done' if session['status'] == 'complete' else 'over'])}</p>")
    slips = session["payment_method_types"][1:]
    choice = "".join(
        f"<label class=choice><input type=radio name=way value={way}{' checked' if way == 'card' else ''}>"
        f"{escape(name_of(way, text))}</label>"
        for way in ["card", *slips]
    )
    saves = f"<p class=soft>{escape(text['saves'])}</p>" if session["_intent"].get("setup_future_usage") else ""
    cancel = session["cancel_url"]
    back = f"<p><a href='{escape(cancel)}'>{escape(text['back'])}</a></p>" if cancel else ""
    items = escape(", ".join(session["_items"]))
    body = f"""<div class=soft>{shop}</div><div class=amount>{price(session, session["amount_total"])}</div>
<div class=soft>{items}</div>
<form method=post class=card>{f"<div class=error role=alert>{escape(error)}</div>" if error else ""}
{choice if slips else "<input type=hidden name=way value=card>"}
<label for=number>{escape(text["number"])}</label><input id=number name=number inputmode=numeric
 placeholder="4242 4242 4242 4242" autocomplete=off>
<div class=row><div><label for=until>{escape(text["until"])}</label>
<input id=until name=until placeholder="12/34"></div>
<div><label for=code>{escape(text["code"])}</label><input id=code name=code placeholder=123></div></div>{saves}
<button>{escape(text["pay"])} {price(session, session["amount_total"])}</button></form>{back}"""
    return page(text, body)


def name_of(way: str, text: dict[str, str]) -> str:
    if way == "customer_balance":
        return text["transfer"]
    return text["card"] if way == "card" else f"{text['voucher']} ({way.title()})"


def voucher(till: Till, intent: Row) -> str:
    """The slip, with buttons that play the shop."""
    session = next(iter(till.ledger.find("checkout.session", payment_intent=intent["id"])), {})
    text = words(session)
    if intent["status"] != "requires_action":
        return page(text, f"<p>{escape(text['slip_over'])}</p>")
    details = intent["next_action"][intent["next_action"]["type"]]
    return page(
        text,
        f"<h1>{escape(text['slip'])}</h1><div class=amount>{price(intent, intent['amount'])}</div>"
        f"<div class=card><div class=amount>{details['number']}</div>"
        f"<p class=soft>{escape(text['slip_hint'])}</p></div>"
        f"<form method=post><button name=end value=paid>{escape(text['at_shop'])}</button>"
        f"<button class=plain name=end value=never>{escape(text['never'])}</button></form>",
    )


def pay(till: Till, session: Row, data: dict[str, Any]) -> tuple[str, str]:
    """Take what was entered: the address to go to, or what to say on the page instead."""
    text = words(session)
    if session["status"] != "open":
        return "", text["over"]
    way = data.get("way", "card")
    if way not in session["payment_method_types"]:
        return "", text["over"]
    method = None
    if way == "card":
        number = "".join(char for char in data.get("number", "") if char.isdigit())
        if not is_card(number):
            return "", text["bad_number"]
        until = valid_until(data.get("until", ""))
        if until is None:
            return "", text["bad_date"]
        method = till.card(number, *until)
    intent = _intent_of(till, session)
    if method is None:
        till.hand_out_voucher(intent, way)
    elif not till.pay(intent, method):
        return "", text["declined"]
    session.update(status="complete", payment_status="unpaid" if method is None else "paid", url=None)
    till.ring("checkout.session.completed", session)
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), ""


def _intent_of(till: Till, session: Row) -> Row:
    if session["payment_intent"]:
        return till.ledger.rows[session["payment_intent"]]
    wanted = session["_intent"]
    if wanted.get("setup_future_usage") and not session["customer"]:
        session["customer"] = till.ledger.add("customer", email=session["customer_email"], name=None, metadata={})["id"]
    intent = till.intent(
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        metadata=wanted.get("metadata", {}),
        description=wanted.get("description"),
        setup_future_usage=wanted.get("setup_future_usage"),
    )
    intent["_email"] = session["customer_email"]
    session["payment_intent"] = intent["id"]
    return intent


def is_card(number: str) -> bool:
    """Whether the check digit fits."""
    digits = [int(char) for char in reversed(number)]
    total = sum(d if n % 2 == 0 else sum(divmod(2 * d, 10)) for n, d in enumerate(digits))
    return 13 <= len(digits) <= 19 and total % 10 == 0


def valid_until(text: str) -> tuple[int, int] | None:
    """Month and year of `12/34`, unless they are over."""
    month, _, year = text.replace(" ", "").partition("/")
    if not (month.isdigit() and year.isdigit() and 1 <= int(month) <= 12):
        return None
    full = int(year) + (2000 if len(year) == 2 else 0)
    now = time.gmtime()
    return (int(month), full) if (full, int(month)) >= (now.tm_year, now.tm_mon) else None


__all__ = ["DECLINES", "DECLINES_LATER", "form", "pay", "voucher"]
