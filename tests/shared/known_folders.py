"""Photos of tiles, and examples of some of those who are in them."""

from tiles import save_tiles


def known_folders(tmp_path):
    """Photos of ann (five), bob (two), cem (one); examples of ann, bob and dee; nothing sorted."""
    photos, people = tmp_path / "photos", tmp_path / "people"
    for name, (who, shade) in {
        "a1": (("ann",), 0),
        "a2": (("ann",), 10),
        "a3": (("ann",), 40),
        "ab": (("ann", "bob"), 0),
        "abc": (("ann", "bob", "cem"), 5),
        "empty": ((), 0),
    }.items():
        save_tiles(photos / f"{name}.png", *who, shade=shade)
    for name in ("ann", "bob", "dee"):
        save_tiles(people / name / "example.png", name)
    return photos, people, tmp_path / "out"
