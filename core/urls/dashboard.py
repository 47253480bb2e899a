"""Pages for staff."""

from django.urls import include, path

from core.urls.nowhere import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [path("", include("domains.urls")), path("", include("dashboard.urls"))]
