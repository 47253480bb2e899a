"""What is done with portal users."""

from core.acting import in_own_name
from core.audit import Actor, record
from subscribers.models import PortalUser, Subscriber


def create_portal_user(
    *,
    by: Actor | None,
    subscriber: Subscriber,
    username: str,
    password: str | None,
    email: str = "",
    language: str = "",
) -> PortalUser:
    """Open a login for a subscriber; with `password` None nobody can sign in until one is set.

    Raises ValidationError if the user name has the wrong form or is taken, in whatever case.
    """
    user = PortalUser(subscriber=subscriber, username=username.strip(), email=email.strip(), language=language)
    user.set_password(password)
    user.full_clean(exclude=["subscriber"])
    user.save()
    record("subscribers.portal_user.created", by=by, on=user, username=user.username, subscriber=subscriber.number)
    return user


def set_password(*, by: Actor | None, user: PortalUser, password: str) -> None:
    """Give a login a new password, which ends all its sessions. The caller has validated the password.

    Raises InAnothersName in a preview of the portal.
    """
    in_own_name()
    PortalUser.objects.select_for_update().get(pk=user.pk)
    user.set_password(password)
    user.save(update_fields=["password"])
    record("subscribers.portal_user.password_set", by=by, on=user, username=user.username)


def set_language(*, by: Actor | None, user: PortalUser, language: str) -> None:
    """Remember the language in which a portal user reads pages and mails."""
    user.language = language
    user.save(update_fields=["language"])
    record("subscribers.portal_user.language_set", by=by, on=user, language=language)
