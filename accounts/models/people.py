"""Who uses the system, and with which keys."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from accounts import scopes


class PriceFormat(models.TextChoices):
    DECIMAL = "decimal", "Decimal (2.50)"
    AMERICAN = "american", "American (+150)"
    FRACTIONAL = "fractional", "Fractional (3/2)"
    PERCENT = "percent", "Implied chance (40.0 %)"


class Theme(models.TextChoices):
    SYSTEM = "system", "As the device"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Colours(models.TextChoices):
    """Gain and loss; with a sign and an arrow in either."""

    CLEAR = "clear", "Blue and orange: told apart by every eye"
    CLASSIC = "classic", "Green and red"


class Density(models.TextChoices):
    """How much room the rows of a table have."""

    CALM = "calm", "Calm"
    COMPACT = "compact", "Compact: more rows on the screen"


class Role(models.TextChoices):
    """What somebody is here; what each may do is in accounts/scopes.py."""

    VIEWER = scopes.VIEWER, "Viewer: reads, and can place nothing"
    BETTOR = scopes.BETTOR, "Bettor: bets and moves money of their own"
    OPERATOR = scopes.OPERATOR, "Operator: runs models, venues, results and the admin"
    ADMIN = scopes.ADMIN, "Admin: an operator who also says who may come in"


class People(UserManager["User"]):
    """Makes people whose role and rights agree."""

    def _create_user(
        self,
        username: str,
        email: str,
        password: str | None,
        **fields: Any,  # noqa: ANN401
    ) -> "User":
        if "role" not in fields:
            fields["role"] = (
                Role.ADMIN
                if fields.get("is_superuser")
                else Role.OPERATOR
                if fields.get("is_staff")
                else Role.BETTOR
            )
        fields |= scopes.rights_of(fields["role"])
        return super()._create_user(username, email, password, **fields)  # type: ignore[misc, no-any-return]


class User(AbstractUser):
    """A person, with their role, and how they like pages to be."""

    objects: ClassVar = People()

    role = models.CharField(max_length=8, choices=Role.choices, default=Role.BETTOR)

    price_format = models.CharField(
        max_length=12, choices=PriceFormat.choices, default=PriceFormat.DECIMAL
    )
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    colours = models.CharField(
        max_length=8, choices=Colours.choices, default=Colours.CLEAR, db_default=Colours.CLEAR
    )
    density = models.CharField(
        max_length=8, choices=Density.choices, default=Density.CALM, db_default=Density.CALM
    )
    letter_keys = models.BooleanField(
        default=True, db_default=True, help_text="whether keys like j, k and g o do anything"
    )
    toured_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when they closed the first-run tour"
    )
    my_books = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="keys of the bookmakers shown first on the odds screen",
    )
    sessions_ended = models.PositiveIntegerField(
        default=0, editable=False, help_text="how often every session of theirs was ended at once"
    )
    closing_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when the account is closed for good"
    )

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(price_format__in=PriceFormat.values), name="user_price_format_known"
            ),
            models.CheckConstraint(condition=Q(theme__in=Theme.values), name="user_theme_known"),
            models.CheckConstraint(
                condition=Q(colours__in=Colours.values), name="user_colours_known"
            ),
            models.CheckConstraint(
                condition=Q(density__in=Density.values), name="user_density_known"
            ),
            models.CheckConstraint(
                condition=Q(role__in=(Role.VIEWER, Role.BETTOR), is_staff=False, is_superuser=False)
                | Q(role=Role.OPERATOR, is_staff=True, is_superuser=False)
                | Q(role=Role.ADMIN, is_staff=True, is_superuser=True),
                name="user_rights_are_of_role",
            ),
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
