"""The money inbox: statements of banks, from the file to its movements."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from core import tables
from core.uploads import takes_files_of
from dashboard.access import staff_page
from payments.inbox_forms import AccountForm, ColumnsForm, StatementForm
from payments.inbox_tables import AppearanceTable, StatementTable
from payments.models import BankAccount, BankLine, Statement
from payments.services import inbox as lines
from payments.services import statements as services
from tenants.roles import Right


@staff_page(Right.WORK_MONEY)
@takes_files_of(services.LIMIT)
@require_http_methods(["GET", "HEAD", "POST"])
def statements(request: HttpRequest) -> HttpResponse:
    """Bring a statement, or look at an earlier one."""
    form = StatementForm(request.POST, request.FILES) if request.method == "POST" else StatementForm()
    if getattr(request, "upload_was_stopped", False):
        form.errors["file"] = form.error_class([services.too_large()])
    elif form.is_bound and form.is_valid():
        try:
            row = services.take_file(upload=form.cleaned_data["file"], by=request.user, isp=request.isp)
        except services.BadUpload as error:
            form.add_error("file", str(error))
        except services.AlreadyThere as error:
            messages.info(request, _("This file was brought before. Here it is; nothing was added."))
            row = error.statement
        if not form.errors:
            return redirect("statement", slug=request.isp.slug, statement=row.uuid)
    table = StatementTable(Statement.objects.select_related("account"))
    tables.show(request, table, per_page=25)
    context = {"form": form, "table": table, "limit": services.LIMIT}
    return render(request, "dashboard/inbox/statements.html", context, status=422 if form.errors else 200)


@staff_page(Right.WORK_MONEY)
@require_safe
def page(request: HttpRequest, statement: UUID) -> HttpResponse:
    """Where a statement stands, and once it is taken in, its movements and whether they add up."""
    row = _get(statement)
    if row.state == Statement.State.OPEN:
        return show_columns(request, row) if row.is_table else show_account(request, row)
    if row.is_working or row.state == Statement.State.REFUSED:
        return render(request, "dashboard/inbox/progress.html", {"statement": row})
    table = AppearanceTable(row.appearances.select_related("line"))
    tables.show(request, table, per_page=50)
    doubles = BankLine.objects.to_do().filter(statement=row).exclude(double_of=None).count()
    context = {"statement": row, "table": table, "sums": services.sums(row), "doubles": doubles}
    return render(request, "dashboard/inbox/statement.html", context)


def _get(statement: UUID) -> Statement:
    return get_object_or_404(Statement.objects.select_related("account"), uuid=statement)


@staff_page(Right.WORK_MONEY)
@require_safe
def progress(request: HttpRequest, statement: UUID) -> HttpResponse:
    """How far the task has got; once it is done, on to what it came to."""
    row = _get(statement)
    if not row.is_working:
        return HttpResponseClientRedirect(f"/{request.isp.slug}/payments/inbox/statements/{statement}/")
    return render(request, "dashboard/inbox/progress.html#bar", {"statement": row})


def show_columns(request: HttpRequest, row: Statement, form: ColumnsForm | None = None) -> HttpResponse:
    """The step of a table: what the columns are."""
    context = {"statement": row, "form": form or ColumnsForm(statement=row)}
    return render(request, "dashboard/inbox/columns.html", context, status=422 if form else 200)


def show_account(request: HttpRequest, row: Statement, form: AccountForm | None = None) -> HttpResponse:
    """The step of a file that names an account nobody knows."""
    context = {"statement": row, "form": form or AccountForm(statement=row)}
    return render(request, "dashboard/inbox/account.html", context, status=422 if form else 200)


@staff_page(Right.WORK_MONEY)
@require_POST
def columns(request: HttpRequest, statement: UUID) -> HttpResponse:
    """Take a table in as its columns were explained."""
    row = _get(statement)
    if not (row.is_table and row.state == Statement.State.OPEN):
        return _elsewhere(request, row)
    form = ColumnsForm(request.POST, statement=row)
    if not form.is_valid():
        return show_columns(request, row, form)
    return _taken(request, row, form, services.read_table, mapping=form.mapping)


@staff_page(Right.WORK_MONEY)
@require_POST
def account(request: HttpRequest, statement: UUID) -> HttpResponse:
    """Take a file in, now that its account is known."""
    row = _get(statement)
    if row.is_table or row.state != Statement.State.OPEN:
        return _elsewhere(request, row)
    form = AccountForm(request.POST, statement=row)
    if not form.is_valid():
        return show_account(request, row, form)
    return _taken(request, row, form, services.choose_account, by=request.user)


def _taken(request: HttpRequest, row: Statement, form: AccountForm, verb: Any, **how: Any) -> HttpResponse:
    said = form.cleaned_data
    chosen: BankAccount = said["account"] or services.add_account(
        by=request.user,
        name=said["name"],
        number=form.account_number,
        currency=row.currency or request.isp.currency,
        method=said.get("method"),
    )
    try:
        verb(statement=row, account=chosen, isp=request.isp, **how)
    except services.CannotDo:
        return _elsewhere(request, row)
    return redirect("statement", slug=request.isp.slug, statement=row.uuid)


def _elsewhere(request: HttpRequest, row: Statement) -> HttpResponse:
    row.refresh_from_db(fields=["state"])
    text = _("This statement is in another state by now: %(state)s.")
    messages.info(request, text % {"state": row.get_state_display()})
    return redirect("statement", slug=request.isp.slug, statement=row.uuid)


@staff_page(Right.WORK_MONEY)
@require_POST
def doubles(request: HttpRequest, statement: UUID) -> HttpResponse:
    """Say of all lines of a file that look like others that they are the same."""
    row = _get(statement)
    count = lines.call_all_doubles(statement_id=row.pk, by=request.user)
    text = ngettext("%(count)s line was put aside.", "%(count)s lines were put aside.", count)
    messages.success(request, text % {"count": count})
    return redirect("statement", slug=request.isp.slug, statement=statement)


@staff_page(Right.WORK_MONEY)
@require_POST
def discard(request: HttpRequest, statement: UUID) -> HttpResponse:
    """Forget a file of which nothing is in the inbox."""
    row = _get(statement)
    try:
        services.discard(statement=row, by=request.user)
    except services.CannotDo:
        return _elsewhere(request, row)
    messages.success(request, _("%(file)s was discarded. Nothing of it is here.") % {"file": row.file_name})
    return redirect("statements", slug=request.isp.slug)
