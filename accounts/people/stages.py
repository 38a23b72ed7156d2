"""What has to be done between the right password and being logged in, where allauth's differs."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage


class VerifyEmail(EmailVerificationStage):  # type: ignore[misc]
    """Who signed up by themselves shows that the address is theirs; an operator vouches for others.

    Whoever signs up has a primary address from the first moment, unverified. Who was made by an
    operator or on the command line has none, and what is on their account is taken as verified.
    """

    def handle(self) -> Any:  # noqa: ANN401
        user = self.login.user
        if user is None or EmailAddress.objects.filter(user=user, primary=True).exists():
            return super().handle()
        address = user.email.lower()
        taken = EmailAddress.objects.filter(email=address, verified=True).exclude(user=user)
        if address and not taken.exists():
            EmailAddress.objects.update_or_create(
                user=user, email=address, defaults={"verified": True, "primary": True}
            )
        return None, True
