"""The addresses of preferences and of how the figures are made."""

from django.urls import path

from accounts.views import alerts, filters, invitations, keys, preferences, sessions

urlpatterns = [
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences/price-format/", preferences.set_price_format, name="set_price_format"),
    path("preferences/theme/", preferences.set_theme, name="set_theme"),
    path("filters/", filters.save_filter, name="save_filter"),
    path("filters/<int:filter_id>/delete/", filters.delete_filter, name="delete_filter"),
    path("tour/close/", preferences.close_tour, name="close_tour"),
    path("keys/", keys.keys, name="keys"),
    path("keys/issue/", keys.issue_key, name="issue_key"),
    path("keys/<str:prefix>/rotate/", keys.rotate_key, name="rotate_key"),
    path("keys/<str:prefix>/revoke/", keys.revoke_key, name="revoke_key"),
    path("alerts/channels/add/", alerts.add_channel, name="add_channel"),
    path(
        "alerts/channels/<int:channel_id>/remove/",
        alerts.remove_channel,
        name="remove_channel",
    ),
    path("alerts/channels/<int:channel_id>/key/", alerts.renew_key, name="renew_key"),
    path("alerts/channels/<int:channel_id>/test/", alerts.test_channel, name="test_channel"),
    path("alerts/rules/<int:rule_id>/remove/", alerts.remove_rule, name="remove_rule"),
    path("alerts/mute/", alerts.mute, name="mute_alerts"),
    path("alerts/quiet-hours/", alerts.quiet_hours, name="quiet_hours"),
    path("alerts/messages/<int:delivery_id>/again/", alerts.send_again, name="send_again"),
    path("notices/", alerts.notices, name="notices"),
    path("notices/read/", alerts.read_notices, name="read_notices"),
    path("invitations/", invitations.invitations, name="invitations"),
    path(
        "invitations/<int:invitation_id>/revoke/",
        invitations.revoke_invitation,
        name="revoke_invitation",
    ),
    path("come-in/<str:token>/", invitations.come_in, name="come_in"),
    path("security/sessions/<int:pk>/end/", sessions.end_session, name="end_session"),
    path("methodology/", preferences.methodology, name="methodology"),
    path("clock/", preferences.world_clock, name="world_clock"),
]
