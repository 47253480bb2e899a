"""Work of the platform in the background."""

from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from core import mail as core_mail
from core import uploads
from core.celery import app
from tenants import janitor, pool
from tenants.fleet import report
from tenants.models import PlatformMail, SignUp
from tenants.provisioning import provision
from tenants.services import due_work

ROUNDS = 20  # batches that one task hands out at most; the next one is seconds away


@app.task
def hand_out_due_work() -> None:
    """Enqueue what is due for the ISPs, each piece once, and plan for ISPs that have no dates yet."""
    due_work.plan_what_lacks()
    for _ in range(ROUNDS):
        if due_work.hand_out() < due_work.BATCH:
            return


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
    if provision(sign_up_id=sign_up_id):
        refill_pool.delay()


@app.task
def sweep_sign_ups() -> None:
    """Try the confirmed sign-ups again that a crash or a failure left behind, and forget the abandoned ones."""
    SignUp.objects.abandoned(at=timezone.now()).delete()
    for pk in list(SignUp.objects.waiting().values_list("pk", flat=True)[:100]):
        provision_isp.delay(sign_up_id=pk)


@app.task
def refill_pool() -> None:
    """Make spare schemas until there are SPARE_SCHEMAS of the current release."""
    pool.refill()


@app.task
def sweep_schemas() -> None:
    """Remove spares of older releases and schemas that nobody owns."""
    janitor.sweep(at=timezone.now())


@app.task
def check_schemas() -> None:
    """Have the hosts of ISPs whose schema is missing answer 503, and no longer once it is back."""
    report.check_schemas()


@app.task
def send_password_link(*, email: str, base_url: str, isp_id: int | None) -> None:
    """Mail a link to set a new password, if the address belongs to somebody."""
    from tenants.services import accounts

    accounts.send_password_link(email=email, base_url=base_url, isp_id=isp_id)


@app.task
def sweep_platform_files() -> None:
    """Remove the platform's own files that no row names."""
    with transaction.atomic():
        uploads.sweep_orphans()


@app.task
def sweep_platform_sessions() -> None:
    """Remove the sessions and the links of staff that have run out."""
    from tenants.services import accounts

    call_command("clearsessions")
    accounts.forget_old_links(at=timezone.now())


# Longer than TASK_SECONDS: the lease keeps a second worker out. The last minutes are for writing down that it failed.
@app.task(soft_time_limit=6 * 3600 - 300, time_limit=6 * 3600)
def make_export(*, export_id: int) -> None:
    """Make a full export that the owner of an ISP asked for."""
    from tenants.services import exports

    exports.make_export(export_id=export_id)


@app.task
def sweep_exports() -> None:
    """Forget old exports, and make those that a lost worker left behind."""
    from tenants.services import exports

    exports.sweep_exports()


@app.task
def sweep_deletions() -> None:
    """Delete the closed ISPs whose time of grace is over, and finish what was interrupted."""
    from tenants.services import deletions

    deletions.sweep()
