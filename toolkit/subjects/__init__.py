"""What can be recognised: the protocols of a subject, and those that there are."""

__all__ = ["base", "face", "registry", "settings", "weights"]
