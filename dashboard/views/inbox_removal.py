"""The money inbox: a statement that was brought by mistake is removed whole."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard.access import staff_page
from payments.inbox_forms import RemovalForm
from payments.models import Statement
from payments.services import removals
from payments.services.statements import CannotDo
from tenants.roles import Right


@staff_page(Right.WORK_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, statement: UUID) -> HttpResponse:
    """What would go, and what must be undone first; then it goes."""
    row = get_object_or_404(Statement.objects.taken().select_related("account"), uuid=statement)
    form = RemovalForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            removals.remove_statement(statement=row, by=request.user, reason=form.cleaned_data["reason"])
        except removals.StillBooked:
            pass  # the page says which
        except CannotDo:
            messages.info(request, _("A task is still at this statement. Try again when it is done."))
        else:
            messages.success(request, _("%(file)s was removed, with its lines.") % {"file": row.file_name})
            return redirect("statements", slug=request.isp.slug)
    context = {"statement": row, "form": form, "outlook": removals.outlook(row)}
    return render(request, "dashboard/inbox/remove.html", context, status=422 if form.errors else 200)
