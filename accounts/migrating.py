"""A migration that makes many tables at once."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import Migration
from django.db.migrations.state import ProjectState


class Beginning(Migration):
    """An app's first migration: it makes tables, and changes none that it made.

    Django draws every model anew, with all that relate to it, at each operation: of a hundred
    tables that all know their owner, seven thousand models, most of the time of making them. Here
    the state is drawn once, as it is in the end.
    """

    def apply(
        self,
        project_state: ProjectState,
        schema_editor: BaseDatabaseSchemaEditor,
        collect_sql: bool = False,
    ) -> ProjectState:
        """Make the tables, and return the state with them."""
        before = project_state.clone()
        project_state.__dict__.pop("apps", None)
        project_state = self.mutate_state(project_state, preserve=False)
        for operation in self.operations:
            operation.database_forwards(self.app_label, schema_editor, before, project_state)
        return project_state
