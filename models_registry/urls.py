"""The addresses of the pages about models."""

from django.urls import path

from models_registry import (
    views,
    views_card,
    views_drift,
    views_life,
    views_predictions,
    views_proofs,
    views_searches,
)

urlpatterns = [
    path("models/", views.models, name="models"),
    path("models/<int:version_id>/card/", views_card.model_card, name="model_card"),
    path(
        "models/<int:version_id>/card.<slug:form>",
        views_card.model_card_file,
        name="model_card_file",
    ),
    path("models/drift/", views_drift.drift, name="drift"),
    path("models/drift/<slug:predictor_key>/", views_drift.drift_of, name="drift_of"),
    path("models/drift/<slug:predictor_key>/release/", views_drift.release, name="release_version"),
    path(
        "models/predictions/<int:prediction_id>/",
        views_predictions.prediction,
        name="prediction",
    ),
    path("models/predictions/<int:prediction_id>/why/", views_predictions.why, name="why"),
    path("models/searches/", views_searches.searches, name="searches"),
    path("models/searches/start/", views_searches.start, name="start_search"),
    path("models/searches/<int:search_id>/", views_searches.search, name="search"),
    path("models/searches/<int:search_id>/stop/", views_searches.stop, name="stop_search"),
    path("models/searches/<int:search_id>/resume/", views_searches.resume, name="resume_search"),
    path("models/searches/<int:search_id>/train/", views_searches.train, name="train_search"),
    path("models/<int:version_id>/", views.model_version, name="model_version"),
    path("models/compare/", views_life.compare, name="compare_versions"),
    path("models/train/", views_life.train, name="train"),
    path("models/runs/<int:run_id>/cancel/", views_life.cancel, name="cancel_training"),
    path("models/<int:version_id>/gates/", views_life.gates, name="version_gates"),
    path("models/<int:version_id>/promote/", views_life.promote, name="promote_version"),
    path("models/<int:version_id>/stage/", views_life.stage, name="stage_version"),
    path("models/<int:version_id>/tag/", views_life.tag, name="tag_version"),
    path("models/<int:version_id>/untag/", views_life.untag, name="untag_version"),
    path("models/<int:version_id>/note/", views_life.note, name="note_on_version"),
    path("models/<int:version_id>/attacks/", views_proofs.attacks, name="version_attacks"),
    path("models/<int:version_id>/attack/", views_proofs.start_attack, name="start_attack"),
    path("models/<slug:predictor_key>/roll-back/", views_life.roll_back, name="roll_back"),
]
