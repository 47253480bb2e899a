"""The ISP's customers, what they have, and their logins."""

from subscribers.models.bulk import BulkLeftOut, BulkRun
from subscribers.models.lists import ListSettings, SavedView
from subscribers.models.network import Router, Zone
from subscribers.models.notes import Note
from subscribers.models.numbers import Counter
from subscribers.models.portal_user import USERNAME, PortalUser
from subscribers.models.service import Service, ServiceChange, ServiceQuerySet
from subscribers.models.subscriber import Subscriber, SubscriberQuerySet, keys_for
from subscribers.models.tariff import Tariff

__all__ = [
    "USERNAME",
    "BulkLeftOut",
    "BulkRun",
    "Counter",
    "ListSettings",
    "Note",
    "PortalUser",
    "Router",
    "SavedView",
    "Service",
    "ServiceChange",
    "ServiceQuerySet",
    "Subscriber",
    "SubscriberQuerySet",
    "Tariff",
    "Zone",
    "keys_for",
]
