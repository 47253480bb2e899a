"""Telling people that a word of theirs was heard: once, shortly, and never again for a day."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from messaging.channels.words import Word, named
from messaging.models import Message, ReceivedMessage
from messaging.occasions import WORD
from messaging.reader import Reader, current_isp
from messaging.services.writing import write_message

SOON = timedelta(hours=6)  # after which nobody waits for it any more
DAY = timedelta(days=1)
AT_ONCE = 200


@transaction.atomic
def confirm_words(*, at: datetime) -> int:
    """Tell those whose word has been done; gives how many were told.

    Each hears of the same word once a day at most, so two machines cannot talk to each other for long; and what we say
    is no word, so it is never answered as one.
    """
    waiting = ReceivedMessage.objects.filter(is_to_confirm=True).select_for_update(skip_locked=True).order_by("pk")
    told = 0
    for row in list(waiting[:AT_ONCE]):
        row.is_to_confirm = False
        if row.received_at > at - SOON and not _was_told(row, at):
            _tell(row)
            row.confirmed_at, told = at, told + 1
        row.save(update_fields=["is_to_confirm", "confirmed_at"])
    return told


def _was_told(row: ReceivedMessage, at: datetime) -> bool:
    same = ReceivedMessage.objects.filter(sender=row.sender, medium=row.medium, word=row.word)
    return same.filter(confirmed_at__gt=at - DAY).exists()


def _tell(row: ReceivedMessage) -> None:
    isp = current_isp()
    last = Message.objects.filter(medium=row.medium, to=row.sender).exclude(language="").order_by("-pk").first()
    language = last.language if last else isp.language
    with translation.override(language):
        names = {"company": Reader(isp).company}
        names |= {word.value: named(word, language) for word in Word}
        if row.word == Word.STOP:
            text = _("%(company)s: you get no more messages at this number. To get them again, reply %(start)s.")
        else:
            text = _("%(company)s: you get our messages at this number again. For no more, reply %(stop)s.")
    # Urgent: that is what still reaches an address whose owner wants no more.
    write_message(
        medium=row.medium,
        to=row.sender,
        text=text % names,
        language=language,
        lane=Message.Lane.URGENT,
        key=f"word:{row.uuid}",
        occasion=WORD,
    )
