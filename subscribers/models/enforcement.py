"""What should be for each service in the network, whatever is there at the moment."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from subscribers.models.service import Service


class Enforcement(models.Model):
    """Whether a service should work. It is written with each change of the service's state.

    A service without a row, as one that came with an import, should be as its state says. `version` counts the changes,
    so that whoever carries them to a router can say how far it is.
    """

    service = models.OneToOneField(Service, on_delete=models.CASCADE, related_name="enforcement")
    is_on = models.BooleanField(default=True)
    since = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("wanted state in the network")
        verbose_name_plural = _("wanted states in the network")

    def __str__(self) -> str:
        return f"{self.service_id}: {'on' if self.is_on else 'off'}"
