"""Pages of the platform's host."""

from django.urls import path

from core.captcha import challenge
from core.views import choose_language
from tenants.views import console, console_life, home, progress, session, sign_up

urlpatterns = [
    path("", home.landing, name="landing"),
    path("language/", choose_language, name="language"),
    path("captcha/<slug:purpose>/", challenge, name="captcha"),
    path("sign-up/", sign_up.sign_up, name="sign_up"),
    path("sign-up/address/", sign_up.check_address, name="sign_up_address"),
    path("sign-up/place/", sign_up.place, name="sign_up_place"),
    path("sign-up/confirm/<str:secret>/", sign_up.confirm, name="sign_up_confirm"),
    path("sign-up/<uuid:uuid>/", progress.progress, name="sign_up_progress"),
    path("sign-up/<uuid:uuid>/mail-again/", progress.mail_again, name="sign_up_mail_again"),
    path("sign-up/<uuid:uuid>/try-again/", progress.try_again, name="sign_up_try_again"),
    path("sign-in/", session.sign_in, name="operator_sign_in"),
    path("sign-in/code/", session.code, name="operator_code"),
    path("sign-out/", session.sign_out, name="operator_sign_out"),
    path("console/", console.isps, name="console"),
    path("console/isps/<uuid:uuid>/", console.isp, name="console_isp"),
    path("console/isps/<uuid:uuid>/suspend/", console.suspend, name="console_suspend"),
    path("console/isps/<uuid:uuid>/resume/", console.resume, name="console_resume"),
    path("console/isps/<uuid:uuid>/rename/", console_life.rename, name="console_rename"),
    path("console/isps/<uuid:uuid>/plan/", console_life.change_plan, name="console_plan"),
    path("console/isps/<uuid:uuid>/close/", console_life.close, name="console_close"),
    path("console/isps/<uuid:uuid>/open/", console_life.cancel_closing, name="console_open"),
]
