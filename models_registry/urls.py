"""The addresses of the pages about models."""

from django.urls import path

from models_registry.views import card, drift, life, predictions, proofs, searches, versions

urlpatterns = [
    path("models/", versions.models, name="models"),
    path("models/<int:version_id>/card/", card.model_card, name="model_card"),
    path(
        "models/<int:version_id>/card.<slug:form>",
        card.model_card_file,
        name="model_card_file",
    ),
    path("models/drift/", drift.drift, name="drift"),
    path("models/drift/<slug:predictor_key>/", drift.drift_of, name="drift_of"),
    path("models/drift/<slug:predictor_key>/release/", drift.release, name="release_version"),
    path(
        "models/predictions/<int:prediction_id>/",
        predictions.prediction,
        name="prediction",
    ),
    path("models/predictions/<int:prediction_id>/why/", predictions.why, name="why"),
    path("models/searches/", searches.searches, name="searches"),
    path("models/searches/start/", searches.start, name="start_search"),
    path("models/searches/<int:search_id>/", searches.search, name="search"),
    path("models/searches/<int:search_id>/stop/", searches.stop, name="stop_search"),
    path("models/searches/<int:search_id>/resume/", searches.resume, name="resume_search"),
    path("models/searches/<int:search_id>/train/", searches.train, name="train_search"),
    path("models/<int:version_id>/", versions.model_version, name="model_version"),
    path("models/compare/", life.compare, name="compare_versions"),
    path("models/train/", life.train, name="train"),
    path("models/runs/<int:run_id>/cancel/", life.cancel, name="cancel_training"),
    path("models/<int:version_id>/gates/", life.gates, name="version_gates"),
    path("models/<int:version_id>/promote/", life.promote, name="promote_version"),
    path("models/<int:version_id>/stage/", life.stage, name="stage_version"),
    path("models/<int:version_id>/tag/", life.tag, name="tag_version"),
    path("models/<int:version_id>/untag/", life.untag, name="untag_version"),
    path("models/<int:version_id>/note/", life.note, name="note_on_version"),
    path("models/<int:version_id>/attacks/", proofs.attacks, name="version_attacks"),
    path("models/<int:version_id>/attack/", proofs.start_attack, name="start_attack"),
    path("models/<slug:predictor_key>/roll-back/", life.roll_back, name="roll_back"),
]
