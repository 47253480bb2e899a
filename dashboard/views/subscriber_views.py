"""Saved views of the list of subscribers."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from dashboard.access import rights_of, staff_page
from dashboard.subscriber_forms import SaveViewForm
from dashboard.subscriber_list import Look, address_of, look_at, view_of
from subscribers.models import SavedView
from subscribers.services import lists
from tenants.roles import Right


@staff_page(Right.SEE_SUBSCRIBERS)
@require_safe
def saved_views(request: HttpRequest) -> HttpResponse:
    """A person's own views and those that colleagues share, to rename, share and remove."""
    return _page(request, look_at(QueryDict(), staff_id=request.user.pk))


def _page(request: HttpRequest, look: Look, wrong: SaveViewForm | None = None, status: int = 200) -> HttpResponse:
    may_share = _may_share(request)
    rows = []
    for view in look.views:
        is_own = view.by_id == request.user.pk
        initial = {"name": view.name, "is_shared": view.is_shared}
        form = SaveViewForm(initial=initial, may_share=may_share, auto_id=f"view-{view.pk}-%s") if is_own else None
        if wrong is not None and wrong.view_id == view.pk:
            form = wrong
        # A shared one whose owner has left would stay for ever if nobody else could remove it.
        may_delete = is_own or may_share
        is_default = view.pk == look.settings.default_view_id
        rows.append((view, address_of(view), form, may_delete, is_default))
    context = {"rows": rows, "has_default": any(row[-1] for row in rows)}
    return render(request, "dashboard/subscribers/views.html", context, status=status)


def _may_share(request: HttpRequest) -> bool:
    return Right.SHARE_VIEWS.value in rights_of(request.membership)


@staff_page(Right.SEE_SUBSCRIBERS)
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the search that the list shows, under a name."""
    query = request.POST.get("query", "")
    look = look_at(QueryDict(query), staff_id=request.user.pk)
    form = SaveViewForm(request.POST, may_share=_may_share(request))
    back = redirect(f"/{request.isp.slug}/subscribers/?{query or 'all=1'}")
    if not form.is_valid() or not look.is_valid:
        messages.warning(request, _("Give the view a name of at most 60 letters."))
        return back
    try:
        view = lists.save_view(
            by=request.user, name=form.cleaned_data["name"], is_shared=form.is_shared_now, **_search(look)
        )
    except lists.NameTaken:
        messages.warning(request, _("You have a view of this name already."))
        return back
    messages.success(request, _("The view “%(name)s” was saved.") % {"name": view.name})
    return redirect(f"/{request.isp.slug}/subscribers/?{address_of(view)}")


def _search(look: Look) -> dict[str, object]:
    return {"filters": look.found.in_use(), "columns": [column.name for column in look.columns], "sort": look.sort}


def _own(look: Look, request: HttpRequest, uuid: UUID) -> SavedView:
    """A view of this person's. Raises Http404 for those of others, shared or not."""
    view = view_of(look, uuid)
    if view is None or view.by_id != request.user.pk:
        raise Http404
    return view


@staff_page(Right.SEE_SUBSCRIBERS)
@require_POST
def change_view(request: HttpRequest, view: UUID) -> HttpResponse:
    """Another name or audience; with a search, that one instead of its own."""
    query = request.POST.get("query")
    look = look_at(QueryDict(query or ""), staff_id=request.user.pk)
    own = _own(look, request, view)
    if query is not None:
        if look.is_valid:
            own = lists.change_view(by=request.user, view=own, **_search(look))
            messages.success(request, _("The view “%(name)s” was saved.") % {"name": own.name})
        return redirect(f"/{request.isp.slug}/subscribers/?{address_of(own)}")
    may_share = _may_share(request)
    form = SaveViewForm(request.POST, may_share=may_share, auto_id=f"view-{own.pk}-%s", view_id=own.pk)
    if form.is_valid():
        is_shared = form.is_shared_now if may_share else own.is_shared
        try:
            lists.change_view(by=request.user, view=own, name=form.cleaned_data["name"], is_shared=is_shared)
        except lists.NameTaken:
            form.add_error("name", _("You have a view of this name already."))
    if form.errors:
        return _page(request, look, form, 422)
    messages.success(request, _("The view was changed."))
    return redirect("subscriber-views", slug=request.isp.slug)


@staff_page(Right.SEE_SUBSCRIBERS)
@require_POST
def delete_view(request: HttpRequest, view: UUID) -> HttpResponse:
    """Remove a view of one's own, or a shared one."""
    found = view_of(look_at(QueryDict(), staff_id=request.user.pk), view)
    if found is None or (found.by_id != request.user.pk and not _may_share(request)):
        raise Http404
    lists.delete_view(by=request.user, view=found)
    messages.success(request, _("The view “%(name)s” was removed.") % {"name": found.name})
    return redirect("subscriber-views", slug=request.isp.slug)


@staff_page(Right.SEE_SUBSCRIBERS)
@require_POST
def default_view(request: HttpRequest) -> HttpResponse:
    """Begin with this view when the list is opened, or with everybody."""
    look = look_at(QueryDict(), staff_id=request.user.pk)
    name = request.POST.get("view", "")
    view = view_of(look, name) if name else None
    if name and view is None:
        raise Http404
    lists.set_default_view(by=request.user, view=view)
    messages.success(request, _("The list opens with this from now on."))
    return redirect("subscriber-views", slug=request.isp.slug)
