"""Addresses of the shared portal."""

from django.urls import path

from company.views import linked_logo
from core.views import choose_language
from portal import shared_views

urlpatterns = [
    path("", shared_views.home, name="home"),
    path("language/", choose_language, name="language"),
    path("install/<str:identifier>/logo/<uuid:file>/", linked_logo, name="logo"),
]
