"""The portal that all ISPs share: the ISP is in the path."""

from django.urls import include, path

from core.captcha import challenge
from core.urls.nowhere import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("captcha/<slug:purpose>/", challenge, name="captcha"),
    path("", include("preinstall.urls")),
    path("", include("portal.balance_urls")),
    path("", include("portal.shared_urls")),
]
