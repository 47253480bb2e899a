"""The pages of a preview at the portal's host: begin it, see that it runs, stop it."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.access import InPreview, public_page
from portal.preview import over, remember, status_page
from portal.shared_views import SeeOther
from subscribers.services import previews


@public_page
@never_cache
@require_safe
def preview(request: HttpRequest) -> HttpResponse:
    """Whose portal is being looked at, until when, and how to stop."""
    return status_page(request, "running" if request.preview else "none")


@public_page(preview=InPreview.ALWAYS)
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """Begin the preview whose one-time secret the dashboard's page sends.

    The form comes from another host, so it has no CSRF token of this one; the Origin header must name the dashboard
    where the secret was made. Looking at the address, as programs do that follow links, begins nothing.
    """
    if request.method != "POST":
        return status_page(request, "running" if request.preview else "none")
    place = {"isp": request.isp, "origin": request.headers.get("Origin", ""), "host": request.site.host}
    before = request.preview.row if request.preview else None
    try:
        begun = previews.begin(secret=request.POST.get("token", ""), at=timezone.now(), instead_of=before, **place)
    except previews.CannotPreview:
        return status_page(request, "gone", status=410)
    response = SeeOther("/")
    remember(request, response, begun)
    return response


@public_page(preview=InPreview.ALWAYS)
@never_cache
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """End the preview that runs in this browser, and nothing else."""
    if request.preview is None:
        return status_page(request, "none")
    row = request.preview.row
    previews.stop(preview=row, by=request.preview.user, at=timezone.now())
    return over(request, row)
