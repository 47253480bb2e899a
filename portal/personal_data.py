"""The sessions of customers."""

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.personal import personal
from core.sessions import SessionStore
from portal.preview import PREVIEW_KEY
from subscribers.authentication import USER_KEY
from subscribers.subject import Subject


def sessions_of(subject: Subject) -> QuerySet[Session]:
    """Those that a login of the customer has begun, and those of staff who look at the portal as one."""
    logins, previews = set(subject.login_keys), set(subject.keys["subscribers.preview"])
    store, keys = SessionStore(), []
    for key, data in Session.objects.values_list("pk", "session_data").iterator(chunk_size=2000):
        held = store.decode(data)
        if held.get(USER_KEY) in logins or held.get(PREVIEW_KEY) in previews:
            keys.append(key)
    return Session.objects.filter(pk__in=keys)


personal(
    Session,
    title=_("Sessions in the portal"),
    rows=sessions_of,
    exported=(),
    hidden=("session_key", "session_data"),
    deleted=True,
    late=True,
    slow=True,
)
