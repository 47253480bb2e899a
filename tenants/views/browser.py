"""Which sign-ups a browser has to do with, kept in its session on the platform's host."""

from typing import Literal

from core.http import Request
from tenants.models import SignUp

# `began`: it sent the form. `confirmed`: it pressed the button behind the mailed link.
Deed = Literal["began", "confirmed"]
KEPT = 10


def remember(request: Request, sign_up: SignUp, *, as_: Deed) -> None:
    """Note what this browser did with a sign-up."""
    key = f"sign_ups_{as_}"
    known = [uuid for uuid in request.session.get(key, []) if uuid != str(sign_up.uuid)]
    request.session[key] = [*known, str(sign_up.uuid)][-KEPT:]


def is_known(request: Request, sign_up: SignUp, *, as_: Deed) -> bool:
    """Whether this browser did it."""
    return str(sign_up.uuid) in request.session.get(f"sign_ups_{as_}", [])
