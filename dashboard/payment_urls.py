"""Addresses of payments, behind /<slug>/payments/."""

from django.urls import path

from dashboard.views import payment_reports, payments, payments_register

urlpatterns = [
    path("", payments.payment_list, name="payments"),
    path("csv/", payments.export, name="payments-csv"),
    path("new/", payments_register.register, name="payment-new"),
    path("<int:number>/", payments.payment_page, name="payment"),
    path("<int:number>/receipt/", payments.receipt, name="payment-receipt"),
    path("<int:number>/receipt/pdf/", payments.receipt_pdf, name="payment-receipt-pdf"),
    path("<int:number>/take-back/", payments.take_back, name="payment-take-back"),
    path("reports/", payment_reports.report_list, name="payment-reports"),
    path("reports/<uuid:report>/", payment_reports.report_page, name="payment-report"),
    path("reports/<uuid:report>/approve/", payment_reports.approve, name="payment-report-approve"),
    path("reports/<uuid:report>/reject/", payment_reports.reject, name="payment-report-reject"),
    path("reports/<uuid:report>/voucher/", payment_reports.voucher, name="payment-report-voucher"),
    path("reports/<uuid:report>/voucher/<int:sheet>/", payment_reports.voucher_sheet, name="payment-report-sheet"),
]
