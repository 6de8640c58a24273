"""dlib's networks: its files read, written as ONNX graphs, and run."""

__all__ = [
    "detections",
    "engine",
    "layers",
    "model_cache",
    "network",
    "onnx_graph",
    "pyramid",
    "stream",
]
