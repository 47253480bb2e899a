"""The ISP's own words: saved, given up for the built-in ones, restored."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from company.models import InvoiceGroup, Profile
from core.audit import Actor, record
from domains.links import staff_url
from messaging.models import OwnText, TextVersion
from messaging.occasions import EVENTS, OWN, name_of
from messaging.reader import current_isp
from messaging.texts import problem_of
from messaging.wording import parse


class ChangedMeanwhile(Exception):
    """Somebody else saved the text after it was opened."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says."""

    subject: str
    text: str
    approved: str
    holes: dict[str, str]

    @classmethod
    def of(cls, row: OwnText | TextVersion) -> "Said":
        return cls(row.subject, row.text, row.approved, row.holes)


@transaction.atomic
def save_text(
    *,
    by: Actor,
    event: str,
    group: InvoiceGroup | None,
    language: str,
    medium: str,
    subject: str,
    text: str,
    approved: str = "",
    holes: Mapping[str, str] | None = None,
    seen: int | None = None,
) -> bool:
    """Say it in these words from now on. Whether anything changed. `seen` is the version that was opened.

    The words are ones that `messaging.text_forms.TextForm` has looked at. Raises ChangedMeanwhile.
    """
    row = _locked(event=event, group=group, language=language, medium=medium)
    if seen is not None and seen != row.version:
        raise ChangedMeanwhile
    words = Said(subject, text, approved, dict(holes or {}))
    # Saved again as it is, it is tried again.
    if row.is_on and row.version and not row.problem and Said.of(row) == words:
        return False
    _write(by, row, words, is_on=True)
    return True


@transaction.atomic
def use_built_in(*, by: Actor, row: OwnText) -> None:
    """Go back to the built-in text. What was said before stays in the history. Twice is once."""
    row = OwnText.objects.select_for_update().get(pk=row.pk)
    if row.is_on:
        _write(by, row, Said.of(row), is_on=False)


@transaction.atomic
def restore_text(*, by: Actor, row: OwnText, number: int) -> None:
    """Say it again as in an earlier version, which becomes the latest one.

    Raises TextVersion.DoesNotExist, and BadWording where it speaks of what there is no more.
    """
    row = OwnText.objects.select_for_update(of=("self",)).get(pk=row.pk)
    old, event = row.versions.get(number=number), EVENTS[row.event]
    parse(old.subject, names=event.in_subjects)
    parse(old.text, names=event.named)
    _write(by, row, Said.of(old), is_on=True)


def _locked(*, event: str, group: InvoiceGroup | None, language: str, medium: str) -> OwnText:
    key = {"event": event, "group": group, "language": language, "medium": medium}
    OwnText.objects.get_or_create(**key, defaults={"is_on": False})
    return OwnText.objects.select_for_update(of=("self",)).get(**key)


def _write(by: Actor, row: OwnText, words: Said, *, is_on: bool) -> None:
    row.subject, row.text, row.approved, row.holes = words.subject, words.text, words.approved, words.holes
    row.is_on, row.version, row.problem, row.problem_at = is_on, row.version + 1, "", None
    row.save()
    TextVersion.objects.create(
        own_text=row,
        number=row.version,
        subject=row.subject,
        text=row.text,
        approved=row.approved,
        holes=row.holes,
        is_on=is_on,
        by_id=by.pk,
        by_name=by.audit_label[:200],
    )
    verb = "messaging.text.changed" if is_on else "messaging.text.put_back"
    record(verb, by=by, on=row, title=str(name_of(row.event)), number=row.version)


def note_try(*, by: Actor, event: str) -> None:
    """Write down that somebody had a text sent to themselves."""
    record("messaging.text.tried", by=by, title=str(name_of(event)))


def note_failure(*, row: OwnText, problem: str) -> bool:
    """Write down that a text could not be used. Whether that is new, so that staff have to be told."""
    changed = OwnText.objects.filter(pk=row.pk, problem="").update(problem=problem[:300], problem_at=timezone.now())
    return bool(changed)


def warning_of(row: OwnText) -> dict[str, object] | None:
    """What the company is told by mail of a text that could not be used; None where it has no address."""
    isp, profile = current_isp(), Profile.load()
    if not profile.email:
        return None
    with translation.override(isp.language):
        title = str(name_of(row.event)) or _("a message")
    return {
        "template": OWN,
        "language": isp.language,
        "to": profile.email,
        "title": title,
        "problem": _spoken(row, isp.language),
        "link": staff_url(isp, f"settings/texts/{row.event.replace('/', '-').replace('_', '-')}/"),
    }


def _spoken(row: OwnText, language: str) -> str:
    with translation.override(language):
        return problem_of(row)
