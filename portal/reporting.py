"""The form with which somebody reports a payment: signed in, or from the balance page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core import throttle
from core.templatetags.ui import reader_locale
from core.uploads import BadUpload
from payments.models import PaymentMethod, VoucherDraft
from payments.money_forms import ReportForm, fresh_key
from payments.services import reports as services
from subscribers.models import PortalUser, Subscriber

HOUR = 3600


class ReportPage:
    """One request for the form: shows it, keeps the voucher, makes the report.

    `limits` are names of counters with how much an hour they allow; a voucher counts as much as a report.
    """

    def __init__(
        self,
        request: HttpRequest,
        *,
        subscriber: Subscriber,
        by: PortalUser | None,
        template: str,
        done: str,
        limits: list[tuple[str, int]],
        context: dict[str, Any] | None = None,
    ) -> None:
        self.request, self.subscriber, self.by = request, subscriber, by
        self.template, self.done, self.limits, self.context = template, done, limits, context or {}
        self.key = fresh_key(request.POST.get("submission"))

    @property
    def submission(self) -> UUID:
        return services.submission_of(self.subscriber, self.key)

    def respond(self) -> HttpResponse:
        """The page or, once the report is made, the way on."""
        if self.request.method != "POST":
            return self._show(self._form())
        allowed = [throttle.allow(what, limit=most, seconds=HOUR) for what, most in self.limits]
        if not all(allowed):
            return self._show(self._form(self.request.POST), status=429)
        form = self._form(self.request.POST, voucher_error=self._keep_voucher())
        if not form.is_valid():
            return self._show(form, status=422)
        try:
            self._report(form.cleaned_data)
        except services.TooManyReports:
            form.add_error(None, _("Many reports of yours wait to be checked. Please wait until we have looked."))
            return self._show(form, status=422)
        if self.by is not None:
            messages.success(
                self.request, _("Thank you. We compare your report with our account and book the payment.")
            )
        return redirect(self.done)

    def _keep_voucher(self) -> str:
        """Keep what was chosen, whatever else is wrong with the form; the message if it is not taken."""
        file = self.request.FILES.get("voucher")
        if file is None:
            return ""
        try:
            services.keep_voucher(submission=self.submission, upload=file)
        except BadUpload as error:
            return str(error)
        return ""

    def _form(self, data: Any = None, *, voucher_error: str = "") -> ReportForm:
        draft = VoucherDraft.objects.select_related("file").filter(submission=self.submission).first()
        methods = PaymentMethod.objects.in_portal().reportable().for_group(self.subscriber.group_id)
        unpaid = self.subscriber.invoices.unpaid().select_related("entry").order_by("entry__due_on", "pk")
        wanted = self.request.GET.getlist("invoice")
        chosen = [invoice for invoice in unpaid if str(invoice.uuid) in wanted or len(unpaid) == 1]
        first = {
            "submission": self.key,
            "paid_on": timezone.localdate(),
            "amount": sum(invoice.open for invoice in chosen) or None,
            "invoices": [str(invoice.uuid) for invoice in chosen],
        }
        return ReportForm(
            data,
            initial=first,
            received=draft,
            voucher_error=voucher_error,
            today=timezone.localdate(),
            methods=methods,
            invoices=unpaid,
            locale=reader_locale(self.request.isp.country),
            currency=self.request.isp.currency,
        )

    def _show(self, form: ReportForm, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "invoices": list(form.open_invoices),
            "subscriber": self.subscriber,
            "is_throttled": status == 429,
        }
        return render(self.request, self.template, context | self.context, status=status)

    def _report(self, data: dict[str, Any]) -> None:
        services.report_payment(
            by=self.by,
            subscriber=self.subscriber,
            submission=self.submission,
            method=data["method"],
            amount=data["amount"],
            currency=self.request.isp.currency,
            paid_on=data["paid_on"],
            reference=data["reference"],
            comment=data["comment"],
            invoices=list(data["invoices"]),
            language=(get_language() or "")[:5],
        )
