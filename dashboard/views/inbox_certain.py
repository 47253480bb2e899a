"""The money inbox: all certain lines at once, and comparing the open ones anew."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core import tables
from dashboard.access import staff_page
from payments.inbox_tables import LineTable
from payments.models import BankLine
from payments.services import certain as services
from payments.services import inbox_lists
from tenants.roles import Right


@staff_page(Right.WORK_MONEY)
@require_http_methods(["GET", "HEAD", "POST"])
def certain(request: HttpRequest) -> HttpResponse:
    """Show the lines of which number and amount are right, and book them all."""
    if request.method == "POST":
        try:
            count = services.ask(mark=request.POST.get("mark", ""), by=request.user, isp=request.isp)
        except services.Changed:
            messages.warning(request, _("These are other lines than you saw. Please look at them once more."))
            return redirect("inbox-certain", slug=request.isp.slug)
        text = ngettext("%(count)s line is being booked.", "%(count)s lines are being booked.", count)
        messages.success(request, text % {"count": count})
        return redirect("inbox", slug=request.isp.slug)
    table = LineTable(BankLine.objects.certain())
    tables.show(request, table, per_page=100)
    context = {
        "table": table,
        "offer": services.offer(),
        "people": inbox_lists.people_of(row.record for row in table.page.object_list),
    }
    return render(request, "dashboard/inbox/certain.html", context)


@staff_page(Right.WORK_MONEY)
@require_POST
def look_again(request: HttpRequest) -> HttpResponse:
    """Compare the open lines with what is owed by now."""
    count = services.look_again(isp=request.isp)
    text = ngettext("%(count)s line was compared anew.", "%(count)s lines were compared anew.", count)
    messages.success(request, text % {"count": count})
    return redirect("inbox", slug=request.isp.slug)
