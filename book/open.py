"""Say where the built book is, and open it where somebody can see it."""

import os
import sys
import webbrowser
from pathlib import Path

page = Path(__file__).resolve().parent.parent / "_build/html/index.html"
seen = sys.platform in {"darwin", "win32"} or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()

print(f"The book is built: {page.as_uri()}")
if seen and sys.stdout.isatty() and not os.environ.get("CI"):
    webbrowser.open(page.as_uri())
