"""Addresses of an ISP's portal."""

from django.urls import path

from core.views import choose_language

urlpatterns = [
    path("language/", choose_language, name="language"),
]
