"""What an ISP sets up after it has signed up, and how much of it is done."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from company import router
from company.models import Branding, CaptchaKeys, ChatWidget, DocumentRule, Profile, RouterList
from core.scope import public_scope
from domains.models import Domain
from messaging.models import ChannelAccount
from payments.models import PaymentMethod
from preinstall.models import InstallRequest
from tenants.directory import IspRef
from tenants.models import ISP, Membership, StaffToken
from tenants.roles import Right
from tenants.services.memberships import INVITATION


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to set up. `path` comes behind the ISP's slug and is empty where nothing can be opened."""

    title: Any
    hint: Any
    icon: str
    path: str
    right: Right
    is_done: bool
    is_optional: bool = False


def steps_for(isp: IspRef, rights: set[str]) -> list[Step]:
    """The steps for somebody with these rights, in whose ISP's scope the caller runs. Ten queries.

    Four more where a list of addresses is on a router.
    """
    steps = [*_channel_steps(), *_router_step(isp), *_steps(isp)]
    return [step for step in steps if step.right.value in rights]


def _channel_steps() -> list[Step]:
    """One thing to do for each carrier that refuses what the ISP sends by it."""
    hint = _("Nothing is sent by it until it works again, and messages wait. See what it says, and mend it.")
    return [
        Step(
            _("%(channel)s does not take your messages") % {"channel": row.title},
            hint,
            "alert-triangle",
            f"settings/channels/{row.channel}/",
            Right.SETTINGS,
            is_done=False,
        )
        for row in ChannelAccount.objects.refused()
    ]


def _router_step(isp: IspRef) -> list[Step]:
    """One thing to do while the list on the ISP's routers is an old one; nobody is asked to have one."""
    taken = RouterList.load()
    if not taken.taken_at or not router.difference(taken, router.addresses_of(router.wanted(isp))):
        return []
    return [
        Step(
            _("Replace the list of addresses on your router"),
            _("It has changed, so suspended subscribers may not reach your portal."),
            "router",
            "settings/router/",
            Right.SETTINGS,
            is_done=False,
        )
    ]


def _steps(isp: IspRef) -> list[Step]:
    profile, branding, chat = Profile.load(), Branding.load(), ChatWidget.load()
    platform = _on_platform(isp)
    return [
        Step(
            _("Fill in your company profile"),
            _("Name, phone and e-mail, as your customers see them."),
            "building-store",
            "settings/profile/",
            Right.SETTINGS,
            bool(profile.email or profile.phone or profile.whatsapp),
        ),
        Step(
            _("Add your logo and colour"),
            _("The portal and the install form wear them."),
            "palette",
            "settings/branding/",
            Right.SETTINGS,
            bool(branding.logo_id),
        ),
        Step(
            _("Choose the documents you ask for"),
            _("Official ID, proof of address, coupon: required, optional or not asked for."),
            "file-check",
            "settings/documents/",
            Right.SETTINGS,
            DocumentRule.objects.exists(),
        ),
        Step(
            _("Add a payment method"),
            _("Bank transfer, cash desk or store: your subscribers see how to pay."),
            "cash",
            "settings/payments/",
            Right.PAYMENT_SETTINGS,
            PaymentMethod.objects.in_portal().exists(),
        ),
        Step(
            _("Invite your staff"),
            _("Everybody signs in with an account of their own."),
            "users-plus",
            "staff/",
            Right.STAFF,
            platform["has_staff"] or platform["has_invitations"],
        ),
        Step(
            _("Try your install form"),
            _("Open it as a customer would and send one request."),
            "clipboard-list",
            "requests/",
            Right.SEE_REQUESTS,
            InstallRequest.objects.exists(),
        ),
        Step(
            _("Use your own domain"),
            _("A name such as customers.your-company.com, in a few minutes."),
            "world",
            "settings/domains/",
            Right.SETTINGS,
            platform["has_domain"],
            is_optional=True,
        ),
        Step(
            _("Use your own reCAPTCHA keys"),
            _("Without keys our own protection against robots works."),
            "shield-check",
            "settings/captcha/",
            Right.SETTINGS,
            CaptchaKeys.objects.exists(),
            is_optional=True,
        ),
        Step(
            _("Show your chat in the portal"),
            _("Smartsupp, Tidio, Tawk.to, Crisp, Chatwoot or another."),
            "message-circle",
            "settings/chat/",
            Right.SETTINGS,
            bool(chat.vendor and chat.is_on),
            is_optional=True,
        ),
    ]


def _on_platform(isp: IspRef) -> dict[str, bool]:
    """What the platform's tables know: one query."""
    first = Membership.objects.filter(isp=OuterRef("isp")).order_by("pk").values("pk")[:1]
    with public_scope():
        return ISP.objects.values(
            has_staff=Exists(Membership.objects.filter(isp=OuterRef("pk")).exclude(pk__in=first)),
            has_invitations=Exists(StaffToken.objects.filter(isp=OuterRef("pk"), purpose=INVITATION, used_at=None)),
            has_domain=Exists(Domain.objects.live().filter(isp=OuterRef("pk"))),
        ).get(pk=isp.pk)
