"""Which px of a picture show the subject: the saliency network U2-Net-p."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from toolkit.subjects import weights
from toolkit.subjects.base import Remade, Rgb
from toolkit.subjects.onnx_running import session

MODEL = "u2netp"
SIDE = 320
# Mean and deviation of the channels of ImageNet, with which the network was trained.
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)
# What the network says from 0 to 1 is subject from here on.
INSIDE = 0.5
# Bytes that one picture takes while the network sees it.
NEEDS = 250_000_000


class SaliencyMask(Remade):
    """
    Marks what stands out in a picture. Threads may share one.

    Raises
    ------
    BadModelFile
        If the model file is not on this machine, or is not the pinned one.

    References
    ----------
    .. [1] X. Qin et al., U2-Net: going deeper with nested U-structure for salient object
       detection, Pattern Recognition 106, 2020.
    """

    def __init__(self) -> None:
        self._network = session(weights.find(MODEL))
        self._input = self._network.get_inputs()[0].name
        self._output = self._network.get_outputs()[0].name

    def of(self, image: Rgb) -> npt.NDArray[np.float32]:
        """
        Say of each px how much it stands out.

        Parameters
        ----------
        image : numpy.ndarray
            Shape (h, w, 3), uint8, RGB.

        Returns
        -------
        numpy.ndarray
            Shape (320, 320), float32, 0 to 1: the whole picture, stretched to a square.
        """
        size = (SIDE, SIDE)
        small = Image.fromarray(image).resize(size, Image.Resampling.BOX, reducing_gap=None)
        pixels = np.asarray(small, dtype=np.float32)
        # The network was trained on pictures whose brightest px is 1.
        pixels = (pixels / max(float(pixels.max()), 1.0) - MEAN) / DEVIATION
        given = {self._input: pixels.transpose(2, 0, 1)[None]}
        found = self._network.run([self._output], given)[0][0, 0]
        mask: npt.NDArray[np.float32] = np.clip(found, 0.0, 1.0).astype(np.float32)
        return mask

    def of_size(self, image: Rgb, width: int, height: int) -> npt.NDArray[np.bool_]:
        """Return which px of a picture show the subject, at another size; shape (height, width)."""
        found = Image.fromarray(self.of(image)).resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(found) > INSIDE
