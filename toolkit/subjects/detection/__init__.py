"""Where subjects are: what stands out in a photo, boxes from a file, a network of the user."""

__all__ = ["detections_file", "detectors", "kinds", "mask", "onnx_detector", "settings"]
