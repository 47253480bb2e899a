"""What an ISP's own pages load from us: its logo, and the document that its confined chat runs in."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from company.access import isp_link_page
from company.chat import frame_policy
from company.models import Branding, ChatWidget
from core import uploads
from core.access import InPreview, public_page
from core.errors import page_not_found
from domains.models import Surface

DOCUMENT = "<!doctype html><html lang={}><meta charset=utf-8><meta name=viewport content='width=device-width'>{}</html>"


@public_page
@require_safe
def logo(request: HttpRequest, file: UUID) -> HttpResponse:
    """The logo of the ISP of this host; only the current one is there."""
    return _current_logo(file)


@isp_link_page
@require_safe
def linked_logo(request: HttpRequest, file: UUID) -> HttpResponse:
    """The same on the shared portal, where the path names the ISP."""
    return _current_logo(file)


def _current_logo(file: UUID) -> HttpResponse:
    branding = Branding.objects.select_related("logo").filter(pk=1, logo__uuid=file).first()
    if branding is None:
        raise Http404
    response = uploads.serve(branding.logo, inline=True)
    # Another logo gets another address, so this one never changes.
    response["Cache-Control"] = "public, max-age=86400, immutable"
    return response


@public_page(preview=InPreview.NEVER)
@require_safe
def chat_document(request: HttpRequest) -> HttpResponse:
    """The document of a chat that we do not know. Its policy gives it an origin of its own, also when opened alone."""
    widget = ChatWidget.load()
    if request.site.surface != Surface.PORTAL or not (widget.is_shown and widget.is_confined):
        return page_not_found(request)
    script = mark_safe(widget.script)  # noqa: S308 - it runs in a sandbox, which the policy below makes
    response = HttpResponse(format_html(DOCUMENT, get_language(), script))
    response["Content-Security-Policy"] = frame_policy(widget)
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    response["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=()"
    response["Cache-Control"] = "no-cache"
    return response
