"""How fast it is, beside dlib and peers, and how right on known individuals."""

__all__ = ["identification", "speed"]
