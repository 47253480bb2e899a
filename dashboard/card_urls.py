"""Addresses of the client card, behind /<slug>/subscribers/<number>/."""

from django.urls import path

from dashboard.views import card, card_documents, card_edit, card_notes, card_services, messages, personal_data

urlpatterns = [
    path("", card.overview, name="subscriber"),
    path("edit/", card_edit.edit, name="subscriber-edit"),
    path("delete/", card_edit.delete, name="subscriber-delete"),
    path("services/", card_services.services, name="subscriber-services"),
    path("services/new/", card_services.add, name="service-new"),
    path("services/<int:service>/", card_services.service_page, name="service"),
    path("services/<int:service>/change/", card_services.change, name="service-change"),
    path("services/<int:service>/tariff/", card_services.change_tariff, name="service-tariff"),
    path("services/<int:service>/state/", card_services.change_state, name="service-state"),
    path("account/", card.account, name="subscriber-account"),
    path("logins/", card.logins, name="subscriber-logins"),
    path("requests/", card.requests, name="subscriber-requests"),
    path("documents/", card_documents.documents, name="subscriber-documents"),
    path("documents/add/", card_documents.add, name="subscriber-document-add"),
    path("documents/<uuid:paper>/", card_documents.view, name="subscriber-document"),
    path("documents/<uuid:paper>/change/", card_documents.change, name="subscriber-document-change"),
    path("documents/<uuid:paper>/remove/", card_documents.remove, name="subscriber-document-remove"),
    path("documents/<uuid:paper>/image/", card_documents.image, name="subscriber-document-image"),
    path("documents/<uuid:paper>/pages/<int:sheet>/", card_documents.sheet, name="subscriber-document-sheet"),
    path("documents/<uuid:paper>/download/", card_documents.download, name="subscriber-document-download"),
    path("messages/", messages.of_subscriber, name="subscriber-messages"),
    path("notes/", card_notes.notes, name="subscriber-notes"),
    path("notes/add/", card_notes.add, name="subscriber-note-add"),
    path("notes/<uuid:note>/pin/", card_notes.pin, name="subscriber-note-pin"),
    path("notes/<uuid:note>/remove/", card_notes.remove, name="subscriber-note-remove"),
    path("personal-data/", personal_data.overview, name="subscriber-personal-data"),
    path("personal-data/consents/<uuid:consent>/give/", personal_data.give, name="subscriber-consent-give"),
    path("personal-data/consents/<uuid:consent>/withdraw/", personal_data.withdraw, name="subscriber-consent-withdraw"),
    path("personal-data/export/", personal_data.export, name="personal-export"),
    path("personal-data/exports/<uuid:parcel>/", personal_data.download, name="personal-export-file"),
    path("personal-data/requests/<uuid:wish>/", personal_data.answer, name="personal-request"),
    path("personal-data/erase/", personal_data.erase, name="subscriber-erase"),
    path("history/", card.history, name="subscriber-history"),
]
