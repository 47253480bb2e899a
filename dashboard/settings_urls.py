"""Addresses of the settings of an ISP, behind /<slug>/settings/."""

from django.urls import path

from dashboard.views import (
    profile_changes,
    settings,
    settings_captcha,
    settings_chat,
    settings_domains,
    settings_payments,
    settings_router,
)

urlpatterns = [
    path("", settings.index, name="settings"),
    path("profile/", settings.profile, name="settings-profile"),
    path("branding/", settings.branding, name="settings-branding"),
    path("branding/logo/", settings.current_logo, name="settings-logo"),
    path("branding/logo/remove/", settings.remove_logo, name="settings-remove-logo"),
    path("portal/", settings.portal, name="settings-portal"),
    path("domains/", settings_domains.domains, name="settings-domains"),
    path("domains/<uuid:claim>/", settings_domains.claim_page, name="settings-domain"),
    path("domains/<uuid:claim>/checklist/", settings_domains.checklist, name="settings-domain-checklist"),
    path("domains/<uuid:claim>/check/", settings_domains.check, name="settings-domain-check"),
    path("domains/<uuid:claim>/primary/", settings_domains.primary, name="settings-domain-primary"),
    path("domains/<uuid:claim>/https/", settings_domains.insist_on_https, name="settings-domain-https"),
    path("domains/<uuid:claim>/release/", settings_domains.release, name="settings-domain-release"),
    path("own-data/", profile_changes.rules, name="settings-own-data"),
    path("documents/", settings.documents, name="settings-documents"),
    path("captcha/", settings_captcha.captcha, name="settings-captcha"),
    path("captcha/<str:domain>/", settings_captcha.replace, name="settings-captcha-replace"),
    path("captcha/<str:domain>/test/", settings_captcha.test, name="settings-captcha-test"),
    path("captcha/<str:domain>/delete/", settings_captcha.delete, name="settings-captcha-delete"),
    path("chat/", settings_chat.chat, name="settings-chat"),
    path("chat/check/", settings_chat.check, name="settings-chat-check"),
    path("chat/switch/", settings_chat.switch, name="settings-chat-switch"),
    path("chat/remove/", settings_chat.remove, name="settings-chat-remove"),
    path("router/", settings_router.router, name="settings-router"),
    path("router/commands/", settings_router.commands, name="settings-router-commands"),
    path("router/addresses/", settings_router.addresses, name="settings-router-addresses"),
    path("router/done/", settings_router.done, name="settings-router-done"),
    path("payments/", settings_payments.payments, name="settings-payments"),
    path("payments/add/", settings_payments.add, name="settings-payments-add"),
    path("payments/<uuid:method>/", settings_payments.change, name="settings-payments-change"),
    path("payments/<uuid:method>/move/", settings_payments.move, name="settings-payments-move"),
    path("payments/<uuid:method>/switch/", settings_payments.switch, name="settings-payments-switch"),
]
