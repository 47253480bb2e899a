"""Every address of every surface, and what to put into its holes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tests.isolation.world import Side, World

SURFACES = ("platform", "dashboard", "portal", "shared_portal")
HOLE = re.compile(r"<(?:[a-z_]+:)?([a-z_]+)>")


@dataclass(frozen=True)
class Address:
    surface: str
    route: str
    view: Any

    @property
    def key(self) -> str:
        return f"{self.surface} /{self.route}"

    @property
    def holes(self) -> list[str]:
        return HOLE.findall(self.route)


def addresses(surface: str) -> list[Address]:
    """Every route that the surface's urlconf serves; of a route that is there twice, the first."""
    found = {}
    for address in _walk(surface, get_resolver(f"core.urls.{surface}"), ""):
        found.setdefault(address.key, address)
    return list(found.values())


def _walk(surface: str, resolver: URLResolver, prefix: str) -> Iterator[Address]:
    for part in resolver.url_patterns:
        route = prefix + str(part.pattern)
        if isinstance(part, URLPattern):
            yield Address(surface, route, part.callback)
        else:
            yield from _walk(surface, part, route)


def rows(side: Side, label: str) -> list[str]:
    """Of the first three rows: of files, the logo and two documents."""
    return [str(row.uuid) for number, row in side.rows[label].items() if number <= 3]


# What goes into a hole for one ISP, by "surface name" or by name alone. A new hole needs one line here.
FILLINGS: dict[str, Any] = {
    "slug": lambda side: [side.isp.slug],
    "identifier": lambda side: [side.isp.slug, str(side.isp.uuid)],
    "file": lambda side: rows(side, "core.storedfile"),
    "domain": lambda side: [row.domain for row in side.rows["company.captchakeys"].values()],
    "claim": lambda side: [str(side.public["claim"].uuid)],
    "key": lambda side: [side.public["claim"].page_key],
    "batch": lambda side: rows(side, "imports.batch"),
    "preset": lambda side: rows(side, "imports.preset"),
    "statement": lambda side: rows(side, "payments.statement"),
    "line": lambda side: rows(side, "payments.bankline"),
    "match": lambda side: rows(side, "payments.match"),
    "method": lambda side: rows(side, "payments.paymentmethod"),
    "view": lambda side: rows(side, "subscribers.savedview"),
    "kind": lambda side: ["csv", "xlsx", "pdf"],
    "invoice": lambda side: rows(side, "billing.invoice"),
    "billing_run": lambda side: rows(side, "billing.billingrun"),
    "discount": lambda side: rows(side, "billing.discount"),
    "channel": lambda side: ["http_sms", "twilio"],
    "account": lambda side: rows(side, "messaging.channelaccount"),
    "browser": lambda side: rows(side, "messaging.browser"),
    "contact": lambda side: rows(side, "subscribers.contact"),
    "gateway": lambda side: ["stripe", "mercado_pago"],
    "card": lambda side: rows(side, "payments.savedmethod"),
    "checkout": lambda side: rows(side, "payments.checkout"),
    "stray": lambda side: rows(side, "payments.straypayment"),
    "member": lambda side: [str(next(iter(side.staff.values())).uuid)],
    "clerk": lambda side: [str(next(iter(side.staff.values())).uuid)],
    "day": lambda side: ["2026-01-01"],
    "closing": lambda side: rows(side, "payments.cashclosing"),
    "document": lambda side: rows(side, "preinstall.requestdocument"),
    "paper": lambda side: rows(side, "subscribers.subscriberdocument"),
    "announcement": lambda side: rows(side, "subscribers.announcement"),
    "message": lambda side: rows(side, "messaging.message"),
    "note": lambda side: rows(side, "subscribers.note"),
    "service": lambda side: ["1", "2"],
    "tariff": lambda side: rows(side, "subscribers.tariff"),
    "zone": lambda side: rows(side, "subscribers.zone"),
    "router": lambda side: rows(side, "subscribers.router"),
    "group": lambda side: rows(side, "company.invoicegroup"),
    "photo": lambda side: rows(side, "preinstall.installationphoto"),
    "change": lambda side: rows(side, "subscribers.profilechange"),
    "consent": lambda side: rows(side, "subscribers.consentdocument"),
    "version": lambda side: ["1", "2"],
    "parcel": lambda side: rows(side, "subscribers.personalexport"),
    "sending": lambda side: rows(side, "subscribers.sending"),
    "wish": lambda side: rows(side, "subscribers.personalrequest"),
    "exception": lambda side: rows(side, "billing.suspensionexception"),
    "promise": lambda side: rows(side, "billing.promise"),
    "plan": lambda side: rows(side, "billing.instalmentplan"),
    "rule": lambda side: rows(side, "billing.suspensionrule"),
    "cut": lambda side: rows(side, "billing.plannedcut"),
    "holiday": lambda side: rows(side, "billing.holiday"),
    "reminder": lambda side: rows(side, "billing.reminderrule"),
    "sheet": lambda side: ["1"],
    "number": lambda side: ["1", "2"],
    "token": lambda side: [side.secrets["invitation"], side.secrets["set-password"]],
    "portal token": lambda side: [
        side.secrets["portal-set-password"],
        side.secrets["auto-login"],
        side.secrets["captcha-test"],
        side.secrets["cut-off-list"],
        side.secrets["balance"],
    ],
    "shared_portal token": lambda side: [side.secrets["balance"]],
    "report": lambda side: rows(side, "payments.paymentreport"),
    "login": lambda side: rows(side, "subscribers.portaluser"),
    "link": lambda side: rows(side, "subscribers.autologinlink"),
    "run": lambda side: [
        *rows(side, "subscribers.loginrun"),
        *rows(side, "subscribers.bulkrun"),
        *rows(side, "billing.suspensionrun"),
    ],
    "secret": lambda side: [side.secrets["sign-up"]],
    "export": lambda side: [str(side.public["export"].uuid)],
    "receipt": lambda side: receipts(side),
    "notice": lambda side: ["cut-off", "maintenance"],
    "event": lambda side: ["billing-reminder"],
    "text": lambda side: rows(side, "messaging.owntext"),
    "source": lambda side: rows(side, "billing.noticesource"),
    "address": lambda side: rows(side, "billing.listtoken"),
    "portal link": lambda side: notice_links(side),
    "portal kind": lambda side: ["txt", "json"],
    "purpose": lambda side: ["tenants.sign-up"],
    "platform uuid": lambda side: [str(side.isp.uuid), str(side.public["sign-up"].uuid)],
}


def notice_links(side: Side) -> list[str]:
    """What stands in the address of a subscriber's notice page, and the keys of the links that the account lists."""
    from billing.notice_links import notice_path
    from core.scope import isp_scope
    from messaging.events.base import Kind
    from messaging.models import Medium
    from messaging.opt_out_links import Wish, opt_out_url

    with isp_scope(side.isp):
        signed = notice_path(side.row("subscribers.subscriber")).split("/")[3]
        unwanted = opt_out_url(side.isp, Wish(1, 0, Kind.NEWS, Medium.EMAIL)).split("/")[4]
    return [signed, unwanted, *rows(side, "subscribers.autologinlink")]


def receipts(side: Side) -> list[str]:
    """The end of the address of the thank-you page, as the ISP itself signed it."""
    from core.scope import isp_scope
    from preinstall.services import requests as services

    with isp_scope(side.isp):
        return [services.receipt(side.row("preinstall.installrequest"))]


def paths(address: Address, world: World) -> Iterator[tuple[str, dict[str, str]]]:
    """Each path, with the sides (`a`, `b`) that its holes were filled from."""
    choices = []
    for hole in address.holes:
        filling = FILLINGS.get(f"{address.surface} {hole}") or FILLINGS.get(hole)
        assert filling, f"{address.key}: say in FILLINGS what goes into <{hole}>."
        # The two ISPs have the same numbers, so those are there once.
        values = {value: side.name for side in reversed(world.sides) for value in filling(side)}
        choices.append([(hole, side, value) for value, side in reversed(values.items())])
    for chosen in product(*choices):
        values = {hole: value for hole, _, value in chosen}
        path = HOLE.sub(lambda hole: values[hole[1]], address.route)  # noqa: B023 - used at once
        yield f"/{path}", {hole: side for hole, side, _ in chosen}
