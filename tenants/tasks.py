"""Work of the platform in the background."""

from core import mail as core_mail
from core.celery import app
from tenants.models import PlatformMail


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
def sweep_sign_ups() -> None:
    """Take up sign-ups that a crash left behind."""
