"""The money inbox: bank lines by what is to be done with them, and one line with whose it may be."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core import tables
from dashboard.access import staff_page
from payments.inbox_forms import AsideForm, BookForm, SearchForm, UndoForm
from payments.inbox_tables import LineTable
from payments.models import BankLine, Statement
from payments.services import inbox_lists
from payments.services.matching import debts_of
from subscribers.models import Subscriber
from tenants.roles import Right

TITLES = {
    "": _("To do"),
    "certain": _("Certain"),
    "likely": _("Likely"),
    "unknown": _("Unknown"),
    "doubles": _("Probably there twice"),
    "booked": _("Booked"),
    "aside": _("No customer's payment"),
    "out": _("Money out"),
}
FOUND, CHOSEN = 8, 20  # customers that a search shows, and among whom a line can be split


@staff_page(Right.SEE_MONEY)
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Bank lines, those first that wait for somebody."""
    view, text = request.GET.get("show", ""), request.GET.get("q", "")[:100]
    view = view if view in TITLES else ""
    table = LineTable(inbox_lists.shown_lines(view, text))
    tables.show(request, table, per_page=25)
    lines = [row.record for row in table.page.object_list]
    counts = inbox_lists.counts()
    context = {
        "table": table,
        "view": view,
        "q": text,
        "tabs": [(name, title, counts[name]) for name, title in TITLES.items()],
        "counts": counts,
        "people": inbox_lists.people_of(lines),
        "matches": inbox_lists.with_matches(lines),
        "is_empty": not any(counts.values()) and not Statement.objects.exists(),
    }
    return render(request, "dashboard/inbox/list.html", context)


@staff_page(Right.SEE_MONEY)
@require_safe
def line_page(request: HttpRequest, line: UUID) -> HttpResponse:
    """One line: what the bank says, whose it may be, what was decided."""
    return show_line(request, get_line(line))


def get_line(line: UUID) -> BankLine:
    rows = BankLine.objects.select_related("account", "statement", "double_of__statement")
    return get_object_or_404(rows, uuid=line)


def show_line(
    request: HttpRequest,
    line: BankLine,
    *,
    book_form: BookForm | None = None,
    undo_form: UndoForm | None = None,
    undone: UUID | None = None,
    aside_form: AsideForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a line, with a form that was not right."""
    before, after = inbox_lists.neighbours(line)
    people = chosen(request.GET.getlist("with"))
    search = SearchForm(request.GET if "q" in request.GET else None)
    text = search.cleaned_data["q"].strip() if search.is_bound and search.is_valid() else ""
    context: dict[str, Any] = {
        "line": line,
        "suggestions": inbox_lists.suggested(line) if line.is_open else [],
        "matches": line.matches.select_related("subscriber", "payment"),
        "search": search,
        "found": Subscriber.objects.not_erased().search(text)[:FOUND] if text else None,
        "with": "".join(f"with={person.number}&" for person in people),
        "book_form": book_form or form_for(line, people),
        "undo_form": undo_form or UndoForm(),
        "undone": undone,
        "aside_form": aside_form or AsideForm(),
        "before": before,
        "after": after,
        "is_foreign": line.currency != request.isp.currency,
    }
    return render(request, "dashboard/inbox/line.html", context, status=status)


def chosen(numbers: list[str]) -> list[Subscriber]:
    """The customers that were picked for a line, in that order."""
    wanted = list(dict.fromkeys(int(each) for each in numbers if each.isdecimal() and len(each) < 10))[:CHOSEN]
    known = Subscriber.objects.not_erased().in_bulk(wanted, field_name="number")
    return [known[number] for number in wanted if number in known]


def form_for(line: BankLine, people: list[Subscriber], data: Any = None) -> BookForm:
    """How the line is split among them."""
    return BookForm(data, line=line, people=people, debts=debts_of([person.pk for person in people]))
