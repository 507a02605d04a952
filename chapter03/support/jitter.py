"""Training images a little turned, scaled, slanted and shifted (Simard et al. 2003; section 8)."""

import math

import numpy as np

SIDE = 28


class Jitter:
    """Callable that moves a batch of images, (N, 784) -> (N, 784), in a random way.

    One affine map, drawn anew for each batch, serves all its images: over the epochs every image
    still meets many. `rng` is a numpy.random.Generator; the largest `rotation` is in degrees,
    `scale` and `shear` are shares of the image's size, `shift` is in pixels; `strength` is a
    factor of them all.
    """

    def __init__(self, rng, strength=1, rotation=10, scale=0.1, shear=0.15, shift=1.5):
        self.rng = rng
        limits = [math.radians(rotation), scale, scale, shear, shift, shift]
        self.limits = strength * np.array(limits)
        # Row and column of each pixel, (2, 784), counted from the middle of the image.
        self.from_centre = np.mgrid[:SIDE, :SIDE].reshape(2, -1) - (SIDE - 1) / 2

    def __call__(self, images):
        row, column = self._sources()

        # A black border, from which comes what lies beyond the image. The images stand last, so
        # that a pixel is fetched for all of them as one row of memory.
        padded = np.zeros((SIDE + 2, SIDE + 2, len(images)), images.dtype)
        padded[1:-1, 1:-1] = images.T.reshape(SIDE, SIDE, -1)
        return padded[row, column].T

    def _sources(self):
        """Return row and column, in the image with its border, from which each pixel is taken."""
        angle, tall, wide, shear, down, right = self.rng.uniform(-self.limits, self.limits)
        cos = math.cos(angle)
        sin = math.sin(angle)
        rotation = np.array([[cos, -sin], [sin, cos]])
        linear = rotation @ [[1 + tall, 0], [shear, 1 + wide]]

        source = linear @ self.from_centre + [[down], [right]] + (SIDE - 1) / 2
        return np.rint(source).clip(-1, SIDE).astype(int) + 1
