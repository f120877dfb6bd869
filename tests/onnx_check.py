"""Exported ONNX files, checked by onnx and computed by onnxruntime, beside the answers that Graft gave.

    python onnx_check.py CHECK.json

CHECK.json is a list of

    {"onnx": "a.onnx", "pictures": ["a.png", ...], "expected": [[0.1, 0.9], ...], "most": 0.001}

or, for a file that takes normalised squares, with "tensor": {"file": "a.bin", "shape": [2, 3, 64, 64]} (little-endian
float32, row by row) in place of "pictures". Paths are relative to CHECK.json. Pictures are decoded by Pillow and answered one
by one, and those of one size once more together. A line of JSON is printed for each file; the status is 1 where a probability
differs by more than "most", or fewer than 99.5 % of the pictures have the same answer.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from PIL import Image

EQUAL_ANSWERS = 0.995


def decoded(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def answers(session, entry, folder):
    """Of every picture, [N, classes]."""
    if "tensor" in entry:
        tensor = entry["tensor"]
        values = np.fromfile(folder / tensor["file"], dtype="<f4").reshape(tensor["shape"])
        return session.run(["probabilities"], {"input": values})[0]
    pictures = [decoded(folder / name) for name in entry["pictures"]]
    run = lambda batch: session.run(["probabilities"], {"images": batch})[0]
    alone = np.concatenate([run(picture[None]) for picture in pictures])
    for size in {picture.shape for picture in pictures}:
        same = [index for index, picture in enumerate(pictures) if picture.shape == size]
        together = run(np.stack([pictures[index] for index in same]))
        apart = float(np.abs(together - alone[same]).max())
        assert apart <= entry["most"], f"{entry['onnx']}: a batch differs from its pictures by {apart}"
    return alone


def check(entry, folder):
    path = folder / entry["onnx"]
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    found = answers(session, entry, folder)
    expected = np.array(entry["expected"], dtype=np.float32)
    assert found.shape == expected.shape, f"{entry['onnx']}: {found.shape} and not {expected.shape}"
    said = {entry.key: entry.value for entry in model.metadata_props}
    equal = int((found.argmax(1) == expected.argmax(1)).sum())
    return {
        "onnx": entry["onnx"],
        "opset": model.opset_import[0].version,
        "pictures": len(expected),
        "largest_difference": float(np.abs(found - expected).max()),
        "equal_answers": equal,
        "classes": json.loads(said["classes"]) if "classes" in said else None,
        "is_right": bool(
            np.abs(found - expected).max() <= entry["most"] and equal >= EQUAL_ANSWERS * len(expected)
        ),
    }


def main():
    description = Path(sys.argv[1])
    results = [check(entry, description.parent) for entry in json.loads(description.read_text())]
    for result in results:
        print(json.dumps(result))
    return 0 if all(result["is_right"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
