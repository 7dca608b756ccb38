"""A browser for tests: Debian's Chromium, without a screen. The fixture `browser` of conftest.py starts it.

Whoever has a file to look at:

    with watched(browser.new_page()) as page:
        page.goto(path.as_uri())
"""

import contextlib
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = Path("/usr/bin/chromium")


@contextlib.contextmanager
def chromium():
    """Playwright sees to it that it calls nobody by itself, and has a profile of its own."""
    if not CHROMIUM.exists():
        raise RuntimeError(f"{CHROMIUM} is missing: run make browser")
    with sync_playwright() as playwright:
        # As root there is no sandbox.
        flags = ["--no-sandbox", "--disable-gpu", "--disable-quic"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


@contextlib.contextmanager
def watched(page, known=()):
    """A page to use, and to close. Fails if its scripts raise an error, or report one that has none of the known texts."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    try:
        yield page
    finally:
        page.close()
    unexpected = [error for error in errors if not any(text in error for text in known)]
    assert not unexpected, "\n".join(unexpected)
