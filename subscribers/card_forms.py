"""Forms of the client card."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from company import phones, tax_ids
from core.changes import plain
from core.forms import Form, ModelForm
from core.templatetags.ui import phone
from subscribers.models import Subscriber, SubscriberDocument
from subscribers.person_forms import PersonMixin


class SubscriberForm(PersonMixin, ModelForm):
    """All that a card says of a customer. `version` is that of the card when the form was opened."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31 - 1)
    anyway = forms.BooleanField(label=_("Save all the same: it is somebody else"), required=False)

    class Meta:
        model = Subscriber
        fields = (
            "kind",
            "first_name",
            "last_name",
            "id_number",
            "mobile",
            "second_mobile",
            "email",
            "address",
            "district",
            "city",
            "postcode",
            "zone",
            "business_name",
            "tax_id",
            "billing_address",
            "billing_email",
            "group",
        )

    card = Meta.fields
    # What the warning about a likely double goes by: a card that shares them already is not asked about again.
    telling = ("id_number", "mobile", "second_mobile", "email")

    def __init__(self, *args: Any, default_group: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["version"] = self.instance.version
        for name in ("mobile", "second_mobile"):
            self.initial[name] = phone(self.initial[name])
            self.fields[name].widget.attrs["inputmode"] = "tel"
        self.fields["mobile"].help_text = _("For example %(example)s.") % {"example": phones.example(self.country)}
        self.initial["tax_id"] = tax_ids.shown(self.instance.tax_id, self.country)
        if name := tax_ids.name_of(self.country):
            self.fields["tax_id"].label = name
        if example := tax_ids.example_of(self.country):
            self.fields["tax_id"].help_text = _("For example %(example)s.") % {"example": example}
        self.fields["zone"].empty_label = _("none")
        self.fields["group"].empty_label = (
            _("the default: %(group)s") % {"group": default_group}
            if default_group
            else pgettext_lazy("invoice group", "none")
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        before = self.before
        if any(data.get(name) != before[name] for name in self.telling):
            self.refuse_known(data, besides=self.instance.pk)
        if data.get("kind") == Subscriber.Kind.COMPANY and not (data.get("business_name") or self.errors):
            self.add_error("business_name", _("A company has a business name."))
        return data

    def full_clean(self) -> None:
        # A model form writes what was typed into its instance; what stood there is needed to tell what was changed.
        self.before = {name: getattr(self.instance, name) for name in self.card}
        super().full_clean()

    @property
    def values(self) -> dict[str, Any]:
        """The card's fields as they were typed."""
        return {name: self.cleaned_data[name] for name in self.card}

    def is_untouched(self, field: str, before: Any) -> bool:
        """Whether the field was sent as it stood before somebody else changed it: then nobody meant to change it."""
        return bool(plain(self.cleaned_data[field]) == before)


class NoteForm(Form):
    text = forms.CharField(label=_("Note"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    is_pinned = forms.BooleanField(label=_("Keep it on top of the card"), required=False)


class DocumentForm(ModelForm):
    """What a paper is called, and whether the subscriber sees it."""

    class Meta:
        model = SubscriberDocument
        fields = ("kind", "title", "in_portal")


class NewDocumentForm(DocumentForm):
    """A paper with its file."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("PDF, PNG or JPEG."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )
    field_order = ("file", "kind", "title", "in_portal")
