"""Whose debts a suspension rule is about."""

from django.db.models import Q

from billing.models import SuspensionRule
from company.models import InvoiceGroup


def reach(rule: SuspensionRule) -> Q:
    """As a filter of rows with a `subscriber`: its group's, else those of all groups without a rule of their own.

    Who has no group belongs to the default one. At most two queries.
    """
    default = InvoiceGroup.objects.default()
    if rule.group_id:
        mine = Q(subscriber__group=rule.group_id)
        return mine | Q(subscriber__group=None) if default and default.pk == rule.group_id else mine
    others = list(SuspensionRule.objects.exclude(group=None).values_list("group", flat=True))
    if default and default.pk in others:
        return Q(subscriber__group__isnull=False) & ~Q(subscriber__group__in=others)
    return Q(subscriber__group=None) | ~Q(subscriber__group__in=others)
