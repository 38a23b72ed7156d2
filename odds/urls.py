"""The address of the odds screen."""

from django.urls import path

from odds import views

urlpatterns = [path("odds/", views.odds, name="odds")]
