"""Records Grad-CAM maps (Selvaraju et al. 2017) of reference networks, for src/models/cam.rs.

    python tests/record_cam.py

writes tests/golden/cam.json: for each network, under the weights of record_backbones.py's formula, the maps of two
classes, not scaled. The activations are caught where the network pools them, with their gradient kept by PyTorch's own
autograd; of a vision transformer they are the tokens that enter the last block, caught by a hook on it.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

from record_backbones import create, digits, fill, noise, run

FILE = pathlib.Path(__file__).parent / "golden" / "cam.json"
NETWORKS = {
    "efficientnet_lite0": 128, "mobilenet_v3_large": 128, "mobilenet_v2": 128, "efficientnet_b0": 128, "resnet18": 128,
    "resnet50": 128, "densenet121": 128, "googlenet": 128, "inception_v3": 139, "vgg16_bn": 128, "convnext_tiny": 128,
    "convnext_nano": 128, "mobilenetv4_conv_small": 128, "vit_tiny_patch16_224": 96, "vit_b_16": 224,
    "vit_small_patch16_dinov3": 96, "eva02_small_patch14_336": 84, "vit_small_patch14_reg4_dinov2": 84,
}
CLASSES = 40


def caught(name, net, x):
    """The logits, and the activations that they were made from."""
    kept = []

    def keep(tensor):
        tensor.retain_grad()
        kept.append(tensor)

    if name.startswith(("vit_", "eva02_")):
        block = net.encoder.layers[-1] if name == "vit_b_16" else net.blocks[-1]
        hook = block.register_forward_pre_hook(lambda module, inputs: keep(inputs[0]))
        logits = run(name, net, x)
        hook.remove()
        # Tokens before the patches have no place.
        return logits, kept[-1], getattr(net, "num_prefix_tokens", 1)
    pool = F.adaptive_avg_pool2d

    def catching(tensor, size):
        keep(tensor)
        return pool(tensor, size)

    F.adaptive_avg_pool2d = catching
    torch.nn.functional.adaptive_avg_pool2d = catching
    logits = net(x)
    F.adaptive_avg_pool2d = pool
    # Squeeze-and-excitation pools too: the last one is the network's.
    return logits, kept[-1], 0


def grid(tensor, own):
    """Tokens without those of the network's own as a grid."""
    if tensor.dim() == 4:
        return tensor
    side = int((tensor.shape[1] - own) ** 0.5)
    return tensor[:, own:].transpose(1, 2).reshape(tensor.shape[0], tensor.shape[2], side, side)


def cam(name, net, x, target):
    net.zero_grad(set_to_none=True)
    logits, activations, own = caught(name, net, x)
    logits[0, target].backward()
    a, g = grid(activations.detach(), own), grid(activations.grad, own)
    return torch.relu((g.mean(dim=(2, 3), keepdim=True) * a).sum(dim=1))[0]


def record(name, side):
    net = create(name)
    net.load_state_dict({key: fill(key, tuple(value.shape)) for key, value in net.state_dict().items()})
    net.eval()
    x = noise("input", 1, 3, side, side).requires_grad_()
    maps = []
    # Random weights leave some maps empty, which would compare nothing.
    for target in range(CLASSES):
        found = cam(name, net, x, target)
        if (found > 0).sum() >= found.numel() // 4 and len(maps) < 2:
            maps.append({"class": target, "map": [digits(row, 7) for row in found]})
    assert len(maps) == 2, name
    return {"side": side, "maps": maps}


def main():
    lines = []
    for name, side in NETWORKS.items():
        found = record(name, side)
        print(name, [entry["class"] for entry in found["maps"]], flush=True)
        lines.append(f"{json.dumps(name)}:{json.dumps(found, separators=(',', ':'))}")
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
