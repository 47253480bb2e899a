"""Addresses of the public balance page, on portals and on the shared portal."""

from django.urls import path

from portal import balance_views as views

urlpatterns = [
    path("balance/", views.own_page, name="balance_own"),
    path("balance/<str:identifier>/", views.balance, name="balance"),
    path("balance/<str:identifier>/captcha/", views.captcha_challenge, name="balance_captcha"),
    path("balance/<str:identifier>/<str:token>/", views.found, name="balance_found"),
    path("balance/<str:identifier>/<str:token>/report/", views.report, name="balance_report"),
    path("balance/<str:identifier>/<str:token>/pay/", views.pay, name="balance_pay"),
    path("balance/<str:identifier>/<str:token>/reported/", views.reported, name="balance_reported"),
    path("saldo/<str:identifier>/", views.old_address, name="balance_old"),
]
