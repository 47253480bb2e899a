"""The urlconf of requests whose host was not looked up: nothing."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
handler400 = "core.errors.bad_request"
handler403 = "core.errors.permission_denied"
handler404 = "core.errors.page_not_found"
handler500 = "core.errors.server_error"
