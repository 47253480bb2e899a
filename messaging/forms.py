"""Forms about messages."""

from core.forms import ModelForm
from messaging.models import MailSettings


class MailSettingsForm(ModelForm):
    """For how long messages are kept."""

    class Meta:
        model = MailSettings
        fields = ["kept_months"]
