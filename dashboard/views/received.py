"""What people wrote to the ISP, by SMS and WhatsApp."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import tables
from dashboard.access import staff_page
from dashboard.message_lists import ReceivedFilter, ReceivedTable
from messaging.channels import kinds
from messaging.models import ChannelAccount, ReceivedMessage
from messaging.phones import spellings
from subscribers.models import Subscriber
from tenants.roles import Right


@staff_page(Right.SEE_MESSAGES)
@require_safe
def received_list(request: HttpRequest) -> HttpResponse:
    """All of it, the latest first, with the customers who have the phone."""
    found = ReceivedFilter(request.GET, queryset=ReceivedMessage.objects.all())
    table = ReceivedTable(found.qs)
    tables.show(request, table, per_page=50)
    name_people([row.record for row in table.page.object_list])
    hearing = [name for name, kind in kinds().items() if kind.hears_answers]
    context = {
        "filter": found,
        "table": table,
        "is_heard": ChannelAccount.objects.filter(channel__in=hearing, is_on=True).exists(),
        "is_empty": not request.GET and not table.page.paginator.count,
    }
    return render(request, "dashboard/messages/received.html", context, status=200 if found.form.is_valid() else 422)


def name_people(rows: list[ReceivedMessage]) -> None:
    """Say of each message whose phone it came from: several customers may have it, or nobody. At most one query."""
    asked = {row.sender: spellings(row.sender) for row in rows}
    phones = [each for same in asked.values() for each in same]
    people = list(Subscriber.objects.alike(phones=phones).order_by("number"))
    for row in rows:
        same = asked[row.sender]
        row.people = [one for one in people if one.mobile in same or one.second_mobile in same]  # type: ignore[attr-defined]
