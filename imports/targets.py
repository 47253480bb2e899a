"""What a column of a file can be: the fields of a customer and of a service, with the words that name them elsewhere."""

from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Target:
    """One meaning. `words` are titles in Spanish, English, Czech and Portuguese, folded; `shape` is what its cells
    look like where that tells it."""

    key: str
    label: Any
    group: Any
    words: str
    shape: str = ""

    @property
    def titles(self) -> frozenset[str]:
        return frozenset(word.strip() for word in self.words.split("|"))


_PERSON, _ADDRESS, _INVOICES = _("Customer"), _("Address"), _("Invoices")
_SERVICE, _NETWORK, _MONEY = _("Service"), _("Network"), _("Balance and portal")

TARGETS = [
    Target("number", _("Subscriber number"), _PERSON, "numero|numero de cliente|no cliente|num cliente|nro cliente|id cliente|id|codigo|codigo cliente|codigo de cliente|numero de abonado|abonado|customer number|customer id|client id|subscriber number|account number|cislo|cislo zakaznika|zakaznicke cislo|id zakaznika|codigo do cliente|contrato|numero de contrato|num contrato|custom id|id abonado", "number"),
    Target("full_name", _("Full name"), _PERSON, "nombre completo|nombre y apellido|nombres y apellidos|nombre y apellidos|cliente|nombre cliente|nombre del cliente|titular|full name|name|customer|customer name|client|client name|jmeno a prijmeni|zakaznik|cele jmeno|nome completo|nome do cliente|nome|abonado nombre|subscriber"),
    Target("first_name", _("First name"), _PERSON, "nombre|nombres|primer nombre|first name|given name|jmeno|primeiro nome"),
    Target("last_name", _("Surname"), _PERSON, "apellido|apellidos|last name|surname|family name|prijmeni|sobrenome|apelido"),
    Target("id_number", _("Official ID number"), _PERSON, "official id number|numero de identificacion oficial|numero oficial de identificacion|numero del documento oficial|documento oficial|cedula|dni|ci|c i|curp|cc|documento|numero de documento|nro documento|identificacion|no identificacion|numero de identificacion|ine|cedula identidad|dni ci cc|dni c i c c|id number|national id|identity number|document|rodne cislo|cislo op|cpf|rg|rut|dui|dpi|cedula ruc|cedula rnc|documento identidad"),
    Target("email", _("E-mail"), _PERSON, "email|e mail|correo|correo electronico|correos|mail|e mail address|email address|emailova adresa|email 1|correo e", "email"),
    Target("mobile", _("Mobile"), _PERSON, "celular|movil|telefono movil|telefono celular|telefono|telefonos|tel|cel|whatsapp|mobile|mobile phone|cell phone|phone|phone number|phone 1|telefon|mobil|telefone|telemovel|numero de telefono|telefono 1", "phone"),
    Target("second_mobile", _("Second mobile"), _PERSON, "telefono 2|telefono alterno|telefono adicional|otro telefono|celular 2|movil 2|telefono fijo|telefono casa|phone 2|second phone|alternative phone|telefon 2|telefone 2|telefono secundario", "phone"),
    Target("kind", _("Person or company"), _PERSON, "tipo|tipo de cliente|tipo cliente|tipo persona|tipo de persona|client type|customer type|category|type|typ|typ zakaznika|tipo de pessoa"),
    Target("since", _("Customer since"), _PERSON, "fecha alta|fecha de alta|alta|fecha registro|fecha de registro|cliente desde|registrado|date added|date add|registration date|customer since|created|created at|registered|zakaznikem od|datum registrace|data de cadastro|cadastro|date of registration", "date"),
    Target("notes", _("Note"), _PERSON, "notas|nota|comentario|comentarios|observaciones|observacion|notes|note|comments|comment|poznamka|poznamky|observacoes|informacion adicional|descripcion"),
    Target("address", _("Address"), _ADDRESS, "direccion|domicilio|calle|calle y numero|direccion principal|direccion completa|address|street|street 1|full address|adresa|ulice|endereco|morada|rua|ubicacion"),
    Target("district", _("District"), _ADDRESS, "colonia|barrio|localidad|urbanizacion|sector|parroquia|district|neighborhood|street 2|ctvrt|mestska cast|bairro|col|fraccionamiento|distrito"),
    Target("city", _("City"), _ADDRESS, "ciudad|municipio|ciudad municipio|poblacion|city|town|mesto|obec|cidade|ciudad o municipio"),
    Target("postcode", _("Postcode"), _ADDRESS, "codigo postal|cp|c p|cod postal|postcode|zip|zip code|postal code|psc|cep"),
    Target("zone", _("Zone"), _ADDRESS, "zona|zonas|area|zone|region|location|oblast|lokalita|zona cliente|grupo zona"),
    Target("business_name", _("Business name"), _INVOICES, "razon social|empresa|nombre empresa|nombre comercial|compania|company|company name|business name|firma|nazev firmy|razao social"),
    Target("tax_id", _("Tax ID"), _INVOICES, "rfc|ruc|nit|cuit|rnc|tax id|vat|vat id|vat number|dic|ico|cnpj|nif|company tax id|id fiscal|identificacion fiscal|cuil"),
    Target("billing_address", _("Billing address"), _INVOICES, "direccion fiscal|domicilio fiscal|direccion facturacion|direccion de facturacion|billing address|invoice address|fakturacni adresa|endereco de cobranca|invoice street"),
    Target("billing_email", _("Billing e-mail"), _INVOICES, "correo facturacion|email facturacion|correo de facturacion|billing email|invoice email|fakturacni email|email de cobranca", "email"),
    Target("group", _("Invoice group"), _INVOICES, "grupo|grupo de facturacion|grupo de facturas|marca|emisor|invoice group|partner|organization|organizacion|skupina|grupo de cobranca"),
    Target("service_number", _("Service number"), _SERVICE, "id servicio|numero de servicio|no servicio|servicio id|num servicio|service id|service number|cislo sluzby|id do servico", "number"),
    Target("tariff", _("Tariff"), _SERVICE, "tarifas|plan|plan internet|plan de internet|plan contratado|paquete|tarifa|perfil|servicio contratado|tariff|tariff plan|service plan|internet plan|package|product|tarif|plano|plano de internet|plan servicio|nombre plan"),
    Target("price", _("Price"), _SERVICE, "precio|precio plan|costo|mensualidad|costo plan|valor|monto|cuota|tarifa mensual|price|service price|monthly fee|fee|cena|mesicni poplatek|preco|mensalidade|valor mensual|precio mensual|costo mensual", "amount"),
    Target("download", _("Download speed"), _SERVICE, "bajada|velocidad bajada|velocidad de bajada|descarga|velocidad|megas|download|download speed|speed|stahovani|rychlost|velocidade", "speed"),
    Target("upload", _("Upload speed"), _SERVICE, "subida|velocidad subida|velocidad de subida|upload|upload speed|odesilani", "speed"),
    Target("state", _("State of the service"), _SERVICE, "state of the service|estado|estado servicio|estado del servicio|estatus|status|estado cliente|service status|state|stav|stav sluzby|situacao|estado de servicio|status servicio"),
    Target("started_on", _("Service since"), _SERVICE, "servicio desde|service since|fecha instalacion|fecha de instalacion|fecha inicio|fecha de inicio|instalado|fecha activacion|fecha de activacion|start date|installed|installation date|service start|active from|datum instalace|zacatek|data de instalacao|data de ativacao|instalacion", "date"),
    Target("ended_on", _("Service ended on"), _SERVICE, "fecha cancelacion|fecha de cancelacion|fecha baja|fecha de baja|fecha retiro|fecha de retiro|end date|ended|cancelled on|service end|active to|konec|data de cancelamento", "date"),
    Target("service_address", _("Address of the connection"), _SERVICE, "direccion servicio|direccion del servicio|direccion instalacion|direccion de instalacion|service address|installation address|service street|adresa pripojeni|endereco de instalacao"),
    Target("router", _("Router"), _NETWORK, "router|mikrotik|nodo|rb|servidor|router cliente|nas|node|server|roteador|concentrador|equipo"),
    Target("ip", _("IP address"), _NETWORK, "ip|direccion ip|ip cliente|ip address|ipv 4|ip servicio|ip asignada|ip adresa|endereco ip|remote address|ipv 4 address|ip fija", "ip"),
    Target("queue", _("Queue name"), _NETWORK, "cola|nombre cola|simple queue|queue|queue name|nombre simple queue|nombre en el router|usuario pppoe|usuario ppp|ppp user|pppuser|user pppoe|pppoe|pppoe user|secret|fronta|servicio"),
    Target("balance", _("Balance"), _MONEY, "saldo|saldo actual|balance|account balance|deuda|adeudo|saldo pendiente|monto adeudado|debt|amount due|zustatek|dluh|divida|saldo cliente|saldo total|invoiced total outstanding|account outstanding", "amount"),
    Target("username", _("Portal user name"), _MONEY, "usuario del portal|portal user name|usuario|nombre de usuario|usuario portal|login|user|username|user name|portal login|uzivatel|uzivatelske jmeno|usuario do portal|user ident"),
]  # fmt: skip
BY_KEY = {target.key: target for target in TARGETS}
SERVICE_DETAILS = frozenset({"service_number", "price", "state", "started_on", "ended_on", "router", "ip", "queue"})
NAMES = frozenset({"full_name", "first_name", "last_name", "business_name"})
AMOUNTS, DATES = frozenset({"price", "balance"}), frozenset({"since", "started_on", "ended_on"})
# Those of which several columns may feed one field.
JOINED = frozenset({"notes", "address"})


def grouped() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """The targets for a list to choose from."""
    groups: dict[Any, list[tuple[str, Any]]] = {}
    for target in TARGETS:
        groups.setdefault(target.group, []).append((target.key, capfirst(target.label)))
    return list(groups.items())
