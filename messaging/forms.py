"""Forms about messages."""

from core.forms import ModelForm
from messaging.models import MessageSettings


class MessageSettingsForm(ModelForm):
    """For how long messages are kept, and what those to many may cost."""

    class Meta:
        model = MessageSettings
        fields = ["kept_months", "budget", "daily_most"]
