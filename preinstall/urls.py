"""Addresses of the public install request."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
