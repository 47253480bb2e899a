"""Work of the platform in the background."""

from core.celery import app


@app.task
def sweep_sign_ups() -> None:
    """Take up sign-ups that a crash left behind."""
