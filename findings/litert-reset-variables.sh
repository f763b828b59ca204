#!/usr/bin/env bash
# LiteRT: neither reset_all_variables nor allocate_tensors forgets the state of a streaming model.
#
# A streaming wake-word model keeps the rows that it has seen in resource variables (VAR_HANDLE, READ_VARIABLE,
# ASSIGN_VARIABLE). reset_all_variables, by its name the way to begin again, resets only the old kind of variable tensors
# and leaves these; allocate_tensors does too. The state that the next run reads is that of the run before: all 80 values
# of it, where a new interpreter reads zeros. Only a new interpreter begins again.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check ai-edge-litert==2.3.0 numpy==2.2.6
env/bin/pip download --quiet --disable-pip-version-check --no-deps pymicro-wakeword==2.5.0 # for its model
python3 -m zipfile -e pymicro_wakeword-*.whl model
env/bin/python 2> errors - <<'PY'
import importlib.metadata
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

print("ai-edge-litert", importlib.metadata.version("ai-edge-litert"))
ZERO = -128  # the zero point of the rows


def new():
    i = Interpreter("model/pymicro_wakeword/models/okay_nabu.tflite", experimental_preserve_all_tensors=True,
                    experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    i.allocate_tensors()
    return i


def state_read(i, rows):
    """Runs once, and gives the state that the run has read from the first variable."""
    i.set_tensor(i.get_input_details()[0]["index"], rows)
    i.invoke()
    [state] = [d["index"] for d in i.get_tensor_details() if d["name"].endswith("stream_6/concat/ReadVariableOp")]
    return np.array(i.get_tensor(state))


shape = new().get_input_details()[0]["shape"]
loud = np.full(shape, 100, np.int8)
quiet = np.full(shape, ZERO, np.int8)
left = {"a new interpreter": int((state_read(new(), quiet) != ZERO).sum())}
for name in "reset_all_variables", "allocate_tensors":
    i = new()
    state_read(i, loud)
    getattr(i, name)()
    left[name] = int((state_read(i, quiet) != ZERO).sum())
for name, n in left.items():
    print(f"{name}: {n} of 80 values of the state are those of the run before")
sys.exit(0 if list(left.values()) == [0, 80, 80] else "this has changed")
PY
