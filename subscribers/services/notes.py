"""What staff do with their notes on subscribers. The entries are on the subscriber, who stays when a note goes."""

from core.audit import Actor, record
from subscribers.models import Note, Subscriber


def add_note(*, by: Actor, subscriber: Subscriber, text: str, is_pinned: bool = False) -> Note:
    """Write something down for colleagues; pinned, it stands on the card's first page. Raises Erased."""
    Subscriber.objects.lock_to_add(subscriber.pk)
    note = Note.objects.create(
        subscriber=subscriber, text=text, is_pinned=is_pinned, by_id=by.pk, by_name=by.audit_label[:200]
    )
    record("subscribers.note.added", by=by, on=subscriber, subscriber=subscriber.number, text=text)
    return note


def pin_note(*, by: Actor, note: Note, is_pinned: bool) -> None:
    """Put a note on top, or let it go with the others."""
    note = Note.objects.select_for_update(of=("self",)).select_related("subscriber").get(pk=note.pk)
    if note.is_pinned == is_pinned:
        return
    note.is_pinned = is_pinned
    note.save(update_fields=["is_pinned"])
    verb = "subscribers.note.pinned" if is_pinned else "subscribers.note.unpinned"
    record(verb, by=by, on=note.subscriber, subscriber=note.subscriber.number, text=note.text)


def remove_note(*, by: Actor, note: Note) -> None:
    """Throw a note away."""
    note = Note.objects.select_for_update(of=("self",)).select_related("subscriber").get(pk=note.pk)
    record("subscribers.note.removed", by=by, on=note.subscriber, subscriber=note.subscriber.number, text=note.text)
    note.delete()
