"""Addresses for machines."""

from django.urls import path

from api import health
from api.schema import schema

urlpatterns = [
    path("health/live/", health.live, name="health_live"),
    path("health/ready/", health.ready, name="health_ready"),
    path("api/schema/", schema, name="api_schema"),
]
