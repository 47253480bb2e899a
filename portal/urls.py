"""Addresses of an ISP's portal."""

from django.urls import path

from company.views import chat_document, logo
from core.views import choose_language
from portal import profile_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("account/", views.account, name="account"),
    path("account/data/", profile_views.own_data, name="own_data"),
    path("account/data/withdraw/", profile_views.withdraw, name="withdraw_change"),
    path("account/language/", views.change_language, name="change_language"),
    path("payment-methods/", views.payment_methods, name="payment_methods"),
    path("contact/", views.contact, name="contact"),
    path("documents/<uuid:paper>/", views.document, name="document"),
    path("language/", choose_language, name="language"),
    path("logo/<uuid:file>/", logo, name="logo"),
    path("chat/", chat_document, name="chat"),
]
