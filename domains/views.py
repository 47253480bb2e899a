"""What every host of an ISP's own answers to ourselves."""

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.access import public_page
from core.http import Request
from domains import probe


@public_page
@never_cache
@require_safe
def mark(request: Request) -> HttpResponse:
    """The sign by which a check of a domain knows our own page."""
    return HttpResponse(probe.mark(request.site.host), content_type="text/plain")
