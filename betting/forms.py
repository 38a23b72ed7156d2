"""What the betting pages accept."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

from django import forms
from django.core import validators

from risk.domain.breakers import LONGEST_LOCK_HOURS, PERSONAL, WORLD
from risk.models import Halt


class PlaceBet(forms.Form):
    """A stake on a selection at a bookmaker, at a price or better."""

    request_key = forms.CharField(max_length=96)
    selection_id = forms.IntegerField()
    bookmaker_id = forms.IntegerField()
    opportunity_id = forms.IntegerField(required=False)
    venue = forms.CharField(max_length=16, initial="paper", required=False)
    stake = forms.DecimalField(
        max_digits=12,
        decimal_places=2,
        min_value=Decimal("0.01"),
        error_messages={"required": "Stake: say how much, such as 12.50."},
    )
    price = forms.DecimalField(
        max_digits=9,
        decimal_places=3,
        min_value=Decimal("1.001"),
        error_messages={"required": "Price: say the least you accept, such as 2.05."},
    )

    def clean_venue(self) -> str:
        """Return the venue's key; on paper, where none is named."""
        return self.cleaned_data["venue"] or "paper"


class NewSource(forms.Form):
    """A bot whose signals are to be listened to."""

    name = forms.CharField(
        max_length=50,
        label="Name of the bot",
        error_messages={"required": "Name: say which bot it is, such as 'line watcher'."},
        widget=forms.TextInput(attrs={"class": "input", "placeholder": "line watcher"}),
    )


class ConfirmBet(forms.Form):
    """What a bettor really got of a bet they placed by hand."""

    stake = forms.DecimalField(
        label="Stake you got",
        max_digits=12,
        decimal_places=2,
        widget=forms.TextInput(attrs={"class": "input tnum", "inputmode": "decimal"}),
        error_messages={"required": "Stake: say how much, such as 12.50."},
    )
    price = forms.DecimalField(
        label="Price you got, decimal",
        max_digits=9,
        decimal_places=3,
        widget=forms.TextInput(attrs={"class": "input tnum", "inputmode": "decimal"}),
        error_messages={"required": "Price: say which you got, such as 2.05."},
    )
    venue_reference = forms.CharField(
        label="Number on the slip, if you want to find it again",
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"class": "input"}),
    )


class ArmVenue(forms.Form):
    """Why a venue is to stake real money, and for how long."""

    reason = forms.CharField(
        max_length=500, error_messages={"required": "Reason: say why, for the audit log."}
    )
    hours = forms.IntegerField(
        error_messages={
            "required": "Hours: say for how many, 1 to 24.",
            "invalid": "Hours: 1 to 24.",
        }
    )


class ConfirmArming(forms.Form):
    """A venue's key, typed: the second step."""

    typed = forms.CharField(
        max_length=16, error_messages={"required": "Type the venue's key to arm it."}
    )


class DisarmVenue(forms.Form):
    """Why a venue is to stop."""

    reason = forms.CharField(
        max_length=500, error_messages={"required": "Reason: say why, for the audit log."}
    )


class ShareField(forms.DecimalField):
    """A share of equity or of Kelly, written in per cent: 2.5 is 0.025."""

    def __init__(self, label: str, *, least: Decimal = Decimal("0.01")) -> None:
        wrong = f"{label}: write per cent from {least} to 100, such as 2.5."
        super().__init__(
            label=f"{label}, %",
            widget=forms.TextInput(attrs={"class": "input tnum", "inputmode": "decimal"}),
            error_messages={"required": wrong, "invalid": wrong},
        )
        self.validators = [
            validators.MinValueValidator(least, wrong),
            validators.MaxValueValidator(Decimal(100), wrong),
            validators.DecimalValidator(5, 2),
        ]

    def clean(self, value: object) -> Decimal:
        """Return the share."""
        share: Decimal = super().clean(value) / 100
        return share

    def prepare_value(self, value: object) -> object:
        """Return what the person typed, or a share in per cent."""
        return f"{value * 100:f}".rstrip("0").rstrip(".") if isinstance(value, Decimal) else value


class ChangeLimits(forms.Form):
    """How much one is willing to stake."""

    max_bet_share = ShareField("One bet")
    max_market_share = ShareField("All open bets on one market")
    max_event_share = ShareField("All open bets on one event")
    max_day_share = ShareField("All stakes of one day")
    max_league_share = ShareField("All open bets in one league")
    max_bookmaker_share = ShareField("All open bets at one bookmaker")
    max_open_bets = forms.IntegerField(
        label="Bets open at once",
        min_value=1,
        max_value=100_000,
        widget=forms.TextInput(attrs={"class": "input tnum", "inputmode": "numeric"}),
        error_messages={"required": "Bets open at once: say how many, such as 200."},
    )
    max_drawdown_share = ShareField("Fall from the peak that halts")
    kelly_fraction = ShareField("Part of full Kelly")
    min_edge = ShareField("Smallest edge", least=Decimal(0))
    min_stake = forms.DecimalField(
        label="Smallest stake, in the currency of your bankroll",
        min_value=Decimal("0.01"),
        max_digits=9,
        decimal_places=2,
        widget=forms.TextInput(attrs={"class": "input tnum", "inputmode": "decimal"}),
        error_messages={"required": "Smallest stake: say how much, such as 1.00."},
    )

    def clean(self) -> dict[str, Any]:
        """Refuse limits that a wider one would never let apply."""
        given: dict[str, Any] = super().clean() or {}
        order = ("max_bet_share", "max_market_share", "max_event_share", "max_day_share")
        for name, wider in pairwise(order):
            if name in given and wider in given and given[name] > given[wider]:
                self.add_error(
                    name,
                    f"{self.fields[name].label}: {given[name]:.2%} is above "
                    f"{given[wider]:.2%}, the limit of {str(self.fields[wider].label).lower()}.",
                )
        return given


class Halting(forms.Form):
    """Why everything is to stop."""

    reason = forms.CharField(
        label="Why stop",
        max_length=500,
        error_messages={"required": "Reason: say why, for whoever lifts it."},
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    everybody = forms.BooleanField(
        label="Stop everybody, not only me",
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "checkbox checkbox-sm"}),
    )


class Locking(forms.Form):
    """What is to be locked by hand, why, and for how long."""

    scope = forms.ChoiceField(
        label="What",
        choices=Halt.Scope.choices,
        widget=forms.Select(attrs={"class": "select"}, choices=Halt.Scope.choices),
    )
    scope_key = forms.CharField(
        label="Its key (strategy, bookmaker, league, predictor or venue)",
        required=False,
        max_length=96,
        widget=forms.TextInput(attrs={"class": "input"}),
    )
    hours = forms.IntegerField(
        label="For how many hours (empty: until lifted)",
        required=False,
        min_value=1,
        max_value=24 * 366,
        widget=forms.TextInput(attrs={"class": "input tnum", "inputmode": "numeric"}),
    )
    reason = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.TextInput(attrs={"class": "input"}),
        error_messages={"required": "Reason: say why, for whoever lifts it."},
    )
    everybody = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """Refuse a scope without a key, and a key without a scope."""
        given: dict[str, Any] = super().clean() or {}
        if "scope" in given and (given["scope"] == Halt.Scope.ALL) != (not given.get("scope_key")):
            self.add_error(
                "scope_key",
                "Its key: name what is to be locked, such as basketball_nba; "
                "leave it empty to lock every stake.",
            )
        return given


class BreakerLevelsForm(forms.Form):
    """Where one breaker warns and trips, in the unit that it is shown in."""

    breaker = forms.ChoiceField(choices=[(name, name) for name in (*PERSONAL, *WORLD)])
    warn = forms.FloatField(min_value=0)
    trip = forms.FloatField(min_value=0)
    # The operator's lock while they last, and are changed for everybody: with a reason.
    lock_hours = forms.IntegerField(min_value=0, max_value=LONGEST_LOCK_HOURS, required=False)
    reason = forms.CharField(max_length=500, required=False)


class DrillDays(forms.Form):
    """How far a drill looks back."""

    days = forms.IntegerField(min_value=1, max_value=3660, required=False)


class RefusedFilter(forms.Form):
    """Which refusals."""

    rule = forms.CharField(max_length=48, required=False)
    text = forms.CharField(max_length=100, required=False)


class Lifting(forms.Form):
    """Why a halt may end."""

    reason = forms.CharField(
        max_length=500, error_messages={"required": "Reason: say why it is safe to go on."}
    )
