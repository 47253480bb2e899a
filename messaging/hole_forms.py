"""The fields in which staff say what stands in the holes of an approved text."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import escape
from django.utils.translation import gettext as _

from messaging.approved import LONGEST, Hole, Template, links_for, names_of, variable_in
from messaging.events.base import Event
from messaging.wording import BadWording, parse

LONGEST_HOLE = 300


def field_name(place: str, code: str = "") -> str:
    """The name of the field of a hole; `code` is the language where it is not the only one of its form."""
    return f"hole-{place.replace(':', '-')}" + (f"--{code}" if code else "")


def field_for(hole: Hole, event: Event, samples: Mapping[str, str], *, lang: str) -> forms.Field:
    """The field of a hole. It is asked for by `checked`, so that an empty one says what it wants."""
    if hole.is_address:
        names = links_for(hole, event, samples)
        choices = [("", "–"), *((f"{{{{ {name} }}}}", str(event.named[name].meaning)) for name in names)]
        text = _("It opens %(address)s…, with the end of the link that you choose.") % {"address": escape(hole.base)}
        widget = forms.Select(attrs={"class": "form-select"})
        return forms.ChoiceField(label=hole.title, choices=choices, required=False, help_text=text, widget=widget)
    attrs = {"class": "form-control font-monospace", "lang": lang, "spellcheck": "true", "data-takes-variables": ""}
    words = {
        "header": _("Words, variables, or both. With them the header has %(most)d characters; more is cut off."),
        "body": _("Words, variables, or both."),
        "copy_code": _("What is copied by a tap, such as a coupon: %(most)d letters and digits at most."),
    }[hole.part]
    most = {"most": LONGEST[hole.part]}
    return forms.CharField(
        label=hole.title,
        required=False,
        max_length=LONGEST_HOLE,
        help_text=words % most,
        widget=forms.TextInput(attrs=attrs),
    )


def checked(hole: Hole, text: str, event: Event, samples: Mapping[str, str]) -> str:
    """What stands in a hole, if it may. Raises ValidationError."""
    text = " ".join(text.split())
    if hole.is_address:
        return _checked_address(hole, text, event, samples)
    if not text:
        raise ValidationError(_("Say what stands here: WhatsApp takes no text with an empty place."))
    try:
        parse(text, names=event.named, longest=LONGEST_HOLE)
        names = names_of({hole.place: text}, event)
    except BadWording as error:
        raise ValidationError(str(error)) from error
    secret = next((name for name in sorted(names) if event.named[name].has_secret), "")
    if secret and hole.part != "body":
        words = _("{{ %(name)s }} lets somebody in, so it can stand in the text or behind a button only.")
        raise ValidationError(words % {"name": secret})
    if hole.part == "copy_code" and (len(text) > LONGEST["copy_code"] or not text.isascii() or not text.isalnum()):
        words = _("A code has letters and digits alone, %(most)d at most.")
        raise ValidationError(words % {"most": LONGEST["copy_code"]})
    return text


def _checked_address(hole: Hole, text: str, event: Event, samples: Mapping[str, str]) -> str:
    names = links_for(hole, event, samples)
    if not names:
        words = _("No link of this message begins with %(address)s, so the button cannot be used for it.")
        raise ValidationError(words % {"address": hole.base})
    if variable_in(text) not in names:
        raise ValidationError(_("Choose where the button leads."))
    return text


def clean_holes(form: forms.BaseForm, template: Template, event: Event, samples: Any, code: str = "") -> dict[str, str]:
    """What stands in all holes; mistakes are laid to their fields."""
    found = {}
    for hole in template.holes:
        name = field_name(hole.place, code)
        try:
            found[hole.place] = checked(hole, str(form.cleaned_data.get(name) or ""), event, samples)
        except ValidationError as error:
            if name not in form.errors:
                form.add_error(name, error)
    return found
