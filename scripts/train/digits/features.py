"""Log-mel features in numpy: the counterpart of internal/audio/mel, which documents the options.

golden.py keeps the two alike.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Options:
    """What the features are; the names are those of mel.Options."""

    rate: int
    window_ms: float
    hop_ms: float
    fft: int
    bins: int
    low_hz: float
    high_hz: float
    scale: str = "htk"
    spectrum: str = "power"
    floor: float = 0.0
    offset: float = 0.0
    mean: float = 0.0
    std: float = 1.0

    @property
    def window(self):
        """Samples that a row is made of."""
        return int(np.floor(self.window_ms * self.rate / 1000 + 0.5))

    @property
    def hop(self):
        """Samples from one row to the next."""
        return int(np.floor(self.hop_ms * self.rate / 1000 + 0.5))


def slaney_mel(hz):
    hz = np.asarray(hz, float)
    return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(np.maximum(hz, 1e-9) / 1000) / np.log(6.4))


def slaney_hz(mel):
    mel = np.asarray(mel, float)
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def htk_mel(hz):
    return 2595 * np.log10(1 + np.asarray(hz, float) / 700)


def filters(o):
    """The triangles, [FFT/2+1, bins]."""
    points = np.arange(o.fft // 2 + 1) * o.rate / o.fft
    to_mel = slaney_mel if o.scale == "slaney" else htk_mel
    corners = np.linspace(to_mel(o.low_hz), to_mel(o.high_hz), o.bins + 2)
    height = np.ones(o.bins)
    if o.scale == "slaney":
        corners = slaney_hz(corners)
        height = 2 / (corners[2:] - corners[:-2])
    else:
        points = htk_mel(points)
    rising = (points[:, None] - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - points[:, None]) / (corners[2:] - corners[1:-1])
    weights = height * np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0
    return weights


class LogMel:
    """Features of whole pieces of sound."""

    def __init__(self, o):
        self.o = o
        self.weights = filters(o)
        n = o.window
        self.hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)

    def __call__(self, samples):
        """[..., samples] int16, or float in units of int16, to [..., rows, bins] float32."""
        o = self.o
        x = np.asarray(samples, float) / 32768
        frames = np.lib.stride_tricks.sliding_window_view(x, o.window, axis=-1)[..., :: o.hop, :]
        spectrum = np.abs(np.fft.rfft(frames * self.hann, o.fft))
        if o.spectrum == "power":
            spectrum = spectrum**2
        energy = spectrum @ self.weights
        return ((np.log(np.maximum(energy, o.floor) + o.offset) - o.mean) / o.std).astype(np.float32)
