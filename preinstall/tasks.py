"""Sweeps for install requests."""

from core.celery import app


@app.task
def sweep_drafts() -> None:
    """Remove uploads whose form was never sent."""
