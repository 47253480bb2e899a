"""The ISP's customers, what they have, and their logins."""

from subscribers.models.announcements import Announcement, AnnouncementQuerySet, AnnouncementRead
from subscribers.models.bulk import BulkLeftOut, BulkRun
from subscribers.models.consents import Consent, ConsentDocument, ConsentVersion
from subscribers.models.documents import SubscriberDocument, SubscriberDocumentQuerySet
from subscribers.models.enforcement import Enforcement
from subscribers.models.lists import ListSettings, SavedView
from subscribers.models.login_links import AutoLoginLink, PortalToken, SignInBlock
from subscribers.models.login_rules import LoginRules, LoginRun
from subscribers.models.network import Router, Zone
from subscribers.models.notes import Note
from subscribers.models.numbers import Counter
from subscribers.models.personal_data import PersonalExport, PersonalRequest
from subscribers.models.portal_user import USERNAME, PortalUser
from subscribers.models.preview import Preview, PreviewQuerySet
from subscribers.models.profile import FieldAccess, ProfileChange, ProfileField, ProfileRule, profile_access
from subscribers.models.sendings import Sending, SendingLeftOut, SendingWords
from subscribers.models.service import PriceChange, Service, ServiceChange, ServiceQuerySet
from subscribers.models.sms import Contact, SmsRules
from subscribers.models.subscriber import Erased, Subscriber, SubscriberQuerySet, keys_for
from subscribers.models.tariff import Tariff

__all__ = [
    "USERNAME",
    "Announcement",
    "AnnouncementQuerySet",
    "AnnouncementRead",
    "AutoLoginLink",
    "BulkLeftOut",
    "BulkRun",
    "Consent",
    "ConsentDocument",
    "ConsentVersion",
    "Contact",
    "Counter",
    "Enforcement",
    "Erased",
    "FieldAccess",
    "ListSettings",
    "LoginRules",
    "LoginRun",
    "Note",
    "PersonalExport",
    "PersonalRequest",
    "PortalToken",
    "PortalUser",
    "Preview",
    "PreviewQuerySet",
    "PriceChange",
    "ProfileChange",
    "ProfileField",
    "ProfileRule",
    "Router",
    "SavedView",
    "Sending",
    "SendingLeftOut",
    "SendingWords",
    "Service",
    "ServiceChange",
    "ServiceQuerySet",
    "SignInBlock",
    "SmsRules",
    "Subscriber",
    "SubscriberDocument",
    "SubscriberDocumentQuerySet",
    "SubscriberQuerySet",
    "Tariff",
    "Zone",
    "keys_for",
    "profile_access",
]
