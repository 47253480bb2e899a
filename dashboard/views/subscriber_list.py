"""The list of subscribers: searched as one types, with the columns that one has chosen."""

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import rights_of, staff_page
from dashboard.bulk import actions_for
from dashboard.subscriber_columns import COLUMNS, Reader
from dashboard.subscriber_forms import SaveViewForm
from dashboard.subscriber_list import Look, address_of, look_at, page_of
from subscribers.models import Subscriber
from subscribers.services import lists
from tenants.roles import Right


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def subscriber_list(request: HttpRequest) -> HttpResponse:
    """All subscribers, searched and filtered; for htmx only the part that changes while one types."""
    look = look_at(request.GET, staff_id=request.user.pk)
    if not request.GET and (view := look.opens_with):
        return redirect(f"{request.path}?{address_of(view)}")
    is_part = request.htmx and not request.htmx.history_restore_request
    template = "dashboard/subscribers/list.html#results" if is_part else "dashboard/subscribers/list.html"
    status = 200 if look.is_valid or is_part else 422
    response = render(request, template, _context(request, look, is_part=is_part), status=status)
    if is_part:
        response["HX-Push-Url"] = f"{request.path}?{look.query()}"
    return response


def _context(request: HttpRequest, look: Look, *, is_part: bool) -> dict[str, object]:
    page = page_of(look, request.GET.get("page", ""))
    isp = request.isp
    reader = Reader(isp.slug, isp.country, isp.currency)
    columns = look.columns
    rights = rights_of(request.membership)
    return {
        "look": look,
        "filter": look.found,
        "is_part": is_part,
        "page": page,
        "rows": [(row, [(column, column.show(row, reader)) for column in columns]) for row in page.rows],
        "is_empty": not page.rows and not look.found.in_use() and not Subscriber.objects.exists(),
        "views": [(view, address_of(view)) for view in look.views],
        "all_columns": [(column, column in columns) for column in COLUMNS.values()],
        "actions": actions_for(rights),
        "can_tick": bool(actions_for(rights)) or Right.WORK_MESSAGES.value in rights,
        "save_form": SaveViewForm(may_share="share_views" in rights),
    }


@staff_page(Right.SEE_SUBSCRIBERS)
@require_POST
def choose_columns(request: HttpRequest) -> HttpResponse:
    """Remember which columns this person wants to see, and go on where they were."""
    query = QueryDict(request.POST.get("query", ""), mutable=True)
    query.pop("view", None)
    lists.remember_columns(
        by=request.user, columns=[name for name in COLUMNS if name in request.POST.getlist("column")]
    )
    return redirect(f"/{request.isp.slug}/subscribers/?{query.urlencode() or 'all=1'}")
