"""What our admin pages are made of: evidence that is only read, deeds that need a reason."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit

if TYPE_CHECKING:
    Table = admin.ModelAdmin[Any]
    Rows = admin.TabularInline[Any, Any]
else:
    Table, Rows = admin.ModelAdmin, admin.TabularInline

MOST_AT_ONCE = 20
# Where a request keeps what its form changed, between the form and the entry.
CHANGED = "fairline.changed"


class WithReason(ActionForm):
    """The box beside the list of deeds."""

    reason = forms.CharField(label="Reason", required=False, max_length=500)


class Operated(Table):
    """A table an operator may change; each change is written to the audit log too."""

    list_per_page = 50
    show_full_result_count = False
    action_form = WithReason

    def construct_change_message(
        self,
        request: HttpRequest,
        form: forms.Form,
        formsets: Any,  # noqa: ANN401
        add: bool = False,
    ) -> list[dict[str, Any]]:
        """Keep what the changed fields said before and say now, for the entry of this change."""
        before = {name: _said(form.initial.get(name)) for name in form.changed_data}
        after = {name: _said(form.cleaned_data.get(name)) for name in form.changed_data}
        request.META[CHANGED] = (None if add else before, after)
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:  # noqa: ANN401
        self._audit("added in admin", request, obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:  # noqa: ANN401
        self._audit("changed in admin", request, obj, message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:  # noqa: ANN401
        for obj in queryset:
            self._audit("deleted in admin", request, obj, "")
        return super().log_deletions(request, queryset)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may change the table may do its deeds, also where no field can be edited."""
        return super().has_change_permission(request)

    def deed(
        self,
        request: HttpRequest,
        rows: QuerySet[Any],
        do: Callable[[Any, str], object],
        *,
        refusals: tuple[type[Exception], ...] = (),
    ) -> None:
        """Do one thing to each chosen row, with the reason given, and say what came of each."""
        reason = request.POST.get("reason", "").strip()
        if not reason:
            self.message_user(request, "Say why in Reason; nothing was done.", messages.ERROR)
            return
        if rows.count() > MOST_AT_ONCE:
            self.message_user(
                request, f"Choose {MOST_AT_ONCE} at most; nothing was done.", messages.ERROR
            )
            return
        for row in rows:
            try:
                do(row, reason)
            except refusals as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, f"{row}: done.", messages.SUCCESS)

    def _audit(self, action: str, request: HttpRequest, obj: Model, message: object) -> None:
        before, after = request.META.get(CHANGED, (None, None))
        audit.record(
            action=action,
            subject=f"{obj._meta.verbose_name} {obj.pk}: {obj}",
            actor_id=request.user.pk,
            at=timezone.now(),
            detail={"message": message},
            before=before,
            after=after,
        )


class Evidence(Operated):
    """A table nobody edits: rows come from services, and are shown as they are."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class EvidenceInline(Rows):
    """Rows of a table nobody edits, below what they belong to."""

    extra = 0
    can_delete = False
    show_change_link = True
    ordering: ClassVar = ("pk",)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _said(value: object) -> object:
    """Return a form's value as the audit keeps it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, QuerySet | list | tuple):
        return [_said(each) for each in value]
    return str(value)
