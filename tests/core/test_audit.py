"""The audit log takes every name."""

import pytest

from core.audit import record
from core.models import AuditEntry
from tests.factories.staff import StaffUserFactory

pytestmark = pytest.mark.usefixtures("in_public")


def test_a_long_name_with_a_long_address_is_cut_and_stops_no_act():
    user = StaffUserFactory(name="N" * 120, email=f"{'a' * 200}@example.com")
    record("core.test.done", by=user)
    entry = AuditEntry.objects.get()
    assert (entry.actor_id, entry.actor_label) == (user.pk, user.audit_label[:200])
