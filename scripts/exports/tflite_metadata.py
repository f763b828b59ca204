"""Writes what tflite-support's displayer says of models, for internal/tflitemeta/testdata.

    pip install tflite-support==0.4.4        # Python 3.11 or older
    CORALLITE_KEEP=/tmp/kept go test ./internal/tflitemeta -run TestEdited
    python scripts/exports/tflite_metadata.py OUT_FOLDER ../shared/testdata/wild/*.tflite /tmp/kept/*.tflite
"""

import hashlib
import json
import pathlib
import sys

from tensorflow_lite_support.metadata.python import metadata


def brief(v):
    """Sentences of others are not committed, only their sums."""
    if isinstance(v, dict):
        return {k: brief(x) for k, x in v.items()}
    if isinstance(v, list):
        return [brief(x) for x in v]
    if isinstance(v, str) and len(v) > 40:
        return "sha256:" + hashlib.sha256(v.encode()).hexdigest()
    return v


out = pathlib.Path(sys.argv[1])
for path in sys.argv[2:]:
    try:
        said = metadata.MetadataDisplayer.with_model_file(path)
    except ValueError as e:  # it says nothing
        print(path, e)
        continue
    content = {"metadata": brief(json.loads(said.get_metadata_json())), "packed": said.get_packed_associated_file_list()}
    (out / (pathlib.Path(path).stem + ".json")).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
