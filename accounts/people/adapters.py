"""What of allauth is ours: who is let in, what is locked, mailed and written down."""

import smtplib
from typing import Any

import qrcode
import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from qrcode.image.svg import SvgPathFillImage

from accounts import audit, secrets
from accounts.http import client_address
from accounts.models import Invitation, User
from accounts.people import invitations, login
from accounts.people.tries import TooManyTries
from accounts.scopes import BETTOR, rights_of
from accounts.services import end_sessions
from accounts.showing.pages import too_many

logger = structlog.get_logger(__name__)
# Where the session keeps the invitation somebody came with.
TOKEN_KEY = "invitation"  # noqa: S105 the name of a place

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
        ours = {
            "allauth.account.stages.EmailVerificationStage": "accounts.people.stages.VerifyEmail"
        }
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say whether this visitor may open an account: anybody, or who holds an invitation."""
        if settings.SIGN_UP == "open":
            return True
        return settings.SIGN_UP == "invited" and self._invitation(request) is not None

    def clean_email(self, email: str) -> str:
        """Refuse another address than the one that was invited."""
        invited = self._invitation(self.request)
        if invited is not None and invited.email not in ("", email.lower()):
            raise ValidationError("This invitation is for another address.")
        return email

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> User:  # noqa: ANN401
        """Make the person with the role they were invited with, and use the invitation up."""
        invited = self._invitation(request)
        now = timezone.now()
        user.role = BETTOR if invited is None else invited.role
        for right, has in rights_of(user.role).items():
            setattr(user, right, has)
        token = request.session.pop(TOKEN_KEY, "")
        try:
            with transaction.atomic():
                made: User = super().save_user(request, user, form, commit)
                audit.record(
                    action="signed up",
                    subject=f"{made}",
                    actor_id=made.pk,
                    at=now,
                    detail={"role": made.role},
                )
                if invited is not None:
                    invitations.accept(token=token, user_id=made.pk, now=now)
        except invitations.UnknownInvitation as late:
            # Somebody else was quicker with the same link: this is the page that says so.
            raise ImmediateHttpResponse(redirect("account_signup")) from late
        return made

    def _invitation(self, request: HttpRequest) -> Invitation | None:
        token = request.session.get(TOKEN_KEY, "")
        return invitations.usable_invitation(token, now=timezone.now())

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

    def build_totp_svg(self, url: str) -> str:
        """Draw the square on white: black on nothing cannot be scanned from a dark page."""
        return str(qrcode.make(url, image_factory=SvgPathFillImage).to_string(encoding="unicode"))
