"""The shared portal's own page: from `name@isp` to the ISP's sign-in page. No password is ever asked for here."""

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from core.access import public_page
from core.links import base_url
from portal.forms import SharedSignInForm


class SeeOther(HttpResponseRedirect):
    status_code = 303


# Browsers hold the address that a form's answer leads to against the policy too.
@public_page
@csp_update({"form-action": [SELF, base_url(f"*.{settings.PLATFORM_DOMAIN}")]})
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """Forward `name@isp` to that ISP's own host, whether or not the ISP exists: the answer here is the same."""
    form = SharedSignInForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return render(request, "portal/shared_home.html", {"form": form})
    if not form.is_valid():
        return render(request, "portal/shared_home.html", {"form": form}, status=422)
    host = f"{form.cleaned_data['slug']}.{settings.PLATFORM_DOMAIN}"
    return SeeOther(f"{base_url(host)}/sign-in/?{urlencode({'user': form.cleaned_data['name']})}")
