"""The three ISPs of the demo."""

from dataclasses import dataclass, field

from tenants.plans import Plan


@dataclass(frozen=True)
class Company:
    """One ISP of the demo, in its country."""

    slug: str
    name: str
    country: str
    language: str
    currency: str
    timezone: str
    locale: str  # of invented names and addresses
    portal_domain: str
    staff_domain: str
    colour: str
    identifier: str
    phone: str  # E.164 without the last four digits
    city: str
    zones: list[str]
    tariffs: list[tuple[str, int, int, str]]
    methods: list[tuple[str, str, str, str]]
    profile: dict[str, str]
    welcome: str
    subscribers: int = 320
    imports: bool = False  # whether it has brought customers over from another system
    plan: Plan = Plan.PRO
    documents: dict[str, str] = field(default_factory=dict)


COMPANIES = [
    Company(
        slug="wispmega",
        imports=True,
        name="WispMega",
        country="MX",
        language="es",
        currency="MXN",
        timezone="America/Mexico_City",
        locale="es_MX",
        portal_domain="clientes.wispmega.localhost",
        staff_domain="sistema.wispmega.localhost",
        colour="#0b7285",
        identifier="slug",
        phone="+52551230",
        city="Toluca",
        zones=["Centro", "Norte", "San Lorenzo", "La Loma"],
        tariffs=[
            ("Hogar 20", 20, 5, "299.00"),
            ("Hogar 50", 50, 10, "399.00"),
            ("Hogar 100", 100, 30, "549.00"),
            ("Negocio 200", 200, 100, "1199.00"),
        ],
        methods=[
            (
                "Transferencia BBVA 012 345 6789",
                "Transferencia bancaria",
                "bank_transfer",
                "CLABE 012 180 01234567890 1, a nombre de WispMega SA de CV.\nEscriba su número de cliente en el concepto.",
            ),
            ("OXXO 4152 3137 0000 1111", "Pago en OXXO", "store", "Pague en caja y conserve el comprobante."),
            ("Caja oficina centro", "Caja en nuestra oficina", "cash", "De lunes a sábado, de 9:00 a 18:00."),
        ],
        profile={
            "legal_name": "WispMega SA de CV",
            "tax_id": "WME150101AB1",
            "email": "hola@wispmega.example",
            "phone": "+525512300000",
            "whatsapp": "+525512300001",
            "website": "https://wispmega.example",
            "address": "Av. Hidalgo 120, Centro, Toluca",
            "opening_hours": "Lunes a sábado, 9:00 a 18:00",
        },
        welcome="Internet que llega hasta donde usted vive.",
    ),
    Company(
        slug="fibrandina",
        name="Fibrandina",
        country="CO",
        language="es",
        currency="COP",
        timezone="America/Bogota",
        locale="es_CO",
        portal_domain="clientes.fibrandina.localhost",
        staff_domain="sistema.fibrandina.localhost",
        colour="#c2255c",
        identifier="uuid",
        phone="+57310205",
        city="Tunja",
        zones=["Norte", "Sur", "Las Nieves"],
        tariffs=[
            ("Fibra 100", 100, 50, "65000.00"),
            ("Fibra 300", 300, 150, "89000.00"),
            ("Fibra 600", 600, 300, "129000.00"),
        ],
        methods=[
            ("Bancolombia ahorros 123-456789-00", "Bancolombia", "bank_transfer", "Cuenta de ahorros 123-456789-00."),
            ("Nequi 310 200 0000", "Nequi", "wallet", "Envíe al 310 200 0000 y guarde el comprobante."),
        ],
        profile={
            "legal_name": "Fibrandina SAS",
            "tax_id": "901234567-1",
            "email": "soporte@fibrandina.example",
            "phone": "+576087400000",
            "whatsapp": "+573102000000",
            "website": "https://fibrandina.example",
            "address": "Carrera 10 # 20-30, Tunja",
            "opening_hours": "Lunes a viernes, 8:00 a 17:00",
        },
        welcome="La fibra de los Andes.",
        subscribers=260,
        plan=Plan.START,
        documents={"id_back": "optional"},
    ),
    Company(
        slug="podhori",
        name="Podhoří Net",
        country="CZ",
        language="en",
        currency="CZK",
        timezone="Europe/Prague",
        locale="cs_CZ",
        portal_domain="moje.podhori.localhost",
        staff_domain="sprava.podhori.localhost",
        colour="#5c940d",
        identifier="slug",
        phone="+42060312",
        city="Žamberk",
        zones=["Žamberk", "Letohrad", "Rokytnice"],
        tariffs=[("Air 30", 30, 10, "349.00"), ("Air 60", 60, 20, "449.00"), ("Optika 250", 250, 250, "590.00")],
        methods=[
            (
                "KB 19-2000145399/0800",
                "Bank transfer",
                "bank_transfer",
                "Account 19-2000145399/0800. Use your subscriber number as the variable symbol.",
            ),
            ("Pokladna Žamberk", "Cash at our office", "cash", "Masarykovo náměstí 1, Žamberk."),
        ],
        profile={
            "legal_name": "Podhoří Net s.r.o.",
            "tax_id": "CZ25123891",
            "email": "info@podhori.example",
            "phone": "+420465600000",
            "website": "https://podhori.example",
            "address": "Masarykovo náměstí 1, 564 01 Žamberk",
            "opening_hours": "Monday to Friday, 8:00–16:00",
        },
        welcome="Good internet under the mountains.",
        subscribers=210,
        plan=Plan.FREE,
        documents={"id_back": "hidden", "proof_of_address": "optional"},
    ),
]
