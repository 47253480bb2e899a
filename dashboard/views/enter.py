"""The way from the sign-up on the platform's host into the new ISP's dashboard, without typing the password again."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.access import public_page
from core.links import platform_url
from tenants.authentication import begin_sign_in
from tenants.services import sign_up
from tenants.services.accounts import note_sign_in


@public_page
@csrf_exempt
@never_cache
@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    """Sign the person in whose one-time secret the platform's page sends. Whatever else comes goes to the sign-in page.

    The form comes from another host, so it has no CSRF token of this one; the Origin header must name the platform.
    """
    if request.headers.get("Origin") != platform_url(""):
        return redirect("/sign-in/")
    try:
        token = sign_up.enter(secret=request.POST.get("token", ""))
    except sign_up.LinkGone:
        return redirect("/sign-in/")
    signed_in = begin_sign_in(request, token.user)
    if not signed_in:
        return redirect("/sign-in/code/")
    note_sign_in(user=token.user)
    return redirect(f"/{token.isp.slug}/")
