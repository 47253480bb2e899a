"""The second factor: the code after the password, and setting it up."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.access import public_page
from dashboard.access import next_page, signed_in_page
from dashboard.forms import CodeForm, SecondFactorForm
from dashboard.views.account import may_try_own_password
from tenants.authentication import (
    finish_sign_in,
    has_second_factor,
    note_wrong_code,
    pending_user,
    verify_session,
)
from tenants.services import accounts

NEW_KEY = "second_factor_key"


@public_page
def sign_in_code(request: HttpRequest) -> HttpResponse:
    """The code after the right password. Until it is right, nobody is signed in."""
    user = pending_user(request)
    target = next_page(request)
    if user is None:
        return redirect(f"/sign-in/?{urlencode({'next': target})}")
    form = CodeForm(request.POST if request.method == "POST" else None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        device, status = checked(form, user)
        if device is not None:
            finish_sign_in(request, user, device)
            accounts.note_sign_in(user=user)
            return redirect(target)
        if status == 422:
            note_wrong_code(request)
    return render(request, "dashboard/account/code.html", {"form": form, "next": target}, status=status)


def checked(form: CodeForm, user):
    """The device whose code was entered, or None with the error in the form; and the page's status."""
    try:
        return accounts.check_code(user=user, code=form.cleaned_data["code"]), 200
    except accounts.WrongCode:
        form.add_error("code", _("This code is not right. Codes of the app are good for about a minute, and once."))
        return None, 422
    except accounts.WaitFirst as error:
        form.add_error("code", _wait(error.seconds))
        return None, 429


def _wait(seconds: int) -> str:
    if seconds < 90:
        text = ngettext("Wait %(n)d second before the next code.", "Wait %(n)d seconds before the next code.", seconds)
        return text % {"n": seconds}
    minutes = -(-seconds // 60)
    text = ngettext("Wait %(n)d minute before the next code.", "Wait %(n)d minutes before the next code.", minutes)
    return text % {"n": minutes}


def _form(request: HttpRequest) -> SecondFactorForm:
    return SecondFactorForm(
        request.POST if request.method == "POST" else None,
        user=request.user,
        may_try=lambda: may_try_own_password(request),
    )


@signed_in_page
def second_factor(request: HttpRequest) -> HttpResponse:
    """What the account has; without a second factor, the QR code to set one up and the code to confirm it."""
    if has_second_factor(request.user):
        context = {"codes_left": accounts.recovery_codes_left(request.user)}
        return render(request, "dashboard/account/second_factor_on.html", context)
    key = request.session.setdefault(NEW_KEY, accounts.new_key())
    form = _form(request)
    form.fields["code"].help_text = _("The six digits that the app shows now.")
    if form.is_valid():
        try:
            device, codes = accounts.switch_on_second_factor(user=request.user, key=key, code=_digits(form))
        except accounts.WrongCode:
            form.add_error("code", _("This code is not right. Check that the clock of your phone is right."))
        else:
            del request.session[NEW_KEY]
            verify_session(request, device)
            return render(request, "dashboard/account/recovery_codes.html", {"codes": codes, "is_new": True})
    context = {
        "form": form,
        "address": accounts.key_address(user=request.user, key=key),
        "typed_key": accounts.typed_key(key),
    }
    return render(request, "dashboard/account/second_factor_off.html", context, status=422 if form.is_bound else 200)


def _digits(form: SecondFactorForm) -> str:
    return form.cleaned_data["code"].replace(" ", "")


@signed_in_page
def switch_off(request: HttpRequest) -> HttpResponse:
    """Remove the second factor, with password and code."""
    form = _form(request)
    if not has_second_factor(request.user):
        return redirect("/profile/")
    status = 422 if form.is_bound else 200
    if form.is_valid():
        device, status = checked(form, request.user)
        if device is not None:
            accounts.switch_off_second_factor(user=request.user, by=request.user)
            messages.success(request, _("From now on your password alone signs you in."))
            return redirect("/profile/")
    return render(request, "dashboard/account/second_factor_switch_off.html", {"form": form}, status=status)


@signed_in_page
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Show new recovery codes once, with password and code."""
    form = _form(request)
    if not has_second_factor(request.user):
        return redirect("/profile/second-factor/")
    status = 422 if form.is_bound else 200
    if form.is_valid():
        device, status = checked(form, request.user)
        if device is not None:
            codes = accounts.renew_recovery_codes(user=request.user)
            return render(request, "dashboard/account/recovery_codes.html", {"codes": codes, "is_new": False})
    return render(request, "dashboard/account/recovery_codes_renew.html", {"form": form}, status=status)
