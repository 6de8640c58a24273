"""Errors that a user can act on.

Each says what was wrong, what came, what was expected and what to do, in one line. The command line
prints that line and ends with exit code 2; anything else that is raised is a bug.
"""


class SightingsError(Exception):
    """Something that the user can mend; its text is one line that says how."""


class BadSetting(SightingsError):
    """A setting, or a combination of settings, that cannot be used."""


class BadFolder(SightingsError):
    """A folder that is missing, unusable, or stands where another one must be."""


class BadModelFile(SightingsError):
    """A model file that is missing, damaged or of another version."""


class BadNetworkFile(BadModelFile):
    """A network file that is truncated, damaged, or of another architecture or version."""


class MissingPackage(SightingsError):
    """A package of an extra that is not installed."""


class MissingProvider(SightingsError):
    """A device that the installed ONNX Runtime cannot use."""


class UnreadablePhoto(SightingsError):
    """A file that cannot be read as a photo; its text is the cause alone, without the path."""


class IncomparableEncodings(SightingsError):
    """Encodings of two encoders, which no distance compares."""


class BadStorage(BadFolder):
    """Object storage that cannot be listed or read."""


class BadCluster(SightingsError):
    """Machines that cannot be used: out of reach, of another version, or without the photos."""
