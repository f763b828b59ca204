"""The model's card: models/digits.md and the picture of its confusions."""

import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import augment
import evaluate
import network
import pool as pools
import speech


def total(figures, kind, sound="quiet"):
    """The confusions of all speakers, each of them heard by the model that did not know them."""
    return sum(f[sound][kind] for f in figures["folds"].values())


COLUMNS = [(sound, kind) for sound in ("quiet", "noisy") for kind in ("float", "int8")]


def percent(value):
    return f"{100 * value:.1f} %"


def table(figures):
    """The accuracy for each speaker, of the model that has not heard them, and the means."""
    accuracies = {speaker: [evaluate.accuracy(f[sound][kind]) for sound, kind in COLUMNS]
                  for speaker, f in figures["folds"].items()}
    accuracies["**mean**"] = np.mean(list(accuracies.values()), axis=0)
    lines = ["| speaker left out | float | int8 | float, noise 20 dB below | int8, noise 20 dB below |",
             "| --- | --- | --- | --- | --- |"]
    return "\n".join(lines + [f"| {speaker} | " + " | ".join(map(percent, row)) + " |" for speaker, row in accuracies.items()])


def picture(path, counts):
    shown = counts[: len(speech.DIGITS)]
    figure, axes = plt.subplots(figsize=(8, 6.4), dpi=100)
    axes.imshow(np.sqrt(shown / shown.sum(1, keepdims=True)), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(speech.LABELS)), speech.LABELS, rotation=45, ha="right")
    axes.set_yticks(range(len(shown)), speech.DIGITS)
    axes.set_xlabel("heard")
    axes.set_ylabel("said")
    axes.set_title(f"Speakers that the model has not heard, int8: {percent(evaluate.accuracy(counts))} of {counts.sum()}")
    for (row, column), n in np.ndenumerate(shown):
        if n:
            axes.text(column, row, n, ha="center", va="center", fontsize=9, color="white" if row == column else "black")
    figure.tight_layout()
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def write(out, figures):
    picture(out / "digits_confusion.png", total(figures, "int8"))
    o, stream = augment.OPTIONS, pathlib.Path(__file__).with_name("stream.md").read_text().strip()
    cell = lambda what, kind: percent(evaluate.accuracy(figures[what][kind]))
    text = f"""# digits_quant.tflite

Recognizes the English words zero to nine in one second of sound. Classes, in the order of `digits_labels.txt`: the ten
digits, `silence`, `other`.

| | |
| --- | --- |
| input | int8 [1,{augment.WINDOW_ROWS},{o.bins},1]: log-mel features of {(augment.WINDOW_ROWS - 1) * o.hop / o.rate + o.window_ms / 1000:.3f} s at {o.rate} samples per second: window {o.window_ms} ms, hop {o.hop_ms} ms, Fourier transform of {o.fft}, {o.bins} bins from {o.low_hz} to {o.high_hz} Hz on the HTK mel scale, power, natural logarithm after adding {o.offset:g}, then (x {-o.mean:+g}) / {o.std} (package `internal/audio/mel`), relative to a floor {augment.RANGE_DB} dB below the loudest value of the window, and 0 below that (`range_db`) |
| output | int8 [1,{len(speech.LABELS)}]: probabilities (softmax) |
| size | {figures['bytes']} bytes, {figures['parameters']} parameters, int8 throughout; only operators supported by the Edge TPU compiler |
| trained | {figures['date']}, with the command `scripts/train/digits/run`: TensorFlow on the CPU, fixed seeds, {figures['steps']} steps on {figures['scenes']} scenes |

The word must be in the middle of the window, within {pools.NEAR * o.hop_ms} ms: otherwise the answer is `other`,
so that consecutive words are recognized one at a time. On a stream the model runs every 40 ms; see the entry `digits` in
the catalog.

## Data and licence

- The Free Spoken Digit Dataset by Zohar Jackson and others (github.com/Jakobovski/free-spoken-digit-dataset), 2000
  recordings by four people at 8 kHz, under CC BY-SA 4.0. The model file contains no recordings. The model is the
  project's own, under Apache-2.0 like its code; name the dataset and its licence if you redistribute the model. The
  recordings contain nothing above 4 kHz, so the features end at {o.high_hz} Hz.
- Digits, other words and sentences spoken by espeak-ng, for training: {len(speech.TRAIN_VARIANTS)} voices in {len(speech.TRAIN_ACCENTS)} accents of English. They add
  more speakers, and words that are not digits.
- Augmentation: speed with pitch, speed alone, length of the vocal tract, level (-42 to -12 dB of full scale),
  position in the window, other words shortly before and after, noise (white to brown, hum, babble) 3 to 40 dB below,
  reverberation, frequency response and band limits. `other` also includes reversed digits, two at once, and speech-like
  noise.
- Training uses all classes equally often. Afterwards the odds of `other` are divided by {network.DOUBT}: most of the voices in
  training say other words, so that the model would too easily take a digit by a new speaker for another word.

## Accuracy

Leave-one-speaker-out: {len(figures['folds'])} models, each tested on the one person it was not trained on (500 isolated words; the
12-class answer must be the digit). Training has a fixed length, and all four use the same settings. These were chosen
among some fifteen by the mean below, which ranged from 84 % to 91 %, and repeating the training changes it by half a
percent: expect a little less for new speakers. What helped: keeping the final s when trimming silence; features relative
to the loudest value of the window, because a model trained on three background levels took the fourth speaker's for
another word; a lower prior for `other`. What did not: a wider network, longer training, averaged weights, mixing feature
statistics between speakers (MixStyle), voices of flite and festival.

{table(figures)}

![Confusions of the int8 models, all speakers left out in turn](digits_confusion.png)

The shipped model was trained on all four speakers. On data that it was not trained on:

| | float | int8 |
| --- | --- | --- |
| digits by {len(speech.TEST_VARIANTS)} other voices of espeak-ng in {len(speech.TEST_ACCENTS)} accents | {cell('digits', 'float')} | {cell('digits', 'int8')} |
| {len(speech.TEST_WORDS)} other words by them, classified as `other` | {cell('words', 'float')} | {cell('words', 'int8')} |

(On its training recordings: {cell('heard', 'float')} float, {cell('heard', 'int8')} int8.)

{stream}
"""
    (out / "digits.md").write_text(text)
