"""Training images a little turned, scaled, slanted and shifted (Simard et al. 2003; section 7)."""

import math

import numpy as np

SIDE = 28
PADDED = SIDE + 2  # a black border: what comes from beyond it is black as well


class Jitter:
    """Callable that warps a batch of images, uint8 (n, 784) -> uint8 (n, 784), in a random way.

    One affine map, drawn anew for each batch, serves all its images: over the epochs every image
    still meets many, and a pixel is fetched for n images at once as one row of memory. Sources are
    rounded to half pixels, of which the images between pixels are means, so that no arithmetic
    but 8-bit is needed.

    Parameters
    ----------
    rng : numpy.random.Generator
    rotation : largest angle, degrees
    scale, shear : largest relative change of height or width, and largest slant
    shift : largest displacement, pixels
    """

    def __init__(self, rng, rotation=10.0, scale=0.1, shear=0.15, shift=1.5):
        self.rng = rng
        self.limits = np.array([math.radians(rotation), scale, scale, shear, shift, shift])
        self.from_centre = np.mgrid[:SIDE, :SIDE].reshape(2, -1) - (SIDE - 1) / 2
        self.planes = np.empty((4, 0, 0), dtype=np.uint8)

    def __call__(self, images):
        planes = self._half_pixel_planes(images)
        linear, shift = self._random_map()
        sources = linear @ self.from_centre + shift + (PADDED - 1) / 2
        row, column = np.rint(2 * sources).clip(0, 2 * (PADDED - 1)).astype(np.intp)
        plane = 2 * (row & 1) + (column & 1)
        pixel = (row >> 1) * PADDED + (column >> 1)
        return planes.reshape(-1, len(images)).take(plane * PADDED**2 + pixel, axis=0).T

    def _random_map(self):
        """Return the (2, 2) map and the shift (2, 1) that lead from a pixel to its source."""
        angle, tall, wide, shear, down, right = self.rng.uniform(-self.limits, self.limits)
        cos, sin = math.cos(angle), math.sin(angle)
        stretch = np.array([[1 + tall, 0], [shear, 1 + wide]])
        return np.array([[cos, -sin], [sin, cos]]) @ stretch, np.array([[down], [right]])

    def _half_pixel_planes(self, images):
        """Return (4, 900, n): the images, and their means with the pixel right, below, and both."""
        n = len(images)
        if self.planes.shape[2] != n:  # kept from call to call, as new memory costs more than this
            self.planes = np.zeros((4, PADDED**2, n), dtype=np.uint8)
        pixels, right, below, diagonal = self.planes
        inner = pixels.reshape(PADDED, PADDED, n)[1:-1, 1:-1]
        inner[:] = images.T.reshape(SIDE, SIDE, n)
        for source, step, mean in (
            (pixels, 1, right),
            (pixels, PADDED, below),
            (right, PADDED, diagonal),
        ):
            half = source >> 1
            np.add(half[:-step], half[step:], out=mean[:-step])
        return self.planes
