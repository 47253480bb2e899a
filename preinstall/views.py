"""The public pages of an install request. They ask nobody to sign in and tell nothing about other people."""

from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from company.access import isp_link_page, link_identifier
from company.models import DocumentRule, PortalSettings, document_demands
from core.access import public_page
from core.captcha import new_challenge
from core.requests import outside_transaction
from core.scope import required
from core.throttle import allow, network
from core.uploads import BadUpload
from preinstall.captcha import PURPOSE, CaptchaForm
from preinstall.forms import RequestForm
from preinstall.models import DraftUpload, InstallRequest
from preinstall.services import requests as services


@isp_link_page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def request_form(request: HttpRequest) -> HttpResponse:
    """The form; sent, it becomes a request. Sent twice, it is still one."""
    if not PortalSettings.load().accepts_requests:
        return render(request, "preinstall/closed.html")
    submission = _submission(request.POST.get("submission")) or uuid4()
    if request.method != "POST":
        return _page(request, submission, _form(request, submission))
    if done := _sent_before(request, submission):
        return done
    document_errors = _keep_documents(request, submission)
    form = _form(request, submission, request.POST, document_errors)
    if not _may_send(request):
        return _page(request, submission, form, status=429)
    if not form.is_valid():
        return _page(request, submission, form, status=422)
    captcha = CaptchaForm(request.POST, request=request, submission=str(submission))
    if not _is_human(captcha):
        return _sent_before(request, submission) or _page(request, submission, form, captcha, status=422)
    data = {name: form.cleaned_data[name] for name in form.Meta.fields}
    services.submit_request(isp=request.isp, submission=submission, language=get_language(), **data)
    return _sent_before(request, submission)


def _submission(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


def _sent_before(request: HttpRequest, submission: UUID) -> HttpResponse | None:
    """To the confirmation of the request that this form became, if it did."""
    made = InstallRequest.objects.filter(submission=submission).first()
    return redirect("install_done", request.isp_link, services.receipt(made)) if made else None


def _form(
    request: HttpRequest, submission: UUID, data: object = None, document_errors: dict[str, str] | None = None
) -> RequestForm:
    received = {draft.kind: draft for draft in DraftUpload.objects.select_related("file").filter(submission=submission)}
    return RequestForm(
        data,
        country=request.isp.country,
        demands=document_demands(),
        received=received,
        document_errors=document_errors,
    )


def _page(
    request: HttpRequest, submission: UUID, form: RequestForm, captcha: CaptchaForm | None = None, status: int = 200
) -> HttpResponse:
    """The form, with the captcha's message if it was asked; one that was not asked is shown anew, unspent."""
    captcha = captcha or CaptchaForm(request=request)
    context = {
        "form": form,
        "captcha": captcha,
        "submission": submission,
        "is_throttled": status == 429,
        # Names the browser's copy of what was typed, without telling the ISP's other identifier.
        "memory": salted_hmac("preinstall.memory", required().label, algorithm="sha256").hexdigest()[:16],
    }
    return captcha.allow_in(render(request, "preinstall/form.html", context, status=status))


def _keep_documents(request: HttpRequest, submission: UUID) -> dict[str, str]:
    """Keep what was chosen, whatever else is wrong with the form; the messages by kind of what was refused."""
    errors = {}
    for kind, demand in document_demands().items():
        if demand == DocumentRule.Demand.HIDDEN or kind.value not in request.FILES:
            continue
        if not _may_upload(request):
            errors[kind.value] = _("Too many files in a short time. Please try again later.")
            continue
        try:
            services.keep_draft(submission=submission, kind=kind, upload=request.FILES[kind.value])
        except BadUpload as error:
            errors[kind.value] = str(error)
    return errors


def _may_send(request: HttpRequest) -> bool:
    """Gently: a whole village can stand behind one address, and campaigns send many requests on one day."""
    one = allow(f"install:{network(request)}", limit=60, seconds=3600)
    return one and allow("install", limit=1000, seconds=3600)


def _may_upload(request: HttpRequest) -> bool:
    """What is uploaded comes before the captcha, so that it is not lost; this keeps it from filling the disk."""
    one = allow(f"upload:{network(request)}", limit=300, seconds=3600)
    return one and allow("upload", limit=5000, seconds=3600)


def _is_human(captcha: CaptchaForm) -> bool:
    if captcha.asks_outside:
        with outside_transaction():
            return captcha.is_valid()
    return captcha.is_valid()


@isp_link_page
@never_cache
@require_http_methods(["GET", "POST"])
def documents(request: HttpRequest) -> HttpResponse:
    """Documents of a form that is being filled in: which are here (GET), or one more (POST), as JSON."""
    submission = _submission(request.GET.get("submission") or request.POST.get("submission"))
    if submission is None or not PortalSettings.load().accepts_requests:
        raise Http404
    if request.method == "POST" and (errors := _keep_documents(request, submission)):
        return JsonResponse({"error": next(iter(errors.values()))}, status=422)
    drafts = DraftUpload.objects.select_related("file").filter(submission=submission)
    is_sent = InstallRequest.objects.filter(submission=submission).exists()
    return JsonResponse({"received": {draft.kind: draft.file.name for draft in drafts}, "sent": is_sent})


@isp_link_page
@never_cache
@require_GET
def captcha_challenge(request: HttpRequest) -> HttpResponse:
    """A new challenge for the form of the ISP in the path."""
    return JsonResponse(new_challenge(PURPOSE))


@isp_link_page
@never_cache
@require_safe
def request_done(request: HttpRequest, receipt: str) -> HttpResponse:
    """The reference number and what happens next; nothing about the person."""
    made = services.read_receipt(receipt)
    if made is None:
        raise Http404
    return render(request, "preinstall/done.html", {"reference": made.reference, "has_email": bool(made.email)})


@public_page
@require_safe
def own_form(request: HttpRequest) -> HttpResponse:
    """On an ISP's host, the short address of its form. An ISP whose links are hard to guess has none."""
    isp = request.site.isp
    if isp is None or link_identifier(isp) != isp.slug:
        raise Http404
    return redirect("install", isp.slug)


@public_page
@require_safe
def old_address(request: HttpRequest, identifier: str) -> HttpResponse:
    """Where the printed QR codes of the old product lead."""
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(reverse("install", args=[identifier]) + (f"?{query}" if query else ""))
