"""Who uses the system, and with which keys."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac


class PriceFormat(models.TextChoices):
    DECIMAL = "decimal", "Decimal (2.50)"
    AMERICAN = "american", "American (+150)"
    FRACTIONAL = "fractional", "Fractional (3/2)"


class Theme(models.TextChoices):
    SYSTEM = "system", "As the device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class User(AbstractUser):
    """A person, with how they like prices, times and colours shown."""

    price_format = models.CharField(
        max_length=12, choices=PriceFormat.choices, default=PriceFormat.DECIMAL
    )
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    my_books = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="keys of the bookmakers shown first on the odds screen",
    )
    sessions_ended = models.PositiveIntegerField(
        default=0, editable=False, help_text="how often every session of theirs was ended at once"
    )

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(price_format__in=PriceFormat.values), name="user_price_format_known"
            ),
            models.CheckConstraint(condition=Q(theme__in=Theme.values), name="user_theme_known"),
        ]

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Return what a session has to carry: it changes with the password and `sessions_ended`."""
        return salted_hmac(
            "accounts.User.session",
            f"{self.password}:{self.sessions_ended}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


class SavedFilter(models.Model):
    """A named set of filters of one page, as its address has them. One person's own."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters"
    )
    page = models.CharField(max_length=16, help_text="the name of the page's address, e.g. 'odds'")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=512)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "page", "name"], name="saved_filter_named_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.page}"
