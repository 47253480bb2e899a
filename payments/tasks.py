"""Work on statements of banks in the background."""

from datetime import timedelta

from core.celery import IspTask, app
from core.periodic import for_each_isp


@app.task(base=IspTask, atomic=False)
def work_on_statement(*, isp_id: int, statement_id: int) -> None:
    """Read a statement, take it in, compare it."""
    from payments.services import statement_work

    statement_work.work_on(statement_id=statement_id, isp_id=isp_id)


@app.task(base=IspTask, atomic=False)
def book_wanted_lines(*, isp_id: int) -> None:
    """Book the bank lines that somebody has said yes to."""
    from payments.services import certain

    certain.work_off(isp_id=isp_id)


@for_each_isp("inbox", every=timedelta(minutes=10))
@app.task(base=IspTask, atomic=False)
def sweep_inbox(*, isp_id: int) -> None:
    """Go on with statements and bookings whose worker is gone, and compare open lines with what is owed by now."""
    from payments.services import certain

    certain.sweep(isp_id=isp_id)
