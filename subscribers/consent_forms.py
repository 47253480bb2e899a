"""Forms of consents."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import Form, ModelForm
from subscribers.models import Consent, ConsentDocument, Subscriber, SubscriberDocument


class ConsentDocumentForm(ModelForm):
    """What a document is called, and who may give it."""

    class Meta:
        model = ConsentDocument
        fields = ["title", "givers", "position", "is_for_news", "is_active"]
        help_texts = {
            "position": _("Those with smaller numbers come first."),
            "is_for_news": _("News and offers go only to customers whose consent to it stands."),
            "is_active": _("When off, nobody is asked for it any more. What has been given stays written down."),
        }


class DraftForm(Form):
    """The text of the next version."""

    text = forms.CharField(
        label=_("Text"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_("Plain text. An empty line begins a new paragraph."),
    )


class NewConsentForm(ConsentDocumentForm):
    """A new document with its first text."""

    text = DraftForm.base_fields["text"]

    class Meta(ConsentDocumentForm.Meta):
        fields = ["title", "givers", "position"]


class RecordConsentForm(Form):
    """How a subscriber told staff, and the paper that shows it."""

    how = forms.ChoiceField(label=_("How"), choices=[c for c in Consent.How.choices if c[0] != Consent.How.PORTAL])
    paper = forms.ModelChoiceField(
        label=_("Signed paper"), queryset=SubscriberDocument.objects.none(), required=False, to_field_name="uuid"
    )

    def __init__(self, *args: Any, subscriber: Subscriber, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["paper"].queryset = subscriber.documents.all()  # type: ignore[attr-defined]
        self.fields["paper"].empty_label = _("none")  # type: ignore[attr-defined]
