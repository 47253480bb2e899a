"""Pages of the platform's own host: sign-up, operators' console, health, API description."""

from django.urls import include, path

from core.captcha import challenge
from core.urls.nowhere import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("captcha/<slug:purpose>/", challenge, name="captcha"),
    path("", include("api.urls")),
    path("", include("tenants.urls")),
]
