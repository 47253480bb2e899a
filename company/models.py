"""The ISP as its customers see it."""

import uuid

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.crypto import SecretField
from core.models import StoredFile, Token
from core.singleton import Singleton
from domains.hosts import shown


class Profile(Singleton):
    """Name and contact of the ISP as shown to customers. Empty fields are not shown."""

    display_name = models.CharField(_("name shown to customers"), max_length=120, blank=True)
    legal_name = models.CharField(_("legal name"), max_length=160, blank=True)
    tax_id = models.CharField(_("tax ID"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("New install requests are sent here too."))
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    whatsapp = models.CharField(_("WhatsApp"), max_length=40, blank=True)
    website = models.URLField(_("website"), blank=True)
    address = models.TextField(_("address"), max_length=300, blank=True)
    opening_hours = models.CharField(_("opening hours"), max_length=160, blank=True)

    class Meta(Singleton.Meta):
        verbose_name = _("company profile")


class Branding(Singleton):
    """Logo and colour of the portal."""

    colour = models.CharField(
        _("brand colour"), max_length=7, default="#066fd1", validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$")]
    )
    logo = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    welcome = models.CharField(_("greeting on the sign-in page"), max_length=200, blank=True)

    class Meta(Singleton.Meta):
        verbose_name = _("branding")


class InvoiceGroupQuerySet(models.QuerySet["InvoiceGroup"]):
    def default(self) -> "InvoiceGroup | None":
        """The group of those who have none, if there are groups at all. One query."""
        return self.filter(is_default=True).first()

    def of(self, group_id: int | None) -> "InvoiceGroup | None":
        """A subscriber's group, which is the default one for those who have none. One query."""
        return self.filter(pk=group_id).first() if group_id else self.default()


class InvoiceGroup(models.Model):
    """A sub-brand of the ISP: whose name, contact and numbers stand on invoices. Empty fields are the ISP's own.

    A subscriber without a group belongs to the default one.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("invoice group"), max_length=80, unique=True)
    is_default = models.BooleanField(_("default group"), default=False)
    legal_name = models.CharField(_("legal name"), max_length=160, blank=True)
    tax_id = models.CharField(_("tax ID"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    website = models.URLField(_("website"), blank=True)
    address = models.TextField(_("address"), max_length=300, blank=True)
    number_prefix = models.CharField(_("invoice numbers begin with"), max_length=12, blank=True)
    footer = models.TextField(_("text at the foot of documents"), max_length=500, blank=True)
    logo = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    objects = InvoiceGroupQuerySet.as_manager()

    class Meta:
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_invoice_group"
            )
        ]
        verbose_name = _("invoice group")
        verbose_name_plural = _("invoice groups")

    def __str__(self) -> str:
        return self.name


class Identifier(models.TextChoices):
    SLUG = "slug", _("short name (easy to read)")
    UUID = "uuid", _("random code (hard to guess)")


class PortalSettings(Singleton):
    """Switches of the portal and of the public forms."""

    identifier = models.CharField(_("links carry"), max_length=4, choices=Identifier, default=Identifier.SLUG)
    accepts_requests = models.BooleanField(_("accept install requests"), default=True)
    shows_services = models.BooleanField(_("show services"), default=True)
    shows_payment_methods = models.BooleanField(_("show payment methods"), default=True)
    shows_contact = models.BooleanField(_("show contact"), default=True)

    class Meta(Singleton.Meta):
        verbose_name = _("portal settings")


class DocumentKind(models.TextChoices):
    ID_FRONT = "id_front", _("Official ID, front")
    ID_BACK = "id_back", _("Official ID, back")
    PROOF_OF_ADDRESS = "proof_of_address", _("Proof of address")
    COUPON = "coupon", _("Coupon or discount")


class DocumentRule(models.Model):
    """Whether a document is asked for in an install request, and whether it must be given."""

    class Demand(models.TextChoices):
        REQUIRED = "required", _("required")
        OPTIONAL = "optional", _("optional")
        HIDDEN = "hidden", _("not asked for")

    kind = models.CharField(max_length=20, choices=DocumentKind, unique=True)
    demand = models.CharField(max_length=10, choices=Demand)

    class Meta:
        ordering = ["kind"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_demand_display()}"


DEFAULT_DEMANDS = {
    DocumentKind.ID_FRONT: DocumentRule.Demand.REQUIRED,
    DocumentKind.ID_BACK: DocumentRule.Demand.REQUIRED,
    DocumentKind.PROOF_OF_ADDRESS: DocumentRule.Demand.REQUIRED,
    DocumentKind.COUPON: DocumentRule.Demand.OPTIONAL,
}


def document_demands() -> dict[DocumentKind, str]:
    """What is asked for in an install request now: the ISP's rules over the defaults. One query."""
    rules = dict(DocumentRule.objects.values_list("kind", "demand"))
    return {kind: rules.get(kind.value, default) for kind, default in DEFAULT_DEMANDS.items()}


class CaptchaKeys(models.Model):
    """reCAPTCHA v2 keys of the ISP for one domain and the domains below it."""

    domain = models.CharField(_("domain"), max_length=253, unique=True)
    site_key = models.CharField(_("site key"), max_length=100)
    secret_key = SecretField(_("secret key"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["domain"]
        verbose_name = _("reCAPTCHA keys")
        verbose_name_plural = _("reCAPTCHA keys")

    def __str__(self) -> str:
        return self.domain

    @property
    def shown_domain(self) -> str:
        """The domain as people write it."""
        return shown(self.domain)


class CaptchaTest(Token):
    """A try of reCAPTCHA keys on one host, in a browser: its link, and what came of it. It goes with the keys."""

    class Outcome(models.TextChoices):
        WORKS = "works", _("works")
        ELSEWHERE = "elsewhere", _("another page")  # the answer was given for another host, `seen_host`
        WRONG_PAIR = "wrong_pair", _("keys of two sites")
        BAD_SECRET = "bad_secret", _("unknown secret key")
        NO_BOX = "no_box", _("no box")  # the person saw an error in its place

    keys = models.ForeignKey(CaptchaKeys, on_delete=models.CASCADE, related_name="tests")
    host = models.CharField(max_length=253)
    by_id = models.BigIntegerField(null=True)  # people are in another schema
    by_name = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    seen_host = models.CharField(max_length=253, blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-answered_at", "-pk"]
        verbose_name = _("try of reCAPTCHA keys")

    def __str__(self) -> str:
        return f"{self.host}: {self.outcome}"


class ChatWidget(Singleton):
    """The ISP's chat. Known vendors are kept as their id; anything else as the pasted script, which runs confined."""

    class Vendor(models.TextChoices):
        NONE = "", _("no chat")
        SMARTSUPP = "smartsupp", "Smartsupp"
        TIDIO = "tidio", "Tidio"
        TAWK = "tawk", "Tawk.to"
        CRISP = "crisp", "Crisp"
        CHATWOOT = "chatwoot", "Chatwoot"
        OTHER = "other", _("another vendor")

    vendor = models.CharField(max_length=20, choices=Vendor, blank=True, default=Vendor.NONE)
    account = models.CharField(max_length=120, blank=True)
    host = models.CharField(max_length=253, blank=True)  # of a self-hosted Chatwoot
    script = models.TextField(max_length=5000, blank=True)
    is_on = models.BooleanField(_("show the chat in the portal"), default=True)

    class Meta(Singleton.Meta):
        verbose_name = _("chat widget")

    @property
    def is_shown(self) -> bool:
        """Whether there is a chat and it is switched on."""
        return self.is_on and self.vendor != self.Vendor.NONE

    @property
    def is_confined(self) -> bool:
        """Whether the chat is a script that we do not know."""
        return self.vendor == self.Vendor.OTHER


class RouterList(Singleton):
    """The list of addresses (see company.router) as the ISP last put it on its routers; empty before the first time."""

    addresses = models.JSONField(default=list)
    taken_at = models.DateTimeField(null=True)
    taken_by = models.CharField(max_length=120, blank=True)  # a name: people are in another schema

    class Meta(Singleton.Meta):
        verbose_name = _("list for routers")
