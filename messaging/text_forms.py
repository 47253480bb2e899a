"""Where an ISP writes its own words."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.forms import Form
from messaging import sms
from messaging.events.base import Event
from messaging.letters import markup_in
from messaging.models import Medium
from messaging.wording import LONGEST, BadWording, names_in, parse

SHORTEST_NEWS = 1000  # characters of a text for what has no room
APPROVED = re.compile(r"[a-z0-9_]{1,100}(:[a-z]{2,3}(_[A-Z]{2})?)?")
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
    approved = forms.CharField(
        label=gettext_lazy("Approved template"),
        required=False,
        max_length=120,
        help_text=gettext_lazy(
            "Its name at WhatsApp, with its language behind a colon, as in bill_due:es_MX. It gets the variables of "
            "the text in their order. Without one WhatsApp takes a message only within a day of the customer's own."
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

    def __init__(self, *args: Any, event: Event, medium: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event, self.medium = event, medium
        if medium not in WITH_SUBJECT:
            del self.fields["subject"]
        if medium != Medium.WHATSAPP:
            del self.fields["approved"]
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

    def clean_approved(self) -> str:
        name = self.cleaned_data["approved"].strip()
        if name and not APPROVED.fullmatch(name):
            raise forms.ValidationError(_("Small letters, digits and underscores, as in bill_due or bill_due:es_MX."))
        return name

    def clean_subject(self) -> str:
        return without_secrets(self._worded(self.cleaned_data["subject"], longest=200), self.event)

    def clean_text(self) -> str:
        text = self.cleaned_data["text"].replace("\r\n", "\n").replace("\r", "\n").strip()
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
        return said | {"seen": self.cleaned_data["seen"]}

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
