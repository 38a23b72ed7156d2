"""The addresses of preferences and of how the figures are made."""

from django.urls import path

from accounts import views, views_account, views_keys

urlpatterns = [
    path("preferences/", views.preferences, name="preferences"),
    path("preferences/price-format/", views.set_price_format, name="set_price_format"),
    path("preferences/theme/", views.set_theme, name="set_theme"),
    path("keys/", views_keys.keys, name="keys"),
    path("keys/issue/", views_keys.issue_key, name="issue_key"),
    path("keys/<str:prefix>/rotate/", views_keys.rotate_key, name="rotate_key"),
    path("keys/<str:prefix>/revoke/", views_keys.revoke_key, name="revoke_key"),
    path("account/", views_account.account, name="account"),
    path("security/sessions/<int:pk>/end/", views_account.end_session, name="end_session"),
    path("methodology/", views.methodology, name="methodology"),
    path("clock/", views.world_clock, name="world_clock"),
]
