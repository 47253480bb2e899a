"""Settings: the address that mails of the ISP come from, and whether its zone says so."""

from hashlib import sha256

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core import throttle
from dashboard.access import staff_page
from dashboard.views.settings import bound, saved, section_page, to_section
from dashboard.views.settings_domains import PROVIDERS
from messaging.models import ChannelAccount, Medium, SenderDomain
from messaging.sender_forms import SenderForm
from messaging.services import sender_domain as verbs
from tenants.roles import Right

SECTION = "sender"


@staff_page(Right.SETTINGS)
def sender(request: HttpRequest) -> HttpResponse:
    """The address, the records to create for it, and what is there of them."""
    row = SenderDomain.load()
    form = SenderForm(**bound(request) or {"initial": {"address": row.address}})
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        changed = verbs.choose_sender(by=request.user, host=values["host"], mailbox=values["mailbox"])
        return saved(request, SECTION, changed=changed)
    own_server = ChannelAccount.objects.carrying(Medium.EMAIL).first()
    context = {"own_server": own_server, "providers": PROVIDERS, "records": row.records}
    return section_page(request, SECTION, context | _standing(row), form=form)


def _standing(row: SenderDomain) -> dict[str, object]:
    lines = row.lines
    told = repr([(line.check_name, line.state, line.reason, line.value) for line in lines])
    return {"sender": row, "lines": lines, "digest": sha256(told.encode()).hexdigest()[:16]}


@staff_page(Right.SETTINGS)
@require_safe
def lines(request: HttpRequest) -> HttpResponse:
    """What is there of the records, for a page that asks again; nothing (204) while it stands as the page has it."""
    context = _standing(SenderDomain.load())
    if request.GET.get("seen") == context["digest"]:
        return HttpResponse(status=204)
    return render(request, "dashboard/settings/sender_lines.html", context)


@staff_page(Right.SETTINGS)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Look again now, some times in ten minutes."""
    if throttle.allow(f"sender-check:{request.isp.pk}", limit=10, seconds=600):
        verbs.look_again(isp_id=request.isp.pk)
        messages.success(request, _("We look again within ten seconds."))
    else:
        messages.warning(request, _("We have looked often just now. Wait some minutes; DNS changes take a while."))
    return to_section(request, SECTION)


@staff_page(Right.SETTINGS)
@require_POST
def give_up(request: HttpRequest) -> HttpResponse:
    """Write from the platform's own address again."""
    verbs.give_up_sender(by=request.user)
    messages.success(request, _("Mails come from our own address again."))
    return to_section(request, SECTION)
