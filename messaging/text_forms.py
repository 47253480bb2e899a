"""Where an ISP writes its own words."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import Form
from messaging import sms
from messaging.approved import Template
from messaging.approved_texts import Shelf, samples_of
from messaging.events.base import Event
from messaging.hole_forms import clean_holes, field_for, field_name
from messaging.letters import markup_in
from messaging.models import Medium
from messaging.wording import LONGEST, BadWording, names_in, parse

SHORTEST_NEWS = 1000  # characters of a text for what has no room
BY_PHONE = {Medium.SMS, Medium.WHATSAPP}
BROWSER = ("endpoint", "p256dh", "auth")  # what a browser gives out to be reached
WITH_SUBJECT = {Medium.EMAIL, Medium.PUSH}


def without_secrets(subject: str, event: Event) -> str:
    """A subject that lets nobody in, since it is kept for staff to see. Raises ValidationError."""
    if secret := names_in(parse(subject, names=event.named)) - set(event.in_subjects):
        words = _("A subject is kept for all to see, so {{ %(name)s }} can stand in the text only.")
        raise forms.ValidationError(words % {"name": secret.pop()})
    return subject


class TextForm(Form):
    """Subject and text of one event by one medium, in the small language of messages."""

    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200)
    text = forms.CharField(
        label=gettext_lazy("Text"), strip=False, widget=forms.Textarea(attrs={"rows": 14, "class": "font-monospace"})
    )
    approved = forms.ChoiceField(
        label=gettext_lazy("Approved text"),
        required=False,
        help_text=gettext_lazy(
            "One that Meta has approved goes at any time. Without one WhatsApp takes a message only within a day of "
            "the customer's own."
        ),
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    customer = forms.CharField(label=gettext_lazy("Show it for"), required=False, max_length=100)

    # Where a test goes.
    phone = forms.CharField(
        label=gettext_lazy("Your mobile number"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        help_text=gettext_lazy("For a test. It is remembered for you."),
    )
    endpoint = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)
    p256dh = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    auth = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, *args: Any, event: Event, medium: str, language: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event, self.medium, self.language = event, medium, language
        self.template: Template | None = None  # the approved text that is chosen
        if medium not in WITH_SUBJECT:
            del self.fields["subject"]
        if medium != Medium.WHATSAPP:
            del self.fields["approved"]
        else:
            self._offer_approved()
        if medium not in BY_PHONE:
            del self.fields["phone"]
        if medium != Medium.PUSH:
            for name in BROWSER:
                del self.fields[name]
        self.longest = LONGEST if medium == Medium.EMAIL else SHORTEST_NEWS
        self.fields["text"].help_text = (
            _("Markdown: **bold**, lists, [words](address). Mails also carry the text without formatting.")
            if medium == Medium.EMAIL
            else _("Short: what is longer than an SMS is paid as several.")
            if medium == Medium.SMS
            else _("Plain text, without formatting. Short is read; %(most)d characters are possible.")
            % {"most": self.longest}
        )
        self.fields["customer"].help_text = _("Name, number or phone of a customer. Empty: made-up values.")

    def _offer_approved(self) -> None:
        """The approved texts that can be sent, those in the language first, and the places of the chosen one."""
        self.shelf, self.samples = Shelf(), samples_of(self.event)
        key = str((self.data if self.is_bound else self.initial).get("approved") or "")
        rows = sorted(self.shelf.usable.items(), key=lambda row: not row[1].is_in(self.language))
        choices = [("", _("none: a text of your own")), *((name, each.title) for name, each in rows)]
        if key and key not in self.shelf.usable:
            choices.append((key, key))
        self.fields["approved"].choices = choices
        self.fields["approved"].widget.attrs["data-chooses"] = "choose"
        if template := self.shelf.by_key.get(key):
            self.template, self.fields["text"].required = template, False
            for hole in template.holes:
                name = field_name(hole.place)
                self.fields[name] = field_for(hole, self.event, self.samples, lang=self.language)
                self.initial.setdefault(name, (self.initial.get("holes") or {}).get(hole.place, ""))

    @property
    def places(self) -> list[forms.BoundField]:
        """The fields of the places of the approved text."""
        return [self[field_name(hole.place)] for hole in self.template.holes] if self.template else []

    def clean_approved(self) -> str:
        key: str = self.cleaned_data["approved"]
        if key and key not in self.shelf.usable:
            template = self.shelf.by_key.get(key)
            raise forms.ValidationError(
                self.shelf.why_not(template) if template else self.shelf.trouble_with(key, {}),
            )
        return key

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.template and data.get("approved"):
            data["holes"] = clean_holes(self, self.template, self.event, self.samples)
            if not self.errors:
                data["text"] = self.template.said(data["holes"]).plain
                try:
                    self._worded(data["text"], longest=LONGEST, needs_link=True)
                except forms.ValidationError as error:
                    self.add_error("approved", error)
        return data

    def clean_subject(self) -> str:
        return without_secrets(self._worded(self.cleaned_data["subject"], longest=200), self.event)

    def clean_text(self) -> str:
        text = self.cleaned_data["text"].replace("\r\n", "\n").replace("\r", "\n").strip()
        if self.template:
            return ""  # it says what the approved text does
        if not text:
            raise forms.ValidationError(_("Write something, or go back to the built-in text."))
        if len(text) <= self.longest and self.medium == Medium.EMAIL and (found := markup_in(text)):
            words = _("Line %(line)d: “%(text)s” is HTML, which is not possible. Write Markdown instead.")
            raise forms.ValidationError(words % {"line": found.line, "text": found.text})
        return self._worded(text, longest=self.longest, needs_link=True)

    @property
    def values(self) -> dict[str, Any]:
        """What the verb takes."""
        said = {name: self.cleaned_data.get(name, "") for name in ("subject", "text", "approved")}
        return said | {"seen": self.cleaned_data["seen"], "holes": self.cleaned_data.get("holes") or {}}

    def phone_for(self, country: str) -> str:
        """The number that a test goes to. Raises BadPhone, with a sentence for the field."""
        return sms.mobile(self.cleaned_data["phone"], country=country)

    @property
    def browser(self) -> dict[str, str]:
        """What the browser gave out, once the form is valid."""
        return {name: self.cleaned_data[name] for name in BROWSER}

    def _worded(self, text: str, *, longest: int, needs_link: bool = False) -> str:
        try:
            pieces = parse(text, names=self.event.named, longest=longest)
        except BadWording as error:
            raise forms.ValidationError(str(error)) from error
        missing = {each.name for each in self.event.variables if each.has_secret} - names_in(pieces)
        if needs_link and missing:
            words = _("This message is of no use without {{ %(name)s }}.")
            raise forms.ValidationError(words % {"name": missing.pop()})
        return text
