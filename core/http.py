"""The request as our middleware leaves it, for annotations."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, HttpResponseRedirect

if TYPE_CHECKING:

    class Request(HttpRequest):
        """`site` says what the host shows, `isp` whose page it is, `user` and `portal_user` who asks; `preview` says
        that staff see the portal as that portal user."""

        site: Any
        isp: Any
        isp_link: str
        user: Any
        portal_user: Any
        membership: Any
        preview: Any
        unit_of_work: Any
        csp_nonce: str

else:
    Request = HttpRequest


class KeptMethod(HttpResponsePermanentRedirect):
    """A permanent redirect after which a form is sent again as it was."""

    status_code = 308


class KeptMethodForNow(HttpResponseRedirect):
    """A redirect for now, after which a form is sent again as it was."""

    status_code = 307


def moved(request: Request, address: str, *, for_good: bool = True) -> HttpResponse:
    """The redirect to a page's new address; what was posted is posted there again. Browsers keep it if `for_good`."""
    if request.method in {"GET", "HEAD"}:
        return (HttpResponsePermanentRedirect if for_good else HttpResponseRedirect)(address)
    return (KeptMethod if for_good else KeptMethodForNow)(address)
