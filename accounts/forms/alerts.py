"""What the alert pages and the audit's search accept."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms

from accounts.models import AlertChannel, AlertRule
from accounts.models.alerts import KINDS

if TYPE_CHECKING:
    OfRule = forms.ModelForm[AlertRule]
else:
    OfRule = forms.ModelForm

INPUT, SELECT = {"class": "input"}, {"class": "select"}
CHANNELS = [
    (value, {"mail": "E-mail"}.get(value, label)) for value, label in AlertChannel.Kind.choices
]


class NewChannel(forms.Form):
    """A place to be told at."""

    kind = forms.ChoiceField(choices=CHANNELS, label="Send by", widget=forms.Select(attrs=SELECT))
    name = forms.CharField(max_length=40, label="Name", widget=forms.TextInput(attrs=INPUT))
    address = forms.CharField(
        max_length=500,
        required=False,
        label="Address or chat",
        help_text="A webhook's https address, or a Telegram chat. E-mail goes to your own address.",
        widget=forms.TextInput(attrs=INPUT | {"autocomplete": "off"}),
    )
    token = forms.CharField(
        max_length=500,
        required=False,
        label="Token",
        help_text="A Telegram bot's token, or the address that Slack or Discord gave you.",
        widget=forms.PasswordInput(attrs=INPUT | {"autocomplete": "off"}),
    )


class Rule(OfRule):
    """What to be told of. Names and channels are checked by the service."""

    class Meta:
        model = AlertRule
        fields = (
            "name",
            "kind",
            "competition",
            "strategy",
            "bookmaker",
            "least_edge",
            "channels",
            "once_minutes",
            "digest",
            "template",
            "is_on",
        )
        labels = {
            "kind": "Tell me of",
            "competition": "League",
            "once_minutes": "Not again within … minutes",
            "digest": "When",
            "template": "Your own words",
            "is_on": "On",
        }
        help_texts = {
            "once_minutes": "",
            "template": "Empty: ours. They may hold $title, $text, $link, $kind, $at.",
            "channels": "None: only among your notices.",
        }
        widgets = {
            "channels": forms.CheckboxSelectMultiple(attrs={"class": "checkbox checkbox-sm"}),
            "is_on": forms.CheckboxInput(attrs={"class": "checkbox checkbox-sm"}),
        }

    least_edge = forms.FloatField(
        required=False,
        label="Least edge, %",
        help_text="Only for opportunities that pay at least so much; empty: all.",
        widget=forms.NumberInput(attrs={"step": "any"}),
    )

    def __init__(
        self,
        *args: Any,  # noqa: ANN401
        owner_channels: Any,  # noqa: ANN401
        choices: Mapping[str, list[tuple[str, str]]],
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **kwargs)
        if (share := self.initial.get("least_edge")) is not None:
            self.initial["least_edge"] = round(share * 100, 6)
        for name, known in choices.items():
            # What a rule names stays among them, also where it is no longer here.
            kept = self.initial.get(name) or ""
            gone = [(kept, kept)] if kept and kept not in dict(known) else []
            self.fields[name] = forms.ChoiceField(
                choices=[("", "Any"), *known, *gone],
                required=False,
                label=self.fields[name].label,
            )
        self.fields["kind"].choices = [("", "Choose"), *KINDS]  # type: ignore[attr-defined]
        self.fields["channels"].queryset = owner_channels  # type: ignore[attr-defined]
        self.fields["channels"].label_from_instance = lambda c: c.name  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            if name not in ("channels", "is_on"):
                kind = SELECT if isinstance(field.widget, forms.Select) else INPUT
                field.widget.attrs |= kind

    def clean_least_edge(self) -> float | None:
        """Return the edge as a share: it is typed in per cent."""
        typed: float | None = self.cleaned_data["least_edge"]
        return None if typed is None else typed / 100


class Mute(forms.Form):
    """For how long to be left in peace."""

    hours = forms.IntegerField(min_value=0, max_value=720)
    rule = forms.IntegerField(required=False)


class QuietHours(forms.Form):
    """When not to be disturbed, in one's own time zone."""

    quiet_from = forms.TimeField(
        required=False, label="Quiet from",
        widget=forms.TimeInput(attrs=INPUT | {"type": "time"}, format="%H:%M"),
    )  # fmt: skip
    quiet_to = forms.TimeField(
        required=False, label="to",
        widget=forms.TimeInput(attrs=INPUT | {"type": "time"}, format="%H:%M"),
    )  # fmt: skip


class AuditSearch(forms.Form):
    """What of the audit to show."""

    q = forms.CharField(
        required=False, max_length=100, label="Words",
        widget=forms.TextInput(attrs=INPUT | {"type": "search"}),
    )  # fmt: skip
    actor = forms.CharField(
        required=False, max_length=150, label="Who", widget=forms.TextInput(attrs=INPUT)
    )
    action = forms.ChoiceField(required=False, label="Did", widget=forms.Select(attrs=SELECT))
    address = forms.CharField(
        required=False, max_length=45, label="From", widget=forms.TextInput(attrs=INPUT)
    )
    since = forms.DateField(
        required=False, label="Since", widget=forms.DateInput(attrs=INPUT | {"type": "date"})
    )
    until = forms.DateField(
        required=False, label="Until", widget=forms.DateInput(attrs=INPUT | {"type": "date"})
    )
    people = forms.BooleanField(
        required=False, label="People only",
        widget=forms.CheckboxInput(attrs={"class": "checkbox checkbox-sm"}),
    )  # fmt: skip

    def __init__(self, *args: Any, actions: list[str], **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["action"].choices = [  # type: ignore[attr-defined]
            ("", "Anything"), *((each, each) for each in actions)
        ]  # fmt: skip
