"""What is removed once nobody needs it."""

from datetime import datetime, timedelta

from subscribers.models import AutoLoginLink, PortalToken, SignInBlock

KEPT = timedelta(days=30)  # tokens after their end
LINKS_KEPT = timedelta(days=365)  # ended auto-login links, which staff may want to look up


def forget_old(*, at: datetime) -> None:
    """Remove mailed links, auto-login links and blocks that ended long ago."""
    PortalToken.objects.filter(expires_at__lt=at - KEPT).delete()
    AutoLoginLink.objects.filter(expires_at__lt=at - LINKS_KEPT).delete()
    SignInBlock.objects.filter(until__lt=at).delete()
