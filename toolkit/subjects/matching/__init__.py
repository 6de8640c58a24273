"""How alike two look: marks that lie alike, vectors of networks, and what both say together."""

__all__ = [
    "calibration",
    "disk",
    "efficientnet",
    "likeness",
    "marks",
    "matcher",
    "onnx_encoder",
    "plain_sift",
    "settings",
    "sift",
]
