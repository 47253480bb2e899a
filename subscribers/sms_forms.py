"""What staff say about SMS in the portal."""

from core.forms import ModelForm
from subscribers.models import SmsRules


class SmsRulesForm(ModelForm):
    """Whether, how many, and what they may hold."""

    class Meta:
        model = SmsRules
        fields = ["is_on", "per_month", "per_day", "segments", "allows_links", "allows_abroad"]
