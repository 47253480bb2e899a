"""Sends a request and says which canaries came back to somebody who may not see them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie

from django.db import connection, transaction
from django.db.models.signals import post_save
from django.http import HttpResponse
from django.test import Client

from core.access import InPreview
from core.models import OutgoingMail
from core.scope import current, public_scope
from subscribers.portal_roles import PortalRight, has_portal_right
from tenants.roles import Right, has_right
from tests.isolation.canaries import Canary, found
from tests.isolation.rules import MONEY, NOTICED, OWN_HOME, PAYING, PREVIEWED, REGISTER, SHOP_WINDOW, Rule
from tests.isolation.visitors import Visitor
from tests.isolation.world import Side, World


@dataclass
class Visit:
    """One request: who, where, what."""

    visitor: Visitor
    host: str
    surface: str
    path: str
    rule: Rule
    method: str = "GET"
    sides: dict[str, str] = field(default_factory=dict)  # of the holes in the path

    def __str__(self) -> str:
        return f"{self.visitor.name}: {self.method} {self.host}{self.path}"


def host_side(host: str, world: World) -> Side | None:
    """The ISP whose host it is."""
    return next((s for s in world.sides if host in (s.slug_host, s.custom_host, s.staff_host)), None)


def page_side(visit: Visit, world: World) -> Side | None:
    """The ISP whose page is asked for; None where host and path contradict one another."""
    by_host = host_side(visit.host, world)
    if visit.visitor.kind == "preview" and visit.surface == "portal":
        return by_host  # the banner stands above an error, too, and what is refused is refused before the path is read
    named = visit.sides.get("slug") or visit.sides.get("identifier")
    if named is None:
        return by_host
    return world.side(named) if by_host in (None, world.side(named)) else None


def may_see(visit: Visit, canary: Canary, world: World) -> bool:
    """Whether this row may show in the answer to this visit."""
    if canary.row == "s":
        return False
    visitor, side, rule = visit.visitor, page_side(visit, world), visit.rule
    is_page_of = side is not None and side.name == canary.side
    is_own_staff = visitor.kind == "staff" and visitor.side.name == canary.side
    if visit.surface in ("portal", "shared_portal"):
        is_own = visitor.kind == "subscriber" and visitor.side is side and visit.surface == "portal"
        is_file = is_own and canary.model == "core.storedfile" and visitor.link != "pay"
        is_own_paper = is_file and canary.row == "p"
        # The voucher of a report is for those who see money.
        is_own_paper |= is_file and canary.row == "v" and has_portal_right(visitor.portal_role, PortalRight.SEE_MONEY)
        by_link = rule.token and canary.side in visit.sides.values() and canary.model == "subscribers.portaluser"
        by_link |= rule.notice and canary.side in visit.sides.values() and canary.model in NOTICED
        shown = PREVIEWED if may_preview(visit, world) else shown_to(visitor) if is_own else SHOP_WINDOW
        by_link |= canary.model in rule.shows and visit.sides.get("token") == canary.side
        return is_page_of and (is_own_paper or (canary.row == "1" and (canary.model in shown or by_link)))
    if rule.token and canary.model in REGISTER and canary.side in visit.sides.values():
        # A mailed link tells its holder what it is about.
        return True
    if visit.surface == "platform":
        return visitor.kind == "operator" and rule.kind == "operator" and canary.model in REGISTER
    if rule.kind == "staff" and is_own_staff and is_page_of and has_right(visitor.role, Right(rule.right)):
        # Documents, and even their names, are for some roles only.
        is_document = canary.model == "core.storedfile" and canary.row in ("2", "p")
        return not is_document or has_right(visitor.role, Right.SEE_DOCUMENTS)
    if is_own_staff and canary.model in ("tenants.isp", "tenants.staffuser"):
        # The frame around every page names the person and the ISPs to choose from.
        return True
    # A staff host of the ISP's own may bear its name.
    return canary.model == "tenants.isp" and host_side(visit.host, world) is side and is_page_of


def may_preview(visit: Visit, world: World) -> bool:
    """Whether this visit sees the portal as a subscriber of its ISP does."""
    visitor = visit.visitor
    is_here = visitor.kind == "preview" and visit.surface == "portal" and visitor.side is page_side(visit, world)
    return is_here and has_right(visitor.role, Right.PREVIEW)


def shown_to(visitor: Visitor) -> set[str]:
    """What a portal user sees on the portal of their own ISP."""
    if visitor.link == "pay":
        return PAYING
    return OWN_HOME if has_portal_right(visitor.portal_role, PortalRight.SEE_MONEY) else OWN_HOME - MONEY


def may_write(visit: Visit, side: str | None, world: World) -> bool:
    """Whether this visit may change rows of this ISP, or of the platform (None)."""
    visitor, kind = visit.visitor, visit.rule.kind
    if may_preview(visit, world):
        return _may_write_in_preview(visit, side)
    if visitor.kind == "preview":
        # Neither looking nor sending anything; but that a preview is over is written down.
        return kind == "public" or side == visitor.side.name == getattr(page_side(visit, world), "name", None)
    if kind == "operator":
        return visitor.kind == "operator"
    if kind not in ("staff", "subscriber"):
        return True
    page = page_side(visit, world)
    if page is None or visitor.side is not page or side not in (None, page.name):
        return False
    if visitor.kind != kind:
        return False
    if kind == "staff":
        return has_right(visitor.role, Right(visit.rule.right))
    # A link lets in whoever has it: it looks, and changes nothing but the language of the pages.
    is_by_link = visitor.link and visit.rule.right != PortalRight.OPEN
    return not is_by_link and has_portal_right(visitor.portal_role, PortalRight(visit.rule.right))


def _may_write_in_preview(visit: Visit, side: str | None) -> bool:
    if visit.method == "GET":
        return visit.rule.kind == "public"
    act = visit.rule.preview == InPreview.ACT and has_right(visit.visitor.role, Right.ACT_IN_PREVIEW)
    return side == visit.visitor.side.name and (act or visit.rule.preview == InPreview.ALWAYS)


class Judge:
    """Keeps one client for all visits; nothing that a visit changes stays."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client = Client(raise_request_exception=False)

    def leaks(self, visit: Visit) -> set[Canary]:
        """The canaries that this visitor may not see, wherever they turn up. Raises BrokenPage, Trespass."""
        response, mails = self.send(visit)
        if response.status_code >= 500 and response.status_code != 503:
            raise BrokenPage(f"{visit} answered {response.status_code}: {getattr(response, 'exc_info', None)}")
        if trespass := [side for side in self.written if not may_write(visit, side, self.world)]:
            raise Trespass(f"{visit} changed rows of {trespass}")
        seen = found(text_of(response)) - found(visit.path)
        leaks = {canary for canary in seen if not may_see(visit, canary, self.world)}
        for sender, text in mails:
            # A mail of an ISP never tells of another one, and no mail tells a secret.
            leaks |= {canary for canary in found(text) if canary.row == "s" or sender not in (None, canary.side)}
        return leaks

    def send(self, visit: Visit) -> tuple[HttpResponse, list[tuple[str | None, str]]]:
        """The response, and the mails that were written, each with the side of its sender."""
        self.client.cookies = SimpleCookie(visit.visitor.cookies(visit.host))
        self.written: set[str | None] = set()
        with undone(), self._mails() as mails, connection.execute_wrapper(self._note_writes):
            response = self.client.generic(visit.method, visit.path, HTTP_HOST=visit.host, **FORM[visit.method])
            response.seen = response.getvalue()
        return response, mails

    def _note_writes(self, execute: Callable, sql: str, params: object, many: bool, context: dict) -> object:
        # Sessions are the visitor's own.
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and '"django_session"' not in sql:
            self.written.add(self._side_of_scope())
        return execute(sql, params, many, context)

    def _side_of_scope(self) -> str | None:
        scope = current()
        return next((side.name for side in self.world.sides if scope and side.isp.pk == scope.isp_id), None)

    @contextmanager
    def _mails(self) -> Iterator[list[tuple[str | None, str]]]:
        mails: list[tuple[str | None, str]] = []

        def note(sender: type, instance: object, **kwargs: object) -> None:
            if isinstance(instance, OutgoingMail):
                mails.append((self._side_of_scope(), " ".join(str(value) for value in vars(instance).values())))

        post_save.connect(note)
        try:
            yield mails
        finally:
            post_save.disconnect(note)


class Trespass(AssertionError):
    """Somebody changed what is not theirs to change."""


class BrokenPage(AssertionError):
    """A page that fails says nothing about isolation, so it must not fail."""


FORM = {"GET": {}, "POST": {"data": b"", "content_type": "application/x-www-form-urlencoded"}}


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is rolled back."""
    with public_scope():
        block = transaction.atomic()
        block.__enter__()
    try:
        yield
    finally:
        with public_scope():
            transaction.set_rollback(True)
            block.__exit__(None, None, None)


def text_of(response: HttpResponse) -> str:
    """All that a browser gets: body, headers, cookies."""
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return f"{headers}\n{response.cookies.output()}\n{response.seen.decode('utf-8', 'replace')}"
