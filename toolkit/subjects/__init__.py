"""What can be recognised: faces."""

__all__ = ["base", "face", "registry", "settings", "weights"]
