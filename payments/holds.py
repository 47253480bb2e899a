"""What of payments holds a suspension for debt back. What is on its way online is given time in `truth`."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from billing.holds import hold
from payments.models import PaymentReport


@hold("report", _("a payment report that waits"))
def waiting_reports(local: datetime) -> QuerySet[Any]:
    return PaymentReport.objects.pending()
