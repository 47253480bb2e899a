"""An import as staff and the task do it, without the browser and the broker."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from core.scope import isp_scope
from imports.models import Batch
from imports.services import batches, work
from tenants.directory import IspRef
from tenants.roles import Role
from tests.factories.staff import make_member


def ref(isp):
    fields = ("pk", "uuid", "slug", "schema_name", "name", "country", "language", "currency", "timezone")
    return IspRef(**{name: getattr(isp, name) for name in fields}, is_suspended=False)


class Importing:
    """One ISP's imports, each step with its task."""

    def __init__(self, isp, by):
        self.isp, self.by, self.ref = isp, by, ref(isp)

    def work(self, batch):
        work.work_on(batch_id=batch.pk, isp_id=self.isp.pk)
        batch.refresh_from_db()
        return batch

    def read(self, data, name="clientes.csv"):
        batch = batches.take_file(upload=SimpleUploadedFile(name, data), by=self.by, isp=self.ref)
        return self.work(batch)

    def check(self, batch, mapping=None, **answers):
        if mapping is not None:
            batches.choose_columns(batch=batch, mapping=mapping, isp=self.ref)
            batch.refresh_from_db()
        given = {**batch.answers, "sign": batch.answers.get("sign") or "owes", **answers}
        given["tariffs"] = given.get("tariffs") or tariffs(batch)
        batches.check(batch=batch, answers=given, isp=self.ref)
        return self.work(batch)

    def run(self, batch):
        batches.run(batch=batch, by=self.by, isp=self.ref)
        return self.work(batch)

    def undo(self, batch):
        batches.undo(batch=batch, by=self.by, isp=self.ref)
        return self.work(batch)

    def load(self, data, **answers):
        return self.run(self.check(self.read(data), **answers))


def tariffs(batch):
    """Every tariff that the file names is to be added."""
    from imports.services.questions import found_tariffs

    return {each.key: {"download": 50, "upload": 10, "price": "350.00"} for each in found_tariffs(batch)}


@pytest.fixture
def clerk(isp):
    return make_member(isp, Role.ADMIN, name="Clara Clerk", email="clara@wispmega.example")


@pytest.fixture
def importing(isp, clerk):
    with isp_scope(isp):
        yield Importing(isp, clerk)


@pytest.fixture
def problems():
    """`problems(batch)` are the codes by row."""
    return lambda batch: {
        row.number: [each["code"] for each in row.problems] for row in batch.rows.order_by("number") if row.problems
    }


__all__ = ["Batch"]
