"""The list of who is cut off, for routers that ask for it every minute."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing import router_list
from billing.services import notices
from core import throttle
from core.access import public_page

WRONG, HOUR = 60, 3600  # secrets that a network may guess in an hour


@public_page
@require_safe
def suspended(request: HttpRequest, token: str, kind: str) -> HttpResponse:
    """The addresses that are off now. A router that has this list already is told so and gets none."""
    where = f"list:{throttle.network(request)}"
    if kind not in router_list.KINDS or throttle.counted(where) >= WRONG:
        raise Http404
    row = notices.find_list(token, at=timezone.now())
    if row is None:
        throttle.count(where, seconds=HOUR)
        raise Http404
    addresses = router_list.suspended_addresses(row.router)
    tag = f'"{router_list.version_of(addresses, kind)}"'
    if tag in [each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")]:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(
            router_list.written(addresses, kind), content_type=f"{router_list.KINDS[kind]}; charset=utf-8"
        )
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    return response
