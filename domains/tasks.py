"""Checks of claims in the background."""

from uuid import UUID

from django.utils import timezone

from core.celery import app
from domains import claims, plans, twins
from tenants.models import Licence

BATCH = 200  # claims that one round hands out; the next one is seconds away
WANTED = 20  # `www.` names of a round, so that whoever makes up visits keeps nobody's checks waiting


@app.task
def check_claim(*, claim_uuid: str) -> None:
    """Look for the proof of one claim."""
    claims.check_claim(claim_uuid=UUID(claim_uuid), at=timezone.now())


@app.task
def check_due_claims() -> None:
    """Enqueue the claims whose check is due, each once."""
    for uuid in claims.take_due(at=timezone.now(), most=BATCH):
        check_claim.delay(claim_uuid=str(uuid))


@app.task
def look_at_twin(*, host: str) -> None:
    """See whether `www.` of a domain leads here."""
    twins.look(host=host, at=timezone.now())


@app.task
def look_at_wanted_twins() -> None:
    """Enqueue the `www.` names that visitors asked for, a bounded number in each round."""
    for host in twins.take_wanted(at=timezone.now(), most=WANTED):
        look_at_twin.delay(host=host)


@app.task
def look_after_plan(*, licence_id: int) -> None:
    """Do what one ISP's plan asks for now."""
    plans.look_after(licence_id=licence_id, at=timezone.now())


@app.task
def look_after_due_plans() -> None:
    """Enqueue the plans that are due. One that is lost is still due in the next round; a second run does nothing."""
    for pk in list(Licence.objects.due(at=timezone.now()).values_list("pk", flat=True)[:BATCH]):
        look_after_plan.delay(licence_id=pk)
