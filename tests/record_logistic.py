"""Writes tests/golden/logistic.json: scikit-learn's logistic regressions, which src/training/logistic is held against.

pip install scikit-learn && python tests/record_logistic.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

GRID = np.logspace(-4, 4, 10)


def pipeline(c):
    return make_pipeline(
        StandardScaler(), LogisticRegression(C=c, tol=1e-11, max_iter=200_000)
    )


def fitted(x, y, weights, c):
    model = pipeline(c)
    return model.fit(x, y, logisticregression__sample_weight=weights)


def mean_loss(model, x, y, weights):
    probabilities = model.predict_log_proba(x)
    own = probabilities[np.arange(len(y)), y]
    return float(-(weights * own).sum() / weights.sum())


def blobs(random, rows, features, classes, spread, counts=None):
    """Rows around one point for each class; single precision, as networks give them."""
    centres = random.normal(size=(classes, features)) * spread
    if counts is None:
        y = np.arange(rows) % classes
    else:
        y = np.repeat(np.arange(classes), counts)
    x = centres[y] + random.normal(size=(len(y), features))
    return x.astype(np.float32), y


def solution(name, x, y, c, weights=None):
    plain = weights is None
    weights = np.ones(len(y)) if plain else weights
    wide = x.astype(np.float64)
    model = fitted(wide, y, weights, c)
    loss = mean_loss(model, wide, y, weights)
    coefficients = model[-1].coef_
    penalty = float((coefficients**2).sum() / (2 * c * weights.sum()))
    return {
        "name": name,
        "features": x.shape[1],
        "classes": int(y.max()) + 1,
        "c": c,
        "values": [float(f"{value:.9g}") for value in x.ravel()],
        "labels": y.tolist(),
        "weights": None if plain else weights.tolist(),
        "loss": loss,
        "objective": loss + penalty,
        "probabilities": model.predict_proba(wide).round(7).ravel().tolist(),
    }


def balanced(y):
    counts = np.bincount(y)
    return (len(y) / (len(counts) * counts))[y]


def solutions():
    random = np.random.default_rng(3)
    x, y = blobs(random, 60, 4, 3, 1.0)
    yield solution("three classes", x, y, 1.0)
    yield solution("a weak penalty", x, y, 1000.0)
    x, y = blobs(random, 30, 60, 4, 0.3)
    yield solution("more features than rows", x, y, 0.1)
    x, y = blobs(random, None, 5, 3, 0.6, counts=[40, 30, 3])
    yield solution("a rare class, balanced", x, y, 2.0, balanced(y))
    x, y = blobs(random, 40, 5, 2, 0.5)
    yield solution("two classes", x, y, 10.0)
    x, y = blobs(random, 50, 6, 2, 0.5)
    x = x * np.array([1e-4, 1.0, 1e4, 1.0, 50.0, 0.0]) + np.array([0, 1000.0, 0, -3, 1e4, 7])
    weights = random.uniform(0.2, 3.0, size=50)
    yield solution("badly scaled, weighted, one feature constant", x.astype(np.float32), y, 1.0, weights)


def cross_validation():
    """C chosen on folds, inside each fold on the others."""
    random = np.random.default_rng(5)
    x, y = blobs(random, 72, 12, 3, 0.35)
    wide = x.astype(np.float64)
    folds = (np.arange(72) // 3) % 4
    ones = np.ones(72)
    models = {}

    def without(left_out, c):
        key = (frozenset(left_out), c)
        if key not in models:
            kept = ~np.isin(folds, list(left_out))
            models[key] = fitted(wide[kept], y[kept], ones[kept], c)
        return models[key]

    def score(held_out, also, c):
        losses, count = 0.0, 0
        for fold in held_out:
            rows = folds == fold
            model = without({fold, *also}, c)
            losses += mean_loss(model, wide[rows], y[rows], ones[rows]) * rows.sum()
            count += rows.sum()
        return losses / count

    scores = [score(range(4), (), c) for c in GRID]
    fold_c, probabilities = [], np.zeros((72, 3))
    for fold in range(4):
        others = [other for other in range(4) if other != fold]
        best = GRID[int(np.argmin([score(others, (fold,), c) for c in GRID]))]
        fold_c.append(float(best))
        rows = folds == fold
        probabilities[rows] = without({fold}, best).predict_proba(wide[rows])
    return {
        "features": 12,
        "classes": 3,
        "values": [float(f"{value:.9g}") for value in x.ravel()],
        "labels": y.tolist(),
        "folds": folds.tolist(),
        "grid": GRID.tolist(),
        "scores": scores,
        "c": float(GRID[int(np.argmin(scores))]),
        "fold_c": fold_c,
        "probabilities": probabilities.round(7).ravel().tolist(),
    }


def main():
    recorded = {
        "scikit_learn": sklearn.__version__,
        "solutions": list(solutions()),
        "cross_validation": cross_validation(),
    }
    path = Path(__file__).parent / "golden" / "logistic.json"
    path.write_text(json.dumps(recorded, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
