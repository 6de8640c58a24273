"""How fast it is, beside dlib and peers."""

__all__ = ["benchmark"]
