"""Pictures of pages, small enough for a repository."""

import base64
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

#: Of WebP; text stays sharp at it.
_QUALITY = 0.72
# Chromium is the one program at hand that writes WebP. Run on a page of its own, since the console's policy lets no
# page of it draw what came as data.
_TO_WEBP = """
async ([png, quality]) => {
    const picture = new Image();
    picture.src = 'data:image/png;base64,' + png;
    await picture.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [picture.width, picture.height];
    canvas.getContext('2d').drawImage(picture, 0, 0);
    return canvas.toDataURL('image/webp', quality).split(',')[1];
}
"""


def take(on: Page, file: Path) -> None:
    """What a page's window shows, as WebP."""
    png = on.screenshot(animations="disabled")
    blank = on.context.new_page()
    try:
        webp: Any = blank.evaluate(_TO_WEBP, [base64.b64encode(png).decode(), _QUALITY])
    finally:
        blank.close()
    file.write_bytes(base64.b64decode(webp))
