"""What of allauth is ours: who is let in, what is locked, mailed and written down."""

import smtplib
from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import audit, login, secrets
from accounts.http import client_address
from accounts.models import User
from accounts.pages import too_many
from accounts.services import end_sessions
from accounts.tries import TooManyTries

logger = structlog.get_logger(__name__)

# What allauth tells people about by mail, and the words of the audit log for it.
DEEDS = {
    "account/email/password_changed": "changed password",
    "account/email/password_reset": "reset password",
    "account/email/password_set": "set password",
    "account/email/email_changed": "changed e-mail address",
    "account/email/email_confirm": "confirmed e-mail address",
    "account/email/email_deleted": "removed e-mail address",
    "mfa/email/totp_activated": "set up authenticator app",
    "mfa/email/totp_deactivated": "removed authenticator app",
    "mfa/email/webauthn_added": "added passkey",
    "mfa/email/webauthn_removed": "removed passkey",
    "mfa/email/recovery_codes_generated": "made recovery codes",
}


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's doors with our counting, our log and our mail."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:  # noqa: ANN401
        """Return who this is, or nobody; too many tries answer 429 at once."""
        try:
            return login.check_password(
                name=str(credentials.get("email") or credentials.get("username") or ""),
                password=str(credentials.get("password") or ""),
                address=self.get_client_ip(request),
                device=request.COOKIES.get(login.DEVICE_COOKIE, ""),
                now=timezone.now(),
            )
        except TooManyTries as refusal:
            raise ImmediateHttpResponse(too_many(request, wait=refusal.wait)) from refusal
        except login.WrongLogin:
            return None

    def post_login(self, request: HttpRequest, user: Any, **hooks: Any) -> HttpResponse:  # noqa: ANN401
        """Write the log-in down, and let the browser be known the next time."""
        answer: HttpResponse = super().post_login(request, user, **hooks)
        audit.record(
            action="logged in",
            subject=f"{user}",
            actor_id=user.pk,
            at=timezone.now(),
            detail={"door": "pages", "address": self.get_client_ip(request)},
        )
        answer.set_cookie(
            login.DEVICE_COOKIE,
            login.device_of(user),
            max_age=login.DEVICE_DAYS * 86_400,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        return answer

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address as our own proxies saw it, never as the client says."""
        return client_address(request, trusted_proxies=settings.TRUSTED_PROXIES)

    def get_login_stages(self) -> list[str]:
        """Return allauth's stages, with ours for whoever an operator vouched for."""
        ours = {"allauth.account.stages.EmailVerificationStage": "accounts.stages.VerifyEmail"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGN_UP == "open")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; where the server for it is down, say so in the log and go on."""
        try:
            super().send_mail(template_prefix, email, context)
        except (smtplib.SMTPException, OSError) as fault:
            logger.error("mail_not_sent", template=template_prefix, reason=type(fault).__name__)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,  # noqa: ANN401
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Write a change of how somebody comes in down, end their other sessions, and mail them."""
        now = timezone.now()
        request = self.request
        if template_prefix in DEEDS:
            audit.record(
                action=DEEDS[template_prefix],
                subject=f"{user}",
                actor_id=user.pk,
                at=now,
                detail={"address": self.get_client_ip(request)},
            )
            end_sessions(user_id=user.pk)
            if request.user.is_authenticated and request.user.pk == user.pk:
                request.user.refresh_from_db(fields=["password", "sessions_ended"])
                update_session_auth_hash(request, request.user)
        super().send_notification_mail(template_prefix, user, context, email)


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's second factors, their secrets locked."""

    def encrypt(self, text: str) -> str:
        return secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.decrypt(encrypted_text)
