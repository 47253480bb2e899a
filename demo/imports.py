"""A finished import with refused rows: what an ISP sees after it has brought its customers over."""

import csv
import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from core.scope import isp_scope
from demo.companies import Company
from imports.models import Batch
from imports.services import batches, checking, loading, reading
from imports.services.questions import found_tariffs
from tenants.directory import reference
from tenants.models import ISP, StaffUser

TITLES = ["Id Servicio", "Usuario", "Nombre", "Apellidos", "Email", "Cedula", "Direccion", "Ciudad", "Telefono",
          "Saldo", "Ip", "Estado", "Plan Internet", "Precio Plan", "Zona", "Router", "Fecha Instalacion"]  # fmt: skip
ROWS = 24


def _export(company: Company, people: list[dict[str, Any]]) -> bytes:
    """The export of the system that the ISP came from; two rows of it are not right."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(TITLES)
    for n, person in enumerate(people):
        name, _down, _up, price = company.tariffs[n % len(company.tariffs)]
        writer.writerow([
            20_001 + n, f"cliente{n:04d}", person["first_name"], person["last_name"],
            "sin correo" if n == 7 else person["email"], person["id_number"], person["address"], person["city"],
            person["mobile"], ["0.00", "0.00", str(price)][n % 3], "10.90.0" if n == 15 else f"10.90.0.{n + 10}",
            "Suspendido" if n % 9 == 4 else "Activo", name, price, company.zones[n % len(company.zones)], "RB-Norte",
            f"{n % 28 + 1:02d}/03/2024",
        ])  # fmt: skip
    return out.getvalue().encode()


def seed_import(company: Company, isp: ISP, by: StaffUser, people: list[dict[str, Any]]) -> None:
    """Bring the customers over as staff do, without the worker. In the ISP's scope and a transaction."""
    isp.is_suspended = False
    ref = reference(isp)
    with isp_scope(isp):
        upload = SimpleUploadedFile("clientes-wisphub.csv", _export(company, people))
        batch = batches.take_file(upload=upload, by=by, isp=ref)
        _work(reading.step, batch)
        new = {
            plan.key: {"use": plan.known.pk} if plan.known else {"download": 50, "upload": 10, "price": plan.price}
            for plan in found_tariffs(batch)
        }
        answers = {**batch.answers, "tariffs": new, "points": {"price": ".", "balance": "."}}
        batches.check(batch=batch, answers=answers, isp=ref)
        _work(checking.step, batch)
        batches.run(batch=batch, by=by, isp=ref)
        _work(loading.step, batch)


def _work(step: Any, batch: Batch) -> None:
    while step(batch.pk):
        pass
    batch.refresh_from_db()
