"""Addresses of the staff pages."""

from django.urls import include, path

from core.views import choose_language
from dashboard.views import (
    account,
    audit,
    enter,
    exports,
    home,
    invitation,
    preview,
    requests,
    settings_domains,
    staff,
    subscribers,
    two_factor,
)

urlpatterns = [
    path("language/", choose_language, name="language"),
    path("", home.chooser, name="chooser"),
    path("enter/", enter.enter, name="enter"),
    path("sign-in/", account.sign_in, name="sign-in"),
    path("sign-in/code/", two_factor.sign_in_code, name="sign-in-code"),
    path("sign-out/", account.sign_out, name="sign-out"),
    path("forgot/", account.forgot, name="forgot"),
    path("forgot/sent/", account.forgot_sent, name="forgot-sent"),
    path("set-password/<str:token>/", account.set_password, name="set-password"),
    path("invitation/<str:token>/", invitation.invitation, name="invitation"),
    path("dns/<str:key>/", settings_domains.instructions, name="dns-instructions"),
    path("profile/", account.profile, name="profile"),
    path("profile/password/", account.change_password, name="change-password"),
    path("profile/second-factor/", two_factor.second_factor, name="second-factor"),
    path("profile/second-factor/off/", two_factor.switch_off, name="second-factor-off"),
    path("profile/second-factor/codes/", two_factor.renew_codes, name="recovery-codes"),
    path("<slug:slug>/", home.home, name="home"),
    path("<slug:slug>/subscribers/", subscribers.subscriber_list, name="subscribers"),
    path("<slug:slug>/subscribers/new/", subscribers.new_subscriber, name="subscriber-new"),
    path("<slug:slug>/subscribers/<int:number>/", subscribers.subscriber, name="subscriber"),
    path(
        "<slug:slug>/subscribers/<int:number>/logins/<uuid:login>/preview/", preview.preview, name="portal-preview"
    ),
    path("<slug:slug>/requests/", requests.request_list, name="requests"),
    path("<slug:slug>/requests/<int:number>/", requests.request_page, name="request"),
    path("<slug:slug>/requests/<int:number>/state/", requests.change_state, name="request-state"),
    path("<slug:slug>/requests/<int:number>/comments/", requests.add_comment, name="request-comment"),
    path("<slug:slug>/requests/<int:number>/documents/<uuid:document>/", requests.document_page, name="document"),
    path(
        "<slug:slug>/requests/<int:number>/documents/<uuid:document>/image/",
        requests.document_image,
        name="document-image",
    ),
    path(
        "<slug:slug>/requests/<int:number>/documents/<uuid:document>/pages/<int:sheet>/",
        requests.document_sheet,
        name="document-sheet",
    ),
    path(
        "<slug:slug>/requests/<int:number>/documents/<uuid:document>/download/",
        requests.document_download,
        name="document-download",
    ),
    path("<slug:slug>/staff/", staff.staff, name="staff"),
    path("<slug:slug>/staff/roles/", staff.roles, name="staff-roles"),
    path("<slug:slug>/staff/invite/", staff.invite, name="staff-invite"),
    path("<slug:slug>/staff/invitations/resend/", staff.resend_invitation, name="staff-resend"),
    path("<slug:slug>/staff/invitations/withdraw/", staff.withdraw_invitation, name="staff-withdraw"),
    path("<slug:slug>/staff/<uuid:member>/role/", staff.change_role, name="staff-role"),
    path("<slug:slug>/staff/<uuid:member>/remove/", staff.remove_member, name="staff-remove"),
    path("<slug:slug>/audit/", audit.audit_log, name="audit"),
    path("<slug:slug>/export/", exports.exports, name="exports"),
    path("<slug:slug>/export/<uuid:export>/", exports.download, name="export-download"),
    path("<slug:slug>/settings/", include("dashboard.settings_urls")),
]
