"""Builders: plain functions that make rows for tests. One section an app."""

from django.utils import timezone

from accounts.models import ApiKey, User
from accounts.services import issue_key

# --- accounts


def user(name: str = "alice", *, password: str | None = None, **fields: object) -> User:
    """Make a person; without a password nobody logs in as them except by force."""
    return User.objects.create_user(name, f"{name}@example.test", password, **fields)


def operator(name: str = "olivia", *, password: str | None = None) -> User:
    """Make a person who may do everything in the admin."""
    return user(name, password=password, is_staff=True, is_superuser=True)


def api_key(owner: User, *, can_write: bool = False) -> tuple[ApiKey, str]:
    """Make a key; the text is what goes into X-Api-Key."""
    return issue_key(owner_id=owner.pk, name="test", can_write=can_write, now=timezone.now())
