"""The API's page and the admin work in a real browser under the policy that every page has."""

import pytest
from playwright.sync_api import expect

from tests import make
from tests.journeys.pages import PASSWORD, enter_code, give_password

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True),
]


def test_docs_and_admin_break_no_policy(browser, server):
    olivia = make.user("olivia", is_staff=True, is_superuser=True)
    app = make.authenticator_app(olivia)
    give_password(olivia)
    quote = make.priced()
    said = []
    page = browser.new_page()
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))

    page.goto(f"{server.url}/api/v1/docs")
    page.click(".opblock-tag >> nth=0")
    page.click(".opblock >> nth=0")
    page.wait_for_selector(".opblock-body")
    page.goto(f"{server.url}/admin/login/")
    page.fill("#id_login", "olivia")
    page.fill("#id_password", PASSWORD)
    page.click("button.btn-primary")
    tools = page.locator("#user-tools")
    enter_code(page, app, arrives=tools)
    expect(tools).to_be_visible()
    for path in (
        f"odds/quote/{quote.pk}/change/",
        "accounts/apikey/add/",
        "betting/strategy/add/",
        "risk/halt/",
    ):
        page.goto(f"{server.url}/admin/{path}")

    # Browsers ask for a favicon that nobody linked.
    assert [text for text in said if "404" not in text] == []
