"""Which app answers which address."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from config import doors, home

# Otherwise the admin's own door is a way around the second factor and the count of tries.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.index = home.index  # type: ignore[method-assign]
admin.site.index_template = "admin/home.html"

urlpatterns = [
    path("health/live", doors.live, name="live"),
    path("health/ready", doors.ready, name="ready"),
    path("health/serving", doors.serving, name="serving"),
    path("health/start", doors.start, name="start"),
    path("metrics", doors.metrics, name="metrics"),
    path("version", doors.version, name="version"),
    path("live/", doors.no_streams, name="live_signals"),
    path("", include("accounts.people.entrance")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("config.api_urls")),
    path("", include("betting.urls")),
    path("", include("odds.urls")),
    path("", include("models_registry.urls")),
    path("", include("accounts.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler429 = "config.errors.too_many"
handler500 = "config.errors.broken"
