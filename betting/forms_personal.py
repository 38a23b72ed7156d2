"""What the page of one's own limits accepts."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms

from risk.models import Exclusion, Period, PersonalKind

LENGTHS = (
    ("1", "1 day"),
    ("7", "1 week"),
    ("30", "30 days"),
    ("42", "6 weeks"),
    ("183", "6 months"),
    ("365", "1 year"),
    ("1826", "5 years"),
    ("forever", "For good"),
)


def _select(choices: Any) -> forms.Select:  # noqa: ANN401
    return forms.Select(attrs={"class": "select"}, choices=choices)


class PersonalLimitForm(forms.Form):
    """What I let myself pay in, stake, lose or spend in time; no amount is no limit."""

    kind = forms.ChoiceField(
        label="What", choices=PersonalKind.choices, widget=_select(PersonalKind.choices)
    )
    period = forms.ChoiceField(label="In", choices=Period.choices, widget=_select(Period.choices))
    amount = forms.DecimalField(
        label="At most (money, or minutes of time; empty: no limit)",
        required=False,
        min_value=Decimal(0),
        max_digits=12,
        decimal_places=2,
        widget=forms.TextInput(attrs={"class": "input tnum", "inputmode": "decimal"}),
        error_messages={"invalid": "At most: write a number such as 50 or 50.00."},
    )


class Exclude(forms.Form):
    """For how long I keep away; asked once more before it holds."""

    days = forms.ChoiceField(label="For", choices=LENGTHS, widget=_select(LENGTHS))
    confirmed = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """Add the kind and the length."""
        given: dict[str, Any] = super().clean() or {}
        if "days" in given:
            days = given["days"]
            given["length"] = None if days == "forever" else timedelta(days=int(days))
            is_short = days != "forever" and int(days) <= 42
            kind = Exclusion.Kind.TIME_OUT if is_short else Exclusion.Kind.SELF_EXCLUSION
            given["kind"] = kind
            given["title"] = kind.label
            given["words"] = dict(LENGTHS)[days].lower()
        return given


class CheckEvery(forms.Form):
    """How often I am told how long I am here."""

    minutes = forms.IntegerField(
        label="Tell me every so many minutes",
        min_value=5,
        max_value=240,
        widget=forms.TextInput(attrs={"class": "input tnum", "inputmode": "numeric"}),
    )
