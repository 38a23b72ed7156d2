"""What the page of one's own limits accepts."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms

from risk.domain.jurisdictions import Rules, ages_asked
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

ELSEWHERE = ("other", "Somewhere else")


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


class SayPlace(forms.Form):
    """Where I am, and an age I have reached."""

    place = forms.ChoiceField(label="I am in")
    reached_age = forms.TypedChoiceField(label="I am", coerce=int)

    def __init__(self, *args: Any, rules: Rules, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        places = sorted((rule.title, rule.code) for rule in rules.values())
        ages = ages_asked(rules)
        choices = {
            "place": [("", "Choose"), *((code, title) for title, code in places), ELSEWHERE],
            "reached_age": [
                ("", "Choose"),
                *((age, f"{age} or older") for age in ages),
                (0, f"younger than {min(ages, default=18)}"),
            ],
        }
        for name, given in choices.items():
            field = self.fields[name]
            field.choices = given  # type: ignore[attr-defined]
            field.widget.attrs["class"] = "select"


class CheckEvery(forms.Form):
    """How often I am told how long I am here."""

    minutes = forms.IntegerField(
        label="Tell me every so many minutes",
        min_value=5,
        max_value=240,
        widget=forms.TextInput(attrs={"class": "input tnum", "inputmode": "numeric"}),
    )
