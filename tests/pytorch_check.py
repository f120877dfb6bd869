"""Whether the scripts that `graft export --format pytorch` writes answer as Graft does, for every backbone.

usage: python tests/pytorch_check.py GRAFT [BACKBONE...]     needs what an export's requirements.txt lists, and timm

Trains a head for a moment on a network that nobody has trained, twice for each backbone: as most people have it, and with another pooling, other
layers, features of several stages, another fit or size. Prints a table in Markdown; ends with status 1 where a probability differs
by more than 1e-4 and by more than PyTorch in single precision differs from PyTorch in double precision, which random weights
sometimes drive far apart. With an environment that has the libraries, `GRAFT_PYTHON=.../bin/python cargo test pytorch` does it for one.
"""

import importlib.util
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import timm
import torch
import torchvision
from PIL import Image, ImageDraw
from torch import nn

MOST = 1e-4

PRESET = """(
    version: 1,
    name: "check",
    data: (
        source: ClassFolders(path: "{pictures}"),
        split: (validation: 0.25, test: 0.25),
        fit: {fit},
    ),
    backbone: (name: "{backbone}", weights: File("{weights}"), input_size: {size}),
    head: (pooling: {pooling}, stages: {stages}, layers: [{layers}], output: {output}),
    training: (batch_size: 8, precision: Fp32),
    phases: [(name: "Head", epochs: 4, freeze: Backbone, learning_rate: 0.01)],
)
"""

USUAL = {
    "pooling": "Average",
    "stages": 1,
    "layers": "Dense(units: 128, activation: Relu), Dropout(0.5)",
    "output": "Softmax",
    "fit": "CenterCrop",
    "size": "None",
}

POOLINGS = ["AverageMax", "Max", "Average"]
STAGES = [2, 16, 3]
LAYERS = [
    "BatchNorm, Dense(units: 24, activation: Gelu), Dropout(0.25), Dense(units: 12, activation: Linear)",
    "",
    "Dense(units: 32, activation: Silu), BatchNorm, Dense(units: 16, activation: Tanh)",
]
FITS = ["Pad", "Squash", "CenterCrop"]


def pictures(folder, classes):
    """Small drawings, a few of them transparent, turned by EXIF, grey, tall or wide."""
    draws = random.Random(7)
    for kind in range(classes):
        (folder / f"class {kind}").mkdir(parents=True)
        for index in range(4):
            size = (draws.randrange(150, 500), draws.randrange(150, 500))
            mode = ["RGB", "RGBA", "L", "RGB"][index]
            picture = Image.new("RGB", size, tuple(draws.randrange(256) for _ in range(3)))
            draw = ImageDraw.Draw(picture)
            for _ in range(12):
                corner = (draws.randrange(size[0]), draws.randrange(size[1]))
                other = (corner[0] + draws.randrange(80), corner[1] + draws.randrange(80))
                color = tuple(draws.randrange(256) for _ in range(3))
                [draw.ellipse, draw.rectangle, draw.ellipse][kind]((*corner, *other), fill=color)
            exif = Image.Exif()
            if mode == "RGBA":
                picture.putalpha(Image.linear_gradient("L").resize(size))
            elif mode == "L":
                picture = picture.convert("L")
            elif index == 3:
                exif[0x0112] = 6
            picture.save(folder / f"class {kind}" / f"{index}.png", exif=exif)


def network(backbone):
    """The other library's, without weights."""
    if backbone.startswith("efficientnet_lite"):
        return timm.create_model(f"tf_{backbone}")
    if backbone.startswith(("mobilenetv4_", "regnety_", "convnext_nano")) or "_patch" in backbone:
        return timm.create_model(backbone)
    options = {"init_weights": False} if backbone in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(backbone, weights=None, **options)


def weights(backbone, file):
    """Random numbers, under which features differ between pictures as much as in a trained network."""
    torch.manual_seed(7)
    made = network(backbone)
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            # Running statistics become those of what is seen below.
            module.momentum = None
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    for name, parameter in made.named_parameters():
        if name.endswith(("layer_scale", ".gamma", ".gamma_1", ".gamma_2")):
            nn.init.uniform_(parameter, 0.2, 1.0)
    # A transformer's own size, where it is made for one; InceptionV3's, because its auxiliary classifier takes no less.
    sides = {"vit_b_16": 224, "inception_v3": 299}
    side = made.default_cfg["input_size"][-1] if "_patch" in backbone else sides.get(backbone, 160)
    with torch.no_grad():
        made.train()(torch.randn(4 if side > 224 else 8, 3, side, side).cumsum(3) / 6)
    torch.save(made.state_dict(), file)


def case(place):
    """Another head, another fit and sometimes another size for each backbone."""
    return {
        "pooling": POOLINGS[place % 3],
        "stages": STAGES[(place // 3) % 3],
        "layers": LAYERS[(place // 2) % 3],
        "output": ["Softmax", "Sigmoid"][place % 2],
        "fit": FITS[(place // 2) % 3],
        "size": ["None", "Some(230)"][place % 2],
    }


def run(*arguments):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{arguments}: {done.stderr}")
    return done.stdout


def answers(script, files):
    """Of the exported script, as whoever imports it has them."""
    spec = importlib.util.spec_from_file_location("predict", script)
    predict = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(predict)
    network = predict.load()
    found = [predict.predict(network, [file])[0].tolist() for file in files]
    network.double()
    prepared = (predict.preprocess(predict.read_picture(file)).double() for file in files)
    with torch.inference_mode():
        exact = [network(picture[None])[0].tolist() for picture in prepared]
    own = max(abs(one - other) for row, rows in zip(found, exact) for one, other in zip(row, rows))
    return predict.CLASSES, found, own


def check(graft, folder, backbone, settings):
    """The largest difference of a probability, that of PyTorch's own two precisions, and the least and most probable answer."""
    classes = 2 if settings["output"] == "Sigmoid" else 3
    data = folder / f"pictures {classes}"
    if not data.exists():
        pictures(data, classes)
    place = Path(tempfile.mkdtemp(dir=folder))
    preset = place / "check.ron"
    file = folder / f"{backbone}.pth"
    if not file.exists():
        weights(backbone, file)
    preset.write_text(PRESET.format(pictures=data, backbone=backbone, weights=file, **settings))
    run(graft, "run", preset, "--out", place / "runs", "--device", "cpu")
    [trained] = [path for path in (place / "runs").iterdir() if path.is_dir()]
    run(graft, "export", trained, "--format", "pytorch", "--out", place / "pytorch")
    files = sorted(data.glob("*/*.png"))
    said = json.loads(run(graft, "predict", trained, *files, "--device", "cpu", "--json"))
    names, found, own = answers(place / "pytorch" / "predict.py", files)
    worst, least, most = 0.0, 1.0, 0.0
    for picture, probabilities in zip(said, found):
        expected = {guess["class"]: guess["probability"] for guess in picture["predictions"]}
        assert set(expected) == set(names)
        for name, probability in zip(names, probabilities):
            worst = max(worst, abs(expected[name] - probability))
            least, most = min(least, probability), max(most, probability)
    return worst, own, least, most


def main():
    graft, *wanted = sys.argv[1:]
    backbones = [line["name"] for line in json.loads(run(graft, "backbones", "--json"))]
    is_wrong = False
    print("| backbone | head | largest difference | PyTorch's own, single against double precision | probabilities from |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        cases = [(backbone, case(place)) for place, backbone in enumerate(backbones)]
        cases += [(backbone, USUAL) for backbone in backbones]
        for backbone, settings in cases:
            if wanted and backbone not in wanted:
                continue
            worst, own, least, most = check(graft, Path(folder), backbone, settings)
            is_wrong |= worst > max(MOST, own)
            said = ", ".join(str(settings[key]) for key in ("pooling", "stages", "output", "fit", "size"))
            print(f"| {backbone} | {said} | {worst:.1e} | {own:.1e} | {least:.3f} to {most:.3f} |", flush=True)
    return 1 if is_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
