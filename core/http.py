"""The request as our middleware leaves it, for annotations."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

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
