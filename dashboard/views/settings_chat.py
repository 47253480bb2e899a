"""Settings: the chat that subscribers see in the portal."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from company import services
from company.chat import all_hosts_of
from company.forms import ChatForm
from company.models import ChatWidget
from dashboard.access import staff_page
from dashboard.views.settings import bound, section_page, to_section
from tenants.roles import Right


@staff_page(Right.SETTINGS)
def chat(request: HttpRequest) -> HttpResponse:
    """What was recognised in the script, and a form for another one."""
    form = ChatForm(**bound(request))
    if form.is_bound and form.is_valid():
        widget = services.set_chat(chat=form.cleaned_data["script"], by=request.user)
        messages.success(request, _("Saved: %(vendor)s.") % {"vendor": widget.get_vendor_display()})
        return to_section(request, "chat")
    widget = ChatWidget.load()
    return section_page(request, "chat", {"widget": widget, "hosts": all_hosts_of(widget)}, form=form)


@staff_page(Right.SETTINGS)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """What would be recognised in a script, for the hint below the field while it is being filled."""
    form = ChatForm(**bound(request))
    chat = form.cleaned_data["script"] if form.is_valid() else None
    widget = chat and ChatWidget(vendor=chat.vendor, account=chat.account, host=chat.host, script=chat.script)
    context = {"form": form, "widget": widget, "hosts": all_hosts_of(widget) if widget else []}
    return render(request, "dashboard/settings/chat_recognised.html", context)


@staff_page(Right.SETTINGS)
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Show the chat, or hide it for a while."""
    is_on = request.POST.get("is_on") == "1"
    services.switch_chat(is_on=is_on, by=request.user)
    messages.success(request, _("The chat is shown.") if is_on else _("The chat is hidden."))
    return to_section(request, "chat")


@staff_page(Right.SETTINGS)
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Forget the chat."""
    services.remove_chat(by=request.user)
    messages.success(request, _("The chat was removed."))
    return to_section(request, "chat")
