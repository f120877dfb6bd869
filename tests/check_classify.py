"""Checks `graft classify --weights` against torchvision, timm and efficientnet-lite-pytorch, for every backbone.

    python tests/check_classify.py GRAFT [NAME...]     # GRAFT: the built program

For each backbone, the library's own network gets random weights that nobody has seen before (another seed in every
call, printed, and taken from SEED where that is set), its state_dict is saved as a user would save it (zip, legacy and
safetensors by turns), and both look at the same pictures, with the preprocessing that belongs to the default weights.
A network as it is initialised answers nearly the same for every class and picture, so convolutions are drawn wider,
normalisations get random statistics, and the classifier is scaled until its logits are spread as those of a trained
network. Of a network without a classifier, what `graft embed` writes is compared instead, as a share of the largest feature.
Exits with 1 when one differs by more than 1e-4.

Needs torch 2.11.0, torchvision 0.26.0, timm 1.0.31, efficientnet-lite-pytorch 0.1.0, safetensors and pillow.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
import safetensors.torch
import timm
import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision.transforms import v2

warnings.filterwarnings("ignore")
TOLERANCE = 1e-4
# Of the classifier's logits over its classes, as trained networks have.
SPREAD = 3.0
PICTURES = pathlib.Path(__file__).parent / "pictures"
# Width and height by the side that a picture's shorter one is resized to: nothing is left to resize, because random
# networks make much of the one grey level by which versions of Pillow differ; tests/record_pillow.py covers resizing.
SIDES = [(1.5, 1), (1, 1.25), (1, 1)]
# How the names of convolutional networks begin that are timm's.
TIMM = ("convnext_nano", "mobilenetv4_", "regnety_")
# How the names begin of networks whose excitations saturate where statistics are not those of what is seen: then the last
# bit of a number decides, in the library too.
CALIBRATED = ("efficientnet_v2", "mobilenetv4_", "regnety_")


def is_timms(name):
    return name.startswith((*TIMM, "vit_", "eva02_")) and name != "vit_b_16"


def create(name):
    if name.startswith("efficientnet_lite"):
        from efficientnet_lite_pytorch import EfficientNet
        return EfficientNet.from_name(name.replace("_", "-"), image_size=None)
    if is_timms(name):
        return timm.create_model(name)
    # As torchvision makes them for its published weights, whose preprocessing is used here.
    options = dict(init_weights=False, transform_input=True) if name in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(name, weights=None, **options)


def preprocessing(name, weights):
    """What belongs to the default weights: torchvision's and timm's own, Google's as its package says."""
    if name.startswith("efficientnet_lite"):
        side = {"0": 224, "1": 240, "2": 260}[name[-1]]
        return v2.Compose([
            v2.Resize(int(side / 0.875), v2.InterpolationMode.BICUBIC), v2.CenterCrop(side), v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True), v2.Normalize([127 / 255] * 3, [128 / 255] * 3)])
    if is_timms(name):
        config = timm.create_model(f"{name}.{weights}").pretrained_cfg
        return timm.data.create_transform(**timm.data.resolve_data_config(config))
    return torchvision.models.get_model_weights(name)[weights].transforms()


def randomise(net, classes):
    for module in net.modules():
        # Some networks begin so small that their answer hardly depends on the picture.
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.normal_(module.bias, 0, 0.1)
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.8, 1.2)
    for name, parameter in net.named_parameters():
        if name.endswith(("layer_scale", ".gamma", ".gamma_1", ".gamma_2")):
            nn.init.uniform_(parameter, 0.2, 1.0)
        # What stands before the patches, and biases, begin with next to nothing.
        if name in ("cls_token", "reg_token") or name.endswith(("q_bias", "v_bias")):
            nn.init.normal_(parameter, 0, 0.5)
    if getattr(net, "num_classes", classes) == 0:
        return None
    # The classifier that its answers come from: not one half-way, which only training asks.
    last = [(key, module) for key, module in net.named_modules()
            if isinstance(module, nn.Linear) and module.out_features == classes and "ux" not in key][-1][1]
    # torchvision's ViT begins with a classifier of zeros, which no scaling spreads.
    nn.init.normal_(last.weight, 0, 0.02)
    return last


def calibrate(net, x):
    """Running statistics become those of these pictures."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    net.train()(torch.cat([x, x.flip(2), x.flip(3)]))
    net.eval()


def pictures(folder, side, generator):
    """Smooth noise with edges, of several shapes: JPEG would bring in another decoder."""
    paths = []
    for index, sides in enumerate(SIDES):
        width, height = (int(side * share) for share in sides)
        coarse = generator.integers(0, 256, (height // 16 + 2, width // 16 + 2, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        path = folder / f"{index}.png"
        picture.save(path)
        paths.append(path)
    return paths


def save(state, path, way):
    if way == 0:
        torch.save(state, path.with_suffix(".pth"))
        return path.with_suffix(".pth")
    if way == 1:
        torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}, "epoch": 3},
                   path.with_suffix(".pt"), _use_new_zipfile_serialization=False)
        return path.with_suffix(".pt")
    safetensors.torch.save_file({key: value.contiguous() for key, value in state.items()},
                                path.with_suffix(".safetensors"))
    return path.with_suffix(".safetensors")


def classified(graft, given, paths):
    """The probabilities of all classes for each picture."""
    answers = json.loads(subprocess.check_output([graft, "classify", *given, "--top", "1000", "--json", *paths]))
    found = np.zeros((len(paths), 1000))
    for row, answer in zip(found, answers):
        for guess in answer["predictions"]:
            row[guess["index"]] = guess["probability"]
    return found


def embedded(graft, given, folder, paths):
    """The features of each picture."""
    out, place = folder / "features.safetensors", folder / "embedded"
    place.mkdir(exist_ok=True)
    for path in paths:
        shutil.copy(path, place / path.name)
    subprocess.check_output([graft, "embed", *given, "--out", out, place])
    with safetensors.safe_open(out, "np") as file:
        names = [pathlib.Path(name).name for name in json.loads(file.metadata()["files"])]
        features = file.get_tensor("features").astype(np.float64)
    out.unlink()
    return np.stack([features[names.index(path.name)] for path in paths])


def main():
    graft, only = sys.argv[1], sys.argv[2:]
    seed = int(os.environ.get("SEED", time.time_ns() % 2**32))
    print(f"seed {seed}")
    torch.manual_seed(seed)
    listed = json.loads(subprocess.check_output([graft, "weights", "list", "--json"]))
    defaults = {entry["backbone"]: (entry["weights"], entry["resize"]) for entry in listed if entry["default"]}
    worst = (0.0, "")
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        folder = pathlib.Path(folder)
        for number, (name, (weights, side)) in enumerate(defaults.items()):
            if only and name not in only:
                continue
            paths = pictures(folder, side, np.random.default_rng(seed))
            transform = preprocessing(name, weights)
            x = torch.stack([transform(Image.open(path).convert("RGB")) for path in paths])
            net = create(name).eval()
            last = randomise(net, 1000)
            if name.startswith(CALIBRATED):
                calibrate(net, x)
            if last is None:
                expected = net(x).double().numpy()
                expected /= np.abs(expected).max()
            else:
                logits = net(x)
                last.weight *= SPREAD / logits.std(1).mean()
                expected = net(x).softmax(1).double().numpy()
            file = save(net.state_dict(), folder / name, number % 3)
            given = ["--backbone", name, "--weights", file, "--device", "cpu"]
            if last is None:
                found = embedded(graft, given, folder, paths) / np.abs(net(x).numpy()).max()
            else:
                found = classified(graft, given, paths)
            file.unlink()
            error = float(np.abs(found - expected).max())
            worst = max(worst, (error, name))
            apart = float(np.abs(expected[0] - expected[1]).max())
            if apart < 10 * TOLERANCE:
                sys.exit(f"{name} does not tell the pictures apart: this says nothing")
            print(f"{name:32} {file.suffix:12} worst difference {error:.1e}, between two pictures {apart:.2f}"
                  f"{'' if error <= TOLERANCE else '  TOO FAR'}", flush=True)
    print(f"worst of all {worst[0]:.1e} ({worst[1]})")
    return 0 if worst[0] <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
