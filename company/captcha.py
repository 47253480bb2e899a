"""Which reCAPTCHA keys hold on a host, and on which hosts an ISP can have some."""

from company.models import CaptchaKeys
from core.scope import public_scope
from domains.links import slug_host
from domains.models import Domain, Surface
from tenants.directory import IspRef
from tenants.models import ISP


def recaptcha_keys_for(host: str) -> CaptchaKeys | None:
    """The current ISP's keys for a host: those of the longest domain that is the host or lies above it. One query.

    None means that the ISP has none there, and the built-in check is used.
    """
    labels = host.split(".")
    above = [".".join(labels[i:]) for i in range(len(labels))]
    return max(CaptchaKeys.objects.filter(domain__in=above), key=lambda keys: len(keys.domain), default=None)


def captcha_domains(isp: ISP | IspRef) -> list[str]:
    """The hosts whose pages show an ISP's forms: its own domains that are proved, then the one on ours. One query."""
    with public_scope():
        own = list(Domain.objects.live().filter(isp_id=isp.pk, surface=Surface.PORTAL).values_list("host", flat=True))
    return [*own, slug_host(isp)]
