"""Which app answers which address."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from accounts.login import limit_logins
from config import doors

admin.site.login = limit_logins(admin.site.login)  # type: ignore[method-assign, assignment]

urlpatterns = [
    path("health/live", doors.live, name="live"),
    path("health/ready", doors.ready, name="ready"),
    path("metrics", doors.metrics, name="metrics"),
    path("version", doors.version, name="version"),
    path("live/", doors.no_streams, name="live_signals"),
    path(
        "login/",
        limit_logins(LoginView.as_view(template_name="accounts/login.html")),
        name="login",
    ),
    path("logout/", LogoutView.as_view(), name="logout"),
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
handler500 = "config.errors.broken"
