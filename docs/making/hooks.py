"""Makes README and changes pages of the site, and turns links that lead out of ``docs`` the same way.

MkDocs calls these functions by their names.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent.parent
PAGES = {"README.md": "index.md", "CHANGELOG.md": "changes.md"}
# Files that are in the repository and not on the site are named, not linked to.
_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\)")


def on_files(files: Files, config: Any) -> Files:
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        inside = re.sub(r"\]\((?!https?:|#|docs/)", "](../", text).replace("](docs/", "](")
        files.append(File.generated(config, page, content=inside))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    for source, page in PAGES.items():
        markdown = markdown.replace(f"](../{source}", f"]({page}")
    return _OUTSIDE.sub(r"\1", markdown)
