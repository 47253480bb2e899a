"""Addresses of billing, behind /<slug>/billing/."""

from django.urls import path

from dashboard.views import billing, billing_acts, billing_runs

urlpatterns = [
    path("", billing.invoices, name="billing"),
    path("csv/", billing.export, name="invoices-csv"),
    path("invoices/<uuid:invoice>/", billing.invoice_page, name="invoice"),
    path("invoices/<uuid:invoice>/pdf/", billing.pdf, name="invoice-pdf"),
    path("invoices/<uuid:invoice>/credit/", billing_acts.credit, name="invoice-credit"),
    path("invoices/<uuid:invoice>/write-off/", billing_acts.write_off, name="invoice-write-off"),
    path("runs/", billing_runs.runs, name="billing-runs"),
    path("runs/<uuid:billing_run>/", billing_runs.run_page, name="billing-run"),
    path("runs/<uuid:billing_run>/start/", billing_runs.start, name="billing-run-start"),
    path("runs/<uuid:billing_run>/stop/", billing_runs.stop, name="billing-run-stop"),
    path("runs/<uuid:billing_run>/resume/", billing_runs.resume, name="billing-run-resume"),
    path("runs/<uuid:billing_run>/discard/", billing_runs.discard, name="billing-run-discard"),
]
