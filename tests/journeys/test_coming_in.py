"""A second factor set up and used in a real browser: an app, then a passkey without a password."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tests.journeys.pages import PASSWORD, enter_code, logged_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True),
]


@pytest.mark.usefixtures("bettor")
def test_a_person_sets_up_an_app_and_a_passkey_and_comes_in_with_it_alone(browser, server):
    page = logged_in(browser, server)
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    # Passkeys are for https and for localhost by name.
    base = server.url.replace("127.0.0.1", "localhost")
    page.goto(f"{base}/login/")
    page.get_by_label("E-mail or user name").fill("bettor")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()

    page.goto(f"{base}/security/app/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    secret, codes = page.locator("#secret").inner_text(), page.locator("#codes")
    enter_code(page, secret, arrives=codes)
    expect(codes).to_have_text(re.compile(r"(\d{8}\s*){10}"))

    page.goto(f"{base}/security/passkeys/add/")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Security")).to_be_visible()
    page.goto(f"{base}/security/passkeys/")
    expect(page.get_by_role("link", name="Rename Laptop")).to_be_visible()

    page.locator("details.menu-pop summary").first.click()
    page.get_by_role("button", name="Log out").click()
    page.goto(f"{base}/login/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    assert User.objects.get(username="bettor").authenticator_set.count() == 3
    assert page.evaluate("window.violations") == []
