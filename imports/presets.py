"""Exports of other systems, known by their titles.

The titles are those of each system's customer fields as its interfaces name them. Exports differ between versions and
languages, so a system is recognised when enough of its own titles are there, and what it does not know is guessed.
"""

from dataclasses import dataclass, field
from typing import Any

from core.folding import folded


@dataclass(frozen=True, slots=True)
class System:
    """One system: which titles are its own, and what its columns are. `least` of the signature must be there."""

    key: str
    name: str
    signature: frozenset[str]
    titles: dict[str, str]
    least: int = 3
    answers: dict[str, Any] = field(default_factory=dict)


def _titles(**targets: str) -> dict[str, str]:
    return {title.strip(): target for target, titles in targets.items() for title in titles.split("|")}


WISPHUB = System(
    "wisphub",
    "WispHub",
    frozenset({"id servicio", "plan internet", "router", "mac cpe", "ip local", "modelo antena", "estado facturas",
               "fecha corte", "sn onu", "sectorial", "password cpe", "precio plan", "fecha instalacion",
               "servicio", "ultimo cambio", "forma contratacion", "auto activar", "zona"}),
    _titles(
        service_number="id servicio", username="usuario", full_name="nombre", last_name="apellidos|apellido",
        email="email|correo", id_number="cedula|dni c i c c|dni ci cc", address="direccion",
        district="localidad|colonia", city="ciudad|ciudad municipio", mobile="telefono|telefono celular",
        tax_id="rfc", notes="comentarios",
        balance="saldo", queue="servicio|nombre simple queue", ip="ip", state="estado", price="precio plan",
        tariff="plan internet", zone="zona", router="router", since="fecha registro", started_on="fecha instalacion",
        ended_on="fecha cancelacion", billing_address="domicilio fiscal",
    ),
    least=4,
    answers={"sign": "owes", "same": "service"},
)  # fmt: skip
MIKROWISP = System(
    "mikrowisp",
    "Mikrowisp",
    frozenset({"idcliente", "movil", "cedula", "direccion principal", "pasarela", "nodo", "ipap", "pppuser", "ppppass",
               "user ppp", "perfil", "idperfil", "tiposervicio", "instalado", "emisor", "ap cliente", "costo",
               "dia pago", "codigo"}),
    _titles(
        number="id|idcliente|id cliente", full_name="nombre|cliente", id_number="cedula|dni|cedula dni", email="correo",
        mobile="movil", second_mobile="telefono", address="direccion principal|direccion",
        service_address="direccion servicio", state="estado|status user", tariff="perfil|plan", price="costo|precio",
        router="nodo|router", ip="ip", queue="pppuser|user ppp", started_on="instalado|fecha instalacion",
        balance="deuda|saldo", username="codigo",
    ),
    answers={"sign": "owes", "same": "service"},
)  # fmt: skip
SPLYNX = System(
    "splynx",
    "Splynx",
    frozenset({"login", "billing type", "partner", "partner id", "location", "location id", "street 1", "zip code",
               "date add", "billing email", "mrr total", "gps", "category", "account balance", "internet tariffs",
               "last online"}),
    _titles(
        number="id", username="login|portal login", state="status", full_name="full name|name", email="email|emails",
        billing_email="billing email", mobile="phone number|phone", kind="category", address="street|street 1",
        postcode="zip code", city="city", group="partner", zone="location", since="date add|date added",
        balance="account balance|deposit", tariff="internet tariffs|tariff|plan", ip="ipv 4|ip", router="router",
        id_number="passport|identification", tax_id="vat id", business_name="company",
        price="mrr total|price", started_on="start date", service_number="service id",
    ),
    answers={"sign": "credit", "order": "first"},
)  # fmt: skip
UISP = System(
    "uisp",
    "UISP",
    frozenset({"user ident", "custom id", "client type", "company name", "company tax id",
               "company registration number",
               "company website", "contact first name", "street 1", "zip code", "invoice street 1", "is lead",
               "registration date", "service plan", "account balance", "account outstanding", "email 1", "phone 1",
               "service price", "account credit"}),
    _titles(
        number="id|client id", username="username|user ident", kind="client type|type", first_name="first name",
        last_name="last name", business_name="company name", tax_id="company tax id",
        id_number="custom id|company registration number", email="email 1|email|contact email", mobile="phone 1|phone",
        second_mobile="phone 2", address="street 1|street", district="street 2", city="city", postcode="zip code|zip",
        billing_address="invoice street 1", since="registration date", notes="note", tariff="service plan|service",
        price="service price|price", state="service status|status", balance="account balance|balance",
        started_on="service active from|active from", ended_on="active to", service_address="service street 1",
        group="organization", service_number="service id",
    ),
    answers={"sign": "credit"},
)  # fmt: skip
SYSTEMS = [WISPHUB, MIKROWISP, SPLYNX, UISP]
BY_KEY = {system.key: system for system in SYSTEMS}


def recognised(titles: list[str]) -> System | None:
    """The system whose export has these titles, if it is plain."""
    there = {folded(title) for title in titles}
    scores = {
        system.key: len(there & system.signature) / 4 + sum(title in system.titles for title in there)
        for system in SYSTEMS
        if len(there & system.signature) >= system.least
    }
    return BY_KEY[max(scores, key=lambda key: scores[key])] if scores else None
