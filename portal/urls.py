"""Addresses of an ISP's portal."""

from django.urls import path

from company.views import chat_document, logo
from core.views import choose_language
from portal import (
    captcha_views,
    colleagues,
    consent_views,
    entry,
    invoice_views,
    links,
    passwords,
    preview_views,
    profile_views,
    views,
)

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", entry.sign_in, name="sign_in"),
    path("sign-out/", entry.sign_out, name="sign_out"),
    path("account/", views.account, name="account"),
    path("account/data/", profile_views.own_data, name="own_data"),
    path("account/data/withdraw/", profile_views.withdraw, name="withdraw_change"),
    path("account/consents/", consent_views.consents, name="consents"),
    path("account/consents/ask/", consent_views.ask, name="ask_for_data"),
    path("account/consents/<uuid:consent>/", consent_views.consent, name="consent"),
    path("account/consents/<uuid:consent>/withdraw/", consent_views.withdraw, name="withdraw_consent"),
    path("account/new-password/", passwords.new_password, name="new_password"),
    path("account/confirm/", passwords.confirm, name="confirm"),
    path("account/links/<uuid:link>/revoke/", links.revoke, name="revoke_link"),
    path("account/language/", views.change_language, name="change_language"),
    path("preview/", preview_views.preview, name="preview"),
    path("preview/begin/", preview_views.begin, name="preview_begin"),
    path("preview/stop/", preview_views.stop, name="preview_stop"),
    path("forgot/", passwords.forgot, name="forgot"),
    path("forgot/sent/", passwords.forgot_sent, name="forgot_sent"),
    path("set-password/<str:token>/", passwords.set_password, name="set_password"),
    path("go/<str:token>/", links.go, name="go"),
    path("colleagues/", colleagues.colleagues, name="colleagues"),
    path("colleagues/<uuid:login>/role/", colleagues.change_role, name="colleague_role"),
    path("colleagues/<uuid:login>/switch/", colleagues.switch, name="colleague_switch"),
    path("colleagues/<uuid:login>/invite/", colleagues.invite_again, name="colleague_invite"),
    path("invoices/", invoice_views.invoices, name="invoices"),
    path("invoices/<uuid:invoice>/", invoice_views.invoice_page, name="invoice"),
    path("invoices/<uuid:invoice>/pdf/", invoice_views.pdf, name="invoice_pdf"),
    path("statement/<slug:kind>/", invoice_views.statement_file, name="statement"),
    path("payment-methods/", views.payment_methods, name="payment_methods"),
    path("contact/", views.contact, name="contact"),
    path("documents/<uuid:paper>/", views.document, name="document"),
    path("language/", choose_language, name="language"),
    path("logo/<uuid:file>/", logo, name="logo"),
    path("captcha-test/<str:token>/", captcha_views.captcha_test, name="captcha_test"),
    path("chat/", chat_document, name="chat"),
]
