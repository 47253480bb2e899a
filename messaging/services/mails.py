"""Mails of events: in the ISP's own words or in ours."""

from django.utils.translation import gettext

from company.models import Profile
from core.audit import Actor
from core.mail import one_line
from messaging.models import Medium, Message
from messaging.occasions import name_of
from messaging.reader import current_isp
from messaging.services.texts import note_failure, note_try, warning_of
from messaging.services.writing import write_message
from messaging.texts import Words, mail_words


def send_mail(
    *,
    template: str,
    language: str,
    to: str,
    about: int | None = None,
    group: int | None = None,
    has_secret: bool = False,
    is_last: bool = False,
    key: str = "",
    lane: int = Message.Lane.NORMAL,
    **context: object,
) -> Message:
    """Write a mail about an event, in the ISP's own words or else from `emails/<template>.txt`; see messaging.texts.

    `from_name` and `reply_to` in the context are used for the headers too; `group` is the key of the invoice group of
    who gets it. For the rest see write_message.
    """
    words = mail_words(template, language=language, group=group, context=context)
    message = write_message(
        medium=Medium.EMAIL,
        to=to,
        subject=words.subject,
        text=words.text,
        html=words.html,
        from_name=one_line(str(context.get("from_name", ""))),
        reply_to=one_line(str(context.get("reply_to", ""))),
        language=language,
        lane=lane,
        key=key,
        about=about,
        occasion=template,
        has_secret=has_secret,
        is_last=is_last,
    )
    tell_of_failure(words)
    return message


def tell_of_failure(words: Words) -> None:
    """Tell the company of a text of its own that could not be used, the first time."""
    if words.failed and note_failure(row=words.failed, problem=words.problem):
        words.failed.problem = words.problem
        if warning := warning_of(words.failed):
            send_mail(**warning)


def send_test(*, by: Actor, to: str, words: Words, event: str) -> Message:
    """Send somebody of the staff what a text looks like. What is written for a phone comes as a mail, too."""
    profile = Profile.load()
    note_try(by=by, event=event)
    return write_message(
        medium=Medium.EMAIL,
        to=to,
        subject=gettext("Test: %(subject)s") % {"subject": words.subject or name_of(event)},
        text=words.text,
        html=words.html,
        from_name=profile.display_name or current_isp().name,
        reply_to=profile.email,
        occasion=event,
    )
