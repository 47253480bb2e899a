"""Settings: a text of messages, sent to whoever writes it, by the medium that it is for."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from company.phones import BadPhone
from core import throttle
from dashboard.access import staff_page
from dashboard.views.settings_channels import say_outcome
from dashboard.views.settings_texts import Target, form_of, look_at, target_of, text_page
from messaging.channels.web_push.channel import BadSubscription, parsed
from messaging.models import ChannelAccount, Medium
from messaging.services import AddressStopped, tries
from messaging.services import send_test as send_mail
from messaging.text_forms import TextForm
from messaging.texts import Words
from tenants.roles import Right

A_DAY, DAY = 10, 86400  # tests of one person that cost something; and seconds


@staff_page(Right.SETTINGS)
@require_POST
def send_test(request: HttpRequest, event: str) -> HttpResponse:
    """Send what stands in the form to oneself: by the text's medium if somebody carries it, else as a mail."""
    target = target_of(request, event)
    form = form_of(request, target)
    look = look_at(request, target, form) if form.is_valid() else None
    if look is not None and look.words is not None:
        account = ChannelAccount.objects.carrying(target.medium).first()
        if account is None or target.medium == Medium.EMAIL:
            _send_mail(request, target, look.words)
        else:
            _send(request, target, form, look.words, account)
    return text_page(request, target, form, look=look)


def _send_mail(request: HttpRequest, target: Target, words: Words) -> None:
    send_mail(by=request.user, to=request.user.email, words=words, event=target.event.name)
    messages.success(request, _("A test is on its way to %(email)s.") % {"email": request.user.email})


def _send(request: HttpRequest, target: Target, form: TextForm, words: Words, account: ChannelAccount) -> None:
    """Hand it to the channel and say what came of it. What is wrong stands at the form."""
    is_push = target.medium == Medium.PUSH
    what = {"by": request.user, "account": account, "words": words, "event": target.event.name, "at": timezone.now()}
    try:
        where = {"browser": parsed(form.browser)} if is_push else {"to": form.phone_for(request.isp.country)}
        if not throttle.allow(f"text-test:{request.user.pk}", limit=A_DAY, seconds=DAY):
            form.add_error(None, _("Those were many tests. Tomorrow you can send more."))
            return
        sent = tries.try_in_browser(**what, **where) if is_push else tries.try_on_phone(**what, **where)
    except BadSubscription:
        form.add_error(None, _("Notifications cannot be switched on in this browser."))
    except BadPhone as error:
        form.add_error("phone", str(error))
    except AddressStopped:
        text = _("This number is written to no more. Have it written to again under Stopped addresses.")
        form.add_error("phone", text)
    else:
        say_outcome(request, sent)
