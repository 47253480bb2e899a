"""Files as other systems export them, made up."""

import csv
import io
import random

from openpyxl import Workbook

WISPHUB = [
    "Id Servicio", "Usuario", "Nombre", "Apellidos", "Email", "Cedula", "Direccion", "Localidad", "Ciudad", "Telefono",
    "RFC", "Saldo", "Ip", "Estado", "Plan Internet", "Precio Plan", "Zona", "Router", "Fecha Instalacion",
    "Comentarios",
]  # fmt: skip
FIRST = ["María", "José", "Ángela", "Íñigo", "Lucía", "Óscar", "Ana Sofía", "Juan Carlos", "Ximena", "Raúl"]
LAST = ["López", "Muñoz", "Hernández", "Ibáñez", "de la Cruz", "Peña", "Güereña", "Ramírez", "Ortiz", "Núñez"]
PLANS = [("Hogar 50 Megas", "350.00"), ("Hogar 100 Megas", "499.00"), ("Negocio 200 Megas", "899.50")]
STATES = ["Activo"] * 17 + ["Suspendido", "Cancelado", "Activo"]


def wisphub_row(n, chance=None):
    """The nth customer of an ISP, always the same."""
    chance = chance or random.Random(n)
    plan, price = PLANS[n % 3]
    first, last = FIRST[n % 10], f"{LAST[n // 10 % 10]} {LAST[n // 100 % 10]}"
    return {
        "Id Servicio": str(1 + n),
        "Usuario": f"cliente{n:05d}@miwisp",
        "Nombre": first,
        "Apellidos": last,
        "Email": f"cliente{n}@correo.example" if n % 4 else "",
        "Cedula": f"CURP{n:08d}",
        "Direccion": f"Calle {chance.randrange(1, 90)} #{chance.randrange(1, 900)}",
        "Localidad": "Centro" if n % 2 else "San José",
        "Ciudad": "Puebla",
        "Telefono": f"222 {n // 10000 % 900 + 100:03d} {n % 10000:04d}",
        "RFC": "",
        "Saldo": f"{chance.choice([0, 0, 0, 350, 499, -100.5]):.2f}",
        "Ip": f"10.{50 + n // 60000}.{n // 250 % 240}.{n % 250 + 2}",
        "Estado": STATES[n % 20],
        "Plan Internet": plan,
        "Precio Plan": price,
        "Zona": ["Norte", "Sur", "Centro"][n % 3],
        "Router": f"RB-{n // 250 % 4 + 1}",
        "Fecha Instalacion": f"{n % 28 + 1:02d}/{n % 12 + 1:02d}/202{n % 5}",
        "Comentarios": "" if n % 9 else "Antena en el techo",
    }


def wisphub(count, *, changed=None, delimiter=",", encoding="utf-8"):
    """A file of so many customers; `changed` gives some of them other cells: {n: {title: cell}}."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, WISPHUB, delimiter=delimiter)
    writer.writeheader()
    for n in range(count):
        writer.writerow({**wisphub_row(n), **(changed or {}).get(n, {})})
    return out.getvalue().encode(encoding)


def table(*rows, delimiter=",", encoding="utf-8"):
    """A file with these rows."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def workbook(*rows, sheets=()):
    """A workbook with these rows; `sheets` are further ones, by name."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for name, more in sheets:
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
