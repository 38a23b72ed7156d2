"""What the preferences page accepts."""

from zoneinfo import available_timezones

from django import forms

from accounts.models import PriceFormat, Theme


class Preferences(forms.Form):
    """How a person likes prices, times and colours."""

    price_format = forms.ChoiceField(choices=PriceFormat.choices, label="Prices")
    time_zone = forms.ChoiceField(
        choices=lambda: [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())],
        label="Time zone",
        help_text="Every time on every page is shown in it.",
    )
    theme = forms.ChoiceField(choices=Theme.choices, label="Theme")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for field in self.fields.values():
            field.widget.attrs["class"] = "select"


class NewKey(forms.Form):
    """A key for a program."""

    name = forms.CharField(
        max_length=50,
        label="What is it for",
        error_messages={"required": "Name: say what the key is for, such as 'spreadsheet'."},
        widget=forms.TextInput(attrs={"class": "input", "placeholder": "spreadsheet"}),
    )
    can_write = forms.BooleanField(
        required=False,
        label="May place bets",
        help_text="Without it the key only reads.",
        widget=forms.CheckboxInput(attrs={"class": "checkbox checkbox-sm"}),
    )
