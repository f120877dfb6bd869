"""What the two peers share: pictures, networks, the head, the clock. Written as a PyTorch user would write it.

Both peers read the split that Graft's run wrote (split.csv), so that all three train, validate and test on the same
pictures, and the same weights (a state_dict).
"""

import argparse
import contextlib
import csv
import json
import os
import resource
import sys
import time

# Before torch is imported: that is part of what a person waits for.
STARTED = time.perf_counter()

import torch
from PIL import Image
from torch import nn

SIDE = 224


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--pictures", required=True, help="the folder that split.csv's names are relative to")
    parser.add_argument("--split", help="split.csv of a Graft run (all but predict)")
    parser.add_argument("--out", help="the CSV to write (predict only)")
    parser.add_argument("--network", choices=sorted(NETWORKS), default="efficientnet_lite0")
    parser.add_argument("--weights", required=True, help="a state_dict")
    parser.add_argument("--work", choices=["extraction", "comparison", "full"], default="extraction")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--cache", help="where features are kept for the next run (b1 only)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options = parser.parse_args()
    if options.device == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = True
    return options


# --- the device -----------------------------------------------------------------------------------------------------


def loader(pictures, options, shuffle=False, persistent=False):
    """Workers decode beside the training; two on a small machine, a card needs all cores."""
    is_cuda = options.device == "cuda"
    return torch.utils.data.DataLoader(
        pictures,
        batch_size=32,
        shuffle=shuffle,
        num_workers=options.threads if is_cuda else min(2, options.threads),
        persistent_workers=persistent,
        pin_memory=is_cuda,
    )


def placed(pictures, labels, options):
    """A batch on the device, in its order of memory there."""
    if options.device == "cpu":
        return pictures, labels
    pictures = pictures.to("cuda", non_blocking=True, memory_format=torch.channels_last)
    return pictures, labels.to("cuda", non_blocking=True)


def settled(network, options):
    """A network on the device, in the order of memory that is quickest there."""
    if options.device == "cpu":
        return network
    return network.to("cuda", memory_format=torch.channels_last)


def mixed(options):
    """bf16 where operations allow it, on a card."""
    if options.device == "cpu":
        return contextlib.nullcontext()
    return torch.autocast("cuda", torch.bfloat16)


def pool(x):
    """The grid's mean; of a transformer's tokens the first."""
    return x[:, 0] if x.dim() == 3 else x.mean([2, 3])


# --- networks -------------------------------------------------------------------------------------------------------


def lite0():
    from efficientnet_lite_pytorch import EfficientNet

    return EfficientNet.from_name("efficientnet-lite0")


class LiteBase(nn.Module):
    """EfficientNet-Lite without its classifier, as a row of segments."""

    def __init__(self, network):
        super().__init__()
        stem = nn.Sequential(network._conv_stem, network._bn0, network._swish)
        top = nn.Sequential(network._conv_head, network._bn1, network._swish)
        self.segments = nn.ModuleList([stem, *network._blocks, top])
        self.features = network._conv_head.out_channels

    def forward(self, x):
        for segment in self.segments:
            x = segment(x)
        return x


class TorchvisionBase(nn.Module):
    """A torchvision network without its classifier, as a row of segments."""

    def __init__(self, segments, features):
        super().__init__()
        self.segments = nn.ModuleList(segments)
        self.features = features

    def forward(self, x):
        for segment in self.segments:
            x = segment(x)
        return x


class Patches(nn.Module):
    """Pictures to tokens, as torchvision's VisionTransformer begins."""

    def __init__(self, network):
        super().__init__()
        self.projection, self.token = network.conv_proj, network.class_token
        self.positions = network.encoder.pos_embedding

    def forward(self, x):
        x = self.projection(x).flatten(2).transpose(1, 2)
        return torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.positions


def base(name, weights):
    state = torch.load(weights, map_location="cpu", weights_only=True)
    network = NETWORKS[name]()
    network.load_state_dict(state)
    if name == "efficientnet_lite0":
        return LiteBase(network)
    if name == "mobilenet_v2":
        return TorchvisionBase(list(network.features), network.last_channel)
    if name == "vit_b_16":
        return TorchvisionBase([Patches(network), *network.encoder.layers, network.encoder.ln], network.hidden_dim)
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    stages = [network.layer1, network.layer2, network.layer3, network.layer4]
    return TorchvisionBase([stem, *(block for stage in stages for block in stage)], network.fc.in_features)


def mobilenet_v2():
    import torchvision

    return torchvision.models.mobilenet_v2(weights=None)


def resnet18():
    import torchvision

    return torchvision.models.resnet18(weights=None)


def resnet50():
    import torchvision

    return torchvision.models.resnet50(weights=None)


def vit_b_16():
    import torchvision

    return torchvision.models.vit_b_16(weights=None)


NETWORKS = {
    "efficientnet_lite0": lite0,
    "mobilenet_v2": mobilenet_v2,
    "resnet18": resnet18,
    "resnet50": resnet50,
    "vit_b_16": vit_b_16,
}

IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

# Resize, interpolation, mean and deviation that belong to the weights.
PREPROCESSING = {
    "efficientnet_lite0": (256, Image.BICUBIC, [127 / 255] * 3, [128 / 255] * 3),
    "mobilenet_v2": (256, Image.BILINEAR, *IMAGENET),
    "resnet18": (256, Image.BILINEAR, *IMAGENET),
    "resnet50": (256, Image.BILINEAR, *IMAGENET),
    "vit_b_16": (256, Image.BILINEAR, *IMAGENET),
}


def head(features, classes, dropout):
    """The lesson's: a hidden layer of 128, dropout, output."""
    return nn.Sequential(nn.Linear(features, 128), nn.ReLU(), nn.Dropout(dropout), nn.Linear(128, classes))


def last_layers(network, count):
    """The last `count` leaf modules, activations and pooling included, as Keras counts."""
    leaves = [module for module in network.modules() if not list(module.children())]
    return leaves[-count:]


# --- pictures -------------------------------------------------------------------------------------------------------


class Pictures(torch.utils.data.Dataset):
    def __init__(self, folder, rows, classes, preprocessing):
        from torchvision import transforms

        resize, interpolation, mean, deviation = preprocessing
        mode = {
            Image.BICUBIC: transforms.InterpolationMode.BICUBIC,
            Image.BILINEAR: transforms.InterpolationMode.BILINEAR,
        }[interpolation]
        self.files = [os.path.join(folder, row["file"]) for row in rows]
        self.labels = [classes.index(row["class"]) for row in rows]
        self.transform = transforms.Compose(
            [
                transforms.Resize(resize, interpolation=mode),
                transforms.CenterCrop(SIDE),
                transforms.ToTensor(),
                transforms.Normalize(mean, deviation),
            ]
        )

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        with Image.open(self.files[index]) as picture:
            return self.transform(picture.convert("RGB")), self.labels[index]


def read_split(options):
    """Train, validation and test pictures, and the classes."""
    with open(options.split, newline="") as file:
        rows = list(csv.DictReader(file))
    classes = sorted({row["class"] for row in rows})
    preprocessing = PREPROCESSING[options.network]
    groups = [
        Pictures(options.pictures, [row for row in rows if row["split"] == name], classes, preprocessing)
        for name in ("train", "validation", "test")
    ]
    return groups, classes


# --- what is told ---------------------------------------------------------------------------------------------------


def say(**values):
    """One line of JSON; the bench takes the time at which it arrives."""
    print(json.dumps(values), flush=True)


def finish(correct, total):
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    say(
        test_accuracy=correct / max(total, 1),
        test_pictures=total,
        seconds=time.perf_counter() - STARTED,
        peak_memory_bytes=memory,
        torch=torch.__version__,
        python=sys.version.split()[0],
    )
