"""A bettor's pages in a browser."""

from django.contrib.auth.hashers import ScryptPasswordHasher
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import User
from tests import make
from tests.live.serving import Server, cookie_of

PASSWORD = "a long pass phrase"
WATCH = """
window.violations = JSON.parse(sessionStorage.getItem("violations") || "[]");
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${location.pathname}: ${event.violatedDirective} ${event.blockedURI}`);
  sessionStorage.setItem("violations", JSON.stringify(window.violations));
});
window.__ran = (number) => window.violations.push(`payload ${number} ran`);
"""


def arrived(
    browser: Browser, server: Server, path: str = "/", *, width: int = 1440, **options: object
) -> Page:
    """Return a page of the bettor's, logged in before it is opened."""
    page = _new_page(browser, width, options)
    name, _, value = cookie_of(User.objects.get(username="bettor")).partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": server.url}])
    page.goto(server.url + path)
    return page


def logged_in(browser: Browser, server: Server, **options: object) -> Page:
    """Return Today after logging in as a person does."""
    give_password(User.objects.get(username="bettor"))
    page = _new_page(browser, 1440, options)
    page.goto(f"{server.url}/login/")
    page.get_by_label("E-mail or user name").fill("bettor")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    return page


def enter_code(page: Page, secret: str, *, arrives: Locator) -> None:
    """Enter what the authenticator app shows, once more where its half minute ended on the way."""
    refused = page.locator("[name=code][aria-invalid]")
    for _ in range(2):
        page.locator("[name=code]").fill(make.code_of(secret))
        page.locator("[name=code]").press("Enter")
        expect(arrives.or_(refused).first).to_be_visible()
        if arrives.is_visible():
            return


def give_password(user: User) -> None:
    """Give them PASSWORD as the server has it, which knows nothing of the tests' quick hashes."""
    user.password = ScryptPasswordHasher().encode(PASSWORD, "salt")
    user.save()


def _new_page(browser: Browser, width: int, options: dict[str, object]) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    context.add_init_script(WATCH)
    return context.new_page()
