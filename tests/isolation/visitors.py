"""Who asks, with the cookies that they have or have got hold of."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone

from core.scope import isp_scope, public_scope
from core.sessions import SessionStore, cookie_name
from domains import resolver
from portal.preview import KIND, PREVIEW_KEY, new_session
from subscribers.authentication import HASH_KEY, LINK_KEY, USER_KEY
from subscribers.models.preview import Preview
from subscribers.portal_roles import PortalRole
from tenants.authentication import StaffBackend, sign_in_digest
from tenants.models import StaffUser
from tenants.roles import Role
from tests.isolation.canaries import canary
from tests.isolation.world import Side, World


@dataclass
class Visitor:
    """`side` and `role` for staff, `side` for subscribers; `preview` is staff who see the portal as its subscriber."""

    kind: str
    side: Side | None = None
    role: Role | None = None
    user: StaffUser | None = None
    portal_role: PortalRole | None = None
    link: str = ""  # the scope of the auto-login link that the session began with
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        role = self.role or (self.portal_role if self.portal_role != PortalRole.OWNER else None)
        parts = [self.kind, f"of {self.side.name}" if self.side else "", f"({role.value})" if role else ""]
        parts.append(f"by a link for {self.link}" if self.link else "")
        return " ".join(part for part in parts if part)

    def cookies(self, host: str) -> dict[str, str]:
        """The session of this host, else one of another host under this host's cookie name, as a thief would do it."""
        try:
            surface = resolver.resolve(host).surface
        except resolver.UnknownHost:
            surface = "portal"
        key = self.keys.get(host) or next(iter(self.keys.values()), "")
        return {cookie_name(KIND if self.kind == "preview" else surface): key} if key else {}


def hosts(world: World) -> dict[str, list[str]]:
    """The hosts of each surface."""
    return {
        "portal": [host for side in world.sides for host in (side.slug_host, side.custom_host)],
        "dashboard": ["app.localhost", world.a.staff_host, world.b.staff_host],
        "shared_portal": ["portal.localhost"],
        "platform": ["localhost"],
    }


def visitors(world: World) -> dict[str, Visitor]:
    """Everybody, signed in wherever they can be."""
    everybody = [
        Visitor("anonymous"),
        Visitor("prospect"),
        *(Visitor("subscriber", side, portal_role=PortalRole.OWNER) for side in world.sides),
        *(Visitor("subscriber", world.a, portal_role=role) for role in PortalRole if role != PortalRole.OWNER),
        *(Visitor("subscriber", world.a, portal_role=PortalRole.OWNER, link=scope) for scope in world.a.links),
        *(Visitor("staff", world.a, role, world.a.staff[role]) for role in Role),
        Visitor("staff", world.b, Role.OWNER, world.b.staff[Role.OWNER]),
        Visitor("operator", user=world.operator),
        *(Visitor("preview", world.a, role, world.a.staff[role]) for role in Role),
        Visitor("preview", world.b, Role.OWNER, world.b.staff[Role.OWNER]),
    ]
    for visitor in everybody:
        visitor.keys = dict(_sessions(visitor, world))
    return {visitor.name: visitor for visitor in everybody}


def _sessions(visitor: Visitor, world: World) -> Iterator[tuple[str, str]]:
    at = hosts(world)
    if visitor.kind == "subscriber":
        for host in (visitor.side.slug_host, visitor.side.custom_host):
            yield host, _portal_session(visitor.side, host, _signed_in(visitor))
    if visitor.kind == "prospect":
        for side in world.sides:
            for host in (side.slug_host, side.custom_host):
                yield host, _portal_session(side, host, {"form": "begun"})
        with public_scope():
            yield "portal.localhost", _session("shared_portal", "portal.localhost", {"form": "begun"})
    if visitor.kind == "preview":
        for host in (visitor.side.slug_host, visitor.side.custom_host):
            yield host, _preview_session(visitor, host)
    elif visitor.user is not None:
        with public_scope():
            for surface in ("dashboard", "platform"):
                for host in at[surface]:
                    yield host, _session(surface, host, _staff_session(visitor.user))


def _signed_in(visitor: Visitor) -> dict[str, Any]:
    user = visitor.side.portal_users[visitor.portal_role]
    session = {USER_KEY: user.pk, HASH_KEY: user.get_session_auth_hash()}
    return session | ({LINK_KEY: visitor.side.links[visitor.link].pk} if visitor.link else {})


def _staff_session(user: StaffUser) -> dict[str, Any]:
    return {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: "tenants.authentication.StaffBackend",
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }


def _preview_session(visitor: Visitor, host: str) -> str:
    """Of a preview that runs. Roles that may begin none have lost the right since."""
    with public_scope():
        user = StaffBackend().get_user(visitor.user.pk)
    with isp_scope(visitor.side.isp):
        preview = Preview.objects.create(
            portal_user=visitor.side.portal_user,
            digest=f"{user.pk}{host}",
            purpose="preview",
            by_id=user.pk,
            by_name=canary(visitor.side.name, StaffUser, 1),
            sign_in_digest=sign_in_digest(user),
            host=host,
            expires_at=timezone.now(),
            used_at=timezone.now(),
            ends_at=timezone.now() + timedelta(days=1),
        )
        session = new_session(host)
        session[PREVIEW_KEY] = preview.pk
        session.save(must_create=True)
    return session.session_key


def _portal_session(side: Side, host: str, data: dict[str, Any]) -> str:
    with isp_scope(side.isp):
        return _session("portal", host, data)


def _session(surface: str, host: str, data: dict[str, Any]) -> str:
    session = SessionStore(realm=f"{surface}:{host}")
    session.update(data)
    session.save(must_create=True)
    return session.session_key
