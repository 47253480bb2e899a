"""The settings of an ISP: one area in sections, each for those whose role carries its right."""

from typing import Any

import segno
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from company import services
from company.branding import readings
from company.forms import BrandingForm, DocumentRulesForm, PortalForm, ProfileForm
from company.models import Branding, Identifier, PortalSettings, Profile, document_demands
from core import uploads
from dashboard import settings_states
from dashboard.access import rights_of, staff_page
from dashboard.settings_sections import allowed_groups
from domains.links import portal_url, shared_portal_url
from tenants.directory import IspRef
from tenants.roles import Right


def section_page(
    request: HttpRequest, name: str, context: dict[str, Any], *, template: str = "", form: Any = None
) -> HttpResponse:
    """Render a page of a section; with status 422 if the form that was sent is not valid."""
    groups = allowed_groups(rights_of(request.membership))
    group = next(group for group in groups if name in {section.name for section in group.sections})
    current = next(section for section in group.sections if section.name == name)
    context |= {"form": form, "section_groups": groups, "section_group": group, "section": current}
    status = 422 if form is not None and form.is_bound and form.errors else 200
    return render(request, f"dashboard/settings/{template or name}.html", context, status=status)


def to_section(request: HttpRequest, name: str) -> HttpResponse:
    """Back to a section, after something was saved there."""
    return redirect(f"/{request.isp.slug}/settings/{name}/")


def saved(request: HttpRequest, name: str, *, changed: Any = True) -> HttpResponse:
    """Say that it is saved, and stay in the section."""
    messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return to_section(request, name)


def bound(request: HttpRequest) -> dict[str, Any]:
    """What a form takes from a request: nothing unless it was sent."""
    return {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}


@staff_page(Right.PAYMENT_SETTINGS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The settings in groups, with what each is for and how it is with it."""
    groups = allowed_groups(rights_of(request.membership))
    states = settings_states.states(request.isp, {section.name for group in groups for section in group.sections})
    return render(request, "dashboard/settings/index.html", {"groups": groups, "states": states})


@staff_page(Right.SETTINGS)
def profile(request: HttpRequest) -> HttpResponse:
    """Name and contact of the company."""
    form = ProfileForm(**bound(request), instance=Profile.load(), country=request.isp.country)
    if form.is_bound and form.is_valid():
        changed = services.change_profile(values=form.cleaned_data, by=request.user)
        return saved(request, "profile", changed=changed)
    return section_page(request, "profile", {}, form=form)


@staff_page(Right.SETTINGS)
def branding(request: HttpRequest) -> HttpResponse:
    """Logo, colour and greeting, with a preview of the sign-in page."""
    current = Branding.load()
    form = BrandingForm(**bound(request), instance=Branding.load())
    if form.is_bound and form.is_valid():
        try:
            logo = form.cleaned_data["logo"] or None
            changed = services.change_branding(values=form.values, logo=logo, by=request.user)
        except uploads.BadUpload as error:
            form.add_error("logo", str(error))
        else:
            return saved(request, "branding", changed=changed)
    profile = Profile.load()
    context = {"branding": current, "shown_name": profile.display_name or request.isp.name}
    context["readings"] = readings(current.colour)
    return section_page(request, "branding", context, form=form)


@staff_page(Right.SETTINGS)
@require_safe
def current_logo(request: HttpRequest) -> HttpResponse:
    """The logo as it is stored, for the preview."""
    logo = Branding.load().logo
    if logo is None:
        raise Http404
    return uploads.serve(logo, inline=True)


@staff_page(Right.SETTINGS)
@require_POST
def remove_logo(request: HttpRequest) -> HttpResponse:
    """Show the company's name in place of the logo."""
    services.remove_logo(by=request.user)
    messages.success(request, _("The logo was removed. The portal shows your name instead."))
    return to_section(request, "branding")


@staff_page(Right.SETTINGS)
def portal(request: HttpRequest) -> HttpResponse:
    """What the portal shows, and the addresses of the install request form."""
    current = PortalSettings.load()
    form = PortalForm(**bound(request), instance=PortalSettings.load())
    if form.is_bound and form.is_valid():
        changed = services.change_portal_settings(values=form.cleaned_data, by=request.user)
        return saved(request, "portal", changed=changed)
    isp: IspRef = request.isp
    choices = [
        (Identifier.SLUG, isp.slug, _("Short name"), _("Easy to read and to say.")),
        (Identifier.UUID, str(isp.uuid), _("Random code"), _("Hard to guess: found only by those who have the link.")),
    ]
    name = str(isp.uuid) if current.identifier == Identifier.UUID else isp.slug
    return section_page(request, "portal", {"choices": choices, "links": install_links(isp, name)}, form=form)


def install_links(isp: IspRef, identifier: str) -> list[dict[str, Any]]:
    """The addresses of the install request form, each with a QR code for printing."""
    return public_links(isp, "install", identifier)


def public_links(isp: IspRef, page: str, identifier: str) -> list[dict[str, Any]]:
    """The addresses of a public page of an ISP, each with a QR code for printing."""
    path = f"/{page}/{identifier}/"
    rows = [(_("On your portal"), portal_url(isp, path)), (_("On the shared portal"), shared_portal_url(path))]
    return [
        {"title": title, "url": url, "key": f"link-{i}", "printed": _printed_qr(url)}
        for i, (title, url) in enumerate(rows)
    ]


def _printed_qr(url: str) -> str:
    """A QR code as a picture of about 400 pixels, in an address that carries it."""
    return segno.make(url, error="m", micro=False).png_data_uri(scale=12, border=4)


@staff_page(Right.SETTINGS)
def documents(request: HttpRequest) -> HttpResponse:
    """Which documents an install request asks for."""
    form = DocumentRulesForm(**bound(request), initial=document_demands())
    if form.is_bound and form.is_valid():
        changed = services.change_document_rules(demands=form.cleaned_data, by=request.user)
        return saved(request, "documents", changed=changed)
    return section_page(request, "documents", {}, form=form)
