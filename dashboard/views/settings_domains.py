"""Settings: the ISP's own domains, from a name typed to a page that opens, and the page for whoever runs the DNS."""

import zoneinfo
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core import throttle
from core.access import public_page
from core.scope import public_scope
from dashboard.access import staff_page
from dashboard.views.account import not_kept
from dashboard.views.settings import section_page, to_section
from dashboard.views.settings_captcha import may_lead_to
from domains import claims as verbs
from domains import hsts, letters
from domains.checklist import digest, lines
from domains.forms import ClaimForm
from domains.links import base_url, slug_host
from domains.models import Claim, Domain, Finding, Surface
from domains.plans import usage
from domains.services import CannotAdd
from tenants.directory import IspRef
from tenants.roles import Right

PROVIDERS = [
    ("Cloudflare", gettext_lazy("Switch the cloud beside the record to grey: “DNS only”. It saves on its own.")),
    ("GoDaddy, Namecheap, Hostinger", gettext_lazy("Put in the short name; the form adds your domain itself.")),
    ("cPanel, Plesk", gettext_lazy("Put in the full name. If the form wants a dot at its end, add it.")),
    ("Route 53, DigitalOcean", gettext_lazy("Put in the short name; leave the time to live (TTL) as it is.")),
    ("NIC.mx, Akky, Wedos", gettext_lazy("First switch on the provider's own name servers, then add the records.")),
]


def _claim(request: HttpRequest, uuid: UUID) -> Claim:
    """A claim of the ISP whose staff asks. Raises Http404. The caller is in the platform's scope."""
    claim = Claim.objects.select_related("isp__dns_target").filter(isp_id=request.isp.pk, uuid=uuid).first()
    if claim is None:
        raise Http404
    return claim


def _to_claim(request: HttpRequest, claim: Claim) -> HttpResponse:
    return redirect(f"/{request.isp.slug}/settings/domains/{claim.uuid}/")


@staff_page(Right.SETTINGS)
def domains(request: HttpRequest) -> HttpResponse:
    """All domains and how each stands, and the form for another one."""
    form = ClaimForm(data=request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        try:
            with public_scope():
                claim = verbs.claim_domain(
                    isp=request.isp, host=values["host"], surface=Surface(values["surface"]), by=request.user
                )
            return _to_claim(request, claim)
        except CannotAdd as error:
            form.add_error("host", str(error))
    return section_page(request, "domains", _overview(request.isp), form=form)


def _overview(isp: IspRef) -> dict[str, object]:
    with public_scope():
        own = {domain.host: domain for domain in Domain.objects.live().filter(isp_id=isp.pk)}
        claims = list(Claim.objects.filter(isp_id=isp.pk))
        for claim in claims:
            claim.domain = own.pop(claim.host, None)  # type: ignore[attr-defined]
    places = [(slug_host(isp), Surface.PORTAL), (f"app.{settings.PLATFORM_DOMAIN}", Surface.DASHBOARD)]
    return {"claims": claims, "others": list(own.values()), "places": places, "licence": usage(isp)}


@staff_page(Right.SETTINGS)
@require_safe
def claim_page(request: HttpRequest, claim: UUID) -> HttpResponse:
    """The records to create, and a live list of what is there already."""
    with public_scope():
        found = _claim(request, claim)
        domain = Domain.objects.live().filter(isp_id=request.isp.pk, host=found.host).first()
        context = _standing(found) | {
            "records": found.records,
            "providers": PROVIDERS,
            "domain": domain,
            "https": hsts.standing(domain, found) if domain else None,
            "instructions": letters.page_of(found),
            "mail": letters.mailto(found),
            "address": base_url(found.host),
        }
    return may_lead_to(section_page(request, "domains", context, template="domain"), found.host)


def _standing(claim: Claim) -> dict[str, object]:
    found = lines(claim)
    return {"claim": claim, "lines": found, "digest": digest(claim, found)}


@staff_page(Right.SETTINGS)
@require_safe
def checklist(request: HttpRequest, claim: UUID) -> HttpResponse:
    """The list alone, for a page that asks again; nothing (204) while it stands as the page has it."""
    with public_scope():
        context = _standing(_claim(request, claim))
    if request.GET.get("seen") == context["digest"]:
        return HttpResponse(status=204)
    return render(request, "dashboard/settings/domain_checklist.html", context)


@staff_page(Right.SETTINGS)
@require_POST
def check(request: HttpRequest, claim: UUID) -> HttpResponse:
    """Look again now, some times in ten minutes."""
    with public_scope():
        found = _claim(request, claim)
    if throttle.allow(f"domain-check:{found.pk}", limit=10, seconds=600):
        with public_scope():
            verbs.check_soon(claim=found, at=timezone.now())
        messages.success(request, _("We look again within ten seconds."))
    else:
        messages.warning(request, _("We have looked often just now. Wait some minutes; DNS changes take a while."))
    return _to_claim(request, found)


@staff_page(Right.SETTINGS)
@require_POST
def primary(request: HttpRequest, claim: UUID) -> HttpResponse:
    """Have links carry this domain."""
    with public_scope():
        found = _claim(request, claim)
        domain = Domain.objects.filter(isp_id=request.isp.pk, host=found.host).first()
        try:
            if domain is None:
                raise CannotAdd(_("%(host)s does not work yet, so links cannot lead there.") % {"host": found})
            verbs.make_primary(domain=domain, by=request.user)
            messages.success(request, _("Links carry %(host)s from now on.") % {"host": found.shown_host})
        except CannotAdd as error:
            messages.error(request, str(error))
    return _to_claim(request, found)


@staff_page(Right.SETTINGS)
@require_POST
def insist_on_https(request: HttpRequest, claim: UUID) -> HttpResponse:
    """For how long browsers insist on HTTPS at this domain; what switches it off needs no more than what is smaller."""
    with public_scope():
        found = _claim(request, claim)
        try:
            seconds = int(request.POST.get("seconds", "")[:9])
            hsts.insist(claim=found, seconds=seconds, by=request.user)
            messages.success(request, _("Saved. It holds within seconds."))
        except ValueError:
            messages.error(request, _("Choose one of the steps."))
        except hsts.CannotInsist as error:
            messages.error(request, str(error))
    return redirect(f"/{request.isp.slug}/settings/domains/{found.uuid}/#https")


@staff_page(Right.SETTINGS)
@require_POST
def release(request: HttpRequest, claim: UUID) -> HttpResponse:
    """Give the domain up; its name must be ticked to be meant."""
    with public_scope():
        found = _claim(request, claim)
        if request.POST.get("is_meant") != "1":
            messages.error(request, _("Tick that you mean it first."))
            return _to_claim(request, found)
        verbs.release_claim(claim=found, by=request.user)
    messages.success(request, _("%(host)s was given up.") % {"host": found.shown_host})
    return to_section(request, "domains")


@public_page
@require_safe
def instructions(request: HttpRequest, key: str) -> HttpResponse:
    """The records of one domain, for whoever runs its DNS and has no login here. It shows nothing else."""
    with public_scope():
        claim = Claim.objects.select_related("isp__dns_target").filter(page_key=key).first()
        if claim is None or (request.site.isp is not None and request.site.isp.pk != claim.isp_id):
            raise Http404
        # What shows in a browser is no matter of the DNS.
        seen = [line for line in lines(claim) if line.check_name != Finding.Check.CAPTCHA]
    text = letters.text(claim)
    context = {
        "claim": claim,
        "company": claim.isp.name,
        "records": claim.records,
        "providers": PROVIDERS,
        "lines": seen,
        "text": text,
        "rows": text.count("\n") + 2,
        "mail": letters.mailto(claim),
        "now": timezone.now(),
    }
    with timezone.override(zoneinfo.ZoneInfo(claim.isp.timezone)):
        return not_kept(render(request, "dashboard/dns_instructions.html", context))
