"""What the pages of prices accept."""

from decimal import Decimal

from django import forms

from odds.domain.free_bets import OfferKind
from odds.screens import MARKETS

KINDS = [
    (OfferKind.FREE_BET, "Free bet, stake not returned"),
    (OfferKind.CREDIT, "Credit, stake returned"),
    (OfferKind.REFUND, "Refund of a lost stake as a free bet"),
]
# Whatever is wrong with a figure, its field says the same: what to write.
_WRONG = (
    "required", "invalid", "min_value", "max_value",
    "max_digits", "max_decimal_places", "max_whole_digits",
)  # fmt: skip
_FIGURE = {"class": "input tnum", "inputmode": "decimal"}


def _amount(label: str, wrong: str, *, least: str, most: str, **more: object) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=Decimal(least),
        max_value=Decimal(most),
        max_digits=12,
        error_messages=dict.fromkeys(_WRONG, wrong),
        widget=forms.TextInput(attrs=_FIGURE),
        **more,  # type: ignore[arg-type]
    )


def _price(label: str, **more: object) -> forms.DecimalField:
    wrong = f"{label}: write a decimal price from 1.01 to 1,001, such as 2.10."
    return _amount(f"{label}, decimal", wrong, least="1.01", most="1001", decimal_places=3, **more)


def _commission(label: str) -> forms.DecimalField:
    wrong = f"{label}: write per cent from 0 to 50, such as 2."
    return _amount(f"{label}, %", wrong, least="0", most="50", decimal_places=2, required=False)


class OfferForm(forms.Form):
    """A promotion: of what kind, how much, and what a refund is worth."""

    kind = forms.ChoiceField(
        label="Offer", choices=KINDS, widget=forms.Select(attrs={"class": "select"}, choices=KINDS)
    )
    amount = _amount(
        "Amount",
        "Amount: write how much the offer is, 0.01 to 1,000,000, such as 50.",
        least="0.01",
        most="1000000",
        decimal_places=2,
    )
    worth = _amount(
        "Refund is worth, %",
        "Refund is worth: write per cent from 0 to 100, such as 70.",
        least="0",
        most="100",
        decimal_places=1,
        required=False,
        help_text="Only for a refund: what you expect to make of the free bet.",
    )

    def clean_worth(self) -> Decimal:
        """Return the share that a refund is worth; 70 % where nothing was said."""
        worth: Decimal | None = self.cleaned_data["worth"]
        return (Decimal(70) if worth is None else worth) / 100


class FindForm(OfferForm):
    """Where the offer is valid, and on what."""

    book = forms.TypedChoiceField(
        label="Valid at",
        coerce=int,
        widget=forms.Select(attrs={"class": "select"}),
        error_messages={
            "required": "Valid at: choose the bookmaker that gave you the offer.",
            "invalid_choice": "Valid at: choose one of the bookmakers in the list.",
        },
    )
    min_price = _price("Minimum odds", required=False)
    markets = forms.MultipleChoiceField(
        label="Markets (none ticked: all)",
        required=False,
        choices=list(MARKETS.items()),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "checkbox checkbox-sm"}),
    )

    def __init__(self, *given: object, books: list[tuple[int, str]], **more: object) -> None:
        super().__init__(*given, **more)  # type: ignore[arg-type]
        choices = [("", "Choose a bookmaker"), *books]
        self.fields["book"].choices = choices  # type: ignore[attr-defined]


class CalculatorForm(OfferForm):
    """Prices as somebody sees them: the offer's own, and what it is hedged with."""

    price = _price("Price at the bookmaker")
    by = forms.ChoiceField(
        label="Hedge by",
        choices=[("back", "Backing every other outcome"), ("lay", "Laying it on an exchange")],
        widget=forms.Select(
            attrs={"class": "select"},
        ),
    )
    price_2 = _price("Price of the hedge")
    commission_2 = _commission("Commission of the hedge")
    price_3 = _price("Price of a third outcome", required=False)
    commission_3 = _commission("Commission of the third outcome")

    def clean(self) -> dict[str, object]:
        """Refuse a third outcome beside a lay, which is against all of them."""
        given: dict[str, object] = super().clean() or {}
        if given.get("by") == "lay" and given.get("price_3"):
            self.add_error(
                "price_3", "Price of a third outcome: a lay bet covers it; leave it empty."
            )
        return given
