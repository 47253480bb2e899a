"""The length of a page is ours; what the address says otherwise is read with patience."""

import pytest

from core import tables
from core.models import AuditEntry
from dashboard.tables import AuditTable


@pytest.fixture
def shown(in_public, rf):
    for n in range(7):
        AuditEntry.objects.create(verb=f"core.test.n{n:02}", actor_kind="system", actor_label="" if n else "z")

    def show(query):
        table = AuditTable(AuditEntry.objects.all())
        tables.show(rf.get(f"/?{query}"), table, per_page=3)
        return table.page.number, [row.record.verb[-3:] for row in table.page.object_list]

    return show


@pytest.mark.parametrize("query", ["per_page=0", "per_page=-1", "per_page=1000000", "", "=1000000"])
def test_the_address_does_not_set_the_length_of_a_page(shown, query):
    assert len(shown(f"sort=at&{query}")[1]) == 3


@pytest.mark.parametrize(
    ("page", "number"), [("2", 2), ("99", 3), ("0", 3), ("-1", 3), ("x", 1), ("9" * 5000, 1), ("", 1)]
)
def test_a_page_that_is_not_there_is_the_first_or_the_last(shown, page, number):
    assert shown(f"page={page}")[0] == number


def test_the_address_sorts(shown):
    assert shown("sort=actor_label&page=3") == (3, ["n00"])
