"""Addresses of a subscriber's portal logins, behind /<slug>/subscribers/<number>/logins/."""

from django.urls import path

from dashboard.views import logins

urlpatterns = [
    path("add/", logins.add, name="login-add"),
    path("<uuid:login>/", logins.login, name="login"),
    path("<uuid:login>/switch/", logins.switch, name="login-switch"),
    path("<uuid:login>/delete/", logins.delete, name="login-delete"),
    path("<uuid:login>/send-link/", logins.send_link, name="login-send-link"),
    path("<uuid:login>/one-time-password/", logins.one_time_password, name="login-one-time-password"),
    path("<uuid:login>/lift/", logins.lift, name="login-lift"),
    path("<uuid:login>/links/", logins.make_link, name="login-make-link"),
    path("<uuid:login>/links/<uuid:link>/revoke/", logins.revoke_link, name="login-revoke-link"),
]
