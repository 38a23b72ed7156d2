"""People, keys, jobs and the audit log, for operators."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from rest_framework_api_key.models import APIKey as UnusedKey

from accounts.jobs import dead_letters
from accounts.keys import KeyRefused, issue_key, revoke_key
from accounts.models import (
    AlertChannel,
    AlertHours,
    AlertRule,
    AlertTrigger,
    ApiKey,
    AuditEntry,
    AuditHead,
    ClientLogin,
    DeadLetter,
    Delivery,
    Invitation,
    JobRun,
    JobSkip,
    KeptAnswer,
    Notification,
    RefreshToken,
    Role,
    SavedFilter,
    SignalSource,
    User,
)
from accounts.operating import Evidence, Operated
from accounts.scopes import rights_of
from accounts.services import PREFERENCES

if TYPE_CHECKING:
    People = UserAdmin[User]
    PersonChange = UserChangeForm[User]
else:
    People = UserAdmin
    PersonChange = UserChangeForm

admin.site.site_header = "Fairline operations"
admin.site.site_title = "Fairline"
admin.site.index_title = "Home"
admin.site.site_url = "/"
# The package's own keys open nothing here; ours have an owner.
admin.site.unregister(UnusedKey)
# Whose factors and sessions these are changes them on Security; nobody reads secrets here.
for theirs in (Authenticator, EmailAddress, UserSession):
    admin.site.unregister(theirs)


class PersonForm(PersonChange):
    """A person as an admin changes them; one admin stays."""

    def clean_role(self) -> str:
        role = str(self.cleaned_data["role"])
        others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=self.instance.pk)
        if self.initial.get("role") == Role.ADMIN != role and not others.exists():
            raise ValidationError("role: nobody else is an admin; make another one first.")
        return role


@admin.register(User)
class PersonAdmin(People, Operated):
    form = PersonForm
    list_display = ("username", "email", "role", "is_active", "last_login", "date_joined")
    list_filter = ("role", "is_active")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Who they are", {"fields": ("email", "first_name", "last_name")}),
        ("What they may do", {"fields": ("role", "is_active")}),
        ("How they like it shown", {"fields": PREFERENCES}),
        ("When", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("username", "email", "role", "usable_password", "password1", "password2")},
        ),
    )

    def save_model(
        self, request: HttpRequest, obj: User, form: "ModelForm[Any]", change: bool
    ) -> None:
        """Keep rights and role together."""
        for right, has in rights_of(obj.role).items():
            setattr(obj, right, has)
        super().save_model(request, obj, form, change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        """Nobody is deleted: their bets and deeds stay. Deactivate them."""
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(Operated):
    list_display = (
        "prefix",
        "name",
        "owner",
        "scopes",
        "created",
        "last_used_at",
        "expiry_date",
        "revoked",
    )
    list_filter = ("revoked",)
    list_select_related = ("owner",)
    search_fields = ("prefix", "name", "owner__username")
    fields = ("owner", "name", "scopes", "addresses", "expiry_date")
    autocomplete_fields = ("owner",)
    actions = ("revoke",)

    def save_model(
        self,
        request: HttpRequest,
        obj: ApiKey,
        form: "ModelForm[Any]",
        change: bool,
    ) -> None:
        """Issue the key and show its text: this once, to the operator, who passes it on."""
        try:
            key, text = issue_key(
                owner_id=obj.owner_id,
                name=obj.name,
                scopes=obj.scopes,
                addresses=obj.addresses,
                expires_at=obj.expiry_date,
                now=timezone.now(),
                by_id=request.user.pk,
            )
        except KeyRefused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return
        obj.pk, obj.prefix = key.pk, key.prefix
        self.message_user(
            request, f"The key is {text} - copy it now, it is kept nowhere.", messages.WARNING
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False

    @admin.action(description="Revoke, for good", permissions=["operate"])
    def revoke(self, request: HttpRequest, rows: QuerySet[ApiKey]) -> None:
        self.deed(
            request,
            rows,
            lambda key, reason: revoke_key(
                owner_id=key.owner_id,
                prefix=key.prefix,
                now=timezone.now(),
                by_id=request.user.pk,
                reason=reason,
            ),
        )


@admin.register(SavedFilter)
class SavedFilterAdmin(Operated):
    list_display = ("name", "page", "owner", "query")
    list_filter = ("page",)
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")
    autocomplete_fields = ("owner",)


@admin.register(AuditEntry)
class AuditEntryAdmin(Evidence):
    list_display = ("number", "at", "actor", "action", "subject", "address", "via")
    list_filter = ("action",)
    list_select_related = ("actor",)
    search_fields = ("subject", "action", "actor__username", "request_id", "address", "via")
    date_hierarchy = "at"


@admin.register(AuditHead)
class AuditHeadAdmin(Evidence):
    list_display = ("number", "hash")
    search_fields = ("hash",)


@admin.register(KeptAnswer)
class KeptAnswerAdmin(Evidence):
    list_display = ("at", "owner", "key", "status")
    list_filter = ("status",)
    list_select_related = ("owner",)
    search_fields = ("key", "owner__username")
    # What was answered is the owner's own.
    exclude = ("body",)


@admin.register(ClientLogin)
class ClientLoginAdmin(Evidence):
    list_display = ("owner", "client", "made_at", "used_at", "ended_at", "ended_why")
    list_filter = ("ended_why",)
    list_select_related = ("owner",)
    search_fields = ("client", "owner__username")
    exclude = ("password_mark",)


@admin.register(RefreshToken)
class RefreshTokenAdmin(Evidence):
    list_display = ("login", "made_at", "used_at")
    list_select_related = ("login__owner",)
    search_fields = ("login__owner__username",)
    exclude = ("digest",)


@admin.register(JobRun)
class JobRunAdmin(Evidence):
    list_display = ("job", "started_at", "finished_at", "succeeded", "error")
    list_filter = ("job", "succeeded")
    search_fields = ("job", "error")
    ordering: ClassVar = ("-pk",)


@admin.register(JobSkip)
class JobSkipAdmin(Evidence):
    list_display = ("job", "made_at", "until", "made_by", "reason", "ended_at")
    list_filter = ("job",)
    list_select_related = ("made_by",)
    search_fields = ("job", "reason")


@admin.register(DeadLetter)
class DeadLetterAdmin(Evidence):
    list_display = ("task", "status", "times", "last_at", "queue", "error", "closed_by")
    list_filter = ("status", "queue", "task")
    list_select_related = ("closed_by",)
    search_fields = ("task", "error", "trace_id", "task_id")
    actions = ("send_once_more", "dismiss")

    @admin.action(description="Send once more", permissions=["operate"])
    def send_once_more(self, request: HttpRequest, rows: QuerySet[DeadLetter]) -> None:
        self._deal(request, rows, dead_letters.retry)

    @admin.action(description="Dismiss, and do nothing", permissions=["operate"])
    def dismiss(self, request: HttpRequest, rows: QuerySet[DeadLetter]) -> None:
        self._deal(request, rows, dead_letters.dismiss)

    def _deal(
        self, request: HttpRequest, rows: QuerySet[DeadLetter], do: Callable[..., object]
    ) -> None:
        def one(letter: DeadLetter, reason: str) -> None:
            do(letter_id=letter.pk, by_id=request.user.pk, reason=reason, now=timezone.now())

        self.deed(request, rows, one, refusals=(dead_letters.LetterRefused,))


@admin.register(AlertChannel)
class AlertChannelAdmin(Evidence):
    # What is sealed stays out of sight, and so does an address, which may hold a token.
    list_display = ("name", "kind", "owner", "failures", "rests_until", "last_error", "removed_at")
    fields = ("owner", "name", "kind", "created_at", "removed_at", "failures", "rests_until",
              "last_error", "last_sent_at")  # fmt: skip
    list_filter = ("kind",)
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")


@admin.register(AlertRule)
class AlertRuleAdmin(Evidence):
    list_display = ("name", "kind", "owner", "digest", "is_on", "muted_until", "removed_at")
    list_filter = ("kind", "is_on")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__username")


@admin.register(AlertHours)
class AlertHoursAdmin(Evidence):
    list_display = ("owner", "quiet_from", "quiet_to", "muted_until")
    list_select_related = ("owner",)
    search_fields = ("owner__username",)


@admin.register(AlertTrigger)
class AlertTriggerAdmin(Evidence):
    list_display = ("written_at", "kind", "title", "owner", "handled_at", "error")
    list_filter = ("kind",)
    list_select_related = ("owner",)
    search_fields = ("title", "key")


@admin.register(Notification)
class NotificationAdmin(Evidence):
    list_display = ("made_at", "owner", "kind", "trigger", "read_at")
    list_filter = ("kind",)
    list_select_related = ("owner", "trigger")
    search_fields = ("trigger__title", "owner__username", "key")


@admin.register(Delivery)
class DeliveryAdmin(Evidence):
    list_display = ("uid", "channel", "status", "tries", "due_at", "sent_at", "error")
    list_filter = ("status",)
    list_select_related = ("channel__owner",)
    search_fields = ("uid", "channel__name", "error")


@admin.register(Invitation)
class InvitationAdmin(Evidence):
    list_display = ("email", "role", "made_by", "made_at", "expires_at", "used_by", "revoked_at")
    list_filter = ("role",)
    list_select_related = ("made_by", "used_by")
    search_fields = ("email", "made_by__username")


@admin.register(SignalSource)
class SignalSourceAdmin(Evidence):
    list_display = ("name", "key", "owner", "made_at", "rotated_at", "revoked_at")
    list_select_related = ("owner",)
    search_fields = ("name", "key", "owner__username")
    exclude = ("secret",)
