"""Mail of one ISP on its way out."""

from core.models import OutgoingMail


class Mail(OutgoingMail):
    """A mail that the ISP sends, in its name."""
