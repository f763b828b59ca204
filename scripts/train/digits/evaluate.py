"""How well a model hears words alone, in the middle of its window."""

import numpy as np

import augment
import features
import speech

LOGMEL = features.LogMel(augment.OPTIONS)


def window(clip, rng=None):
    """The features of a Clip with digital silence around it, or noise 20 dB below it."""
    n = augment.OPTIONS.hop * (augment.WINDOW_ROWS - 1) + augment.OPTIONS.window
    x = np.zeros(n)
    augment.put(x, clip.samples, (n - len(clip.samples)) // 2)
    if rng is not None:
        x += rng.standard_normal(n) * np.sqrt(np.mean(clip.samples**2)) / 10
    return LOGMEL(np.clip(np.round(x * 32768), -32768, 32767))


def windows(clips, noisy=False):
    rng = np.random.default_rng(7) if noisy else None
    return augment.relative(np.stack([window(c, rng) for c in clips]))[..., None]


def confusion(scores, clips):
    """[true, heard] counts over all labels."""
    counts = np.zeros((len(speech.LABELS), len(speech.LABELS)), int)
    np.add.at(counts, ([c.label for c in clips], scores.argmax(1)), 1)
    return counts


def accuracy(counts):
    return float(np.trace(counts) / counts.sum())

