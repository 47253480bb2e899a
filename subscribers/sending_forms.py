"""Where staff write to many."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.forms import ModelForm
from messaging.events.many import BY_KIND, INFORMATION
from messaging.letters import markup_in
from messaging.models import Medium
from messaging.text_forms import without_secrets
from messaging.wording import LONGEST, BadWording, parse
from subscribers.models import Sending

LONGEST_SMS = 1000
FIXED = (Sending.Audience.SELECTION, Sending.Audience.INVOICES)
TARGETS = {Sending.Audience.ZONE: "zone", Sending.Audience.GROUP: "group"}


class SendingForm(ModelForm):
    """To whom, by what, and the words. Whom staff have picked out of a list stays so."""

    class Meta:
        model = Sending
        fields = ["audience", "zone", "group", "medium", "kind", "subject", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 10, "class": "font-monospace"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.is_chosen:
            for name in ("audience", "zone", "group"):
                del self.fields[name]
        else:
            self.fields["audience"].choices = [each for each in Sending.Audience.choices if each[0] not in FIXED]
        self.fields["subject"].help_text = _("Only of e-mails.")
        self.fields["text"].help_text = _("In e-mails Markdown is possible: **bold**, lists, [words](address).")

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].replace("\r\n", "\n").replace("\r", "\n").strip()
        if self.cleaned_data.get("medium") == Medium.EMAIL and (found := markup_in(text[:LONGEST])):
            words = _("Line %(line)d: “%(text)s” is HTML, which is not possible. Write Markdown instead.")
            raise ValidationError(words % {"line": found.line, "text": found.text})
        return self._worded(text, LONGEST_SMS if self.cleaned_data.get("medium") == Medium.SMS else LONGEST)

    def clean_subject(self) -> str:
        return without_secrets(self._worded(self.cleaned_data["subject"], 200), INFORMATION)

    def _worded(self, text: str, longest: int) -> str:
        kind = self.cleaned_data.get("kind") or Sending.Kind.SERVICE
        try:
            parse(text, names=BY_KIND[str(kind)].named, longest=longest)
        except BadWording as error:
            raise ValidationError(str(error)) from error
        return text

    def clean(self) -> dict[str, Any]:
        """What does not belong to the audience is left out; what belongs to it must be there."""
        data = super().clean() or self.cleaned_data
        if "audience" in self.fields:
            for audience, name in TARGETS.items():
                if data.get("audience") != audience:
                    data[name] = None
                elif not data.get(name) and name not in self.errors:
                    self.add_error(name, _("Choose one."))
        if data.get("medium") == Medium.SMS:
            data["subject"] = ""
        elif data.get("medium") == Medium.EMAIL and not data.get("subject") and "subject" not in self.errors:
            self.add_error("subject", _("An e-mail needs a subject."))
        return data
