"""What the alert pages and the audit's search accept."""

from typing import TYPE_CHECKING, Any

from django import forms

from accounts.models import AlertChannel, AlertRule

if TYPE_CHECKING:
    OfRule = forms.ModelForm[AlertRule]
else:
    OfRule = forms.ModelForm

INPUT, SELECT = {"class": "input"}, {"class": "select"}


class NewChannel(forms.Form):
    """A place to be told at."""

    kind = forms.ChoiceField(
        choices=AlertChannel.Kind.choices, label="Over", widget=forms.Select(attrs=SELECT)
    )
    name = forms.CharField(max_length=40, label="Name", widget=forms.TextInput(attrs=INPUT))
    address = forms.CharField(
        max_length=500,
        required=False,
        label="Address or chat",
        help_text="A webhook's https address, or a Telegram chat. Mail goes to your own address.",
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
            "least_edge": "Least edge",
            "once_minutes": "The same once in minutes",
            "digest": "When",
            "template": "Words",
            "is_on": "On",
        }
        help_texts = {
            "competition": "Its key, such as basketball_nba; empty for any.",
            "strategy": "Its key; empty for any.",
            "bookmaker": "Its key; empty for any.",
            "template": "Empty, or your own with $title, $text, $link, $kind, $at.",
            "channels": "None: only among your notices.",
        }
        widgets = {
            "channels": forms.CheckboxSelectMultiple(attrs={"class": "checkbox checkbox-sm"}),
            "is_on": forms.CheckboxInput(attrs={"class": "checkbox checkbox-sm"}),
        }

    def __init__(self, *args: Any, owner_channels: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["channels"].queryset = owner_channels  # type: ignore[attr-defined]
        self.fields["channels"].label_from_instance = lambda c: c.name  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            if name not in ("channels", "is_on"):
                kind = SELECT if isinstance(field.widget, forms.Select) else INPUT
                field.widget.attrs |= kind


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
