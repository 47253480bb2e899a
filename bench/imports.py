"""An import of customers: reading, checking, loading and undoing a file as another system exports it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure
from bench.scratch import Scratch, scratch

FULL, QUICK = (5_000, 50_000), (200, 1_000)
PHASES = {"read": "reading the file", "check": "checking every row", "run": "importing", "undo": "undoing"}


def figures(quick: bool) -> Iterator[Figure]:
    """Seconds of each phase, and the most memory that the process takes for a small and a large file."""
    small, large = QUICK if quick else FULL
    with scratch() as place:
        place.migrate()
        told = {rows: measured(place, rows) for rows in (small, large)}
    for rows, took in told.items():
        group = f"{rows:,} rows"
        for phase, name in PHASES.items():
            yield Figure(group, name, "s", [took[phase]])
        if rows == large:
            whole = sum(took[phase] for phase in ("read", "check", "run"))
            yield Figure(group, "from the file to the customers", "s", [whole], at_most=180)
        yield Figure(group, "most memory of the process", "MB", [took["memory"]])
        yield Figure(group, "that above its start", "MB", [took["memory"] - took["start"]])
    ratio = told[large]["memory"] / told[small]["memory"]
    note = "The whole process: Python, Django and all. The file has ten or more columns that are read."
    yield Figure("Memory", f"{large:,} rows / {small:,} rows", "×", [ratio], at_most=1.5, note=note)


def measured(place: Scratch, rows: int) -> dict[str, float]:
    """What one process takes for all phases, in an ISP of its own."""
    out = place.run("lastmile", "-m", "bench.imports", str(rows), CELERY_TASK_ALWAYS_EAGER="0")
    return dict(json.loads(out.splitlines()[-1]))


def export(path: Path, rows: int) -> None:
    """A file of so many customers, as WispHub exports them."""
    import csv

    titles = ["Id Servicio", "Usuario", "Nombre", "Apellidos", "Email", "Cedula", "Direccion", "Ciudad", "Telefono",
              "Saldo", "Ip", "Estado", "Plan Internet", "Precio Plan", "Zona", "Router", "Fecha Instalacion",
              "Comentarios"]  # fmt: skip
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(titles)
        for n in range(rows):
            writer.writerow(
                [n + 1, f"cliente{n:06d}@wisp", "María José", f"Núñez {n}", f"c{n}@correo.example", f"CURP{n:08d}",
                 f"Calle {n % 90} #{n % 700}", "Puebla", f"222{n:07d}", f"{n % 5 * 100}.00",
                 f"10.{n // 60000}.{n // 250 % 240}.{n % 250 + 2}", ["Activo", "Suspendido"][n % 10 == 0],
                 f"Hogar {[50, 100, 200][n % 3]} Megas", ["350.00", "499.00", "899.00"][n % 3], f"Zona {n % 12}",
                 f"RB-{n // 250 % 8}", f"{n % 28 + 1:02d}/{n % 12 + 1:02d}/2023", "Antena" if n % 7 == 0 else ""]
            )  # fmt: skip


def peak() -> float:
    """The most memory, in MB, that this process has had since `forget_peak`."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main(rows: int) -> None:
    """Do all phases and print what they took."""
    import tempfile
    import time

    import django

    django.setup()
    from django.core.files.uploadedfile import TemporaryUploadedFile
    from django.db import transaction

    from bench.peer import _make_isp
    from core.scope import isp_scope, public_scope
    from imports.models import Batch
    from imports.services import batches, work
    from imports.services.questions import found_tariffs
    from subscribers.models import Subscriber
    from tenants.directory import open_isp
    from tenants.models import ISP, StaffUser

    _make_isp(rows)
    with public_scope():
        isp = open_isp(ISP.objects.get(slug=f"isp-{rows}").pk)
    by = StaffUser(pk=1, name="Bench")
    took: dict[str, float] = {"start": peak()}
    with tempfile.NamedTemporaryFile(suffix=".csv") as source, isp_scope(isp):
        export(Path(source.name), rows)
        upload = TemporaryUploadedFile("clientes.csv", "text/csv", Path(source.name).stat().st_size, "utf-8")
        upload.file.write(Path(source.name).read_bytes())

        def timed(phase: str, order: object) -> Batch:
            with transaction.atomic():
                batch = order()  # type: ignore[operator]
            began = time.perf_counter()
            work.work_on(batch_id=batch.pk, isp_id=isp.pk)
            took[phase] = time.perf_counter() - began
            with transaction.atomic():
                batch.refresh_from_db()
            return batch

        batch = timed("read", lambda: batches.take_file(upload=upload, by=by, isp=isp))
        with transaction.atomic():
            new = {plan.key: {"download": 50, "upload": 10, "price": "1.00"} for plan in found_tariffs(batch)}
        answers = {**batch.answers, "sign": "owes", "tariffs": new}
        batch = timed("check", lambda: batches.check(batch=batch, answers=answers, isp=isp))
        assert batch.counts == {"new": rows}, batch.counts  # noqa: S101
        batch = timed("run", lambda: batches.run(batch=batch, by=by, isp=isp))
        with transaction.atomic():
            assert Subscriber.objects.count() == rows  # noqa: S101
        batch = timed("undo", lambda: batches.undo(batch=batch, by=by, isp=isp))
        with transaction.atomic():
            assert not Subscriber.objects.exists()  # noqa: S101
    took["memory"] = peak()
    print(json.dumps(took))


if __name__ == "__main__":
    main(int(sys.argv[1]))
