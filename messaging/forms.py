"""Forms about messages."""

from typing import Any

from django.utils.translation import gettext as _

from core.forms import ModelForm
from messaging.models import MessageSettings


class MessageSettingsForm(ModelForm):
    """For how long messages are kept, and what those to many may cost in a currency."""

    class Meta:
        model = MessageSettings
        fields = ["kept_months", "budget", "daily_most"]

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["budget"].help_text = _(
            "In %(currency)s, by the prices of your channels; 0 sets no limit. What would cost more waits."
        ) % {"currency": currency}
