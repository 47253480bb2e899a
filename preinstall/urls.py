"""Addresses of the public install request, on portals and on the shared portal."""

from django.urls import path

from preinstall import views

urlpatterns = [
    path("install/", views.own_form, name="install_own"),
    path("install/<str:identifier>/", views.request_form, name="install"),
    path("install/<str:identifier>/documents/", views.documents, name="install_documents"),
    path("install/<str:identifier>/captcha/", views.captcha_challenge, name="install_captcha"),
    path("install/<str:identifier>/done/<str:receipt>/", views.request_done, name="install_done"),
    path("solicitar-instalacion/<str:identifier>/", views.old_address, name="install_old"),
]
