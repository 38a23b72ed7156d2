"""The addresses of preferences and of how the figures are made."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("preferences/", views.preferences, name="preferences"),
    path("preferences/price-format/", views.set_price_format, name="set_price_format"),
    path("preferences/theme/", views.set_theme, name="set_theme"),
    path("preferences/keys/", views.issue_key, name="issue_key"),
    path("preferences/keys/<str:prefix>/revoke/", views.revoke_key, name="revoke_key"),
    path("methodology/", views.methodology, name="methodology"),
    path("clock/", views.world_clock, name="world_clock"),
]
