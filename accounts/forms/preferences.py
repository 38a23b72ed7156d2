"""What the preferences page accepts."""

from collections.abc import Collection
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.models import Colours, Density, PriceFormat, Theme
from accounts.scopes import READING, SCOPES


@cache
def _time_zones() -> list[tuple[str, str]]:
    """Return every time zone; asking goes through all of their files."""
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]


class LongSelect(forms.Select):
    """A list of hundreds, at once: Django renders a template for each of its options."""

    def render(
        self,
        name: str,
        value: object,
        attrs: dict[str, Any] | None = None,
        renderer: object = None,
    ) -> SafeString:
        """Return the list, as Django's own."""
        drawn = self.get_context(name, value, attrs)["widget"]
        options = format_html_join(
            "\n",
            '<option value="{}"{}>{}</option>',
            (
                (each["value"], flatatt(each["attrs"]), each["label"])
                for _, group, _ in drawn["optgroups"]
                for each in group
            ),
        )
        given = flatatt({"name": drawn["name"], **drawn["attrs"]})
        return format_html("<select{}>\n{}\n</select>", given, options)


class Preferences(forms.Form):
    """How a person likes pages to be."""

    price_format = forms.ChoiceField(choices=PriceFormat.choices, label="Prices")
    time_zone = forms.ChoiceField(
        choices=_time_zones,
        label="Time zone",
        widget=LongSelect,
        help_text="Every time on every page is shown in it.",
    )
    theme = forms.ChoiceField(choices=Theme.choices, label="Theme")
    colours = forms.ChoiceField(
        choices=Colours.choices,
        label="Gain and loss",
        help_text="The sign and the arrow stay whichever you choose.",
    )
    density = forms.ChoiceField(choices=Density.choices, label="Tables")
    letter_keys = forms.TypedChoiceField(
        choices=[(True, "On: j, k, g and a letter, ? for all of them"), (False, "Off")],
        coerce=lambda text: text == "True",
        label="Keys of one letter",
        help_text="Off, a dictated word or a slip does nothing. Ctrl K stays.",
    )

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
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        error_messages={"required": "Scopes: choose at least one thing the key may do."},
        widget=forms.CheckboxSelectMultiple(attrs={"class": "checkbox checkbox-sm"}),
    )
    expires = forms.TypedChoiceField(
        choices=[
            ("", "never"),
            (7, "in a week"),
            (30, "in 30 days"),
            (90, "in 90 days"),
            (365, "in a year"),
        ],
        coerce=int,
        empty_value=None,
        required=False,
        initial=90,
        label="Expires",
        widget=forms.Select(attrs={"class": "select"}),
    )
    addresses = forms.CharField(
        required=False,
        max_length=400,
        label="Only from these addresses",
        help_text="With commas between, such as 192.0.2.7, 198.51.100.0/24. Empty: from anywhere.",
        widget=forms.TextInput(attrs={"class": "input"}),
    )

    def __init__(self, *args: Any, may: Collection[str], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]
            (name, _sentence(scope.words)) for name, scope in SCOPES.items() if name in may
        ]
        self.fields["scopes"].initial = list(READING)

    def clean_addresses(self) -> list[str]:
        """Return them one by one."""
        return [part for part in self.cleaned_data["addresses"].split(",") if part.strip()]


class RotateKey(forms.Form):
    """How long the key that is replaced works on."""

    hours = forms.TypedChoiceField(
        choices=[(0, "not at all"), (1, "for an hour"), (24, "for a day"), (168, "for a week")],
        coerce=int,
        initial=24,
        label="The old key works on",
        widget=forms.Select(attrs={"class": "select"}),
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
