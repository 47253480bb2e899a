"""Giving an ISP another slug. The old one leads to the new one for a while."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.audit import Actor, record
from tenants import directory, slugs
from tenants.models import ISP, FormerSlug

REDIRECTS_FOR = timedelta(days=90)


class CannotRename(Exception):
    """The slug cannot be had. The text says why, for a person."""


def check_free(slug: str, *, isp: ISP) -> None:
    """Raise CannotRename unless the ISP may have the slug: as at sign-up, but its own old ones are its own."""
    try:
        slugs.check(slug)
    except ValidationError as error:
        raise CannotRename(" ".join(error.messages)) from error
    others = ISP.objects.looking_like(slug).exclude(pk=isp.pk)
    former = FormerSlug.objects.live().looking_like(slug).exclude(isp=isp)
    if others.exists() or former.exists():
        raise CannotRename(_("This address is taken, or looks too much like another one. Please choose another."))


def rename(*, isp: ISP, slug: str, by: Actor | None) -> ISP:
    """Give an ISP another slug; the old one redirects for 90 days and is free afterwards. Raises CannotRename.

    Other processes follow within seconds, when their caches run out.
    """
    isp = ISP.objects.select_for_update().get(pk=isp.pk)
    if slug == isp.slug:
        raise CannotRename(_("This is the address already."))
    check_free(slug, isp=isp)
    old, now = isp.slug, timezone.now()
    # Its own former slug is taken back, and rows that have run out make room.
    FormerSlug.objects.filter(isp=isp, slug=slug).delete()
    FormerSlug.objects.filter(slug__in=[slug, old], until__lte=now).delete()
    isp.slug, isp.slug_skeleton = slug, slugs.skeleton(slug)
    try:
        with transaction.atomic():
            isp.save(update_fields=["slug", "slug_skeleton"])
            FormerSlug.objects.create(isp=isp, slug=old, slug_skeleton=slugs.skeleton(old), until=now + REDIRECTS_FOR)
    except IntegrityError as error:
        raise CannotRename(_("This address was taken in the meantime. Please choose another.")) from error
    record("tenants.isp.renamed", by=by, on=isp, before=old, slug=slug)
    transaction.on_commit(directory.forget_all)
    return isp
