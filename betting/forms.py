"""What the betting pages accept."""

from decimal import Decimal

from django import forms


class PlaceBet(forms.Form):
    """A stake on a selection at a bookmaker, at a price or better."""

    request_key = forms.CharField(max_length=96)
    selection_id = forms.IntegerField()
    bookmaker_id = forms.IntegerField()
    opportunity_id = forms.IntegerField(required=False)
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


class Halting(forms.Form):
    """Why everything is to stop."""

    reason = forms.CharField(
        max_length=500, error_messages={"required": "Reason: say why, for whoever lifts it."}
    )
    everybody = forms.BooleanField(required=False)


class Lifting(forms.Form):
    """Why a halt may end."""

    reason = forms.CharField(
        max_length=500, error_messages={"required": "Reason: say why it is safe to go on."}
    )
