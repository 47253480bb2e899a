"""Pages that every surface has."""

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation.trans_real import get_languages
from django.views.decorators.http import require_POST

from core.access import InPreview, public_page
from core.http import Request


@public_page(preview=InPreview.ALWAYS)
@require_POST
def choose_language(request: Request) -> HttpResponse:
    """Remember the visitor's language in a cookie of this host, and go back."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    response = HttpResponseRedirect(target)
    language = request.POST.get("language", "")
    if language in get_languages():
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 86400, samesite="Lax", secure=settings.SECURE
        )
    return response
