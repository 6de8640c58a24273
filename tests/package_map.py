"""
Draws CONTRIBUTING's map of the packages from the code: what each is for, and what it imports.

Run it to renew the map: ``python tests/package_map.py``. `test_package_map` fails where the map in
CONTRIBUTING is not the one that is made here.
"""

from __future__ import annotations

import ast
from pathlib import Path

import grimp

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = "toolkit"
CONTRIBUTING = PROJECT / "CONTRIBUTING.md"
RENEW = "python tests/package_map.py"
BEGIN = f"<!-- made by `{RENEW}` from the code: change the code, not these lines -->"
END = "<!-- end of what is made -->"


def imports() -> dict[str, set[str]]:
    """
    Return which packages and modules directly in the package import which others of them.

    What is imported inside a function counts, as does what is imported for its type alone. The
    package's own `__init__` is no room of the house, and left out.
    """
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    rooms = sorted(name.rpartition(".")[2] for name in graph.find_children(PACKAGE))
    found: dict[str, set[str]] = {room: set() for room in rooms}
    for module in graph.modules - {PACKAGE}:
        room = module.split(".")[1]
        for imported in graph.find_modules_directly_imported_by(module) - {PACKAGE}:
            found[room].add(imported.split(".")[1])
    return {room: others - {room} for room, others in found.items()}


def reduced(arrows: dict[str, set[str]]) -> dict[str, set[str]]:
    """
    Leave out each arrow whose end is reached by a longer way, too.

    Parameters
    ----------
    arrows : dict of str to set of str
        Without circles, and with a key for every name.
    """
    reached: dict[str, set[str]] = {}
    for name in by_depth(arrows):
        beyond = (reached[other] for other in arrows[name])
        reached[name] = arrows[name].union(*beyond)
    return {
        name: others - set().union(*(reached[other] for other in others))
        for name, others in arrows.items()
    }


def by_depth(arrows: dict[str, set[str]]) -> list[str]:
    """
    Return the names so that each comes after all that it imports, and otherwise as early as it can.

    Raises
    ------
    ValueError
        If some import each other.
    """
    ordered: list[str] = []
    rest = dict(arrows)
    while rest:
        ready = sorted(name for name, others in rest.items() if others <= set(ordered))
        if not ready:
            raise ValueError(f"these import each other: {', '.join(sorted(rest))}")
        ordered += ready
        for name in ready:
            del rest[name]
    return ordered


def sentence(path: Path) -> str:
    """Return what a module's docstring says first, on one line."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split())


def made() -> str:
    """Return the map as Markdown: a Mermaid graph, and a table with a sentence for each name."""
    arrows = imports()
    folder = PROJECT / PACKAGE
    lines = [BEGIN, "", "```mermaid", "graph TD"]
    for name in reversed(by_depth(arrows)):
        lines.append(
            f'    {name}["{name}/"]' if (folder / name).is_dir() else f"    {name}({name})"
        )
    for name, others in sorted(reduced(arrows).items()):
        lines += [f"    {name} --> {other}" for other in sorted(others)]
    lines += ["```", "", "| package or module | what it is for |", "|---|---|"]
    for name in by_depth(arrows):
        if (folder / name).is_dir():
            inits = sorted((folder / name).rglob("__init__.py"), key=lambda path: path.parent)
        else:
            inits = [folder / f"{name}.py"]
        for path in inits:
            place = path.parent if path.name == "__init__.py" else path.with_suffix("")
            slash = "/" if path.name == "__init__.py" else ""
            said = sentence(path).replace("|", r"\|")
            lines.append(f"| `{place.relative_to(folder).as_posix()}{slash}` | {said} |")
    return "\n".join([*lines, "", END])


def renewed(text: str) -> str:
    """
    Return CONTRIBUTING's text with the map as it is made now.

    Raises
    ------
    ValueError
        If the text lacks a line that begins or ends the map.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"CONTRIBUTING.md lacks the line {END if begin else BEGIN!r}")
    return before + made() + after


if __name__ == "__main__":
    text = renewed(CONTRIBUTING.read_text(encoding="utf-8"))
    CONTRIBUTING.write_text(text, encoding="utf-8")
