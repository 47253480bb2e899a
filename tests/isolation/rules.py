"""Who may open which address, in one table. An address without a rule fails the suite, so does a rule without address.

A rule repeats what the view declares, so that a declaration that was changed by mistake is seen here. Behind the table
stands which rows an audience may be shown.
"""

from dataclasses import dataclass

from core.access import InPreview
from subscribers.portal_roles import PortalRight
from tenants.roles import Right


@dataclass(frozen=True)
class Rule:
    """`kind`, `right` and `preview` as in core.access.Access; `token` where the link's holder sees what it is about."""

    kind: str
    right: str = ""
    token: bool = False
    preview: InPreview = InPreview.LOOK


public = Rule("public")
by_link = Rule("public", token=True)
in_previews_too = Rule("public", preview=InPreview.ALWAYS)
not_in_previews = Rule("public", preview=InPreview.NEVER)
signed_in = Rule("signed_in")
operator = Rule("operator")


def subscriber(right: PortalRight) -> Rule:
    return Rule("subscriber", right.value)


def by_staff_too(right: PortalRight) -> Rule:
    """Staff who see the portal as a subscriber look at all its pages and send no form, but for these. Pages that have
    to do with money or with passwords are none of them.
    """
    return Rule("subscriber", right.value, preview=InPreview.ACT)


def never_by_staff(right: PortalRight) -> Rule:
    """What staff open elsewhere, where their own role must allow it."""
    return Rule("subscriber", right.value, preview=InPreview.NEVER)


def staff(right: Right) -> Rule:
    return Rule("staff", right.value)


# What anybody may see of an ISP on its portal.
SHOP_WINDOW = {
    "tenants.isp",
    "company.profile",
    "company.branding",
    "company.chatwidget",
    "company.captchakeys",
    "company.portalsettings",
    "company.documentrule",
    "core.storedfile",
    "subscribers.tariff",
}
# What subscribers see besides, of their own (row 1).
OWN_HOME = SHOP_WINDOW | {
    "subscribers.subscriber",
    "subscribers.portaluser",
    "subscribers.profilechange",
    "subscribers.service",
    "subscribers.zone",
    "subscribers.subscriberdocument",
    "subscribers.consent",
    "subscribers.consentdocument",
    "subscribers.consentversion",
    "subscribers.personalrequest",
    "company.invoicegroup",
    "payments.paymentmethod",
    "billing.invoice",
    "billing.invoiceline",
    "billing.ledgerentry",
    "subscribers.autologinlink",
}
# What staff see in a preview besides: their own name.
PREVIEWED = OWN_HOME | {"subscribers.preview", "tenants.staffuser"}
# Of that, what only those see whose role sees money.
MONEY = {"payments.paymentmethod", "billing.invoice", "billing.invoiceline", "billing.ledgerentry"}
# Of that, what a link for paying opens.
PAYING = SHOP_WINDOW | MONEY | {"subscribers.subscriber", "company.invoicegroup"}
# What the platform keeps about an ISP: for its own staff, and for operators.
REGISTER = {
    "tenants.isp",
    "tenants.ispsuspension",
    "tenants.closing",
    "tenants.formerslug",
    "tenants.dataexport",
    "tenants.staffuser",
    "tenants.membership",
    "tenants.stafftoken",
    "tenants.signup",
    "tenants.platformmail",
    "domains.domain",
    "domains.claim",
    "domains.dnstarget",
    "domains.finding",
}

PORTALS: dict[str, Rule] = {
    "captcha/<slug:purpose>/": public,
    "install/<str:identifier>/": public,
    "install/<str:identifier>/documents/": public,
    "install/<str:identifier>/captcha/": public,
    "install/<str:identifier>/done/<str:receipt>/": public,
    "install/": public,
    "solicitar-instalacion/<str:identifier>/": public,
    "language/": in_previews_too,
}

RULES: dict[str, dict[str, Rule]] = {
    "portal": {
        **PORTALS,
        ".well-known/lastmile/": public,
        "": subscriber(PortalRight.OPEN),
        "sign-in/": public,
        "sign-out/": public,
        "forgot/": public,
        "forgot/sent/": public,
        "set-password/<str:token>/": by_link,
        "go/<str:token>/": by_link,
        "account/": subscriber(PortalRight.OWN_LOGIN),
        "account/data/": subscriber(PortalRight.CHANGE_PROFILE),
        "account/data/withdraw/": subscriber(PortalRight.CHANGE_PROFILE),
        "account/consents/": subscriber(PortalRight.GIVE_CONSENTS),
        "account/consents/ask/": subscriber(PortalRight.GIVE_CONSENTS),
        "account/consents/<uuid:consent>/": subscriber(PortalRight.GIVE_CONSENTS),
        "account/consents/<uuid:consent>/withdraw/": subscriber(PortalRight.GIVE_CONSENTS),
        "account/new-password/": subscriber(PortalRight.OPEN),
        "account/confirm/": subscriber(PortalRight.OPEN),
        "account/links/<uuid:link>/revoke/": subscriber(PortalRight.OWN_LOGIN),
        "account/language/": by_staff_too(PortalRight.OPEN),
        "colleagues/": subscriber(PortalRight.MANAGE_LOGINS),
        "colleagues/<uuid:login>/role/": subscriber(PortalRight.MANAGE_LOGINS),
        "colleagues/<uuid:login>/switch/": subscriber(PortalRight.MANAGE_LOGINS),
        "colleagues/<uuid:login>/invite/": subscriber(PortalRight.MANAGE_LOGINS),
        "preview/": public,
        "preview/begin/": in_previews_too,
        "preview/stop/": in_previews_too,
        "invoices/": subscriber(PortalRight.SEE_MONEY),
        "invoices/<uuid:invoice>/": subscriber(PortalRight.SEE_MONEY),
        "invoices/<uuid:invoice>/pdf/": subscriber(PortalRight.SEE_MONEY),
        "statement/<slug:kind>/": subscriber(PortalRight.SEE_MONEY),
        "payment-methods/": subscriber(PortalRight.SEE_MONEY),
        "contact/": subscriber(PortalRight.OPEN),
        "documents/<uuid:paper>/": never_by_staff(PortalRight.SEE_SERVICES),
        "logo/<uuid:file>/": public,
        "captcha-test/<str:token>/": by_link,
        "chat/": not_in_previews,
    },
    "shared_portal": {
        **PORTALS,
        "": public,
        "install/<str:identifier>/logo/<uuid:file>/": public,
    },
    "platform": {
        "captcha/<slug:purpose>/": public,
        "health/live/": public,
        "health/ready/": public,
        "api/schema/": public,
        "": public,
        "language/": in_previews_too,
        "sign-up/": public,
        "sign-up/address/": public,
        "sign-up/place/": public,
        "sign-up/confirm/<str:secret>/": by_link,
        "sign-up/<uuid:uuid>/": by_link,
        "sign-up/<uuid:uuid>/mail-again/": by_link,
        "sign-up/<uuid:uuid>/try-again/": by_link,
        "sign-in/": public,
        "sign-in/code/": public,
        "sign-out/": public,
        "console/": operator,
        "console/isps/<uuid:uuid>/": operator,
        "console/isps/<uuid:uuid>/suspend/": operator,
        "console/isps/<uuid:uuid>/resume/": operator,
        "console/isps/<uuid:uuid>/rename/": operator,
        "console/isps/<uuid:uuid>/plan/": operator,
        "console/isps/<uuid:uuid>/close/": operator,
        "console/isps/<uuid:uuid>/open/": operator,
    },
    "dashboard": {
        ".well-known/lastmile/": public,
        "dns/<str:key>/": by_link,
        "": signed_in,
        "language/": in_previews_too,
        "enter/": public,
        "sign-in/": public,
        "sign-in/code/": public,
        "sign-out/": public,
        "forgot/": public,
        "forgot/sent/": public,
        "set-password/<str:token>/": by_link,
        "invitation/<str:token>/": by_link,
        "profile/": signed_in,
        "profile/password/": signed_in,
        "profile/second-factor/": signed_in,
        "profile/second-factor/off/": signed_in,
        "profile/second-factor/codes/": signed_in,
        "<slug:slug>/": staff(Right.SEE_HOME),
        "<slug:slug>/staff/": staff(Right.STAFF),
        "<slug:slug>/staff/roles/": staff(Right.STAFF),
        "<slug:slug>/staff/invite/": staff(Right.STAFF),
        "<slug:slug>/staff/invitations/resend/": staff(Right.STAFF),
        "<slug:slug>/staff/invitations/withdraw/": staff(Right.STAFF),
        "<slug:slug>/staff/<uuid:member>/role/": staff(Right.STAFF),
        "<slug:slug>/staff/<uuid:member>/remove/": staff(Right.STAFF),
        "<slug:slug>/audit/": staff(Right.SEE_AUDIT),
        "<slug:slug>/messages/": staff(Right.SEE_MESSAGES),
        "<slug:slug>/messages/<uuid:message>/": staff(Right.SEE_MESSAGES),
        "<slug:slug>/messages/<uuid:message>/resend/": staff(Right.WORK_MESSAGES),
        "<slug:slug>/settings/messages/": staff(Right.SETTINGS),
        "<slug:slug>/subscribers/<int:number>/messages/": staff(Right.SEE_MESSAGES),
        "<slug:slug>/export/": staff(Right.EXPORT),
        "<slug:slug>/export/<uuid:export>/": staff(Right.EXPORT),
        "<slug:slug>/subscribers/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/columns/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/export/<slug:kind>/": staff(Right.EXPORT_SUBSCRIBERS),
        "<slug:slug>/subscribers/views/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/views/save/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/views/default/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/views/<uuid:view>/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/views/<uuid:view>/delete/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/bulk/": staff(Right.BULK_SUBSCRIBERS),
        "<slug:slug>/subscribers/bulk/begin/": staff(Right.BULK_SUBSCRIBERS),
        "<slug:slug>/subscribers/bulk/<uuid:run>/": staff(Right.BULK_SUBSCRIBERS),
        "<slug:slug>/subscribers/bulk/<uuid:run>/confirm/": staff(Right.BULK_SUBSCRIBERS),
        "<slug:slug>/subscribers/bulk/<uuid:run>/stop/": staff(Right.BULK_SUBSCRIBERS),
        "<slug:slug>/subscribers/new/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/changes/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/changes/<uuid:change>/approve/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/changes/<uuid:change>/refuse/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/import/": staff(Right.IMPORT),
        "<slug:slug>/import/example/": staff(Right.IMPORT),
        "<slug:slug>/import/mappings/<uuid:preset>/remove/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/progress/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/rejects/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/undo/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/discard/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/read-again/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/columns/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/mapping/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/mapping/save/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/questions/": staff(Right.IMPORT),
        "<slug:slug>/import/<uuid:batch>/run/": staff(Right.IMPORT),
        "<slug:slug>/subscribers/<int:number>/edit/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/delete/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/services/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/services/new/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/services/<int:service>/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/services/<int:service>/change/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/services/<int:service>/tariff/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/services/<int:service>/state/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/services/<int:service>/discounts/": staff(Right.WORK_MONEY),
        "<slug:slug>/subscribers/<int:number>/services/<int:service>/discounts/<uuid:discount>/end/": staff(
            Right.WORK_MONEY
        ),
        "<slug:slug>/subscribers/<int:number>/account/": staff(Right.SEE_MONEY),
        "<slug:slug>/subscribers/<int:number>/account/invoice/": staff(Right.WORK_MONEY),
        "<slug:slug>/subscribers/<int:number>/account/statement/": staff(Right.SEE_MONEY),
        "<slug:slug>/subscribers/<int:number>/account/statement/<slug:kind>/": staff(Right.SEE_MONEY),
        "<slug:slug>/billing/": staff(Right.SEE_MONEY),
        "<slug:slug>/billing/csv/": staff(Right.SEE_MONEY),
        "<slug:slug>/billing/invoices/<uuid:invoice>/": staff(Right.SEE_MONEY),
        "<slug:slug>/billing/invoices/<uuid:invoice>/pdf/": staff(Right.SEE_MONEY),
        "<slug:slug>/billing/invoices/<uuid:invoice>/credit/": staff(Right.WORK_MONEY),
        "<slug:slug>/billing/invoices/<uuid:invoice>/write-off/": staff(Right.WORK_MONEY),
        "<slug:slug>/billing/runs/": staff(Right.BILLING_RUNS),
        "<slug:slug>/billing/runs/<uuid:billing_run>/": staff(Right.BILLING_RUNS),
        "<slug:slug>/billing/runs/<uuid:billing_run>/start/": staff(Right.BILLING_RUNS),
        "<slug:slug>/billing/runs/<uuid:billing_run>/stop/": staff(Right.BILLING_RUNS),
        "<slug:slug>/billing/runs/<uuid:billing_run>/resume/": staff(Right.BILLING_RUNS),
        "<slug:slug>/billing/runs/<uuid:billing_run>/discard/": staff(Right.BILLING_RUNS),
        "<slug:slug>/settings/billing/": staff(Right.PAYMENT_SETTINGS),
        "<slug:slug>/settings/billing/groups/<uuid:group>/": staff(Right.PAYMENT_SETTINGS),
        "<slug:slug>/subscribers/<int:number>/logins/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/requests/": staff(Right.SEE_REQUESTS),
        "<slug:slug>/subscribers/<int:number>/documents/": staff(Right.SEE_DOCUMENTS),
        "<slug:slug>/subscribers/<int:number>/documents/add/": staff(Right.WORK_DOCUMENTS),
        "<slug:slug>/subscribers/<int:number>/documents/<uuid:paper>/": staff(Right.SEE_DOCUMENTS),
        "<slug:slug>/subscribers/<int:number>/documents/<uuid:paper>/change/": staff(Right.WORK_DOCUMENTS),
        "<slug:slug>/subscribers/<int:number>/documents/<uuid:paper>/remove/": staff(Right.WORK_DOCUMENTS),
        "<slug:slug>/subscribers/<int:number>/documents/<uuid:paper>/image/": staff(Right.SEE_DOCUMENTS),
        "<slug:slug>/subscribers/<int:number>/documents/<uuid:paper>/pages/<int:sheet>/": staff(Right.SEE_DOCUMENTS),
        "<slug:slug>/subscribers/<int:number>/documents/<uuid:paper>/download/": staff(Right.SEE_DOCUMENTS),
        "<slug:slug>/subscribers/<int:number>/notes/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/notes/add/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/notes/<uuid:note>/pin/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/notes/<uuid:note>/remove/": staff(Right.WORK_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/personal-data/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/subscribers/<int:number>/personal-data/consents/<uuid:consent>/give/": staff(
            Right.WORK_SUBSCRIBERS
        ),
        "<slug:slug>/subscribers/<int:number>/personal-data/consents/<uuid:consent>/withdraw/": staff(
            Right.WORK_SUBSCRIBERS
        ),
        "<slug:slug>/subscribers/<int:number>/personal-data/export/": staff(Right.PERSONAL_DATA),
        "<slug:slug>/subscribers/<int:number>/personal-data/exports/<uuid:parcel>/": staff(Right.PERSONAL_DATA),
        "<slug:slug>/subscribers/<int:number>/personal-data/requests/<uuid:wish>/": staff(Right.PERSONAL_DATA),
        "<slug:slug>/subscribers/<int:number>/personal-data/erase/": staff(Right.PERSONAL_DATA),
        "<slug:slug>/subscribers/<int:number>/history/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/catalogue/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/catalogue/tariffs/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/catalogue/tariffs/add/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/tariffs/<uuid:tariff>/change/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/tariffs/<uuid:tariff>/delete/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/tariffs/<uuid:tariff>/switch/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/zones/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/catalogue/zones/add/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/zones/<uuid:zone>/change/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/zones/<uuid:zone>/delete/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/routers/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/catalogue/routers/add/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/routers/<uuid:router>/change/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/routers/<uuid:router>/delete/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/routers/<uuid:router>/switch/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/routers/<uuid:router>/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/catalogue/groups/": staff(Right.SEE_SUBSCRIBERS),
        "<slug:slug>/catalogue/groups/add/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/groups/<uuid:group>/change/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/groups/<uuid:group>/delete/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/groups/<uuid:group>/logo/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/groups/<uuid:group>/logo/remove/": staff(Right.CATALOGUE),
        "<slug:slug>/catalogue/groups/<uuid:group>/default/": staff(Right.CATALOGUE),
        "<slug:slug>/subscribers/<int:number>/logins/<uuid:login>/preview/": staff(Right.PREVIEW),
        "<slug:slug>/subscribers/<int:number>/logins/add/": staff(Right.WORK_LOGINS),
        "<slug:slug>/subscribers/<int:number>/logins/<uuid:login>/": staff(Right.WORK_LOGINS),
        "<slug:slug>/subscribers/<int:number>/logins/<uuid:login>/switch/": staff(Right.WORK_LOGINS),
        "<slug:slug>/subscribers/<int:number>/logins/<uuid:login>/delete/": staff(Right.WORK_LOGINS),
        "<slug:slug>/subscribers/<int:number>/logins/<uuid:login>/send-link/": staff(Right.WORK_LOGINS),
        "<slug:slug>/subscribers/<int:number>/logins/<uuid:login>/one-time-password/": staff(Right.WORK_LOGINS),
        "<slug:slug>/subscribers/<int:number>/logins/<uuid:login>/lift/": staff(Right.WORK_LOGINS),
        "<slug:slug>/subscribers/<int:number>/logins/<uuid:login>/links/": staff(Right.WORK_LOGINS),
        "<slug:slug>/subscribers/<int:number>/logins/<uuid:login>/links/<uuid:link>/revoke/": staff(Right.WORK_LOGINS),
        "<slug:slug>/requests/": staff(Right.SEE_REQUESTS),
        "<slug:slug>/requests/<int:number>/": staff(Right.SEE_REQUESTS),
        "<slug:slug>/requests/<int:number>/activate/": staff(Right.PLAN_INSTALLATIONS),
        "<slug:slug>/requests/<int:number>/state/": staff(Right.WORK_REQUESTS),
        "<slug:slug>/requests/<int:number>/comments/": staff(Right.WORK_REQUESTS),
        "<slug:slug>/requests/<int:number>/documents/<uuid:document>/": staff(Right.SEE_DOCUMENTS),
        "<slug:slug>/requests/<int:number>/documents/<uuid:document>/image/": staff(Right.SEE_DOCUMENTS),
        "<slug:slug>/requests/<int:number>/documents/<uuid:document>/pages/<int:sheet>/": staff(Right.SEE_DOCUMENTS),
        "<slug:slug>/requests/<int:number>/documents/<uuid:document>/download/": staff(Right.SEE_DOCUMENTS),
        "<slug:slug>/installations/": staff(Right.SEE_INSTALLATIONS),
        "<slug:slug>/installations/calendar/": staff(Right.SEE_INSTALLATIONS),
        "<slug:slug>/installations/day/": staff(Right.SEE_INSTALLATIONS),
        "<slug:slug>/installations/plan/<int:service>/": staff(Right.PLAN_INSTALLATIONS),
        "<slug:slug>/installations/<int:number>/": staff(Right.SEE_INSTALLATIONS),
        "<slug:slug>/installations/<int:number>/move/": staff(Right.PLAN_INSTALLATIONS),
        "<slug:slug>/installations/<int:number>/cancel/": staff(Right.PLAN_INSTALLATIONS),
        "<slug:slug>/installations/<int:number>/finish/": staff(Right.DO_INSTALLATIONS),
        "<slug:slug>/installations/<int:number>/photos/<uuid:photo>/": staff(Right.SEE_INSTALLATIONS),
        "<slug:slug>/installations/<int:number>/signature/": staff(Right.SEE_INSTALLATIONS),
        "<slug:slug>/settings/": staff(Right.PAYMENT_SETTINGS),
        "<slug:slug>/settings/profile/": staff(Right.SETTINGS),
        "<slug:slug>/settings/branding/": staff(Right.SETTINGS),
        "<slug:slug>/settings/branding/logo/": staff(Right.SETTINGS),
        "<slug:slug>/settings/branding/logo/remove/": staff(Right.SETTINGS),
        "<slug:slug>/settings/portal/": staff(Right.SETTINGS),
        "<slug:slug>/settings/logins/": staff(Right.SETTINGS),
        "<slug:slug>/settings/logins/preview/": staff(Right.SETTINGS),
        "<slug:slug>/settings/logins/start/": staff(Right.SETTINGS),
        "<slug:slug>/settings/logins/start/<uuid:run>/": staff(Right.SETTINGS),
        "<slug:slug>/settings/logins/start/<uuid:run>/stop/": staff(Right.SETTINGS),
        "<slug:slug>/settings/documents/": staff(Right.SETTINGS),
        "<slug:slug>/settings/consents/": staff(Right.SETTINGS),
        "<slug:slug>/settings/consents/add/": staff(Right.SETTINGS),
        "<slug:slug>/settings/consents/<uuid:consent>/": staff(Right.SETTINGS),
        "<slug:slug>/settings/consents/<uuid:consent>/draft/": staff(Right.SETTINGS),
        "<slug:slug>/settings/consents/<uuid:consent>/publish/": staff(Right.SETTINGS),
        "<slug:slug>/settings/consents/<uuid:consent>/people/": staff(Right.SETTINGS),
        "<slug:slug>/settings/consents/<uuid:consent>/<int:version>/": staff(Right.SETTINGS),
        "<slug:slug>/settings/own-data/": staff(Right.SETTINGS),
        "<slug:slug>/settings/domains/": staff(Right.SETTINGS),
        "<slug:slug>/settings/domains/<uuid:claim>/": staff(Right.SETTINGS),
        "<slug:slug>/settings/domains/<uuid:claim>/checklist/": staff(Right.SETTINGS),
        "<slug:slug>/settings/domains/<uuid:claim>/check/": staff(Right.SETTINGS),
        "<slug:slug>/settings/domains/<uuid:claim>/primary/": staff(Right.SETTINGS),
        "<slug:slug>/settings/domains/<uuid:claim>/https/": staff(Right.SETTINGS),
        "<slug:slug>/settings/domains/<uuid:claim>/release/": staff(Right.SETTINGS),
        "<slug:slug>/settings/captcha/": staff(Right.SETTINGS),
        "<slug:slug>/settings/captcha/<str:domain>/": staff(Right.SETTINGS),
        "<slug:slug>/settings/captcha/<str:domain>/test/": staff(Right.SETTINGS),
        "<slug:slug>/settings/captcha/<str:domain>/delete/": staff(Right.SETTINGS),
        "<slug:slug>/settings/chat/": staff(Right.SETTINGS),
        "<slug:slug>/settings/chat/check/": staff(Right.SETTINGS),
        "<slug:slug>/settings/chat/switch/": staff(Right.SETTINGS),
        "<slug:slug>/settings/chat/remove/": staff(Right.SETTINGS),
        "<slug:slug>/settings/router/": staff(Right.SETTINGS),
        "<slug:slug>/settings/router/commands/": staff(Right.SETTINGS),
        "<slug:slug>/settings/router/addresses/": staff(Right.SETTINGS),
        "<slug:slug>/settings/router/done/": staff(Right.SETTINGS),
        "<slug:slug>/settings/payments/": staff(Right.PAYMENT_SETTINGS),
        "<slug:slug>/settings/payments/add/": staff(Right.PAYMENT_SETTINGS),
        "<slug:slug>/settings/payments/<uuid:method>/": staff(Right.PAYMENT_SETTINGS),
        "<slug:slug>/settings/payments/<uuid:method>/move/": staff(Right.PAYMENT_SETTINGS),
        "<slug:slug>/settings/payments/<uuid:method>/switch/": staff(Right.PAYMENT_SETTINGS),
    },
}
