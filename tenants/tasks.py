"""Work of the platform in the background."""

from django.utils import timezone

from core import mail as core_mail
from core.celery import app
from tenants.models import PlatformMail, SignUp
from tenants.provisioning import provision


@app.task
def deliver_platform_mail(*, mail_id: int) -> None:
    """Hand one mail of the platform to the mail server."""
    core_mail.deliver(PlatformMail, mail_id)


@app.task
def sweep_platform_mail() -> None:
    """Deliver the due mails of the platform that no task has taken: after a crash, or for another attempt."""
    for pk in list(core_mail.waiting(PlatformMail).values_list("pk", flat=True)[:500]):
        deliver_platform_mail.delay(mail_id=pk)


@app.task
def provision_isp(*, sign_up_id: int) -> None:
    """Make the ISP of a confirmed sign-up."""
    provision(sign_up_id=sign_up_id)


@app.task
def sweep_sign_ups() -> None:
    """Try the confirmed sign-ups again that a crash or a failure left behind, and forget the abandoned ones."""
    SignUp.objects.abandoned(at=timezone.now()).delete()
    for pk in list(SignUp.objects.waiting().values_list("pk", flat=True)[:100]):
        provision_isp.delay(sign_up_id=pk)


@app.task
def send_password_link(*, email: str, base_url: str, isp_id: int | None) -> None:
    """Mail a link to set a new password, if the address belongs to somebody."""
    from tenants.services import accounts

    accounts.send_password_link(email=email, base_url=base_url, isp_id=isp_id)
