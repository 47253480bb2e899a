"""The one way by which an event becomes messages."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext

from core.mail import one_line
from messaging.events.base import WITH_OPT_OUT, Event
from messaging.models import Medium, Message
from messaging.occasions import EVENTS
from messaging.opt_out_links import Wish, opt_out_url
from messaging.reader import current_isp
from messaging.recipients import Recipient
from messaging.rules import due_at, media_for
from messaging.services.mails import tell_of_failure
from messaging.services.writing import write_message
from messaging.texts import Words, words_for


def notify(
    *,
    event: str,
    recipient: Recipient,
    key: str = "",
    at: datetime | None = None,
    is_last: bool = False,
    **context: Any,
) -> list[Message]:
    """Tell somebody of an event, in the caller's transaction: by the media of the ISP's rule, which the person has and
    wants, in the ISP's words or ours, not in quiet hours. Gives what was written; nothing where nobody is to be told.

    `key` names what it is told for, so that it is told once. `from_name` and `reply_to` in the context are for mails.
    """
    found, isp, now = EVENTS[event], current_isp(), at or timezone.now()
    written = []
    for medium in media_for(found, recipient):
        language = recipient.language or isp.language
        words = words_for(found, medium, language=language, context=context, group=recipient.group)
        link = opt_out_link(found, medium, recipient)
        if link:
            words = with_opt_out(words, link, language)
        more = ({"unsubscribe": link} if link else {}) | clock_of(recipient)
        for place, to in enumerate(recipient.at(medium)):
            written.append(
                write_message(
                    medium=medium,
                    to=to,
                    subject=words.subject,
                    text=words.text,
                    html=words.html,
                    from_name=one_line(str(context.get("from_name", ""))),
                    reply_to=one_line(str(context.get("reply_to", ""))),
                    language=language,
                    lane=Message.Lane.URGENT if found.is_urgent else Message.Lane.NORMAL,
                    key=f"{key}:{medium}:{place}" if key else "",
                    due_at=due_at(found, medium, at=now, timezone=recipient.timezone or isp.timezone),
                    data={**words.data, **more},
                    about=recipient.subscriber,
                    occasion=event,
                    kind=found.kind if found.may_be_off else "",
                    login=recipient.login,
                    has_secret=found.has_secret,
                    is_last=is_last,
                )
            )
        tell_of_failure(words)
    return written


def clock_of(recipient: Recipient) -> dict[str, str]:
    """What a message keeps of where somebody lives, if the clocks there are not the ISP's."""
    zone = recipient.timezone
    return {"zone": zone} if zone and zone != current_isp().timezone else {}


def opt_out_link(event: Event, medium: Medium, recipient: Recipient) -> str:
    """The link to hear no more of this, where one is needed."""
    if event.kind not in WITH_OPT_OUT or medium != Medium.EMAIL or recipient.subscriber is None:
        return ""
    return opt_out_url(current_isp(), Wish(recipient.subscriber, recipient.login or 0, event.kind, medium))


def with_opt_out(words: Words, link: str, language: str) -> Words:
    """The words of a mail with such a link at their end."""
    with translation.override(language):
        line = gettext("I do not want messages of this kind")
    html = words.html.replace("<!-- opt-out -->", f'<br><a href="{link}">{line}</a>')
    return replace(words, text=f"{words.text}\n{line}: {link}\n", html=html)
