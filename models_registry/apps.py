from django.apps import AppConfig


class ModelsConfig(AppConfig):
    name = "models_registry"
    verbose_name = "Models"
