"""Pages of an ISP's portal, on its own host."""

from django.urls import include, path

from core.captcha import challenge
from core.urls.nowhere import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("captcha/<slug:purpose>/", challenge, name="captcha"),
    path("", include("domains.urls")),
    path("", include("preinstall.urls")),
    path("", include("portal.balance_urls")),
    path("", include("portal.urls")),
]
