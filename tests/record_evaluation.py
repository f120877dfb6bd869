"""Records what scikit-learn and SciPy say, for src/evaluation: writes tests/golden/evaluation.json.

Run with scikit-learn 1.9 and SciPy 1.17: python tests/record_evaluation.py
"""

import json
import pathlib
import warnings

import numpy
from scipy.stats import binomtest
from sklearn import metrics

warnings.filterwarnings("ignore")
generator = numpy.random.default_rng(7)


def line(name, values):
    return {
        "name": name,
        "precision": float(values["precision"]),
        "recall": float(values["recall"]),
        "f1": float(values["f1-score"]),
        "support": int(values["support"]),
    }


def case(name, classes, truth, probabilities):
    truth = numpy.asarray(truth)
    probabilities = numpy.asarray(probabilities, dtype=numpy.float32)
    predicted = probabilities.argmax(axis=1)
    present = sorted(set(truth.tolist()) | set(predicted.tolist()))
    names = [classes[index] for index in present]
    report = metrics.classification_report(truth, predicted, target_names=names, output_dict=True)
    return {
        "name": name,
        "classes": classes,
        "truth": truth.tolist(),
        "probabilities": probabilities.tolist(),
        "predicted": predicted.tolist(),
        "confusion": metrics.confusion_matrix(truth, predicted, labels=range(len(classes))).tolist(),
        "per_class": [line(name, report[name]) for name in names],
        "accuracy": float(report["accuracy"]),
        "macro_average": line("macro avg", report["macro avg"]),
        "weighted_average": line("weighted avg", report["weighted avg"]),
        "macro_f1": float(metrics.f1_score(truth, predicted, average="macro")),
        "log_loss": float(metrics.log_loss(truth, probabilities, labels=range(len(classes)))),
        "text_2": metrics.classification_report(truth, predicted, target_names=names),
        "text_4": metrics.classification_report(truth, predicted, target_names=names, digits=4),
    }


def certain(classes, predicted):
    """Probabilities 0 and 1, which a loss has to survive."""
    return numpy.eye(classes)[predicted]


def drawn(classes, truth, sharpness):
    logits = generator.normal(size=(len(truth), classes))
    logits[numpy.arange(len(truth)), truth] += sharpness
    exponentials = numpy.exp(logits)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


five = generator.integers(0, 5, 60)
uneven = generator.choice(3, 40, p=[0.8, 0.15, 0.05])
golden = {
    "reports": [
        case("two classes", ["defective", "functional"], five % 2, drawn(2, five % 2, 1.0)),
        case("five classes", ["daisy", "dandelion", "rose", "sunflower", "tulip"], five, drawn(5, five, 1.5)),
        case("uneven", ["often", "seldom", "a class with quite a long name"], uneven, drawn(3, uneven, 1.0)),
        case("never predicted", ["a", "b", "c"], [0, 0, 1, 2], certain(3, [0, 0, 0, 2])),
        case("never true", ["a", "b", "c"], [0, 0, 1, 1], certain(3, [0, 2, 1, 1])),
        case("absent class", ["a", "b", "c"], [0, 0, 2, 2], certain(3, [0, 2, 2, 2])),
        case("all wrong", ["a", "b"], [0, 1, 1], certain(2, [1, 0, 0])),
        case("one prediction for all", ["a", "b"], [0, 1, 1, 1], certain(2, [1, 1, 1, 1])),
        case("ties in rounding", ["a", "b"], [0] * 8 + [1] * 8, certain(2, [0] + [1] * 7 + [1] * 3 + [0] * 5)),
        case("equal probabilities", ["a", "b"], [0, 1, 1], [[0.5, 0.5], [0.5, 0.5], [0.25, 0.75]]),
    ],
    "wilson": [],
}
for successes, trials in [(0, 10), (10, 10), (1, 2), (575, 656), (590, 656), (3, 7), (0, 1), (49_999, 50_000)]:
    interval = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    golden["wilson"].append([successes, trials, float(interval.low), float(interval.high)])

path = pathlib.Path(__file__).parent / "golden" / "evaluation.json"
path.parent.mkdir(exist_ok=True)
path.write_text(json.dumps(golden, indent=1) + "\n")
print(path)
