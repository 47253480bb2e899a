"""What staff change in the settings of an ISP. Each verb runs in the ISP's scope and leaves one audit row."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from company import router
from company.chat_vendors import Chat, Vendor
from company.models import (
    Branding,
    CaptchaKeys,
    ChatWidget,
    DocumentKind,
    DocumentRule,
    PortalSettings,
    Profile,
    RouterList,
    document_demands,
)
from core import uploads
from core.audit import Actor, record
from core.changes import Changes, set_fields
from core.scope import public_scope, required
from domains import claims
from tenants.directory import IspRef
from tenants.models import ISP, StaffUser

LOGO_SIDE = 512  # pixels that are kept


@transaction.atomic
def change_profile(*, values: Mapping[str, Any], by: Actor) -> Changes:
    """Set fields of the profile; what changed is returned, and audited with before and after."""
    profile = Profile.locked()
    if changes := set_fields(profile, values):
        record("company.profile.changed", by=by, on=profile, changes=changes)
    return changes


@transaction.atomic
def change_branding(*, values: Mapping[str, Any], logo: UploadedFile | None, by: Actor) -> Changes:
    """Set colour and greeting, and the logo if one is given. Raises BadUpload, and then changes nothing."""
    branding = Branding.locked()
    values, old = dict(values), branding.logo
    if logo is not None:
        values["logo"] = uploads.store(logo, kinds=uploads.PICTURES, longest_side=LOGO_SIDE)
    if changes := set_fields(branding, values):
        record("company.branding.changed", by=by, on=branding, changes=changes)
    if logo is not None and old is not None:
        uploads.remove(old)
    return changes


@transaction.atomic
def remove_logo(*, by: Actor) -> None:
    """Show the ISP's name in place of its logo. Without a logo nothing happens."""
    branding = Branding.locked()
    if branding.logo is None:
        return
    old = branding.logo
    set_fields(branding, {"logo": None})
    uploads.remove(old)
    record("company.logo.removed", by=by, on=branding)


@transaction.atomic
def change_portal_settings(*, values: Mapping[str, Any], by: Actor) -> Changes:
    """Set switches of the portal, and what the links of the public forms carry."""
    portal = PortalSettings.locked()
    if changes := set_fields(portal, values):
        record("company.portal_settings.changed", by=by, on=portal, changes=changes)
    return changes


@transaction.atomic
def change_document_rules(*, demands: Mapping[str, str], by: Actor) -> Changes:
    """Say for each kind of document whether it must be given, may be given, or is not asked for.

    A choice that is the default is written down too, so it stays when the default changes.
    """
    before = document_demands()
    changes = {
        kind: [str(before[DocumentKind(kind)]), str(demand)]
        for kind, demand in demands.items()
        if before[DocumentKind(kind)] != demand
    }
    for kind, demand in demands.items():
        DocumentRule.objects.update_or_create(kind=kind, defaults={"demand": demand})
    if changes:
        record("company.document_rules.changed", by=by, changes=changes)
    return changes


@transaction.atomic
def set_captcha_keys(*, domain: str, site_key: str, secret_key: str, by: Actor) -> CaptchaKeys:
    """Use these reCAPTCHA keys on a domain and below it, in place of any that were there."""
    keys, is_new = CaptchaKeys.objects.update_or_create(
        domain=domain, defaults={"site_key": site_key, "secret_key": secret_key}
    )
    keys.tests.all().delete()  # of the keys before
    verb = "company.captcha_keys.added" if is_new else "company.captcha_keys.replaced"
    record(verb, by=by, on=keys, domain=domain)
    _look_at_captcha()
    return keys


@transaction.atomic
def delete_captcha_keys(*, keys: CaptchaKeys, by: Actor) -> None:
    """Go back to the built-in check on the domain of these keys."""
    record("company.captcha_keys.deleted", by=by, on=keys, domain=keys.domain)
    keys.delete()
    _look_at_captcha()


def _look_at_captcha() -> None:
    """Have the checklists of the ISP's domains say within seconds what holds now."""
    isp_id = required().isp_id
    if isp_id is not None:
        with public_scope():
            claims.check_portals_soon(isp_id=isp_id, at=timezone.now())


@transaction.atomic
def set_chat(*, chat: Chat, by: Actor) -> ChatWidget:
    """Show this chat in the portal, in place of the one that was there."""
    widget = ChatWidget.locked()
    values = {"vendor": chat.vendor, "account": chat.account, "host": chat.host, "script": chat.script, "is_on": True}
    if changes := set_fields(widget, values):
        changes.pop("script", None)  # thousands of characters
        record("company.chat.set", by=by, on=widget, vendor=str(chat.vendor), host=chat.host, changes=changes)
    return widget


@transaction.atomic
def switch_chat(*, is_on: bool, by: Actor) -> None:
    """Show the chat or hide it, and keep it either way."""
    widget = ChatWidget.locked()
    if set_fields(widget, {"is_on": is_on}):
        record("company.chat.switched_on" if is_on else "company.chat.switched_off", by=by, on=widget)


@transaction.atomic
def remove_chat(*, by: Actor) -> None:
    """Forget the chat."""
    widget = ChatWidget.locked()
    if set_fields(widget, {"vendor": Vendor.NONE, "account": "", "host": "", "script": "", "is_on": True}):
        record("company.chat.removed", by=by, on=widget)


class StaleList(Exception):
    """The list of addresses is another one by now."""


@transaction.atomic
def confirm_router_list(*, isp: ISP | IspRef, version: str, by: StaffUser) -> RouterList:
    """Write down that the list of this version is on the ISP's routers. Raises StaleList if the list has changed."""
    taken = RouterList.locked()
    addresses = router.addresses_of(router.wanted(isp))
    if router.version_of(addresses) != version:
        raise StaleList
    values = {"addresses": addresses, "taken_at": timezone.now(), "taken_by": by.name[:120]}
    if set_fields(taken, values):
        record("company.router_list.confirmed", by=by, on=taken, version=version, addresses=len(addresses))
    return taken
