"""Records which labels cleanlab's confident learning suspects, for src/evaluation/label_errors.rs: writes
tests/golden/label_errors.json.

Run with cleanlab 2.9: python tests/record_label_errors.py
"""

import json
import pathlib

import numpy
from cleanlab.filter import find_label_issues

FILE = pathlib.Path(__file__).parent / "golden" / "label_errors.json"
generator = numpy.random.default_rng(11)


def case(classes, count, sharpness, wrong, absent=()):
    """Answers of a good network on labels of which a share is wrong."""
    present = [index for index in range(classes) if index not in absent]
    truth = generator.choice(present, size=count)
    logits = generator.normal(size=(count, classes))
    logits[numpy.arange(count), truth] += sharpness
    probabilities = numpy.exp(logits)
    probabilities = (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(numpy.float32)
    labels = truth.copy()
    flipped = generator.random(count) < wrong
    labels[flipped] = generator.choice(present, size=int(flipped.sum()))
    issues = find_label_issues(labels, probabilities.astype(numpy.float64), filter_by="confident_learning",
                               return_indices_ranked_by="self_confidence", n_jobs=1)
    return {"classes": classes, "labels": labels.tolist(),
            "probabilities": [[float(f"{value:.8g}") for value in row] for row in probabilities.tolist()],
            "issues": issues.tolist()}


cases = [case(2, 60, 2.0, 0.1), case(3, 90, 3.0, 0.08), case(5, 120, 4.0, 0.1), case(4, 80, 3.0, 0.1, absent=(2,)),
         case(3, 40, 0.3, 0.3), case(2, 30, 6.0, 0.0)]
for found in cases:
    print(found["classes"], len(found["labels"]), found["issues"])
FILE.write_text("[\n" + ",\n".join(json.dumps(found, separators=(",", ":")) for found in cases) + "\n]\n")
