"""What this app holds about customers."""

from core.personal import not_personal
from payments.models import PaymentMethod

not_personal(PaymentMethod, because="how the ISP can be paid")
