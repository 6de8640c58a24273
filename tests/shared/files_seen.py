"""Files, written and seen: what is in a folder."""

import json
import re
from pathlib import Path


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def without_changes(files: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out what a run after the first says of the run before: it is compared with a first."""
    rest = {name: content for name, content in files.items() if name != "changes.csv"}
    report = rest.pop("report.html", b"").decode()
    report = re.sub(r'<section id="changes">.*?</section>\n', "", report, flags=re.DOTALL)
    rest["report.html"] = re.sub(r'<li><a href="#changes">.*?</li>', "", report).encode()
    if "run.json" in rest:
        about = json.loads(rest["run.json"])
        for name in ("changes.csv", "report.html"):
            about.get("tables", {}).pop(name, None)
        rest["run.json"] = json.dumps(about).encode()
    return rest


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
