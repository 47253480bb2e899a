"""The ISP's rules for logins, and the mass start of the portal."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.singleton import Singleton
from subscribers.models.login_links import AutoLoginLink


def _between(low: int, high: int) -> list:
    return [MinValueValidator(low), MaxValueValidator(high)]


class LoginRules(Singleton):
    """How user names are made, how long links and one-time passwords live, what passwords must be like."""

    class Naming(models.TextChoices):
        NUMBER = "number", _("the subscriber number")
        NAME = "name", _("first name and surname, as in maria.lopez")
        CUSTOM = "custom", _("a pattern of our own")

    class Initial(models.TextChoices):
        NONE = "", _("none: everybody gets a link")
        ID_NUMBER = "id_number", _("the official ID number")
        PHONE = "phone", _("the last six digits of the mobile")

    naming = models.CharField(_("user names"), max_length=10, choices=Naming, default=Naming.NUMBER)
    pattern = models.CharField(_("pattern"), max_length=60, blank=True, default="{number}")
    number_signs_in = models.BooleanField(_("the subscriber number signs in too"), default=True)
    min_length = models.PositiveSmallIntegerField(
        _("shortest password, in characters"), default=10, validators=_between(8, 64)
    )
    link_days = models.PositiveSmallIntegerField(
        _("links to set a password work for, in days"), default=7, validators=_between(1, 30)
    )
    one_time_days = models.PositiveSmallIntegerField(
        _("dictated passwords work for, in days"), default=3, validators=_between(1, 14)
    )
    initial = models.CharField(_("initial password"), max_length=10, choices=Initial, blank=True, default=Initial.NONE)
    initial_days = models.PositiveSmallIntegerField(
        _("initial passwords work for, in days"), default=14, validators=_between(1, 30)
    )
    owners_invite = models.BooleanField(_("account owners manage their colleagues' logins"), default=True)
    most_logins = models.PositiveSmallIntegerField(
        _("most logins of one subscriber"), default=10, validators=_between(1, 200)
    )

    class Meta(Singleton.Meta):
        verbose_name = _("rules for portal logins")

    @property
    def takes_numbers(self) -> bool:
        """Whether the subscriber number is accepted in place of a user name."""
        return self.number_signs_in or self.naming == self.Naming.NUMBER


class LoginRun(models.Model):
    """A mass start of the portal: logins made by the rule, links sent. A task works it off in pieces."""

    class Sends(models.TextChoices):
        SET_PASSWORD = "set_password", _("a link to set a password")
        AUTO_LOGIN = "auto_login", _("an auto-login link")
        NOTHING = "nothing", _("nothing: only make the logins")

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")
        DONE = "done", _("done")

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    sends = models.CharField(_("send"), max_length=12, choices=Sends, default=Sends.SET_PASSWORD)
    scope = models.CharField(
        _("the link opens"), max_length=10, choices=AutoLoginLink.Scope, default=AutoLoginLink.Scope.PAY
    )
    life_hours = models.PositiveIntegerField(_("the link works for"), default=72)
    makes_logins = models.BooleanField(_("make logins for those who have none"), default=True)
    only_new = models.BooleanField(_("only to those who have never signed in"), default=True)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    total = models.PositiveIntegerField(default=0)  # subscribers
    seen = models.PositiveIntegerField(default=0)
    made = models.PositiveIntegerField(default=0)  # logins
    sent = models.PositiveIntegerField(default=0)  # links
    without_email = models.PositiveIntegerField(default=0)
    last_id = models.BigIntegerField(default=0)  # of the last subscriber that was worked on
    by_id = models.BigIntegerField(null=True)  # of the staff user, who lives in the platform's schema
    by_name = models.CharField(max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="running"), name="one_login_run_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.sends} {self.state}"

    @property
    def is_running(self) -> bool:
        return self.state == self.State.RUNNING

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return 100 if not self.total else min(100, 100 * self.seen // self.total)
