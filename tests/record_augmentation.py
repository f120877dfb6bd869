"""Records what torchvision's TrivialAugmentWide makes of a picture, and its MixUp and CutMix of a batch.

    python tests/record_augmentation.py     # writes tests/golden/augmentation.json

Needs torch 2.11.0, torchvision 0.26.0, Pillow and timm 1.0.31. The picture's and the batch's formulas stand in the Rust tests
too (src/data/augment/trivial.rs, src/training/mixing.rs); change both together.
"""

import json
import math
import pathlib

import numpy as np
import PIL.Image
import timm.data.mixup
import timm.loss
import torch
import torchvision
from torchvision.transforms import v2
from torchvision.transforms.functional import InterpolationMode

torch.set_num_threads(1)
SIDE = 48


def digest(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & ((1 << 64) - 1)
    return f"{value:016x}"


def picture():
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    channels = [20 + (x * 5 + y * 3) % 200, 10 + (x * x + 7 * y) % 230, (x * y + 11 * x) % 241]
    return np.stack(channels, -1).astype(np.uint8)


def operations():
    policy = v2.TrivialAugmentWide()
    image = PIL.Image.fromarray(picture())
    for name, (magnitudes, signed) in policy._AUGMENTATION_SPACE.items():
        all_magnitudes = magnitudes(policy.num_magnitude_bins, SIDE, SIDE)
        cases = []
        # 20 is a quarter turn.
        strengths = [0] if all_magnitudes is None else [0, 1, 7, 14, 15, 20, 23, 30]
        for strength in strengths:
            for negative in [False, True] if signed else [False]:
                magnitude = 0.0 if all_magnitudes is None else float(all_magnitudes[strength])
                magnitude = -magnitude if negative else magnitude
                changed = policy._apply_image_or_video_transform(
                    image, name, magnitude, interpolation=InterpolationMode.NEAREST, fill=policy._fill)
                cases.append({"strength": strength, "negative": negative, "magnitude": magnitude,
                              "digest": digest(np.asarray(changed).tobytes())})
        yield name, cases


def batch():
    """Five pictures [5, 3, 6, 8] and their logits' weights [4, 3 * 6 * 8]."""
    count = 5 * 3 * 6 * 8
    values = torch.tensor([math.sin(0.37 * place) for place in range(count)], dtype=torch.float32)
    weights = torch.tensor([0.1 * math.cos(0.23 * place) for place in range(4 * 3 * 6 * 8)], dtype=torch.float32)
    return values.reshape(5, 3, 6, 8), weights.reshape(4, 3 * 6 * 8), torch.tensor([0, 2, 1, 3, 2])


def rounded(tensor):
    return [float(f"{value:.8g}") for value in tensor.flatten().tolist()]


def mixings():
    pictures, start, labels = batch()
    cases = []
    for name, transform, parameters in [
        ("mixup", v2.MixUp(num_classes=4), {"lam": 0.3}),
        ("mixup", v2.MixUp(num_classes=4), {"lam": 0.85}),
        ("cutmix", v2.CutMix(num_classes=4), {"box": (2, 1, 7, 4), "lam_adjusted": 1 - 15 / 48}),
        ("cutmix", v2.CutMix(num_classes=4), {"box": (0, 0, 0, 0), "lam_adjusted": 1.0}),
    ]:
        own_share = parameters.get("lam", parameters.get("lam_adjusted"))
        given = {**parameters, "labels": labels, "batch_size": 5}
        mixed, targets = transform.transform(pictures, given), transform.transform(labels, given)
        for smoothing in [0.0, 0.1]:
            for class_weights in [None, [1.0, 0.25, 3.0, 0.5]]:
                weights = start.clone().requires_grad_(True)
                logits = mixed.flatten(1) @ weights.T
                if class_weights is None:
                    loss = torch.nn.functional.cross_entropy(logits, targets, label_smoothing=smoothing)
                    # timm smooths the targets themselves.
                    off = smoothing / 4
                    own, other = (timm.data.mixup.one_hot(target, 4, 1 - smoothing + off, off)
                                  for target in (labels, labels.roll(1)))
                    timms = timm.loss.SoftTargetCrossEntropy()(logits, own * own_share + other * (1 - own_share))
                    assert abs(timms.item() - loss.item()) < 1e-5, (timms.item(), loss.item())
                else:
                    # As the paper's own code: both classes' losses, by their shares.
                    def plain(target):
                        return torch.nn.functional.cross_entropy(
                            logits, target, weight=torch.tensor(class_weights), label_smoothing=smoothing)

                    loss = own_share * plain(labels) + (1 - own_share) * plain(labels.roll(1))
                loss.backward()
                cases.append({"kind": name, "own_share": own_share, "box": parameters.get("box"),
                              "label_smoothing": smoothing, "class_weights": class_weights, "loss": loss.item(),
                              "mixed": rounded(mixed[:, 1, 2]), "gradient": rounded(weights.grad[:, ::29])})
    return cases


def main():
    recorded = {
        "torchvision": torchvision.__version__,
        "picture": digest(picture().tobytes()),
        "operations": dict(operations()),
        "mixings": mixings(),
    }
    target = pathlib.Path(__file__).parent / "golden" / "augmentation.json"
    lines = ",\n".join(
        f' {json.dumps(key)}: ' + ("{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()) + "\n }"
                                   if isinstance(value, dict) else
                                   "[\n" + ",\n".join(f"  {json.dumps(v)}" for v in value) + "\n ]"
                                   if isinstance(value, list) else json.dumps(value))
        for key, value in recorded.items())
    target.write_text("{\n" + lines + "\n}\n")
    print(f"{target}: {target.stat().st_size} bytes")


main()
