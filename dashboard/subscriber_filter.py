"""The filters of the list of subscribers, with those about money, and what is said about the ones in use."""

from decimal import Decimal

import django_filters
from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from billing.ages import OVERDUE, Age, condition
from billing.models import LedgerEntry
from subscribers.filters import WITHOUT, SubscriberFilter
from subscribers.models import SubscriberQuerySet

OWING, IN_FAVOUR, SETTLED = "owing", "favour", "settled"


class SubscriberListFilter(SubscriberFilter):
    """Subscribers, by what they owe too. Amounts are in the ISP's currency; both ends are included."""

    debt = django_filters.ChoiceFilter(
        method="by_balance",
        choices=[(OWING, _("owes something")), (SETTLED, _("nothing open")), (IN_FAVOUR, _("in their favour"))],
        label=_("Balance"),
        empty_label=_("any"),
    )
    overdue = django_filters.ChoiceFilter(
        method="by_age",
        choices=[(OVERDUE, _("overdue")), *Age.choices],
        label=_("Overdue"),
        empty_label=_("any"),
    )
    debt_from = django_filters.NumberFilter(
        field_name="account__balance", lookup_expr="gte", min_value=Decimal(0), decimal_places=2, label=_("Debt from")
    )
    debt_to = django_filters.NumberFilter(method="up_to", min_value=Decimal(0), decimal_places=2, label=_("Debt up to"))

    def by_balance(self, rows: SubscriberQuerySet, name: str, value: str) -> SubscriberQuerySet:
        if value == OWING:
            return rows.filter(account__balance__gt=0)
        if value == IN_FAVOUR:
            return rows.filter(account__balance__lt=0)
        # Who has no entry has no account either.
        return rows.filter(Q(account=None) | Q(account__balance=0))

    def by_age(self, rows: SubscriberQuerySet, name: str, value: str) -> SubscriberQuerySet:
        """Those with at least one debt that is overdue for so long."""
        debts = LedgerEntry.objects.filter(condition(value, on=timezone.localdate()), open__gt=0)
        return rows.filter(pk__in=debts.order_by().values("subscriber"))

    def up_to(self, rows: SubscriberQuerySet, name: str, value: Decimal) -> SubscriberQuerySet:
        """A debt of at most this: whoever owes nothing has none."""
        return rows.filter(account__balance__gt=0, account__balance__lte=value)

    def in_use(self) -> dict[str, str]:
        """The filters that are set, as the address says them."""
        return {name: value for name in self.filters if (value := self.data.get(name, "").strip())}

    @property
    def uses_more_than_text(self) -> bool:
        return bool(set(self.in_use()) - {"q"})

    def chips(self) -> list[dict[str, str]]:
        """Of each filter in use: its name and value in words, and the address without it."""
        used = self.in_use()
        words = [(name, self._in_words(name, value)) for name, value in used.items()]
        return [
            {"name": str(self.form.fields[name].label), "value": value, "rest": self._without(name)}
            for name, value in words
        ]

    def _in_words(self, name: str, value: str) -> str:
        chosen = getattr(self.form, "cleaned_data", {}).get(name)
        if isinstance(chosen, Decimal):
            return number_format(chosen)
        is_choice = name in {"debt", "overdue", "login", "erased"}
        choices = dict(self.filters[name].extra.get("choices") or []) if is_choice else {}
        if name in {"zone", "group"} and value == WITHOUT:
            return str(self.filters[name].extra["null_label"])
        if name == "state":
            choices = dict(self.form.fields["state"].choices)
        return str(choices.get(value) or chosen or value)

    def _without(self, name: str) -> str:
        rest = QueryDict(mutable=True)
        rest.update({key: value for key, value in self.in_use().items() if key != name})
        if sort := self.data.get("sort"):
            rest["sort"] = sort
        return rest.urlencode() or "all=1"
