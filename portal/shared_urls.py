"""Addresses of the shared portal."""

from django.urls import path

from core.views import choose_language

urlpatterns = [
    path("language/", choose_language, name="language"),
]
