"""Starting the portal for many at once: logins made by the rule, links sent, in pieces that a task works off."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from core.audit import Actor, record
from subscribers import usernames
from subscribers.models import AutoLoginLink, LoginRules, LoginRun, PortalToken, PortalUser, Service, Subscriber
from subscribers.portal_roles import PortalRole
from subscribers.services.autologin import send_autologin_link
from subscribers.services.logins import give_initial_password
from subscribers.services.passwords import CannotSend, send_set_password_link
from tenants.directory import IspRef

PIECE = 100  # subscribers in one transaction


class RunsAlready(Exception):
    """Another start is on its way in this ISP."""


@dataclass(frozen=True, slots=True)
class Starter:
    """The member of staff in whose name a task acts."""

    pk: int | None
    audit_label: str
    audit_kind: str = "staff"


def customers() -> QuerySet[Subscriber]:
    """Those who have something to see in the portal: a service that has not ended."""
    return Subscriber.objects.not_erased().filter(Exists(Service.objects.lasting().filter(subscriber=OuterRef("pk"))))


def standing() -> dict[str, int]:
    """How many customers have no login, a login without an address, one that never signed in. Four counts."""
    owners = PortalUser.objects.filter(subscriber=OuterRef("pk"), is_active=True)
    rows = customers().annotate(
        has_login=Exists(owners),
        has_email=Exists(owners.exclude(email="")),
        has_entered=Exists(owners.exclude(last_login=None)),
    )
    with_login = rows.filter(has_login=True)
    return {
        "customers": rows.count(),
        "without_login": rows.filter(has_login=False).count(),
        "without_email": with_login.filter(has_email=False).count(),
        "never": with_login.filter(has_entered=False).count(),
    }


# Verbs for a piece of subscribers. A `run` sends a login one link at most, however often its pieces are worked on.


def make_missing_logins(*, by: Actor, isp: IspRef, subscriber_ids: Iterable[int]) -> int:
    """Open a login by the rule for each of these subscribers who has none; says how many. Twice is once."""
    rules, at = LoginRules.load(), timezone.now()
    has_login = Exists(PortalUser.objects.filter(subscriber=OuterRef("pk")))
    rows = Subscriber.objects.not_erased().filter(pk__in=list(subscriber_ids)).exclude(has_login)
    people = list(rows.select_for_update(of=("self",)).order_by("pk"))
    people = [person for person in people if not person.portal_users.exists()] if people else []
    wanted = {person.pk: usernames.by_rule(rules, person) for person in people}
    taken = _taken(list(wanted.values()))
    for person in people:
        name = usernames.free(wanted[person.pk], taken)
        taken.add(name.lower())
        user = PortalUser(subscriber=person, username=name, email=person.email)
        user.set_unusable_password()
        user.save()
        give_initial_password(user=user, rules=rules, at=at)
        record(
            "subscribers.portal_user.created",
            by=by,
            on=user,
            username=name,
            subscriber=person.number,
            portal_role=PortalRole.OWNER.value,
        )
    return len(people)


def _taken(wanted: list[str]) -> set[str]:
    """The user names, in lower case, that stand in the way of these. One query, and one for each name that is taken."""
    names = PortalUser.objects.annotate(lower=Lower("username"))
    times = Counter(name.lower() for name in wanted)
    found = set(names.filter(lower__in=times).values_list("lower", flat=True))
    for name in found | {name for name, n in times.items() if n > 1}:
        found = found | set(names.filter(lower__startswith=name).values_list("lower", flat=True))
    return found


def send_set_password_links(
    *, by: Actor, isp: IspRef, subscriber_ids: Iterable[int], run: UUID, only_new: bool = False
) -> dict[str, int]:
    """Mail the main logins of these subscribers a link to set a password.

    Returns how many were `sent`, had `no_email`, were `closed`, `no_login` or had one of this run `before`.
    """

    def send(user: PortalUser) -> None:
        send_set_password_link(by=by, isp=isp, user=user, run=run)

    return _send(subscriber_ids, PortalToken, run, only_new, send)


def send_autologin_links(
    *,
    by: Actor,
    isp: IspRef,
    subscriber_ids: Iterable[int],
    run: UUID,
    scope: str = AutoLoginLink.Scope.PAY,
    life: timedelta = timedelta(days=3),
    only_new: bool = False,
) -> dict[str, int]:
    """Mail the main logins of these subscribers an auto-login link. Returns the same counts."""

    def send(user: PortalUser) -> None:
        send_autologin_link(isp=isp, user=user, scope=scope, life=life, by=by, run=run)

    return _send(subscriber_ids, AutoLoginLink, run, only_new, send)


def _send(ids: Iterable[int], model: type[Any], run: UUID, only_new: bool, send: Any) -> dict[str, int]:
    ids = list(ids)
    counts: Counter[str] = Counter()
    users = PortalUser.objects.filter(subscriber_id__in=ids, role=PortalRole.OWNER)
    users = users.annotate(is_sent=Exists(model._default_manager.filter(run=run, portal_user=OuterRef("pk"))))
    users = list(users.select_related("subscriber").select_for_update(of=("self",)).order_by("subscriber_id", "pk"))
    counts["no_login"] = len(set(ids) - {user.subscriber_id for user in users})
    for user in users:
        if user.is_sent or (only_new and user.last_login):
            counts["before"] += 1
            continue
        try:
            send(user)
        except CannotSend as error:
            counts[error.reason] += 1
        else:
            counts["sent"] += 1
    return dict(counts)


# A run over all customers


def begin_run(*, by: Actor, isp: IspRef, values: dict[str, Any]) -> LoginRun:
    """Start the portal for all customers, in a task. `values` are what was chosen. Raises RunsAlready."""
    from subscribers.tasks import queue_login_run

    if LoginRun.objects.filter(state=LoginRun.State.RUNNING).exists():
        raise RunsAlready
    row = LoginRun(**values, total=customers().count(), by_id=by.pk, by_name=by.audit_label[:200])
    made = LoginRun.objects.bulk_create([row], ignore_conflicts=True)[0]
    run = LoginRun.objects.filter(uuid=made.uuid).first()
    if run is None:  # somebody else was quicker by a moment
        raise RunsAlready
    record("subscribers.login_run.begun", by=by, on=run, sends=run.sends, customers=run.total)
    queue_login_run(isp_id=isp.pk, run_id=run.pk)
    return run


def stop_run(*, by: Actor, run: LoginRun) -> None:
    """Leave the rest of a run undone. What it has sent stays sent. Twice is once."""
    run = LoginRun.objects.select_for_update().get(pk=run.pk)
    if not run.is_running:
        return
    run.state, run.finished_at = LoginRun.State.STOPPED, timezone.now()
    run.save(update_fields=["state", "finished_at"])
    record("subscribers.login_run.stopped", by=by, on=run, seen=run.seen)


@transaction.atomic
def work_off(*, isp: IspRef, run_id: int, at: datetime) -> bool:
    """Do the next piece of a run; True while there is more. Each piece is one transaction with its own bookmark, so a
    worker that dies leaves none half done, and a second one at the same run waits and goes on behind it."""
    run = LoginRun.objects.select_for_update().filter(pk=run_id).first()
    if run is None or not run.is_running:
        return False
    ids = list(customers().filter(pk__gt=run.last_id).order_by("pk").values_list("pk", flat=True)[:PIECE])
    if ids:
        _do_piece(isp, run, ids)
        run.last_id, run.seen = ids[-1], run.seen + len(ids)
    else:
        run.state, run.finished_at = LoginRun.State.DONE, at
        run.total = run.seen
        record("subscribers.login_run.finished", by=None, on=run, made=run.made, sent=run.sent)
    run.save()
    return bool(ids)


def _do_piece(isp: IspRef, run: LoginRun, ids: list[int]) -> None:
    by = Starter(run.by_id, run.by_name)
    if run.makes_logins:
        run.made += make_missing_logins(by=by, isp=isp, subscriber_ids=ids)
    counts: dict[str, int] = {}
    if run.sends == LoginRun.Sends.SET_PASSWORD:
        counts = send_set_password_links(by=by, isp=isp, subscriber_ids=ids, run=run.uuid, only_new=run.only_new)
    elif run.sends == LoginRun.Sends.AUTO_LOGIN:
        life = timedelta(hours=run.life_hours)
        counts = send_autologin_links(
            by=by, isp=isp, subscriber_ids=ids, run=run.uuid, scope=run.scope, life=life, only_new=run.only_new
        )
    run.sent += counts.get("sent", 0)
    run.without_email += counts.get("no_email", 0)
