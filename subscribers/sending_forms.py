"""Where staff write to many."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from core.forms import ModelForm
from messaging.approved import Template
from messaging.approved_texts import Shelf, samples_of
from messaging.events.many import AUTOLOGIN, BY_KIND, INFORMATION
from messaging.hole_forms import clean_holes, field_for, field_name
from messaging.letters import markup_in
from messaging.models import Medium
from messaging.text_forms import without_secrets
from messaging.wording import LONGEST, BadWording, names_in, parse
from subscribers.models import Sending, SendingWords

LONGEST_SHORT = 1000  # characters of what has no room
FARTHEST = timedelta(days=366)
FIXED = (Sending.Audience.SELECTION, Sending.Audience.INVOICES)
TARGETS = {Sending.Audience.ZONE: "zone", Sending.Audience.GROUP: "group"}
PARTS = ("subject", "text", "approved")


@dataclass(frozen=True, slots=True)
class Section:
    """The fields of one language."""

    language: str
    title: Any
    is_main: bool
    fields: dict[str, Any]  # bound fields, by the name of the part
    template: Template | None = None  # the approved text that is chosen
    places: Sequence[Any] = ()  # bound fields of its places

    @property
    def is_open(self) -> bool:
        """Whether there is something to see in it."""
        return self.is_main or any(field.errors or field.value() for field in (*self.fields.values(), *self.places))


class SendingForm(ModelForm):
    """To whom, by what, when, and the words in each language. Whom staff have picked out of a list stays so."""

    class Meta:
        model = Sending
        fields = ["audience", "zone", "group", "medium", "kind", "starts_at", "subject", "text", "approved"]
        widgets = {"starts_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")}

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.is_chosen:
            for name in ("audience", "zone", "group"):
                del self.fields[name]
        else:
            self.fields["audience"].choices = [each for each in Sending.Audience.choices if each[0] not in FIXED]
        self.language = self.instance.language or language
        self.shelf, self.samples = Shelf(), samples_of(INFORMATION)
        self.chosen: dict[str, Template] = {}  # by language
        self.found: dict[str, SendingWords] = {}  # by language, once the form is cleaned
        for code, _title in settings.LANGUAGES:
            words = SendingWords(**{"language": code} | self.instance.others.get(code, {}))
            if code == self.language:
                words = self.instance.versions[0]
            self._add_fields(code, words)

    def _name(self, part: str, code: str) -> str:
        return part if code == self.language else f"{part}_{code}"

    @property
    def templates(self) -> list[Template]:
        """The approved texts that can be sent."""
        return [each for each in self.shelf.usable.values() if each.is_approved]

    @property
    def useless(self) -> list[tuple[Template, str]]:
        """The others, and why not."""
        paused = [(each, each.state) for each in self.shelf.usable.values() if not each.is_approved]
        return [*paused, *self.shelf.useless]

    def _add_fields(self, code: str, words: SendingWords) -> None:
        area = {"rows": 8, "class": "form-control font-monospace", "lang": code}
        options = [(each.key, each.title) for each in self._fitting(code)]
        made: dict[str, forms.Field] = {
            "subject": forms.CharField(
                label=_("Subject"), max_length=200, help_text=_("Of a notification it is the title.")
            ),
            "text": forms.CharField(
                label=_("Text"),
                widget=forms.Textarea(attrs=area),
                help_text=_("In e-mails Markdown is possible: **bold**, lists, [words](address)."),
            ),
            "approved": forms.ChoiceField(label=_("Approved text"), choices=[("", "–"), *options]),
        }
        values = asdict(words)
        for part, field in made.items():
            name = self._name(part, code)
            field.required = False
            css = "form-select" if part == "approved" else "form-control"
            field.widget.attrs.setdefault("class", css)
            self.fields[name] = field
            if values[part]:
                self.initial.setdefault(name, values[part])
        made["approved"].widget.attrs["data-chooses"] = f"choose-{code}"
        name = self._name("approved", code)
        key = str((self.data if self.is_bound else self.initial).get(name) or "")
        if template := self.shelf.by_key.get(key):
            self._add_places(code, template, words.holes)

    def _add_places(self, code: str, template: Template, holes: Mapping[str, str]) -> None:
        self.chosen[code] = template
        for hole in template.holes:
            name = self._place(hole.place, code)
            self.fields[name] = field_for(hole, INFORMATION, self.samples, lang=code)
            self.initial.setdefault(name, holes.get(hole.place, ""))

    def _place(self, place: str, code: str) -> str:
        return field_name(place, "" if code == self.language else code)

    def _fitting(self, code: str) -> list[Template]:
        """The approved texts in a language; for who has no text in theirs any other one may do."""
        rows = sorted(self.templates, key=lambda each: not each.is_in(code))
        return [each for each in rows if each.is_in(code) or code == self.language]

    @property
    def sections(self) -> list[Section]:
        """The fields of each language, that of the ISP first."""
        codes = sorted(settings.LANGUAGES, key=lambda each: each[0] != self.language)
        return [
            Section(
                code,
                title,
                code == self.language,
                {part: self[self._name(part, code)] for part in PARTS},
                self.chosen.get(code),
                [self[self._place(hole.place, code)] for hole in getattr(self.chosen.get(code), "holes", ())],
            )
            for code, title in codes
        ]

    @property
    def values(self) -> dict[str, Any]:
        """What the verbs take, once the form is valid."""
        names = ("audience", "zone", "group", "medium", "kind", "starts_at")
        values = {name: self.cleaned_data[name] for name in names if name in self.fields}
        main, others = asdict(self.found[self.language]), {}
        for code, words in self.found.items():
            if code != self.language:
                others[code] = {name: value for name, value in asdict(words).items() if name != "language"}
        return values | main | {"others": others}

    def clean_starts_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["starts_at"]
        now = timezone.now()
        if moment and moment < now:
            raise ValidationError(_("This moment is over."))
        if moment and moment > now + FARTHEST:
            raise ValidationError(_("This day is too far away."))
        return moment

    def clean(self) -> dict[str, Any]:
        """What does not belong to the audience or the medium is left out; what belongs to it must be there."""
        data = super().clean() or self.cleaned_data
        if "audience" in self.fields:
            for audience, name in TARGETS.items():
                if data.get("audience") != audience:
                    data[name] = None
                elif not data.get(name) and name not in self.errors:
                    self.add_error(name, _("Choose one."))
        if medium := data.get("medium"):
            for code, _title in settings.LANGUAGES:
                words = _LanguageCleaning(self, code, medium).words()
                if words is not None:
                    self.found[code] = words
        return data


class _LanguageCleaning:
    """Looks at what was typed in one language."""

    def __init__(self, form: SendingForm, code: str, medium: str) -> None:
        self.form, self.code, self.medium = form, code, medium
        self.is_main = code == form.language
        kind = form.cleaned_data.get("kind") or Sending.Kind.SERVICE
        self.event = BY_KIND[str(kind)]

    def _typed(self, part: str) -> str:
        value = self.form.cleaned_data.get(self.form._name(part, self.code)) or ""
        return str(value).replace("\r\n", "\n").replace("\r", "\n").strip()

    def _refuse(self, part: str, words: str) -> None:
        name = self.form._name(part, self.code)
        if name not in self.form.errors:
            self.form.add_error(name, words)

    def _worded(self, part: str, text: str, longest: int) -> set[str]:
        """The variables that a text names; a bad one is refused."""
        try:
            names = names_in(parse(text, names=self.event.named, longest=longest))
            if part == "subject":
                without_secrets(text, self.event)
            return names
        except ValidationError as error:
            self._refuse(part, error.messages[0])
            return set()
        except BadWording as error:
            self._refuse(part, str(error))
            return set()

    def words(self) -> SendingWords | None:
        """What is said in the language; None where nothing is, or where it is refused."""
        return self._of_template() if self.medium == Medium.WHATSAPP else self._written()

    def _written(self) -> SendingWords | None:
        has_subject = self.medium in (Medium.EMAIL, Medium.PUSH)
        subject, text = self._typed("subject") if has_subject else "", self._typed("text")
        if not text:
            if self.is_main or subject:
                self._refuse("text", _("Write something."))
            return None
        if self.medium == Medium.EMAIL and (found := markup_in(text[:LONGEST])):
            words = _("Line %(line)d: “%(text)s” is HTML, which is not possible. Write Markdown instead.")
            self._refuse("text", words % {"line": found.line, "text": found.text})
        if self.medium == Medium.EMAIL and not subject:
            self._refuse("subject", _("An e-mail needs a subject."))
        self._worded("subject", subject, 200)
        names = self._worded("text", text, LONGEST if self.medium == Medium.EMAIL else LONGEST_SHORT)
        if self.medium == Medium.PUSH and AUTOLOGIN in names:
            words = _("A notification opens the portal by itself. Leave {{ %(name)s }} out.")
            self._refuse("text", words % {"name": AUTOLOGIN})
        return SendingWords(self.code, subject, text)

    def _of_template(self) -> SendingWords | None:
        form, template = self.form, self.form.chosen.get(self.code)
        if template is None or not self._typed("approved"):
            if self.is_main:
                self._refuse("approved", _("Choose an approved text. They are fetched in the settings of WhatsApp."))
            return None
        code = "" if self.is_main else self.code
        holes = clean_holes(form, template, self.event, form.samples, code)
        if len(holes) < len(template.holes):
            return None
        text = template.said(holes).plain
        self._worded("approved", text, LONGEST)
        return SendingWords(self.code, "", text, template.key, holes)
