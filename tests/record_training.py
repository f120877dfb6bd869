"""Records what PyTorch and scikit-learn compute, for the tests in src/training.

    python tests/record_training.py     # writes tests/golden/training.json

Needs torch and scikit-learn. The formulas below (objective, initial values) stand in the Rust tests
too; change both together.
"""

import json
import math
import pathlib

import torch
from sklearn.metrics import accuracy_score, f1_score

torch.set_num_threads(1)

SHAPES = [(3,), (2, 2), (1,)]


def initial_values():
    values, place = [], 0
    for shape in SHAPES:
        flat = []
        for _ in range(math.prod(shape)):
            flat.append(round(math.sin(1.7 * place) * 1.5, 3))
            place += 1
        values.append(torch.tensor(flat).reshape(shape))
    return values


def objective(parameters, step):
    total = torch.tensor(0.0)
    for place, x in enumerate(parameters):
        wave = torch.sin(x * (1.0 + step))
        bowl = (x - 0.3 * (place + 1.0)).square() * (1.0 + place)
        total = total + (wave + bowl).sum()
    return total


def optimizers():
    sgd, adam, adamw, rms = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop
    variants = [
        ("Sgd()", sgd, {}),
        ("Sgd(weight_decay: 0.1)", sgd, dict(weight_decay=0.1)),
        ("Sgd(momentum: 0.9)", sgd, dict(momentum=0.9)),
        ("Sgd(momentum: 0.9, weight_decay: 0.05)", sgd, dict(momentum=0.9, weight_decay=0.05)),
        ("Sgd(momentum: 0.8, nesterov: true, weight_decay: 0.05)", sgd,
         dict(momentum=0.8, nesterov=True, weight_decay=0.05)),
        ("Adam()", adam, {}),
        ("Adam(weight_decay: 0.1)", adam, dict(weight_decay=0.1)),
        ("Adam(beta1: 0.8, beta2: 0.95, epsilon: 1e-4)", adam, dict(betas=(0.8, 0.95), eps=1e-4)),
        ("AdamW()", adamw, {}),
        ("AdamW(beta1: 0.95, beta2: 0.99, weight_decay: 0.2)", adamw,
         dict(betas=(0.95, 0.99), weight_decay=0.2)),
        ("RmsProp()", rms, {}),
        ("RmsProp(momentum: 0.9)", rms, dict(momentum=0.9)),
        ("RmsProp(alpha: 0.9, epsilon: 1e-3, momentum: 0.5, weight_decay: 0.1)", rms,
         dict(alpha=0.9, eps=1e-3, momentum=0.5, weight_decay=0.1)),
    ]
    factors = [1.0, 0.3, 0.1]
    rates = [0.02, 0.02, 0.01, 0.03, 0.005, 0.01, 0.02, 0.001]
    for text, kind, arguments in variants:
        start = initial_values()
        parameters = [value.clone().requires_grad_(True) for value in start]
        groups = [{"params": [p], "lr": rates[0] * f} for p, f in zip(parameters, factors)]
        optimizer = kind(groups, lr=rates[0], foreach=False, **arguments)
        for step, rate in enumerate(rates):
            for group, factor in zip(optimizer.param_groups, factors):
                group["lr"] = rate * factor
            optimizer.zero_grad()
            objective(parameters, step).backward()
            optimizer.step()
        yield {
            "optimizer": text,
            "rate_factors": factors,
            "rates": rates,
            "initial": [value.tolist() for value in start],
            "final": [p.detach().tolist() for p in parameters],
        }


def schedules():
    lr = torch.optim.lr_scheduler
    variants = [
        ("Constant", 0.0, lambda o, n, s: lr.LambdaLR(o, lambda _: 1.0)),
        ("Constant", 1.0, lambda o, n, s: lr.LambdaLR(o, lambda _: 1.0)),
        ("Step(every_epochs: 2, factor: 0.3)", 0.0, lambda o, n, s: lr.StepLR(o, 2 * s, 0.3)),
        ("Cosine()", 0.0, lambda o, n, s: lr.CosineAnnealingLR(o, n)),
        ("Cosine(final_factor: 0.1)", 0.0, lambda o, n, s: lr.CosineAnnealingLR(o, n, 0.1 * 0.01)),
        ("Cosine(final_factor: 0.01)", 1.5, lambda o, n, s: lr.CosineAnnealingLR(o, n, 0.01 * 0.01)),
        ("OneCycle()", 0.0, lambda o, n, s: lr.OneCycleLR(o, 0.01, total_steps=n)),
        ("OneCycle(rise: 0.25, start_divisor: 10, final_divisor: 100)", 0.0,
         lambda o, n, s: lr.OneCycleLR(o, 0.01, total_steps=n, pct_start=0.25, div_factor=10,
                                       final_div_factor=100)),
    ]
    epochs, steps_per_epoch, rate = 5, 4, 0.01
    for text, warmup_epochs, make in variants:
        def optimizer():
            return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)

        total, warmup = epochs * steps_per_epoch, round(warmup_epochs * steps_per_epoch)
        rates = []
        if warmup:
            own = optimizer()
            ramp = lr.LinearLR(own, start_factor=1 / (warmup + 1), total_iters=warmup)
            for _ in range(warmup):
                rates.append(own.param_groups[0]["lr"])
                own.step()
                ramp.step()
        own = optimizer()
        scheduler = make(own, total - warmup, steps_per_epoch)
        for step in range(total - warmup):
            rates.append(own.param_groups[0]["lr"])
            own.step()
            if step + 1 < total - warmup:
                scheduler.step()
        yield {"schedule": text, "epochs": epochs, "steps_per_epoch": steps_per_epoch,
               "learning_rate": rate, "warmup_epochs": warmup_epochs, "rates": rates}


def losses():
    torch.manual_seed(1)
    logits = (torch.randn(5, 3) * 2).mul(1000).round().div(1000)
    labels = torch.tensor([0, 2, 1, 2, 2])
    for smoothing in [0.0, 0.1]:
        for weights in [None, [0.5, 1.0, 3.0]]:
            own = logits.clone().requires_grad_(True)
            loss = torch.nn.functional.cross_entropy(
                own, labels, weight=None if weights is None else torch.tensor(weights),
                label_smoothing=smoothing)
            loss.backward()
            yield {"output": "softmax", "logits": logits.tolist(), "labels": labels.tolist(),
                   "label_smoothing": smoothing, "class_weights": weights, "loss": loss.item(),
                   "gradient": own.grad.tolist()}
    logits, labels = logits[:, :1], torch.tensor([0, 1, 1, 0, 1])
    for smoothing in [0.0, 0.1]:
        for weights in [None, [0.5, 3.0]]:
            own = logits.clone().requires_grad_(True)
            target = labels.float() * (1 - smoothing) + smoothing / 2
            each = torch.nn.functional.binary_cross_entropy_with_logits(
                own[:, 0], target, reduction="none")
            scale = torch.ones(5) if weights is None else torch.tensor(weights)[labels]
            loss = (each * scale).sum() / scale.sum()
            loss.backward()
            yield {"output": "sigmoid", "logits": logits.tolist(), "labels": labels.tolist(),
                   "label_smoothing": smoothing, "class_weights": weights, "loss": loss.item(),
                   "gradient": own.grad.tolist()}


def metrics():
    torch.manual_seed(2)
    for classes, n, missing in [(2, 20, None), (4, 50, None), (5, 30, 3)]:
        truth = torch.randint(classes, (n,))
        predicted = torch.where(torch.rand(n) < 0.6, truth, torch.randint(classes, (n,)))
        if missing is not None:
            truth[truth == missing] = 0
            predicted[predicted == missing] = 1
        yield {"classes": classes, "truth": truth.tolist(), "predicted": predicted.tolist(),
               "accuracy": accuracy_score(truth, predicted),
               "macro_f1": f1_score(truth, predicted, average="macro")}


def averaging():
    """An exponential moving average whose decay grows as (1 + t) / (10 + t) up to its limit."""
    limit = 0.4
    values = [round(math.cos(0.9 * t) * 2, 3) for t in range(8)]
    average = torch.optim.swa_utils.AveragedModel(
        torch.nn.Linear(1, 1, bias=False),
        avg_fn=lambda mean, new, t: mean.lerp(new, 1 - min(limit, (1 + float(t)) / (10 + float(t)))))
    means = []
    for value in values:
        live = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.constant_(live.weight, value)
        average.update_parameters(live)
        means.append(average.module.weight.item())
    yield {"decay": limit, "values": values, "means": means}


def main():
    recorded = {
        "torch": torch.__version__,
        "optimizers": list(optimizers()),
        "schedules": list(schedules()),
        "losses": list(losses()),
        "metrics": list(metrics()),
        "averaging": list(averaging()),
    }
    path = pathlib.Path(__file__).parent / "golden" / "training.json"
    path.parent.mkdir(exist_ok=True)
    sections = [
        f"{json.dumps(key)}: "
        + (json.dumps(value) if isinstance(value, str)
           else "[\n" + ",\n".join(json.dumps(case) for case in value) + "\n]")
        for key, value in recorded.items()
    ]
    path.write_text("{\n" + ",\n".join(sections) + "\n}\n")
    print(f"wrote {path} ({path.stat().st_size} bytes)")


if __name__ == "__main__":
    main()
