"""Which visits the walk makes. What is left out is left out here, with the reason."""

from collections.abc import Iterator

from core.access import InPreview
from tenants.roles import Right, has_right
from tests.isolation.addresses import addresses, paths
from tests.isolation.judge import Visit, host_side
from tests.isolation.rules import RULES, Rule
from tests.isolation.visitors import Visitor, hosts
from tests.isolation.world import Side, World

Sides = dict[str, str]

ROLES_OF_A = ("owner", "admin", "billing", "support", "technician", "read_only")
STAFF_OF_A = [f"staff of a ({role})" for role in ROLES_OF_A]
OWNER_OF_A, OWNER_OF_B = "staff of a (owner)", "staff of b (owner)"
SUBSCRIBERS = ["subscriber of a", "subscriber of b"]
# Staff who see the portal as a subscriber: with all rights, with those to look, of the other ISP.
PREVIEWS = ["preview of a (owner)", "preview of a (billing)", "preview of b (owner)"]
# What their role, or the link that they came by, keeps from them. Both count behind the session, which is walked with
# the others, so these go to one host of their own ISP, with one filling for each combination of ISPs in the holes.
OTHERS_OF_A = [
    *(f"subscriber of a ({role})" for role in ("payer", "member", "company", "read_only")),
    *(f"subscriber of a by a link for {scope}" for scope in ("pay", "everything")),
]

# Who visits a surface, with which methods. The roles differ from the owner only in rights, which a POST meets at the
# same decorator as a GET; so of the other roles only the one with the fewest rights is walked with POST as well.
VISITORS: dict[str, dict[str, list[str]]] = {
    "portal": {
        "GET": ["anonymous", "prospect", *SUBSCRIBERS, *OTHERS_OF_A, *PREVIEWS, "preview of a (read_only)"],
        "POST": ["anonymous", "prospect", *SUBSCRIBERS, *OTHERS_OF_A, *PREVIEWS],
    },
    "shared_portal": {"GET": ["anonymous", "prospect"], "POST": ["anonymous", "prospect"]},
    "platform": {"GET": ["anonymous", OWNER_OF_A, "operator"], "POST": ["anonymous", OWNER_OF_A, "operator"]},
    "dashboard": {
        "GET": ["anonymous", *STAFF_OF_A, OWNER_OF_B, "operator"],
        "POST": ["anonymous", OWNER_OF_A, "staff of a (read_only)", OWNER_OF_B],
    },
}
# Those whose sessions belong to other surfaces: strangers here, with a cookie that must open nothing. The code cannot
# tell one of them from another, so they ask for each address once and not for all that may fill its holes.
STRANGERS: dict[str, list[str]] = {
    "portal": [OWNER_OF_A, OWNER_OF_B, "operator"],
    "shared_portal": [*SUBSCRIBERS, OWNER_OF_A, OWNER_OF_B, "operator"],
    "platform": ["prospect", *SUBSCRIBERS, OWNER_OF_B],
    "dashboard": ["prospect", *SUBSCRIBERS, "preview of a (owner)"],
}
# An ISP's own staff host differs from the shared one in nothing but refusing the other ISP's paths. So these go there,
# with one filling for each combination of ISPs in the holes.
ON_STAFF_HOSTS = {"anonymous", OWNER_OF_A, OWNER_OF_B, "operator"}
# Roles count only inside the own ISP: at the other one's pages the owner and the role with the fewest rights suffice.
MIDDLE_ROLES = set(STAFF_OF_A) - {OWNER_OF_A, "staff of a (read_only)"}
# These are like others who go everywhere: a prospect's session says no more than that a form was begun.
LIKE_OTHERS = {"prospect", "preview of a (billing)", "preview of a (read_only)"}


def is_decided_before(visitor: Visitor, method: str, surface: str, at: Side | None, sides: Sides, rule: Rule) -> bool:
    """Whether the code answers before it looks at what fills the holes, so alike for all that come from the same ISPs.

    One filling for each combination of ISPs suffices then. `at` is whose host it is.
    """
    if visitor.name in LIKE_OTHERS:
        return True
    if surface == "dashboard":
        is_staff_of_page = visitor.kind == "staff" and visitor.side.name == sides.get("slug")
        return rule.kind == "staff" and not (is_staff_of_page and has_right(visitor.role, Right(rule.right)))
    if surface == "portal" and visitor.kind in ("subscriber", "preview") and visitor.side is not at:
        return True  # this ISP's schema does not know the session
    if surface == "portal" and visitor.kind == "preview":
        sends = rule.preview in (InPreview.ALWAYS, InPreview.ACT)
        return rule.preview == InPreview.NEVER or (method == "POST" and not sends)
    return rule.kind == "subscriber" and visitor.kind not in ("subscriber", "preview")


# In how many parts a surface is walked, so that two processes share the longest walk.
PARTS = {"dashboard": 8, "portal": 2}


def visits(surface: str, world: World, everybody: dict[str, Visitor], *, part: int | None = None) -> Iterator[Visit]:
    """Every address of a surface × its hosts × those who may come by × what fills the holes; of one part if asked."""
    step = PARTS.get(surface, 1)
    for address in addresses(surface) if part is None else addresses(surface)[part::step]:
        rule = RULES[surface].get(address.route)
        if rule is None:
            continue  # test_rules says so
        fresh = set()  # combinations of ISPs in the holes
        for number, (path, sides) in enumerate(paths(address, world)):
            is_new = (combination := tuple(sides.items())) not in fresh
            fresh.add(combination)
            for host in hosts(world)[surface]:
                is_own = host == world.a.slug_host
                at = host_side(host, world)
                for method, name in _who(surface, host, sides, is_first=number == 0, is_new=is_new, is_own=is_own):
                    visitor = everybody[name]
                    if is_new or not is_decided_before(visitor, method, surface, at, sides, rule):
                        yield Visit(visitor, host, surface, path, rule, method, sides)


def _who(
    surface: str, host: str, sides: Sides, *, is_first: bool, is_new: bool, is_own: bool
) -> Iterator[tuple[str, str]]:
    is_staff_host = surface == "dashboard" and host != "app.localhost"
    for method, names in VISITORS[surface].items():
        for name in names:
            if is_staff_host and not (is_new and method == "GET" and name in ON_STAFF_HOSTS):
                continue
            if name in OTHERS_OF_A and not (is_own and is_new):
                continue
            if name in MIDDLE_ROLES and sides.get("slug") == "b":
                continue
            yield method, name
    for name in STRANGERS[surface] if is_first else []:
        yield "GET", name
