"""The addresses of preferences and of how the figures are made."""

from django.urls import path, re_path

from accounts import views, views_alerts, views_invitations, views_keys, views_sessions

urlpatterns = [
    path("preferences/", views.preferences, name="preferences"),
    path("preferences/price-format/", views.set_price_format, name="set_price_format"),
    path("preferences/theme/", views.set_theme, name="set_theme"),
    path("keys/", views_keys.keys, name="keys"),
    path("keys/issue/", views_keys.issue_key, name="issue_key"),
    path("keys/<str:prefix>/rotate/", views_keys.rotate_key, name="rotate_key"),
    path("keys/<str:prefix>/revoke/", views_keys.revoke_key, name="revoke_key"),
    path("alerts/", views_alerts.alerts, name="alerts"),
    path("alerts/channels/add/", views_alerts.add_channel, name="add_channel"),
    path(
        "alerts/channels/<int:channel_id>/remove/",
        views_alerts.remove_channel,
        name="remove_channel",
    ),
    path("alerts/channels/<int:channel_id>/key/", views_alerts.renew_key, name="renew_key"),
    path("alerts/channels/<int:channel_id>/test/", views_alerts.test_channel, name="test_channel"),
    path("alerts/rules/add/", views_alerts.rule, name="add_rule"),
    path("alerts/rules/<int:rule_id>/", views_alerts.rule, name="alert_rule"),
    path("alerts/rules/<int:rule_id>/remove/", views_alerts.remove_rule, name="remove_rule"),
    path("alerts/mute/", views_alerts.mute, name="mute_alerts"),
    path("alerts/quiet-hours/", views_alerts.quiet_hours, name="quiet_hours"),
    path("alerts/messages/<int:delivery_id>/again/", views_alerts.send_again, name="send_again"),
    path("notices/", views_alerts.notices, name="notices"),
    path("notices/read/", views_alerts.read_notices, name="read_notices"),
    path("audit/", views_alerts.audit, name="audit"),
    re_path(r"^audit/export\.(?P<kind>csv|json)$", views_alerts.audit_export, name="audit_export"),
    path("invitations/", views_invitations.invitations, name="invitations"),
    path(
        "invitations/<int:invitation_id>/revoke/",
        views_invitations.revoke_invitation,
        name="revoke_invitation",
    ),
    path("come-in/<str:token>/", views_invitations.come_in, name="come_in"),
    path("security/sessions/<int:pk>/end/", views_sessions.end_session, name="end_session"),
    path("methodology/", views.methodology, name="methodology"),
    path("clock/", views.world_clock, name="world_clock"),
]
