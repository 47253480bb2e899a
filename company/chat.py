"""The ISP's chat on the pages of its portal that allow it, and what the browser may load for it.

A page allows the chat by `chat_allowed`; no other page names a chat vendor in its security policy. Pages where people
sign in, pay, upload or open a link from a mail must not.
"""

import functools
from typing import Any

from csp.constants import SELF
from django.http import HttpRequest, HttpResponse

from company.chat_vendors import Vendor, source_hosts
from company.models import ChatWidget
from core.access import View
from domains.models import Surface

# Where the vendors' programs load from and talk to, as far as they say so.
HOSTS = {
    Vendor.SMARTSUPP: ["*.smartsupp.com", "*.smartsuppchat.com", "*.smartsuppcdn.com"],
    Vendor.TIDIO: ["*.tidio.co", "*.tidio.com", "*.tidiochat.com"],
    Vendor.TAWK: ["*.tawk.to"],
    Vendor.CRISP: ["*.crisp.chat", "*.relay.crisp.chat"],
}
LOADED = ["script-src", "style-src", "img-src", "font-src", "media-src", "frame-src"]
# Hosts that everybody can put something on: good enough for pictures, never for programs.
PICTURES = {Vendor.TAWK: ["cdn.jsdelivr.net", "tawk.link"]}
SANDBOX = "allow-scripts allow-forms allow-popups"  # never allow-same-origin


def chat_allowed(view: View) -> View:
    """The page may show the ISP's chat. Put it below the decorator that says who may open the page."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.chat_is_allowed = True
        response = view(request, *args, **kwargs)
        widget = show_chat(request) if response.status_code == 200 else None
        if widget is not None:
            response._csp_update = policy_of(widget)
        return response

    return wrapper


def show_chat(request: HttpRequest) -> ChatWidget | None:
    """The chat to show on the page of this request, or None. At most one query a request.

    None too where staff see the portal as a subscriber: they would write to their own office in somebody's name.
    """
    if not getattr(request, "chat_is_allowed", False) or request.site.surface != Surface.PORTAL:
        return None
    if getattr(request, "preview", None):
        return None
    if not hasattr(request, "chat_widget"):
        widget = ChatWidget.load()
        request.chat_widget = widget if widget.is_shown else None
    return request.chat_widget


def hosts_of(widget: ChatWidget) -> list[str]:
    """The hosts that a chat loads programs from and talks to."""
    if widget.vendor == Vendor.CHATWOOT:
        return [widget.host]
    if widget.is_confined:
        return list(source_hosts(widget.script))
    return HOSTS.get(widget.vendor, [])


def all_hosts_of(widget: ChatWidget) -> list[str]:
    """The same with those that only pictures come from, for the settings page."""
    return [*hosts_of(widget), *PICTURES.get(widget.vendor, [])]


def policy_of(widget: ChatWidget) -> dict[str, list[str]]:
    """What the page's policy has to allow in addition. A confined chat adds nothing: it has a document of its own."""
    if widget.is_confined or not widget.is_shown:
        return {}
    hosts = hosts_of(widget)
    secure = [f"https://{host}" for host in hosts]
    policy = {directive: [SELF, *secure] for directive in LOADED}
    policy["connect-src"] = [SELF, *secure, *[f"wss://{host}" for host in hosts]]
    policy["img-src"] += [f"https://{host}" for host in PICTURES.get(widget.vendor, [])]
    return policy


def frame_policy(widget: ChatWidget) -> str:
    """The policy of the document in which a confined chat runs: an origin of its own, and only the hosts it names."""
    hosts = hosts_of(widget)
    secure = " ".join(f"https://{host}" for host in hosts)
    sockets = " ".join(f"wss://{host}" for host in hosts)
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'unsafe-inline' {secure}",
            f"style-src 'unsafe-inline' {secure}",
            f"img-src data: {secure}",
            f"font-src data: {secure}",
            f"media-src {secure}",
            f"connect-src {secure} {sockets}",
            f"frame-src {secure}",
            f"form-action {secure}",
            "base-uri 'none'",
            "frame-ancestors 'self'",
            f"sandbox {SANDBOX}",
        ]
    )
