"""Addresses on the hosts of an ISP."""

from django.urls import path

from domains import probe, views

urlpatterns = [path(probe.PATH.removeprefix("/"), views.mark, name="domain-mark")]
