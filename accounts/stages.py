"""What has to be done between the right password and being logged in, where allauth's differs."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage


class VerifyEmail(EmailVerificationStage):  # type: ignore[misc]
    """Who signed up by themselves shows that the address is theirs; an operator vouches for others.

    Whoever signs up has an unverified address from the first moment; who was made by an operator
    or on the command line has none kept at all, and what is on their account is taken as verified.
    """

    def handle(self) -> Any:  # noqa: ANN401
        user = self.login.user
        if user is not None and not EmailAddress.objects.filter(user=user).exists():
            address = user.email.lower()
            if address and not EmailAddress.objects.filter(email=address, verified=True).exists():
                EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
            return None, True
        return super().handle()
