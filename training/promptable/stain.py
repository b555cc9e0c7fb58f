"""Colour augmentation in optical-density space.

Light through a stained slide is I = 255 * 10^-(stains x amounts): dyes add up in optical density, so
that is where one slide is made to look like another.
"""

from __future__ import annotations

import cv2
import numpy as np

#: Hematoxylin, eosin, residual (Ruifrok and Johnston 2001), unit rows.
STAINS = np.array([[0.650, 0.704, 0.286], [0.072, 0.990, 0.105], [0.268, 0.570, 0.776]], np.float32)
_DENSITY = (-np.log((np.arange(256, dtype=np.float32) + 1) / 256)).astype(np.float32)


def density(image: np.ndarray) -> np.ndarray:
    """uint8 RGB [...,3] to optical density (natural log), float32."""
    return _DENSITY[image]


def from_density(od: np.ndarray) -> np.ndarray:
    """Optical density to uint8 RGB."""
    return np.clip(256 * np.exp(-np.clip(od, 0, 6)) - 1, 0, 255).astype(np.uint8)


def statistics(image: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of each channel's optical density over tissue: [2,3]."""
    od = density(image[::4, ::4].reshape(-1, 3))
    tissue = od.mean(1) > 0.15
    od = od[tissue] if tissue.sum() > 200 else od
    return np.stack([od.mean(0), od.std(0) + 0.02]).astype(np.float32)


def transfer(od: np.ndarray, target: np.ndarray, strength: float) -> np.ndarray:
    """Move the tissue's density statistics towards ``target`` [2,3]."""
    flat = od.reshape(-1, 3)
    sub = flat[::7]
    tissue = sub.mean(1) > 0.15
    chosen = sub[tissue] if tissue.sum() > 100 else sub
    mean, std = chosen.mean(0), chosen.std(0) + 0.02
    gain = np.clip((target[1] / std) ** np.float32(strength), 0.4, 2.5)
    shift = mean + (target[0] - mean) * np.float32(strength) - mean * gain
    # Glass stays glass: the shift fades in with density.
    weight = np.minimum(od[:, :, 1:2] * np.float32(4), 1)
    return od + weight * (np.maximum(od * gain + shift, 0) - od)


def jitter_stains(od: np.ndarray, rng: np.random.Generator, amount: float = 0.25) -> np.ndarray:
    """Unmix with slightly wrong stain vectors, scale each dye, mix with others."""
    basis = STAINS + rng.normal(0, 0.04, (3, 3)).astype(np.float32)
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    other = STAINS + rng.normal(0, 0.06, (3, 3)).astype(np.float32)
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    gains = np.exp(rng.normal(0, amount, 3)).astype(np.float32)
    matrix = np.linalg.inv(basis) @ np.diag(gains) @ other
    shift = (rng.normal(0, 0.02, 3).astype(np.float32) @ other).astype(np.float32)
    return od @ matrix.astype(np.float32) + shift


def recolour(image: np.ndarray, rng: np.random.Generator, targets: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """A uint8 RGB image as another laboratory might have stained and scanned it.

    targets [n,2,3] are density statistics of other training images; ``strength`` multiplies each change's probability.
    """
    od = density(image)
    kind = rng.random() / max(strength, 1e-6)
    if kind < 0.5 and len(targets):
        od = transfer(od, targets[rng.integers(len(targets))], rng.uniform(0.5, 1.0))
    elif kind < 0.6:
        white = np.percentile(od.reshape(-1, 3)[::11], 2, axis=0)
        od = np.maximum(od - white, 0)
    if rng.random() < 0.75 * strength:
        od = jitter_stains(od, rng, 0.2)
    out = from_density(od)
    if rng.random() < 0.4 * strength:
        gamma = np.exp(rng.normal(0, 0.18))
        table = (255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
        out = table[out]
    if rng.random() < 0.3 * strength:
        out = cv2.convertScaleAbs(out, alpha=rng.uniform(0.8, 1.15), beta=rng.uniform(-20, 15))
    if rng.random() < 0.15 * strength:
        grey = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        out = _mix(out, grey, rng)
    return out


def _mix(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    t = float(rng.uniform(0.2, 0.7))
    return cv2.addWeighted(a, 1 - t, b, t, 0)
