"""The two ISPs of the isolation suite, full of canaries, with what in life would be linked to subscriber 1."""

import pytest
from django.contrib.sessions.models import Session

from core.models import AuditEntry
from core.scope import isp_scope
from core.sessions import SessionStore
from domains import resolver
from imports.models import Batch
from messaging.models import Message
from subscribers.authentication import USER_KEY
from subscribers.models import Service
from tests.isolation import world as isolation


@pytest.fixture
def world(db, isp, other_isp, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    resolver.forget_all()
    built = isolation.build(isp, other_isp, settings.MEDIA_ROOT)
    for side in built.sides:
        with isp_scope(side.isp):
            _link(side)
    return built


def _link(side):
    """Rows without a key of the subscriber belong to row 1 by what they say."""
    for number in (1, 2):
        person = side.row("subscribers.subscriber", number)
        AuditEntry.objects.filter(pk=number).update(target_type="subscribers.subscriber", target_id=str(number))
        Message.objects.filter(pk=number).update(to=person.email)
        login = side.row("subscribers.portaluser", number)
        store = SessionStore(realm="portal:x")
        store[USER_KEY] = login.pk
        store.save(must_create=True)
    assert Session.objects.count() >= 2
    Batch.objects.filter(pk=2).update(state="done")
    Service.objects.update(state="ended")
