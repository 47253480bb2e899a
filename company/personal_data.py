"""What this app holds about customers."""

from company.models import (
    Branding,
    CaptchaKeys,
    CaptchaTest,
    ChatWidget,
    DocumentRule,
    InvoiceGroup,
    PortalSettings,
    Profile,
    RouterList,
)
from core.personal import not_personal

not_personal(Profile, Branding, InvoiceGroup, because="the ISP's own name, contact and look")
not_personal(PortalSettings, DocumentRule, ChatWidget, because="settings")
not_personal(CaptchaKeys, CaptchaTest, because="keys of the ISP, and tries of them by its staff")
not_personal(RouterList, because="addresses of the platform, and who of the staff took them along")
