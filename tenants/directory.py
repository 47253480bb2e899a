"""Which ISPs there are, as small references that are cached for seconds in each process."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.caching import TimedCache
from core.celery import RefusedTask
from core.scope import public_scope
from tenants.models import ISP, Deletion, FormerSlug


class GoneForGood(RefusedTask):
    """There is no such ISP any more, or its deletion has begun. One that is off the air may be back tomorrow."""


@dataclass(frozen=True, slots=True)
class IspRef:
    """What a request needs to know of an ISP before its scope is open."""

    pk: int
    uuid: UUID
    slug: str
    schema_name: str
    name: str
    country: str
    language: str
    currency: str
    timezone: str
    is_suspended: bool  # off the air, for whatever reason


def reference(isp: ISP) -> IspRef:
    """The reference of an ISP that was loaded `with_state()`."""
    return IspRef(
        pk=isp.pk,
        uuid=isp.uuid,
        slug=isp.slug,
        schema_name=isp.schema_name,
        name=isp.name,
        country=isp.country,
        language=isp.language,
        currency=isp.currency,
        timezone=isp.timezone,
        is_suspended=isp.is_suspended,  # type: ignore[attr-defined]
    )


_cache: TimedCache[IspRef | None] = TimedCache(seconds=5, size=10_000)
_open: TimedCache[IspRef] = TimedCache(seconds=1, size=10_000)
# What else in this process was derived from the same rows, such as the sites of hosts.
derived: list[TimedCache[Any]] = []


def _find(key: str, **where: object) -> IspRef | None:
    def load() -> IspRef | None:
        with public_scope():
            isp = ISP.objects.with_state().filter(**where).first()
        return reference(isp) if isp else None

    return _cache.get(key, load)


def by_slug(slug: str) -> IspRef | None:
    """The ISP with this slug, or None."""
    return _find(f"slug:{slug}", slug=slug)


def by_uuid(uuid: UUID) -> IspRef | None:
    """The ISP with this UUID, or None."""
    return _find(f"uuid:{uuid}", uuid=uuid)


def by_former_slug(slug: str) -> IspRef | None:
    """The ISP that had this slug until lately, or None. Nothing is cached.

    One small query for a name that nobody had, which most are that come by here; two for a former one.
    """
    with public_scope():
        former = FormerSlug.objects.live().filter(slug=slug).values_list("isp_id", flat=True).first()
        isp = ISP.objects.with_state().filter(pk=former).first() if former else None
    return reference(isp) if isp else None


def open_isp(isp_id: int, *, afresh: bool = True) -> IspRef:
    """The ISP that a task may run for. Raises RefusedTask if it is off the air, GoneForGood if it is unknown or goes.

    A worker in a burst of tasks does not ask `afresh`: it asks once a second, so no task of an ISP begins later than a
    second after its suspension. The answer "no" is never kept.
    """

    def load() -> IspRef:
        isp = ISP.objects.with_state().filter(pk=isp_id).first()
        if isp is None or isp.is_suspended:  # type: ignore[attr-defined]
            is_gone = isp is None or Deletion.objects.filter(isp_id=isp_id).exists()
            raise (GoneForGood if is_gone else RefusedTask)(f"No open ISP has the id {isp_id}.")
        return reference(isp)

    return load() if afresh else _open.get(str(isp_id), load)


def forget_all() -> None:
    """Empty this process's cache, after a change that must show at once."""
    everything: list[TimedCache[Any]] = [_cache, _open, *derived]
    for cache in everything:
        cache.clear()
