"""The request as our middleware leaves it, for annotations."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect

if TYPE_CHECKING:

    class Request(HttpRequest):
        """`site` says what the host shows, `isp` whose page it is, `user` and `portal_user` who asks."""

        site: Any
        isp: Any
        isp_link: str
        user: Any
        portal_user: Any
        membership: Any
        unit_of_work: Any
        csp_nonce: str

else:
    Request = HttpRequest


class KeptMethod(HttpResponsePermanentRedirect):
    """A permanent redirect after which a form is sent again as it was."""

    status_code = 308


def moved(request: Request, address: str) -> HttpResponse:
    """The permanent redirect to a page's new address; what was posted is posted there again."""
    return (HttpResponsePermanentRedirect if request.method in {"GET", "HEAD"} else KeptMethod)(address)
