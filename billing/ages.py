"""How long debts are overdue, in the steps that offices use."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, CharField, Q, TextChoices, Value, When
from django.utils.translation import gettext_lazy as _


class Age(TextChoices):
    """Days after the day on which a debt was due."""

    NOT_DUE = "not_due", _("not due yet")
    TO_30 = "1-30", _("1 to 30 days")
    TO_60 = "31-60", _("31 to 60 days")
    TO_90 = "61-90", _("61 to 90 days")
    OLDER = "91", _("more than 90 days")


OVERDUE = "overdue"  # of any age
_DAYS: Mapping[str, tuple[int | None, int | None]] = {
    Age.NOT_DUE: (None, 0),
    Age.TO_30: (1, 30),
    Age.TO_60: (31, 60),
    Age.TO_90: (61, 90),
    Age.OLDER: (91, None),
    OVERDUE: (1, None),
}


def condition(age: str, *, on: date) -> Q:
    """What entries fulfil that are as old as this on a date of the ISP."""
    least, most = _DAYS[age]
    found = Q()
    if least is not None:
        found &= Q(due_on__lte=on - timedelta(days=least))
    if most is not None:
        found &= Q(due_on__gte=on - timedelta(days=most))
    return found


def age_of_entry(*, on: date) -> Any:
    """The age of each entry, to group by."""
    steps = [When(condition(age, on=on), then=Value(age.value)) for age in Age]
    return Case(*steps, default=Value(Age.NOT_DUE.value), output_field=CharField())
