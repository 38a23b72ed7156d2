"""The API, version 1."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.api import WhoAmI
from models_registry.api import PredictionList, VersionDetail, VersionList
from odds.api import EventDetail, EventList, QuoteList

urlpatterns = [
    path("schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("auth/me", WhoAmI.as_view(), name="api-me"),
    path("events", EventList.as_view(), name="api-events"),
    path("events/<int:event_id>", EventDetail.as_view(), name="api-event"),
    path("odds", QuoteList.as_view(), name="api-odds"),
    path("models", VersionList.as_view(), name="api-models"),
    path("models/<int:version_id>", VersionDetail.as_view(), name="api-model"),
    path("predictions", PredictionList.as_view(), name="api-predictions"),
]
