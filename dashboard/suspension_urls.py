"""Addresses of suspension for debt, behind /<slug>/suspension/."""

from django.urls import path

from dashboard.views import suspension

urlpatterns = [
    path("", suspension.overview, name="suspension"),
    path("rules/<uuid:rule>/look/", suspension.prepare, name="suspension-look"),
    path("<uuid:run>/", suspension.run_page, name="suspension-run"),
    path("<uuid:run>/cuts/<uuid:cut>/", suspension.exclude, name="suspension-exclude"),
    path("<uuid:run>/confirm/", suspension.confirm, name="suspension-confirm"),
    path("<uuid:run>/discard/", suspension.discard, name="suspension-discard"),
]
