"""What an operator says when they invite somebody."""

from django import forms

from accounts.scopes import ADMIN, BETTOR, OPERATOR, VIEWER


class Inviting(forms.Form):
    """Whom to ask in."""

    email = forms.EmailField(
        required=False,
        label="E-mail address",
        help_text="The link is sent there and works for nobody else. Empty: pass it on yourself.",
    )
    role = forms.ChoiceField(label="Role", choices=[(BETTOR, "Bettor"), (VIEWER, "Viewer")])
    days = forms.IntegerField(label="Days it is good for", initial=7)

    def __init__(self, *args: object, by_admin: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if by_admin:
            role = self.fields["role"]
            role.choices = [*role.choices, (OPERATOR, "Operator"), (ADMIN, "Admin")]  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "select" if name == "role" else "input"
