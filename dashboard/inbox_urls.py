"""Addresses of the money inbox, behind `<slug>/payments/inbox/`."""

from django.urls import path

from dashboard.views import inbox, inbox_certain, inbox_decide, inbox_removal, inbox_statements

urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("certain/", inbox_certain.certain, name="inbox-certain"),
    path("look-again/", inbox_certain.look_again, name="inbox-look-again"),
    path("statements/", inbox_statements.statements, name="statements"),
    path("statements/<uuid:statement>/", inbox_statements.page, name="statement"),
    path("statements/<uuid:statement>/progress/", inbox_statements.progress, name="statement-progress"),
    path("statements/<uuid:statement>/columns/", inbox_statements.columns, name="statement-columns"),
    path("statements/<uuid:statement>/account/", inbox_statements.account, name="statement-account"),
    path("statements/<uuid:statement>/doubles/", inbox_statements.doubles, name="statement-doubles"),
    path("statements/<uuid:statement>/remove/", inbox_removal.remove, name="statement-remove"),
    path("statements/<uuid:statement>/discard/", inbox_statements.discard, name="statement-discard"),
    path("<uuid:line>/", inbox.line_page, name="bank-line"),
    path("<uuid:line>/book/", inbox_decide.book, name="bank-line-book"),
    path("<uuid:line>/link/<int:number>/", inbox_decide.link, name="bank-line-link"),
    path("<uuid:line>/set-aside/", inbox_decide.set_aside, name="bank-line-set-aside"),
    path("<uuid:line>/reopen/", inbox_decide.reopen, name="bank-line-reopen"),
    path("<uuid:line>/double/", inbox_decide.double, name="bank-line-double"),
    path("<uuid:line>/undo/<uuid:match>/", inbox_decide.undo, name="bank-line-undo"),
]
