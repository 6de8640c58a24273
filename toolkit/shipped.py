"""Where the files are that come with the project: the manifest of models, the sample portraits."""

from pathlib import Path


def shipped(name: str) -> Path:
    """
    Return the path of a file or folder that comes with the project.

    In a checkout it stands in the top-level folders; in an installed wheel, inside the package.

    Parameters
    ----------
    name : str
        Such as "models/MANIFEST.toml".

    Raises
    ------
    FileNotFoundError
        If the installation lacks it.
    """
    here = Path(__file__).resolve().parent
    for base in (here / "shipped", here.parent):
        if (base / name).exists():
            return base / name
    raise FileNotFoundError(f"{name} is missing from this installation of sightings")
