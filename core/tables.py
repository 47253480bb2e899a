"""How lists are sorted and paged."""

from typing import Any

from django.core.paginator import EmptyPage

from core.http import Request


def show(request: Request, table: Any, *, per_page: int) -> None:
    """Sort and page a table as the address says; a page that is not there is the first or the last one.

    Unlike django-tables2's own RequestConfig, the address does not say how long a page is.
    """
    table.request = request
    if order := request.GET.getlist(table.prefixed_order_by_field):
        table.order_by = order
    try:
        page = int(request.GET.get(table.prefixed_page_field, ""))
    except ValueError:
        page = 1
    try:
        table.paginate(page=page, per_page=per_page)
    except EmptyPage:
        table.page = table.paginator.page(table.paginator.num_pages)
