"""What the pages about money and results accept."""

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator
from django.http import QueryDict

KINDS = (
    ("deposit", "Deposit"),
    ("withdrawal", "Withdraw"),
    ("to_book", "Move to a bookmaker"),
    ("from_book", "Move back from a bookmaker"),
)
ENDS = (
    ("finished", "Finished, with this score"),
    ("cancelled", "Cancelled: its bets are void"),
    ("postponed", "Postponed: stakes stand for a while, then come back"),
    ("abandoned", "Abandoned: void, but for totals already decided"),
    ("rescheduled", "To be played at another time: stakes stand if that is soon"),
    ("dead_heat", "A dead heat on one selection: part of each stake wins"),
)
INPUT = {"class": "input"}
NUMBER = {"class": "input tnum", "inputmode": "decimal"}


class MoveMoney(forms.Form):
    """An amount to move, and which way; `confirmed` once the person has seen it written out."""

    request_key = forms.CharField(max_length=72, widget=forms.HiddenInput)
    kind = forms.ChoiceField(label="What", choices=KINDS, widget=forms.Select(INPUT))
    amount = forms.DecimalField(
        max_digits=12,
        decimal_places=2,
        widget=forms.TextInput(NUMBER),
        error_messages={"required": "Amount: say how much, such as 100.00."},
    )
    bookmaker = forms.TypedChoiceField(
        label="Bookmaker", required=False, coerce=int, empty_value=None, widget=forms.Select(INPUT)
    )
    confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        books: Iterable[tuple[int, str]] = (),
        auto_id: str = "id_%s",
    ) -> None:
        super().__init__(data, auto_id=auto_id)
        self.fields["bookmaker"].choices = [("", "–"), *books]  # type: ignore[attr-defined]
        self.fields["request_key"].initial = lambda: str(uuid.uuid4())

    def clean(self) -> dict[str, Any]:
        """Ask for the bookmaker where one is meant."""
        given: dict[str, Any] = super().clean() or {}
        if given.get("kind", "").endswith("_book") and not given.get("bookmaker"):
            self.add_error("bookmaker", "Bookmaker: say which one.")
        return given


class NameBankroll(forms.Form):
    """A bankroll's name."""

    name = forms.CharField(
        max_length=48,
        widget=forms.TextInput(INPUT),
        error_messages={"required": "Name: write one, such as Main."},
    )


class OpenBankroll(NameBankroll):
    """A new bankroll."""

    currency = forms.RegexField(
        "^[A-Z]{3}$",
        initial="EUR",
        widget=forms.TextInput({**INPUT, "maxlength": 3}),
        error_messages={"invalid": "Currency: a code of three letters, such as EUR."},
    )


# The day after it must still be one.
LAST_DAY = date(9000, 1, 1)


class Period(forms.Form):
    """From a day to a day, both in it."""

    begin = forms.DateField(
        label="From",
        required=False,
        validators=[MaxValueValidator(LAST_DAY)],
        widget=forms.DateInput({**INPUT, "type": "date"}),
    )
    end = forms.DateField(
        label="To",
        required=False,
        validators=[MaxValueValidator(LAST_DAY)],
        widget=forms.DateInput({**INPUT, "type": "date"}),
    )

    def moments(self) -> tuple[datetime | None, datetime | None]:
        """Return the moment it begins and the one before which it ends, by UTC days.

        None where no day was said, or none that is one.
        """
        days = self.cleaned_data if self.is_valid() else {}
        begin, end = days.get("begin"), days.get("end")
        return (
            datetime.combine(begin, time(), tzinfo=UTC) if begin else None,
            datetime.combine(end + timedelta(days=1), time(), tzinfo=UTC) if end else None,
        )


class RuleOnEvent(forms.Form):
    """What became of an event. `confirmed` says that the operator has seen what it does."""

    status = forms.ChoiceField(label="It was", choices=ENDS, widget=forms.Select(INPUT))
    home_score = forms.IntegerField(
        label="Home score", required=False, min_value=0, widget=forms.NumberInput(NUMBER)
    )
    away_score = forms.IntegerField(
        label="Away score", required=False, min_value=0, widget=forms.NumberInput(NUMBER)
    )
    starts_at = forms.DateTimeField(
        label="New start, UTC",
        required=False,
        widget=forms.DateTimeInput({**INPUT, "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": "New start: write it like 2026-03-01 19:30, in UTC."},
    )
    selection = forms.TypedChoiceField(
        label="Selection that tied",
        required=False,
        coerce=int,
        empty_value=None,
        widget=forms.Select(INPUT),
    )
    tied = forms.IntegerField(
        label="How many tied",
        required=False,
        min_value=2,
        max_value=100,
        widget=forms.NumberInput(NUMBER),
    )
    places = forms.IntegerField(
        label="For so many places",
        required=False,
        min_value=1,
        max_value=99,
        widget=forms.NumberInput(NUMBER),
    )
    reason = forms.CharField(
        max_length=500,
        widget=forms.TextInput(INPUT),
        error_messages={"required": "Reason: say where the result is from, or why."},
    )
    confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: QueryDict | None = None, *, selections: Iterable[tuple[int, str]] = ()
    ) -> None:
        super().__init__(data)
        self.fields["selection"].choices = [("", "–"), *selections]  # type: ignore[attr-defined]

    def clean_places(self) -> int:
        """One place, where nothing is said."""
        return self.cleaned_data["places"] or 1
