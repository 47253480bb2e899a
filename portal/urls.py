"""Addresses of an ISP's portal."""

from django.urls import path

from company.views import chat_document, logo
from core.views import choose_language
from portal import colleagues, entry, links, passwords, views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", entry.sign_in, name="sign_in"),
    path("sign-out/", entry.sign_out, name="sign_out"),
    path("account/", views.account, name="account"),
    path("account/new-password/", passwords.new_password, name="new_password"),
    path("account/confirm/", passwords.confirm, name="confirm"),
    path("account/links/<uuid:link>/revoke/", links.revoke, name="revoke_link"),
    path("account/language/", views.change_language, name="change_language"),
    path("forgot/", passwords.forgot, name="forgot"),
    path("forgot/sent/", passwords.forgot_sent, name="forgot_sent"),
    path("set-password/<str:token>/", passwords.set_password, name="set_password"),
    path("go/<str:token>/", links.go, name="go"),
    path("colleagues/", colleagues.colleagues, name="colleagues"),
    path("colleagues/<uuid:login>/role/", colleagues.change_role, name="colleague_role"),
    path("colleagues/<uuid:login>/switch/", colleagues.switch, name="colleague_switch"),
    path("colleagues/<uuid:login>/invite/", colleagues.invite_again, name="colleague_invite"),
    path("payment-methods/", views.payment_methods, name="payment_methods"),
    path("contact/", views.contact, name="contact"),
    path("language/", choose_language, name="language"),
    path("logo/<uuid:file>/", logo, name="logo"),
    path("chat/", chat_document, name="chat"),
]
