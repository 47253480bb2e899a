"""Where a sign-up stands: confirm the address, being set up, open the dashboard."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core import throttle
from core.access import public_page
from core.http import Request
from core.links import dashboard_url
from tenants.forms import SlugForm
from tenants.models import SignUp
from tenants.services import sign_up as services
from tenants.views.browser import is_known

HOUR = 3600
WAITS = [1, 1, 1, 2, 2, 3, 5, 8]  # seconds between looks, the last one from then on


@public_page
@never_cache
@require_GET
def progress(request: Request, uuid: UUID) -> HttpResponse:
    """The three steps. With htmx the page looks again by itself and gets only what has changed."""
    row = _row(uuid)
    page = _page(request, row)
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        return render(request, "platform/partials/progress_poll.html", page)
    return _may_post_to_dashboard(render(request, "platform/progress.html", page))


def _row(uuid: UUID) -> SignUp:
    return get_object_or_404(SignUp.objects.select_related("isp", "new_user"), uuid=uuid)


def _may_post_to_dashboard(response: HttpResponse) -> HttpResponse:
    """Let the page's form go to the dashboard's host and say where it comes from. See dashboard.views.enter."""
    response._csp_update = {"form-action": [dashboard_url("")]}  # type: ignore[attr-defined]
    response["Referrer-Policy"] = "strict-origin-when-cross-origin"
    return response


def _page(request: Request, row: SignUp, form: SlugForm | None = None) -> dict[str, Any]:
    looks = request.GET.get("looks", "")
    count = int(looks) if looks.isdecimal() and len(looks) < 5 else 0
    confirmed_here = is_known(request, row, as_="confirmed")
    finished = row.state == SignUp.State.DONE
    return {
        "sign_up": row,
        "steps": _steps(row),
        "began_here": is_known(request, row, as_="began"),
        "confirmed_here": confirmed_here,
        "is_moving": row.state in {SignUp.State.UNCONFIRMED, SignUp.State.WAITING},
        "has_changed": request.GET.get("seen") != _shown_state(row),
        "shown_state": _shown_state(row),
        "looks": count + 1,
        "wait": WAITS[min(count, len(WAITS) - 1)],
        "enter_url": dashboard_url("/enter/"),
        "enter_secret": services.enter_secret(sign_up=row) if finished and confirmed_here else "",
        "dashboard": dashboard_url(f"/{row.isp.slug}/") if finished and row.isp else dashboard_url(),
        "form": form or (SlugForm() if row.slug_was_taken else None),
    }


def _shown_state(row: SignUp) -> str:
    """What the page shows: a failed attempt that will be repeated looks different from the first one."""
    return f"{row.state}-again" if row.state == SignUp.State.WAITING and row.error else row.state


def _steps(row: SignUp) -> list[dict[str, Any]]:
    """The steps with `state` done, now, failed or later."""
    reached = {"unconfirmed": 0, "waiting": 1, "failed": 1, "done": 2}[row.state]
    names = [_("Confirm your e-mail address"), _("Setting up"), _("Open the dashboard")]
    now = "failed" if row.state == SignUp.State.FAILED else "now"
    states = ["done" if i < reached else now if i == reached else "later" for i in range(3)]
    return [{"name": name, "state": state} for name, state in zip(names, states, strict=True)]


@public_page
@require_POST
def mail_again(request: Request, uuid: UUID) -> HttpResponse:
    """Have the link mailed once more. Only for the browser that signed up."""
    row = _row(uuid)
    if is_known(request, row, as_="began") and throttle.allow(f"mail-again:{uuid}", limit=3, seconds=HOUR):
        services.mail_link_again(sign_up=row)
    return redirect("sign_up_progress", uuid)


@public_page
@require_POST
def try_again(request: Request, uuid: UUID) -> HttpResponse:
    """Set up anew after a failure. Only for the browser that confirmed."""
    row = _row(uuid)
    if not is_known(request, row, as_="confirmed") or row.state != SignUp.State.FAILED:
        return redirect("sign_up_progress", uuid)
    form = SlugForm(request.POST) if row.slug_was_taken else None
    if form is not None and not form.is_valid():
        return _may_post_to_dashboard(render(request, "platform/progress.html", _page(request, row, form), status=422))
    if throttle.allow(f"try-again:{uuid}", limit=10, seconds=HOUR):
        services.try_again(sign_up=row, slug=form.cleaned_data["slug"] if form else "")
    return redirect("sign_up_progress", uuid)
