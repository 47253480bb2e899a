"""What somebody wants to hear of: chosen in the portal, or given up with a link in a mail."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.access import InPreview, public_page
from messaging.opt_out_links import read_opt_out_link
from messaging.preference_forms import PreferencesForm
from messaging.rules import media_in_use
from messaging.services import preferences as services
from portal.access import subscriber_page
from subscribers.models import PortalUser, Subscriber
from subscribers.portal_roles import PortalRight, PortalRole
from subscribers.services.recipients import hears_news


def _login_key(user: PortalUser) -> int:
    """The owner speaks for the customer, everybody else for themselves."""
    return 0 if user.role == PortalRole.OWNER else user.pk


@subscriber_page(PortalRight.OPEN)
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Which kinds of messages by which media."""
    user = request.portal_user
    who = {"subscriber": user.subscriber_id, "login": _login_key(user)}
    before = services.unwanted(**who)
    data = request.POST if request.method == "POST" else None
    form = PreferencesForm(data, media=media_in_use(), unwanted=before)
    if form.is_bound and form.is_valid():
        changed = services.set_unwanted(by=user, choices=form.unwanted, on=user.subscriber, **who)
        messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
        return redirect("preferences")
    context = {"form": form, "hears_news": hears_news(user.subscriber), "is_for_all": not who["login"]}
    return render(request, "portal/preferences.html", context, status=422 if form.errors else 200)


@public_page(preview=InPreview.NEVER)
@csrf_exempt  # mail programs send this form by themselves (RFC 8058); the link is the proof
@require_http_methods(["GET", "HEAD", "POST"])
def opt_out(request: HttpRequest, link: str) -> HttpResponse:
    """Get no more messages of a kind by a medium. Opening the link changes nothing; sending the form does."""
    wish = read_opt_out_link(link)
    subscriber = Subscriber.objects.not_erased().filter(pk=wish.subscriber).first() if wish else None
    if wish is None or subscriber is None:
        return render(request, "portal/link_gone.html", {"is_opt_out": True}, status=404)
    is_done = request.method == "POST"
    if is_done:
        choice = (wish.kind.value, wish.medium.value)
        services.opt_out(by=None, subscriber=subscriber.pk, login=wish.login, choices=[choice], on=subscriber)
    return render(request, "portal/opt_out.html", {"wish": wish, "is_done": is_done})
