"""How staff look at the list of subscribers."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, staff_id: int) -> "SavedViewQuerySet":
        """Somebody's own ones, and those that colleagues share."""
        return self.filter(Q(by_id=staff_id) | Q(is_shared=True))


class SavedView(models.Model):
    """A search of the list of subscribers with its columns and order, under a name."""

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=60)
    filters = models.JSONField(default=dict)  # what the address says: {"state": "suspended"}
    columns = models.JSONField(default=list)  # their names, in order
    sort = models.CharField(max_length=40, blank=True)
    is_shared = models.BooleanField(_("show it to colleagues"), default=False)
    by_id = models.BigIntegerField()  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = [Lower("name"), "pk"]
        constraints = [
            models.UniqueConstraint(
                "by_id",
                Lower("name"),
                name="one_view_of_a_name",
                violation_error_message=_("You have a view of this name already."),
            )
        ]
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")

    def __str__(self) -> str:
        return self.name


class ListSettings(models.Model):
    """How one member of the staff wants the list of subscribers to be."""

    by_id = models.BigIntegerField(unique=True)  # of the staff user, who lives in the platform's schema
    columns = models.JSONField(default=list)
    default_view = models.ForeignKey(SavedView, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("list settings")
        verbose_name_plural = _("list settings")

    def __str__(self) -> str:
        return f"{self.by_id}"
