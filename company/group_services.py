"""What staff do with invoice groups. Each verb runs in the ISP's scope and leaves one audit row."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from company.models import InvoiceGroup
from core import uploads
from core.audit import Actor, record
from core.changes import Changes, set_fields
from core.usage import refuse_if_used

LOGO_SIDE = 512  # pixels that are kept


class IsDefault(Exception):
    """The group stands for all subscribers without one, so another one must be the default first."""


@transaction.atomic
def add_group(*, values: Mapping[str, Any], logo: UploadedFile | None = None, by: Actor | None) -> InvoiceGroup:
    """Open a group; the first one is the default. Raises core.uploads.BadUpload, and then changes nothing."""
    is_first = not InvoiceGroup.objects.select_for_update().exists()
    group = InvoiceGroup.objects.create(**values, is_default=is_first, logo=_stored(logo))
    record("company.invoice_group.added", by=by, on=group, name=group.name)
    return group


@transaction.atomic
def change_group(
    *, group: InvoiceGroup, values: Mapping[str, Any], logo: UploadedFile | None = None, by: Actor | None
) -> Changes:
    """Set fields of a group, and its logo if one is given. Raises core.uploads.BadUpload."""
    group = _locked(group)
    old = group.logo
    changes = set_fields(group, {**values, "logo": _stored(logo)} if logo else values)
    if logo and old:
        uploads.remove(old)
    if changes:
        record("company.invoice_group.changed", by=by, on=group, name=group.name, changes=changes)
    return changes


@transaction.atomic
def remove_group_logo(*, group: InvoiceGroup, by: Actor | None) -> None:
    """Use the ISP's own logo. Without one of the group's nothing happens."""
    group = _locked(group)
    old = group.logo
    if old is None:
        return
    set_fields(group, {"logo": None})
    uploads.remove(old)
    record("company.invoice_group.logo_removed", by=by, on=group, name=group.name)


@transaction.atomic
def make_default(*, group: InvoiceGroup, by: Actor | None) -> None:
    """Let all subscribers without a group belong to this one."""
    groups = {each.pk: each for each in InvoiceGroup.objects.select_for_update().order_by("pk")}
    group = groups[group.pk]
    if group.is_default:
        return
    before = next((each.name for each in groups.values() if each.is_default), "")
    InvoiceGroup.objects.filter(is_default=True).update(is_default=False)
    InvoiceGroup.objects.filter(pk=group.pk).update(is_default=True)
    record("company.invoice_group.made_default", by=by, on=group, name=group.name, before=before)


@transaction.atomic
def delete_group(*, group: InvoiceGroup, by: Actor | None) -> None:
    """Remove a group to which nobody was assigned. Raises core.usage.InUse, and IsDefault while there are others."""
    group = _locked(group)
    if group.is_default and InvoiceGroup.objects.exclude(pk=group.pk).exists():
        raise IsDefault
    refuse_if_used(group)
    record("company.invoice_group.deleted", by=by, on=group, name=group.name)
    logo = group.logo
    group.delete()
    if logo:
        uploads.remove(logo)


def _locked(group: InvoiceGroup) -> InvoiceGroup:
    return InvoiceGroup.objects.select_for_update(of=("self",)).select_related("logo").get(pk=group.pk)


def _stored(logo: UploadedFile | None) -> Any:
    return uploads.store(logo, kinds=uploads.PICTURES, longest_side=LOGO_SIDE) if logo else None
