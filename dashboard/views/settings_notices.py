"""Settings: what notice pages say, whose word about addresses counts, and the list for routers of who is cut off."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing import router_list
from billing.models import ListToken, NoticeKind, NoticeSource, NoticeText
from billing.notice_forms import ListAddressForm, NoticeSourceForm, NoticeTextForm
from billing.services import notices as services
from core.links import over_plain_http
from dashboard.access import staff_page
from dashboard.views.settings import bound, saved, section_page
from domains.links import base_url, portal_url, slug_host
from tenants.roles import Right


@staff_page(Right.SETTINGS)
def notices(request: HttpRequest) -> HttpResponse:
    """The kinds of notice pages with their addresses, and the trusted addresses."""
    return _page(request, NoticeSourceForm())


def _page(request: HttpRequest, form: NoticeSourceForm) -> HttpResponse:
    own = {row.kind: row for row in NoticeText.objects.all()}
    kinds = [
        {
            "kind": kind,
            "own": own.get(kind.value),
            "url": over_plain_http(portal_url(request.isp, f"/notice/{kind.value}/")),
        }
        for kind in NoticeKind
    ]
    context = {
        "kinds": kinds,
        "sources": NoticeSource.objects.select_related("router"),
        "check_url": over_plain_http(portal_url(request.isp, "/notice/check/")),
    }
    return section_page(request, "notices", context, form=form)


@staff_page(Right.SETTINGS)
def text(request: HttpRequest, notice: str) -> HttpResponse:
    """What one kind of notice says."""
    if notice not in NoticeKind.values:
        raise Http404
    row = NoticeText.objects.filter(kind=notice).first() or NoticeText(kind=notice)
    form = NoticeTextForm(**bound(request), instance=row)
    if form.is_bound and form.is_valid():
        changed = services.change_text(by=request.user, kind=notice, **form.cleaned_data)
        return saved(request, "notices", changed=changed)
    context = {"kind": NoticeKind(notice), "url": portal_url(request.isp, f"/notice/{notice}/")}
    return section_page(request, "notices", context, template="notice_text", form=form)


@staff_page(Right.SETTINGS)
@require_POST
def add_source(request: HttpRequest) -> HttpResponse:
    """Believe a router about who is behind it."""
    form = NoticeSourceForm(request.POST)
    if form.is_valid():
        try:
            services.trust(by=request.user, **form.cleaned_data)
        except services.AlreadyThere:
            form.add_error("network", _("This address is there already."))
        else:
            return saved(request, "notices")
    return _page(request, form)


@staff_page(Right.SETTINGS)
@require_POST
def remove_source(request: HttpRequest, source: UUID) -> HttpResponse:
    """Believe it no more."""
    services.trust_no_more(by=request.user, row=get_object_or_404(NoticeSource, uuid=source))
    return saved(request, "notices")


@staff_page(Right.SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def cut_off_list(request: HttpRequest) -> HttpResponse:
    """Addresses at which routers fetch who is cut off. A new one is shown once."""
    form, made = ListAddressForm(**bound(request)), {}
    if form.is_bound and form.is_valid():
        try:
            made = _made(request, services.make_list_address(by=request.user, router=form.cleaned_data["router"]))
        except services.TooMany:
            form.add_error("router", _("End an address that is not needed any more first."))
    context = {
        "addresses": ListToken.objects.good().select_related("router"),
        "count": len(router_list.suspended_addresses()),
        **made,
    }
    return section_page(request, "cut-off-list", context, template="cut_off_list", form=form)


def _made(request: HttpRequest, secret: str) -> dict[str, object]:
    """A new address in all its forms, with the commands that use it."""
    base = f"{base_url(slug_host(request.isp))}/lists/{secret}/suspended"
    notice = over_plain_http(portal_url(request.isp, "/notice/"))
    return {
        "urls": [(kind, f"{base}.{kind}") for kind in router_list.KINDS],
        "commands": router_list.set_up(list_url=f"{base}.rsc", notice_url=notice),
    }


@staff_page(Right.SETTINGS)
@require_POST
def revoke(request: HttpRequest, address: UUID) -> HttpResponse:
    """End an address."""
    services.revoke_list_address(by=request.user, row=get_object_or_404(ListToken, uuid=address))
    return saved(request, "cut-off-list")
