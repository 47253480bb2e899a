"""Mail of one ISP on its way out."""

from django.db import models

from core.models import OutgoingMail


class Mail(OutgoingMail):
    """A mail that the ISP sends, in its name."""

    # It carries a link that lets somebody in, so its text is not kept for staff to read.
    has_secret = models.BooleanField(default=False, db_default=False)

    # It goes to somebody whose data has been erased, so nothing of it is kept.
    is_last = models.BooleanField(default=False, db_default=False)

    @property
    def is_forgotten_once_tried(self) -> bool:
        return self.is_last

    @property
    def is_erased_once_sent(self) -> bool:
        return self.has_secret
