"""The console in a real browser: a headless Chromium, driven by Playwright."""
