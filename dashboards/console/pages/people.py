"""Who may sign in, and one's own account: password and tokens."""

from starlette.responses import Response

from dashboards.console.desk import Ask, Page
from services.roles import ROLES, May
from services.sign_in import change_password
from services.tokens import SCOPES, list_tokens, make_token, revoke_token
from services.users import list_users, put_user, switch_off
from services.webhooks import add_webhook, drop_webhook, list_webhooks, try_again


def show(ask: Ask) -> Response:
    """The people of the tenant."""
    users = list_users(ask.home, ask.settings)
    return ask.page("people.html", title="People", users=users, roles=list(ROLES), made=None)


def put(ask: Ask) -> Response:
    """Add somebody, or give them another role; a new one's password is shown once."""
    name = ask.text("name")
    made = put_user(name, ask.home, ask.settings, role=ask.text("role") or None, by=ask.person.name)
    users = list_users(ask.home, ask.settings)
    return ask.page("people.html", title="People", users=users, roles=list(ROLES), made=(name, made))


def off(ask: Ask) -> Response:
    """Switch somebody off."""
    switch_off(ask.path("user"), ask.home, ask.settings, by=ask.person.name)
    return ask.go("/people", f"{ask.path('user')} may sign in no more.")


def account(ask: Ask) -> Response:
    """One's own."""
    return _account(ask, None)


def _account(ask: Ask, token: str | None) -> Response:
    mine = list_tokens(ask.home, ask.settings, by=ask.person.name)
    hooks = list_webhooks(ask.home, ask.settings, by=ask.person.name)
    return ask.page("account.html", title="Account", tokens=mine, token=token, scopes=SCOPES, hooks=hooks)


def password(ask: Ask) -> Response:
    """Another password; every other session of the person ends."""
    old, new = (str(ask.form.get(name, "")) for name in ("old", "new"))
    change_password(ask.person.name, old, new, ask.home, ask.settings, keep=ask.token)
    return ask.go("/account", "The password is changed; your other sessions have ended.")


def token(ask: Ask) -> Response:
    """A new token, shown once."""
    scopes = [scope for scope in SCOPES if ask.text(f"scope_{scope}")]
    _, made = make_token(ask.text("name"), scopes, ask.number("days") or 0, ask.home, ask.settings, by=ask.person.name)
    return _account(ask, made)


def revoke(ask: Ask) -> Response:
    """End a token."""
    revoke_token(ask.path("token_id"), ask.home, ask.settings, by=ask.person.name)
    return ask.go("/account", "The token is over.")


def hook(ask: Ask) -> Response:
    """A new webhook; its secret is shown on the page."""
    add_webhook(ask.text("url"), ask.text("severity"), ask.home, ask.settings, by=ask.person.name)
    return ask.go("/account", "The webhook is told of every new and changed alert from now on.")


def change_hook(ask: Ask) -> Response:
    """End a webhook, or have what failed sent again."""
    if ask.text("do") == "again":
        try_again(ask.path("webhook_id"), ask.home, ask.settings, by=ask.person.name)
        return ask.go("/account", "What failed is sent again.")
    drop_webhook(ask.path("webhook_id"), ask.home, ask.settings, by=ask.person.name)
    return ask.go("/account", "The webhook is told nothing more.")


PAGES = (
    Page("/people", show, May.PEOPLE),
    Page("/people", put, May.PEOPLE, ("POST",)),
    Page("/people/{user}/off", off, May.PEOPLE, ("POST",)),
    Page("/account", account, May.LOOK),
    Page("/account/password", password, May.LOOK, ("POST",)),
    Page("/account/tokens", token, May.TOKENS, ("POST",)),
    Page("/account/tokens/{token_id}/revoke", revoke, May.TOKENS, ("POST",)),
    Page("/account/webhooks", hook, May.TOKENS, ("POST",)),
    Page("/account/webhooks/{webhook_id}", change_hook, May.TOKENS, ("POST",)),
)
