"""Numbers of subscribers and services."""

from django.db.models import Max, Model

from subscribers.models import Counter


def next_number(model: type[Model]) -> int:
    """Take the next `number` of a model in the current ISP: above every one ever given out, and never given twice.

    Others who take one wait until this transaction ends.
    """
    return next_numbers(model, 1)[0]


def next_numbers(model: type[Model], count: int, *, above: int = 0) -> range:
    """Take several numbers at once, all of them above `above` too. With a count of 0 only others wait."""
    Counter.objects.bulk_create([Counter(name=model._meta.model_name)], ignore_conflicts=True)
    counter = Counter.objects.select_for_update().get(name=model._meta.model_name)
    # Numbers that were brought along from another system count too.
    highest = model._default_manager.aggregate(highest=Max("number"))["highest"] or 0
    first = max(counter.last, highest, above) + 1
    counter.last = first + count - 1
    counter.save(update_fields=["last"])
    return range(first, first + count)
