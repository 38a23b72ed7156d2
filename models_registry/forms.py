"""What people say when they change the registry."""

from django import forms


class Reason(forms.Form):
    """Why a version changes."""

    reason = forms.CharField(
        max_length=500, error_messages={"required": "Reason: say why, for whoever asks later."}
    )


class Staging(Reason):
    """Which stage a version goes to, and why."""

    stage = forms.CharField(max_length=10)


class Tagging(forms.Form):
    """A tag to put on, or to take off."""

    tag = forms.CharField(
        max_length=40, error_messages={"required": "Tag: write one, such as reviewed."}
    )


class Noting(forms.Form):
    """A note about a version."""

    text = forms.CharField(
        max_length=2000, error_messages={"required": "Note: write what whoever asks should know."}
    )


class Training(forms.Form):
    """A training on everything known now, or by the end of a day."""

    competition = forms.CharField(max_length=64)
    until = forms.DateField(
        required=False,
        error_messages={"invalid": "Until: write a day, such as 2024-06-30, or leave it empty."},
    )
    notes = forms.CharField(max_length=500, required=False)
    recipe = forms.CharField(max_length=24, required=False)


class Pair(forms.Form):
    """Two versions to set side by side."""

    first = forms.IntegerField(min_value=1)
    second = forms.IntegerField(min_value=1)
