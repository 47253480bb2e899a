"""Addresses of an ISP's portal."""

from django.urls import path

from company.views import chat_document, logo
from core.views import choose_language
from portal import captcha_views, preview_views, profile_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("account/", views.account, name="account"),
    path("account/data/", profile_views.own_data, name="own_data"),
    path("account/data/withdraw/", profile_views.withdraw, name="withdraw_change"),
    path("account/language/", views.change_language, name="change_language"),
    path("preview/", preview_views.preview, name="preview"),
    path("preview/begin/", preview_views.begin, name="preview_begin"),
    path("preview/stop/", preview_views.stop, name="preview_stop"),
    path("payment-methods/", views.payment_methods, name="payment_methods"),
    path("contact/", views.contact, name="contact"),
    path("documents/<uuid:paper>/", views.document, name="document"),
    path("language/", choose_language, name="language"),
    path("logo/<uuid:file>/", logo, name="logo"),
    path("captcha-test/<str:token>/", captcha_views.captcha_test, name="captcha_test"),
    path("chat/", chat_document, name="chat"),
]
