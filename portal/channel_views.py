"""Carriers of messages call back: what became of messages, and who wants no more."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core import throttle
from core.access import InPreview, public_page
from messaging.channels.base import Forged
from messaging.services import callbacks

BYTES = 256 * 1024
FORGERIES, MINUTE = 60, 60  # from one network, after which it is not listened to


@public_page(preview=InPreview.NEVER)
@csrf_exempt
@require_http_methods(["GET", "POST"])
def channel_event(request: HttpRequest, account: UUID) -> HttpResponse:
    """What a carrier tells is checked, written down and answered."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > BYTES:
        return HttpResponse(status=413)
    forgeries = f"forged-callback:{throttle.network(request)}"
    if throttle.counted(forgeries) >= FORGERIES:
        return HttpResponse(status=429)
    try:
        said = callbacks.greet(account=account, query=request.GET.dict(), at=timezone.now())
        if said is None:
            _take(request, account)
    except callbacks.Unknown:
        return HttpResponse(status=404)
    except Forged:
        throttle.count(forgeries, seconds=MINUTE)
        return HttpResponse("This is not proven to be the carrier's.", content_type="text/plain", status=403)
    return HttpResponse("" if said is None else said, content_type="text/plain; charset=utf-8")


def _take(request: HttpRequest, account: UUID) -> None:
    callbacks.take_callback(
        account=account,
        method=str(request.method),
        query=request.META.get("QUERY_STRING", ""),
        body=request.body,
        headers=request.headers,
        at=timezone.now(),
    )
