"""Sweeps for install requests."""

from django.db import transaction

from core import uploads
from core.celery import app
from core.scope import isp_scope
from messaging.tasks import open_isps
from preinstall import services


@app.task
def sweep_drafts() -> None:
    """Remove uploads whose form was never sent, and files without a row, the platform's too."""
    with transaction.atomic():
        uploads.sweep_orphans()
    for isp in open_isps():
        with isp_scope(isp), transaction.atomic():
            services.sweep_drafts()
