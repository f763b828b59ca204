"""The pool of scenes, made once, and the windows that are drawn from it while the model learns."""

import concurrent.futures
import dataclasses

import numpy as np

import augment
import speech
from speech import OTHER, SILENCE

NEAR = 6   # rows: a word whose middle lies so near that of the window is what the window says
FAR = 14   # a window with no word nearer than this says none
HEARD = 40  # rows: a window with no word nearer than this is silence
VARIANTS = 12  # scenes made of each recording
SYNTHETIC = 6  # and of each word of espeak-ng
NOISE = 2000   # scenes without a word
EDGE = 0.1     # share of windows in which no word lies in the middle, where the scene has such
MUMBLES = 400  # sounds like speech that are none, with as many scenes each as a word


@dataclasses.dataclass
class Pool:
    rows: np.ndarray      # [N, SCENE_ROWS, bins] float16
    centers: np.ndarray   # [N, WORDS]
    labels: np.ndarray    # [N, WORDS]
    speakers: np.ndarray  # [N]

    def of(self, speakers):
        """The scenes in which only these speakers are heard."""
        keep = np.isin(self.speakers, list(speakers))
        return Pool(self.rows[keep], self.centers[keep], self.labels[keep], self.speakers[keep])

    def save(self, path):
        np.savez(path, **vars(self))


def load(path):
    with np.load(path) as f:
        return Pool(**f)


def make_sources(seed):
    """All clips that scenes are made of, and the noises."""
    rng = np.random.default_rng(seed)
    recorded = speech.recorded_digits()
    synthetic = speech.spoken_digits(rng, speech.TRAIN_ACCENTS, speech.TRAIN_VARIANTS)
    words = speech.spoken_words(rng, speech.TRAIN_ACCENTS, speech.TRAIN_VARIANTS, speech.TRAIN_WORDS,
                                speech.TRAIN_SENTENCES, 4) + speech.wake_words(test=False)
    words += [speech.Clip(augment.mumble(rng), OTHER, "espeak") for _ in range(MUMBLES)]
    babble = np.concatenate([c.samples / max(c.samples.std(), 1e-3) for c in rng.permutation(np.array(words, object))])
    return recorded, synthetic, words, augment.noises(babble, rng)


def plan(recorded, synthetic, words):
    """What scene to make: (main clip or None, by how many), grouped by speaker."""
    jobs = []
    for clip in recorded:
        jobs += [(clip, False)] * VARIANTS + [(clip, True)] * 2
    for clip in synthetic:
        jobs += [(clip, False)] * SYNTHETIC + [(clip, True)]
    for clip in words:
        jobs += [(clip, False)] * SYNTHETIC
    jobs += [(None, False)] * NOISE
    return jobs


def make_scenes(jobs, by_speaker, kinds, seed):
    rng = np.random.default_rng(seed)
    scenes = []
    for main, spoil in jobs:
        if main is None:
            scenes.append(augment.scene([None] * 3, "espeak", rng, kinds))
            continue
        around = by_speaker[main.speaker]
        mate = lambda: around[rng.integers(len(around))]
        words = [augment.broken(main, mate(), rng) if spoil else main]
        words += [mate() if rng.random() < 0.45 else None for _ in range(2)]
        scenes.append(augment.scene(words, main.speaker, rng, kinds))
    return scenes


def make(seed, processes):
    recorded, synthetic, words, kinds = make_sources(seed)
    by_speaker = {}
    for clip in recorded + synthetic + words:
        by_speaker.setdefault(clip.speaker, []).append(clip)
    jobs = plan(recorded, synthetic, words)
    parts = [jobs[i : i + 500] for i in range(0, len(jobs), 500)]
    with concurrent.futures.ProcessPoolExecutor(processes, initializer=share, initargs=(by_speaker, kinds)) as workers:
        done = list(workers.map(work, parts, [(seed, i) for i in range(len(parts))]))
    scenes = [s for part in done for s in part]
    return Pool(np.stack([s.rows for s in scenes]), np.stack([s.centers for s in scenes]),
                np.stack([s.labels for s in scenes]), np.array([s.speaker for s in scenes]))


def share(*sources):
    global SOURCES
    SOURCES = sources


def work(jobs, seed):
    return make_scenes(jobs, *SOURCES, seed)


def batches(pool, size, steps, seed):
    """Windows and what they say, for ever the same for the same seed.

    Of each scene either a window with its first word in the middle, or one with no word there.
    """
    rng = np.random.default_rng(seed)
    middle = np.arange(augment.SCENE_ROWS - augment.WINDOW_ROWS + 1) + (augment.WINDOW_ROWS - 1) / 2
    distance = np.abs(pool.centers[:, :, None].astype(np.float32) - middle.astype(np.float32))
    nearest = distance.min(1)
    spoken = (distance[:, 0] <= NEAR) & (distance[:, 1:].min(1) > NEAR)
    weights = balance(pool)
    for _ in range(steps):
        chosen = rng.choice(len(pool.rows), size, p=weights)
        windows = np.empty((size, augment.WINDOW_ROWS, augment.OPTIONS.bins), np.float32)
        labels = pool.labels[chosen, 0].astype(np.int32)
        for k, i in enumerate(chosen):
            places = np.flatnonzero(spoken[i])
            none = np.flatnonzero(nearest[i] > FAR)
            if len(none) and (rng.random() < EDGE or not len(places)):
                at = rng.choice(none)
                labels[k] = OTHER if nearest[i, at] < HEARD else SILENCE
            else:
                at = rng.choice(places)
            windows[k] = pool.rows[i, at : at + augment.WINDOW_ROWS]
        windows = augment.relative(windows)
        mask(windows, rng)
        yield windows[..., None], labels


def balance(pool):
    """How often each scene is drawn: digits alike, other words and noise less, because windows that lie beside a word
    are of these classes too. So all classes are as frequent: more of the others would make the model say `other` of
    every voice that it does not know.
    """
    first = pool.labels[:, 0]
    share = np.ones(len(speech.LABELS))
    share[OTHER], share[SILENCE] = 0.8, 0.4
    counts = np.bincount(first, minlength=len(share))
    weights = share[first] / counts[first]
    # Recorded people count as much as all of espeak-ng together.
    recorded = pool.speakers != "espeak"
    for digit in range(10):
        mine = first == digit
        for kind in (mine & recorded, mine & ~recorded):
            if kind.any():
                weights[kind] = 0.5 / kind.sum()
    return weights / weights.sum()


def mask(windows, rng):
    """Hides a few bins or rows of some windows, in place, as SpecAugment does."""
    for w in windows:
        if rng.random() < 0.4:
            n, at = rng.integers(1, 5), rng.integers(augment.OPTIONS.bins)
            w[:, at : at + n] = w.mean()
        if rng.random() < 0.3:
            n, at = rng.integers(1, 5), rng.integers(augment.WINDOW_ROWS)
            w[at : at + n] = w.mean()
