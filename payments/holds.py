"""What of payments holds a suspension for debt back."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from billing.holds import hold
from billing.models import Grace
from payments.models import PaymentReport

LONGEST = timedelta(days=7)  # a report that nobody looks at keeps nobody connected for ever


@hold("report", _("a payment report waits to be checked"))
def waiting_reports(local: datetime) -> QuerySet[Any]:
    """Reports of the last days; not those whose days of grace are over."""
    key = Concat(Value("report:"), Cast(OuterRef("uuid"), CharField()), output_field=CharField())
    over = Grace.objects.filter(subscriber=OuterRef("subscriber"), key__startswith=key, until__lt=local.date())
    return PaymentReport.objects.pending().filter(~Exists(over), at__gt=local - LONGEST)
