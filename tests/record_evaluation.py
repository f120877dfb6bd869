"""Records what scikit-learn, SciPy and statsmodels say, for src/evaluation: writes
tests/golden/evaluation.json.

Run with scikit-learn 1.9, SciPy 1.17 and statsmodels 0.15: python tests/record_evaluation.py
"""

import json
import pathlib
import warnings

import numpy
from scipy import optimize, stats
from scipy.stats import binomtest
from sklearn import calibration, metrics
from statsmodels.stats import contingency_tables

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
        **scores(classes, truth, probabilities, predicted),
        "text_2": metrics.classification_report(truth, predicted, target_names=names),
        "text_4": metrics.classification_report(truth, predicted, target_names=names, digits=4),
    }


def number(value):
    """None where scikit-learn has no number."""
    value = float(value)
    return value if numpy.isfinite(value) else None


def scores(classes, truth, probabilities, predicted):
    """Everything beyond the report, class by class where it is one against the rest."""
    labels = range(len(classes))
    rankings = []
    for label in labels:
        positive, score = truth == label, probabilities[:, label]
        ranking = {"roc": None, "precision_recall": None}
        if positive.any():
            precision, recall, thresholds = metrics.precision_recall_curve(positive, score)
            ranking["precision_recall"] = {
                "precision": precision.tolist(),
                "recall": recall.tolist(),
                "thresholds": [float(value) for value in thresholds],
                "average_precision": float(metrics.average_precision_score(positive, score)),
                "area": float(metrics.auc(recall, precision)),
            }
            if not positive.all():
                false, true, thresholds = metrics.roc_curve(positive, score)
                ranking["roc"] = {
                    "false_positive_rate": false.tolist(),
                    "true_positive_rate": true.tolist(),
                    "thresholds": [float(value) for value in thresholds[1:]],
                    "area": float(metrics.roc_auc_score(positive, score)),
                }
        rankings.append(ranking)
    areas = [ranking["roc"]["area"] for ranking in rankings if ranking["roc"]]
    precisions = [
        ranking["precision_recall"]["average_precision"] for ranking in rankings if ranking["precision_recall"]
    ]
    confidence = probabilities.max(axis=1).astype(numpy.float64)
    right = predicted == truth
    bins = 10
    true, mean = calibration.calibration_curve(right, confidence, n_bins=bins)
    counts, _ = numpy.histogram(
        numpy.searchsorted(numpy.linspace(0, 1, bins + 1)[1:-1], confidence), bins=range(bins + 1)
    )
    counts = counts[counts > 0]
    distances = numpy.abs(true - mean)
    distinct = all(len(set(row)) == len(row) for row in probabilities.tolist())
    ks = [k for k in (2, 3, 5, 10) if k < len(classes)]
    return {
        "weighted_f1": float(metrics.f1_score(truth, predicted, average="weighted")),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(truth, predicted)),
        "cohen_kappa": number(metrics.cohen_kappa_score(truth, predicted)),
        "matthews_correlation": float(metrics.matthews_corrcoef(truth, predicted)),
        "brier_score": float(metrics.brier_score_loss(truth, probabilities.astype(numpy.float64), labels=list(labels)))
        if len(classes) > 2
        else float(metrics.brier_score_loss(truth, probabilities[:, 1].astype(numpy.float64), labels=[0, 1], pos_label=1)),
        # Of equally probable classes scikit-learn takes the last.
        "top_k": [[k, float(metrics.top_k_accuracy_score(truth, probabilities, k=k, labels=labels))] for k in ks]
        if distinct
        else [],
        "normalized": {
            by: metrics.confusion_matrix(truth, predicted, labels=labels, normalize=by).tolist()
            for by in ("true", "pred", "all")
        },
        "rankings": rankings,
        "roc_auc": float(numpy.mean(areas)) if areas else None,
        # With every class present, scikit-learn's own average.
        "roc_auc_ovr": float(metrics.roc_auc_score(truth, probabilities, multi_class="ovr", average="macro"))
        if len(areas) == len(classes) > 2
        else None,
        "average_precision": float(numpy.mean(precisions)),
        "reliability_true": true.tolist(),
        "reliability_mean": mean.tolist(),
        "expected_error": float((distances * counts / counts.sum()).sum()),
        "maximum_error": float(distances.max()),
    }


def temperature(truth, probabilities):
    """The temperature of the lowest log loss, by SciPy's bounded search."""
    probabilities = numpy.asarray(probabilities, dtype=numpy.float32)
    logits = numpy.log(numpy.maximum(probabilities, numpy.finfo(numpy.float32).tiny).astype(numpy.float64))

    def loss(inverse):
        scaled = logits * inverse
        scaled -= scaled.max(axis=1, keepdims=True)
        normalizer = numpy.log(numpy.exp(scaled).sum(axis=1))
        return float((normalizer - scaled[numpy.arange(len(truth)), truth]).mean())

    found = optimize.minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-12, "maxiter": 1000})
    return {
        "truth": truth.tolist(),
        "probabilities": probabilities.tolist(),
        "temperature": 1 / found.x,
        "before": loss(1.0),
        "after": loss(found.x),
    }


def newcombe(both, first, second, neither):
    """Newcombe's method 10, written down a second time from Altman et al., Statistics with Confidence."""
    n = both + first + second + neither
    intervals = []
    for successes in (both + first, both + second):
        interval = binomtest(successes, n).proportion_ci(0.95, method="wilson")
        intervals.append((successes / n, interval.low, interval.high))
    (p1, l1, u1), (p2, l2, u2) = intervals
    product = (both + first) * (second + neither) * (both + second) * (first + neither)
    phi = 0.0
    if product:
        excess = both * neither - first * second
        excess = max(excess - n / 2, 0) if excess > 0 else excess
        phi = excess / numpy.sqrt(float(product))
    low = numpy.sqrt(max((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2, 0))
    high = numpy.sqrt(max((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2, 0))
    return [float((first - second) / n - low), float((first - second) / n + high)]


def pair(both, first, second, neither):
    table = [[both, first], [second, neither]]
    return {
        "table": [both, first, second, neither],
        "p_value": float(contingency_tables.mcnemar(table, exact=True).pvalue),
        "newcombe": newcombe(both, first, second, neither),
    }


def bootstrap(truth, probabilities):
    """Percentile intervals by SciPy, of which ours can differ only by the luck of the draw."""
    truth, probabilities = numpy.asarray(truth), numpy.asarray(probabilities, dtype=numpy.float32)
    predicted = probabilities.argmax(axis=1)

    def interval(score):
        def statistic(index):
            return score(index.astype(int))

        found = stats.bootstrap(
            (numpy.arange(len(truth)),), statistic, n_resamples=5000, vectorized=False, method="percentile", rng=3
        ).confidence_interval
        return [float(found.low), float(found.high)]

    classes = probabilities.shape[1]
    return {
        "truth": truth.tolist(),
        "probabilities": probabilities.tolist(),
        "macro_f1": interval(lambda i: metrics.f1_score(truth[i], predicted[i], average="macro")),
        "cohen_kappa": interval(lambda i: metrics.cohen_kappa_score(truth[i], predicted[i])),
        "log_loss": interval(lambda i: metrics.log_loss(truth[i], probabilities[i], labels=range(classes))),
        "roc_auc": interval(
            lambda i: metrics.roc_auc_score(truth[i], probabilities[i], multi_class="ovr", average="macro")
        ),
    }


def spread(first, second):
    first, second = numpy.asarray(first), numpy.asarray(second)

    def of(values):
        half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
        return [float(values.mean()), float(values.std(ddof=1)), float(values.mean() - half), float(values.mean() + half)]

    return {
        "first": first.tolist(),
        "second": second.tolist(),
        "spreads": [of(first), of(second), of(second - first)],
        "p_value": float(stats.ttest_rel(second, first).pvalue),
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
    "temperatures": [],
    "pairs": [
        pair(*table)
        for table in [
            (560, 5, 33, 58),
            (120, 6, 9, 15),
            (54, 0, 0, 0),
            (53, 1, 0, 0),
            (0, 10, 0, 0),
            (0, 0, 3, 7),
            (1, 1, 7, 12),
            (14, 5, 0, 22),
            (44, 20, 20, 16),
            (3, 30, 28, 2),
            (1, 0, 0, 1),
            (40_000, 800, 900, 8_300),
        ]
    ],
    "spreads": [
        spread([0.861, 0.872, 0.866], [0.904, 0.899, 0.911]),
        spread([0.87, 0.88, 0.875, 0.869, 0.871], [0.871, 0.879, 0.88, 0.868, 0.874]),
        spread([0.8, 0.9], [0.85, 0.86]),
    ],
}
for sharpness, exponent in [(1.0, 1.0), (1.5, 3.0), (2.0, 0.4)]:
    truth = generator.integers(0, 4, 120)
    probabilities = drawn(4, truth, sharpness) ** exponent
    golden["temperatures"].append(temperature(truth, probabilities / probabilities.sum(axis=1, keepdims=True)))
truth = generator.integers(0, 3, 80)
golden["bootstrap"] = bootstrap(truth, drawn(3, truth, 1.5))
for successes, trials in [(0, 10), (10, 10), (1, 2), (575, 656), (590, 656), (3, 7), (0, 1), (49_999, 50_000)]:
    interval = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    golden["wilson"].append([successes, trials, float(interval.low), float(interval.high)])

path = pathlib.Path(__file__).parent / "golden" / "evaluation.json"
path.parent.mkdir(exist_ok=True)
# A line for each case.
parts = [
    f"{json.dumps(name)}: "
    + ("[\n" + ",\n".join(map(json.dumps, value)) + "\n]" if isinstance(value, list) else json.dumps(value))
    for name, value in golden.items()
]
path.write_text("{\n" + ",\n".join(parts) + "\n}\n")
print(path)
