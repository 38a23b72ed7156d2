"""How a name and a password become a person."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from accounts.models import User
from accounts.scopes import OPERATOR
from accounts.selectors import person_called

# What an operator changes in the admin; the rest of it they look at. An admin changes all.
OPERATED = ("odds", "models_registry", "risk", "betting")
# What counts as a second factor; codes to recover one do not.
FACTORS = [str(Authenticator.Type.TOTP), str(Authenticator.Type.WEBAUTHN)]
# Every page asks for it: written out, it takes a third of the time.
_WITH_FACTOR = """
SELECT person.*, EXISTS (
    SELECT FROM mfa_authenticator WHERE user_id = person.id AND type = ANY(%s)
) AS second_factor FROM accounts_user person WHERE id = %s
"""


class NameOrEmail(ModelBackend):
    """A person by their e-mail address or user name. Always exactly one password is hashed.

    So an answer takes as long for a name that nobody has.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        email: str | None = None,
        **_other: Any,  # noqa: ANN401
    ) -> User | None:
        name = email or username
        if not name or password is None:
            return None
        user = person_called(name)
        if user is None:
            User().set_password(password)
            return None
        if user.check_password(password) and self.user_can_authenticate(user):
            return user
        return None

    def get_user(self, user_id: int) -> User | None:
        """Return who a session is of, and with them whether they have a second factor."""
        found = next(iter(User.objects.raw(_WITH_FACTOR, [FACTORS, user_id])), None)
        return found if found and self.user_can_authenticate(found) else None

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:  # noqa: ANN401
        """Say what an operator may in the admin; an admin is not asked about."""
        app, _, deed = perm.partition(".")
        return bool(
            user_obj.is_active
            and user_obj.role == OPERATOR
            and (app in OPERATED or deed.startswith("view_"))
        )

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:  # noqa: ANN401
        return bool(user_obj.is_active and user_obj.role == OPERATOR)
