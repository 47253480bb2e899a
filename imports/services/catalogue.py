"""Tariffs, zones, routers and groups that rows name: those that are there, and those that an import adds."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Model

from company.models import InvoiceGroup
from core.folding import plain
from imports.models import Batch
from imports.prints import print_of
from subscribers.models import Router, Tariff, Zone

MODELS: dict[str, type[Model]] = {"tariff": Tariff, "zone": Zone, "router": Router, "group": InvoiceGroup}
WANTED = """
SELECT DISTINCT ON (lower(values ->> '{key}')) values ->> '{key}' FROM imports_row
WHERE batch_id = %s AND verdict IN ('new', 'update') AND coalesce(values ->> '{key}', '') <> ''
ORDER BY lower(values ->> '{key}')
"""


@dataclass
class Catalogue:
    """Rows by their plain names."""

    rows: dict[str, dict[str, Any]]

    @classmethod
    def load(cls, batch: Batch) -> "Catalogue":
        """What is there now; a tariff's name may stand for another one, as staff have answered. Four queries."""
        rows = {
            kind: {plain(row.name): row for row in model._default_manager.all()}  # type: ignore[attr-defined]
            for kind, model in MODELS.items()
        }
        by_pk = {row.pk: row for row in rows["tariff"].values()}
        for name, answer in batch.answers.get("tariffs", {}).items():
            if answer.get("use") in by_pk:
                rows["tariff"][name] = by_pk[answer["use"]]
        return cls(rows)

    def get(self, kind: str, name: Any) -> Any:
        """The row that a file calls so, or None."""
        return self.rows[kind].get(plain(str(name))) if name else None


def add_missing(batch: Batch) -> dict[str, dict[str, str]]:
    """Add what the rows name and the base lacks. Returns what was added: {kind: {primary key: print}}."""
    catalogue, made = Catalogue.load(batch), {}
    for kind, model in MODELS.items():
        for name in _wanted(batch, kind):
            if catalogue.get(kind, name):
                continue
            row = model(**_fields(batch, kind, name))
            row.save(force_insert=True)
            catalogue.rows[kind][plain(name)] = row
            made.setdefault(kind, {})[str(row.pk)] = print_of(kind, row)
    return made


def _fields(batch: Batch, kind: str, name: str) -> dict[str, Any]:
    if kind != "tariff":
        return {"name": name}
    answer = batch.answers.get("tariffs", {}).get(plain(name), {})
    return {
        "name": name,
        "download": int(answer.get("download") or 1),
        "upload": int(answer.get("upload") or answer.get("download") or 1),
        "price": Decimal(str(answer.get("price") or 0)),
    }


def _wanted(batch: Batch, kind: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(WANTED.format(key=kind), [batch.pk])
        return [row[0] for row in cursor.fetchall()]
