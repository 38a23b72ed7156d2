"""The permission table of every page: what somebody needs to read it, and to send to it.

What each role has is in accounts/scopes.py, what each method of the API needs is beside it. A page
that is not here is for nobody. docs/guides/roles.md shows both tables whole, and a test asks
every door of every role.
"""

from typing import Any

from accounts.scopes import BET, OPERATE, READ, READ_OWN, SETTINGS, TRANSFER, scopes_of

# For anybody; for whoever is logged in, about themselves; never, by that method.
OPEN, MINE, NEVER = "open", "mine", "never"
# For whoever is logged in themselves: no key opens it.
LOGGED_IN = "log-in"
# What to read by GET, and to send by POST, needs.
Needs = tuple[str, str]


def _each(names: str, get: str, post: str) -> dict[str, Needs]:
    return dict.fromkeys(names.split(), (get, post))


PAGES: dict[str, Needs] = {
    # --- doors for machines, and the way in
    **_each("live ready serving start metrics version live_signals", OPEN, NEVER),
    **_each("account_login account_signup account_reset_password mfa_login_webauthn", OPEN, OPEN),
    **_each("account_logout account_email_verification_sent mfa_authenticate", OPEN, OPEN),
    **_each("account_reset_password_from_key", OPEN, OPEN),
    **_each("account_reset_password_done account_reset_password_from_key_done", OPEN, NEVER),
    **_each("account_inactive public_record export_record verify_record shared", OPEN, NEVER),
    **_each("come_in", OPEN, NEVER),
    # --- oneself
    **_each("account_reauthenticate mfa_reauthenticate mfa_reauthenticate_webauthn", MINE, MINE),
    **_each("account_email account_change_password account_set_password", MINE, MINE),
    **_each("mfa_index mfa_list_webauthn mfa_view_recovery_codes", MINE, NEVER),
    **_each("mfa_download_recovery_codes account keys", MINE, NEVER),
    **_each("mfa_activate_totp mfa_deactivate_totp mfa_generate_recovery_codes", MINE, MINE),
    **_each("mfa_add_webauthn mfa_remove_webauthn mfa_edit_webauthn", MINE, MINE),
    **_each("usersessions_list preferences", MINE, MINE),
    **_each("end_session set_price_format set_theme issue_key rotate_key", NEVER, MINE),
    **_each("revoke_key save_filter delete_filter close_tour save_my_books", NEVER, MINE),
    **_each("reality_check methodology world_clock", MINE, NEVER),
    # --- what everybody here may read
    **_each("odds export_odds bookmakers scanner export_scanner event status", READ, NEVER),
    **_each("free_bets", READ, NEVER),
    **_each("models model_card model_card_file drift drift_of prediction why", READ, NEVER),
    **_each("model_version compare_versions version_gates version_attacks", READ, NEVER),
    **_each("searches search backtests compare_backtests backtest sweep", READ, NEVER),
    **_each("strategies strategy compare_strategy venues refused", READ, NEVER),
    # --- what is one's own
    **_each("today bets export_bets bet bet_import journal decision", READ_OWN, NEVER),
    **_each("performance export_performance money statement export_statement", READ_OWN, NEVER),
    **_each("risk drill stop personal limits_line", READ_OWN, NEVER),
    **_each("bet_imports", READ_OWN, BET),
    **_each("my_record", READ_OWN, SETTINGS),
    **_each("alerts notices signals signals_guide", READ_OWN, NEVER),
    # --- stakes, money, and what governs them
    **_each("place_bet confirm_bet", BET, BET),
    **_each("cancel_bet map_import take_import tag_bet note_on_bet", NEVER, BET),
    **_each("open_bankroll move_money rename_bankroll close_bankroll", NEVER, TRANSFER),
    **_each("close_pot", NEVER, TRANSFER),
    **_each("new_strategy edit_strategy", SETTINGS, SETTINGS),
    **_each("switch_strategy archive_strategy follow_strategy read_notices", NEVER, SETTINGS),
    **_each("change_limits kill_switch lift_halt lock change_levels", NEVER, SETTINGS),
    **_each("add_rule alert_rule", SETTINGS, SETTINGS),
    **_each("add_channel remove_channel renew_key test_channel remove_rule", NEVER, SETTINGS),
    **_each("mute_alerts quiet_hours send_again", NEVER, SETTINGS),
    **_each("make_source rotate_source revoke_source", NEVER, SETTINGS),
    **_each("set_personal_limit answer_raise exclude check_every say_place", NEVER, SETTINGS),
    **_each("share unshare", NEVER, MINE),
    **_each("take_out close_account keep_account", NEVER, MINE),
    **_each("taken_out", MINE, NEVER),
    # --- operating
    **_each("results event_result audit audit_export quarantine", OPERATE, NEVER),
    **_each("pipeline pipeline_step dead_letter", OPERATE, NEVER),
    **_each("run_step skip_step resume_step retry_letter dismiss_letter", NEVER, OPERATE),
    **_each("invitations", OPERATE, OPERATE),
    **_each("deal_with_quarantined learn_weights", NEVER, OPERATE),
    **_each("revoke_invitation", NEVER, OPERATE),
    **_each("rule_on_event arm_venue confirm_arming disarm_venue", NEVER, OPERATE),
    **_each("begin_backtest cancel_backtest begin_sweep stop_sweep resume_sweep", NEVER, OPERATE),
    **_each("release_version start_search stop_search resume_search", NEVER, OPERATE),
    **_each("train_search train cancel_training promote_version stage_version", NEVER, OPERATE),
    **_each("tag_version untag_version note_on_version start_attack roll_back", NEVER, OPERATE),
}
# Whole sites with permissions of their own behind this one; admin: accounts/people/backends.py.
SITES: dict[str, str] = {"admin": OPERATE}
# Read by programs that have no key yet.
OPEN_API = frozenset({"api-schema", "api-docs"})


def needed(name: str, namespaces: list[str], method: str) -> str:
    """Return what a request of a page needs: a scope, OPEN, MINE or NEVER.

    >>> needed("bets", [], "GET"), needed("bets", [], "POST"), needed("unknown", [], "GET")
    ('read:own', 'never', 'never')
    """
    if namespaces:
        return SITES.get(namespaces[0], NEVER)
    get, post = PAGES.get(name, (NEVER, NEVER))
    return get if method in ("GET", "HEAD", "OPTIONS") else post


def allows(needs: str, user: Any) -> bool:  # noqa: ANN401 - a person, or nobody
    """Return whether somebody has what a page needs."""
    if needs == OPEN:
        return True
    return bool(user and user.is_authenticated) and (needs == MINE or needs in scopes_of(user))


def may_use(user: Any, name: str) -> bool:  # noqa: ANN401 - a person, or nobody
    """Return whether somebody may send to a page; open it, where nothing is sent.

    Raises:
        KeyError: naming a page that has no row.
    """
    get, post = PAGES[name]
    return allows(get if post == NEVER else post, user)
