"""The approved texts of the ISP whose scope is open."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from django.db.models import F, Func, JSONField, Value
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from domains.links import portal_origins
from messaging.approved import SENDABLE, CannotFill, Filled, Template, filled, origin_of, trouble_with
from messaging.events.base import Event
from messaging.models import ChannelAccount, Medium
from messaging.reader import Reader, Values, current_isp

FIRST = ", '$[*] ? (@.name == $name && @.language == $language)', "


class Shelf:
    """All of them, read once, and where buttons may lead. Of another account than the one in use if one is given."""

    def __init__(self, account: ChannelAccount | None = None) -> None:
        self.account = account

    @cached_property
    def all(self) -> Sequence[Template]:
        """In the order of their names. One query."""
        account = self.account or ChannelAccount.objects.carrying(Medium.WHATSAPP).first()
        rows = [Template.of(row) for row in (account.approved if account else [])]
        return sorted(rows, key=lambda each: (each.row.name, each.row.language))

    @cached_property
    def by_key(self) -> Mapping[str, Template]:
        return {each.key: each for each in self.all}

    @cached_property
    def origins(self) -> Sequence[str]:
        """Of the ISP's portal. One query."""
        return portal_origins(current_isp())

    @cached_property
    def usable(self) -> Mapping[str, Template]:
        """Those that can be sent, now or once a pause is over, by their keys."""
        return {each.key: each for each in self.all if each.row.state in SENDABLE and not each.obstacle(self.origins)}

    @cached_property
    def useless(self) -> Sequence[tuple[Template, str]]:
        """Those that cannot, and why not."""
        return [(each, self.why_not(each)) for each in self.all if each.key not in self.usable]

    def why_not(self, template: Template) -> str:
        """Why a text cannot be sent, in a sentence; nothing if it can."""
        words = _("Meta has not approved it: %(state)s.") % {"state": template.state}
        return template.obstacle(self.origins) or ("" if template.row.state in SENDABLE else words)

    def trouble_with(self, key: str, holes: Mapping[str, str]) -> str:
        """Why what staff have saved cannot be sent, in a sentence; nothing if it can."""
        template = self.by_key.get(key)
        if template is None:
            return _("“%(name)s” is none of the approved texts that were fetched.") % {"name": key}
        return trouble_with(template, holes, self.origins)


class Leaf(Shelf):
    """One of them, found without reading the others."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key

    @cached_property
    def all(self) -> Sequence[Template]:
        """It alone, if it is there. One query."""
        name, _colon, language = self.key.partition(":")
        which = Value({"name": name, "language": language}, output_field=JSONField())
        first = Func(
            F("approved"), which, function="jsonb_path_query_first", arg_joiner=FIRST, output_field=JSONField()
        )
        row = ChannelAccount.objects.carrying(Medium.WHATSAPP).values_list(first, flat=True).first()
        return [Template.of(row)] if row else []


def fill_approved(
    key: str,
    holes: Mapping[str, str],
    *,
    event: Event,
    values: Mapping[str, str],
    shelf: Shelf | None = None,
    made_up: str = "",
) -> Filled:
    """An approved text with the values of one reader. `made_up` is the origin of links that are but shown.

    Raises CannotFill, BadWording, TooLong.
    """
    shelf = shelf or Leaf(key)
    if shelf.trouble_with(key, holes):
        raise CannotFill(lazy(shelf.trouble_with, str)(key, holes))
    return filled(
        shelf.by_key[key], holes, event=event, values=values, origins=[*shelf.origins, *filter(None, [made_up])]
    )


def samples_of(event: Event) -> Values:
    """The made-up values of an event, each read when it is asked for."""
    reader = Reader(current_isp())
    return Values(event.named, event.sample(reader), reader)


def origin_of_samples(event: Event) -> str:
    """Of the made-up links of an event; nothing where it has none."""
    values = samples_of(event)
    return next((origin_of(values[name]) for name, each in event.named.items() if each.is_link), "")
