"""`synthetic_faces`: drawn expressions with pose, light, occlusion and noise.

Seven of them as in FER2013, or eight with contempt as in FER+. The embedded default, so that a
suite runs without any download. Drawn with numpy alone, so that the images do not depend on a
drawing library's version. What is measured on them is labelled synthetic.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchbench.data import CLASS_NAMES, SIDE, FaceData
from benchbench.data.cache import cached
from benchbench.data.source import SYNTHETIC
from benchbench.files import digest_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchbench.data.cache import Arrays

__all__ = ["draw_faces"]

Image = "NDArray[np.float64]"

VERSION = 1  # of the drawing: part of the digest
SIZES = {"Training": 2100, "PublicTest": 350, "PrivateTest": 350}

# Per expression: slant of the brows (inner end up is positive), their height, opening of the eyes,
# curve of the mouth (corners up is positive), its opening, its width, wrinkles beside the nose.
SHAPES = {
    "angry": (-0.32, -0.05, 0.7, -0.10, 0.06, 0.9, 0.2),
    "disgust": (-0.18, -0.03, 0.5, -0.16, 0.05, 0.7, 1.0),
    "fear": (0.28, 0.07, 1.4, -0.08, 0.13, 1.0, 0.0),
    "happy": (0.0, 0.02, 0.8, 0.26, 0.09, 1.25, 0.0),
    "sad": (0.30, 0.0, 0.7, -0.22, 0.02, 0.85, 0.0),
    "surprise": (0.05, 0.12, 1.5, 0.0, 0.28, 0.65, 0.0),
    "neutral": (0.0, 0.0, 1.0, 0.0, 0.02, 1.0, 0.0),
    "contempt": (-0.06, 0.0, 0.75, 0.04, 0.02, 0.95, 0.0),
}
SMIRK = 0.22  # contempt lifts one corner of the mouth


def draw_faces(seed: int = 0, class_names: tuple[str, ...] = CLASS_NAMES) -> FaceData:
    """Draw the data set, balanced over the classes; what was drawn before is kept and read again.

    Args:
        seed: The same seed gives the same bytes.
        class_names: Expressions that are drawn, in the order of their labels.
    """
    # 1.5 s of drawing for each of a run's processes otherwise. Whatever the bytes depend on is in
    # the key: this file, numpy and its random numbers, and what is asked for.
    asked = f"{digest_of(Path(__file__))} {np.__version__} {seed} {class_names}"
    images, labels, usage = cached(
        hashlib.sha256(asked.encode()).hexdigest(), lambda: _drawn(seed, class_names)
    )
    digest = hashlib.sha256(images.tobytes() + labels.tobytes() + bytes([VERSION])).hexdigest()
    return FaceData(
        SYNTHETIC,
        images,
        labels,
        usage,
        class_names,
        synthetic=True,
        source=f"drawn, seed {seed}",
        digest=digest,
    )


def _drawn(seed: int, class_names: tuple[str, ...]) -> Arrays:
    """Images, labels and splits, drawn now."""
    rng = np.random.Generator(np.random.PCG64(seed))
    labels = np.arange(sum(SIZES.values()), dtype=np.int64) % len(class_names)
    images = np.stack([_face(class_names[label], rng) for label in labels])
    return images, labels, np.repeat(list(SIZES), list(SIZES.values()))


def _face(expression: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One face, uint8 [48, 48]."""
    jitter = rng.normal(0, 1, 7) * np.array([0.09, 0.025, 0.18, 0.05, 0.025, 0.10, 0.15])
    slant, raised, opening, curve, gape, width, wrinkles = np.array(SHAPES[expression]) + jitter
    x, y = _pose(rng)
    skin, ground = rng.uniform(0.55, 0.8), rng.uniform(0.15, 0.5)
    image = np.full((SIDE, SIDE), ground)
    oval = (x / rng.uniform(0.68, 0.82)) ** 2 + (y / rng.uniform(0.92, 1.05)) ** 2
    image = _over(image, skin, 1 - oval, 0.10)
    image = _over(image, rng.uniform(0.05, 0.35), -y - rng.uniform(0.62, 0.8), 0.05)  # hair
    apart, level = rng.uniform(0.28, 0.36), rng.uniform(-0.22, -0.12)
    for side in (-1.0, 1.0):
        u = side * x - apart  # outwards from the middle of this eye
        v = y - level
        tall = 0.075 * max(opening, 0.2)
        image = _over(image, 0.95, 1 - (u / 0.15) ** 2 - (v / tall) ** 2, 0.3)
        image = _over(image, 0.08, 1 - (u / 0.06) ** 2 - (v / min(tall, 0.07)) ** 2, 0.4)
        brow = v + 0.19 + raised - slant * u  # zero on the brow's line
        image = _over(image, 0.15, np.minimum(0.035 - abs(brow), 0.19 - abs(u)), 0.015)
        fold = abs(y - 0.05 + 0.8 * (side * x - 0.14))
        strength = skin - 0.3 * float(np.clip(wrinkles, 0, 1))
        image = _over(image, strength, np.minimum(0.02 - fold, 0.1 - abs(y - 0.05)), 0.015)
    image = _over(image, skin - 0.15, np.minimum(0.03 - abs(x), 0.16 - abs(y - 0.08)), 0.02)
    bow = y - 0.5 + curve * ((x / 0.3) ** 2 - 0.4)  # zero on the middle line of the mouth
    if expression == "contempt":
        bow += SMIRK * np.clip(x / 0.3, 0, 1.5)
    half = 0.30 * max(width, 0.3)
    lips = 0.035 + max(gape, 0.0) * np.clip(1 - (x / half) ** 2, 0, 1)
    image = _over(image, 0.2, np.minimum(lips - abs(bow), half - abs(x)), 0.015)
    return _camera(image, rng)


def _pose(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Face coordinates of each pixel: shifted, turned and scaled; the face is about [-1, 1]."""
    axis = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    down, right = np.meshgrid(axis, axis, indexing="ij")
    angle, scale = rng.normal(0, 0.16), rng.uniform(0.78, 1.12)
    right, down = right - rng.normal(0, 0.09), down - rng.normal(0, 0.09)
    x = (np.cos(angle) * right + np.sin(angle) * down) / scale
    return x, (np.cos(angle) * down - np.sin(angle) * right) / scale


def _over(
    image: NDArray[np.float64], shade: float, inside: NDArray[np.float64], edge: float
) -> NDArray[np.float64]:
    """Paint `shade` where `inside` is positive, with a soft edge of that width."""
    cover = np.clip(inside / edge + 0.5, 0, 1)
    return image * (1 - cover) + shade * cover


def _camera(image: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light from one side, something in the way, contrast and noise."""
    axis = np.linspace(-1, 1, SIDE)
    direction, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.35)
    light = 1 + strength * (np.cos(direction) * axis[None, :] + np.sin(direction) * axis[:, None])
    image = image * light
    if rng.random() < 0.5:  # a bar or a patch in front of the face
        top, left = rng.integers(0, SIDE, 2)
        tall, wide = rng.integers(3, 16, 2)
        image[top : top + tall, left : left + wide] = rng.uniform(0, 1)
    image = 0.5 + (image - 0.5) * rng.uniform(0.6, 1.2) + rng.normal(0, 0.05, image.shape)
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
