"""The script that browsers keep to show notifications: the same for subscribers and for staff who try them."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from core.access import public_page
from core.http import Request

# It shows what comes, and opens the page that it is about. It sees no requests of pages.
WORKER = """
self.addEventListener("push", (event) => {
  let told = {};
  try { told = event.data.json(); } catch { return; }
  const shown = { body: told.text, tag: told.key, data: { link: told.link } };
  event.waitUntil(self.registration.showNotification(told.title || "", shown));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const target = new URL(event.notification.data?.link || "/", self.location.origin);
  event.waitUntil(clients.openWindow(target.origin === self.location.origin ? target.href : "/"));
});
"""


@public_page
@require_safe
def worker(request: Request) -> HttpResponse:
    """The script that browsers keep for notifications; each host has its own copy of it."""
    response = HttpResponse(WORKER, content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response
