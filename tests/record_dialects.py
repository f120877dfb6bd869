"""Records what timm calls the tensors of the networks that torchvision has, too.

usage: python tests/record_dialects.py GOLDEN.json      needs torch==2.11.0 torchvision==0.26.0 timm==1.0.31

Writes tests/golden/dialects.json: for every backbone a tree of torchvision's names ("own") and of
timm's ("timm") with shapes as "64,3,7,7", or null where timm's names are torchvision's. Names of
auxiliary heads and counts of batches are left out. Nothing is downloaded. EfficientNet-Lite's own names
(of the package efficientnet-lite-pytorch) are those of the golden file.
"""
import json, pathlib, sys
import timm, torch, torchvision

torch.set_num_threads(1)
TIMM = {
    "vgg16": "vgg16", "vgg19": "vgg19", "vgg16_bn": "vgg16_bn", "vgg19_bn": "vgg19_bn",
    "resnet18": "resnet18", "resnet34": "resnet34", "resnet50": "resnet50", "resnet101": "resnet101",
    "resnet152": "resnet152", "mobilenet_v2": "mobilenetv2_100", "mobilenet_v3_small": "mobilenetv3_small_100",
    "mobilenet_v3_large": "mobilenetv3_large_100", "inception_v3": "inception_v3",
    "efficientnet_b0": "efficientnet_b0", "efficientnet_b1": "efficientnet_b1", "efficientnet_b2": "efficientnet_b2",
    "efficientnet_b3": "efficientnet_b3", "efficientnet_b4": "efficientnet_b4", "densenet121": "densenet121",
    "convnext_tiny": "convnext_tiny", "vit_b_16": "vit_base_patch16_224",
}
ONLY_TIMM = ["vit_tiny_patch16_224", "vit_small_patch16_224"]
LITE = {f"efficientnet_lite{i}": f"tf_efficientnet_lite{i}" for i in range(3)}


def shapes(net):
    return listed({name: tensor.shape for name, tensor in net.state_dict().items()})


def listed(state):
    return {
        name: ",".join(map(str, shape))
        for name, shape in state.items()
        if not name.startswith(("aux1.", "aux2.", "AuxLogits.")) and not name.endswith("num_batches_tracked")
    }


def tree(names):
    root = {}
    for name, shape in names.items():
        *path, last = name.split(".")
        node = root
        for part in path:
            node = node.setdefault(part, {})
        node[last] = shape
    return root


golden = json.load(open(sys.argv[1]))["models"]
recorded = {}
with torch.device("meta"):
    for backbone, name in TIMM.items():
        options = {"init_weights": False} if backbone == "inception_v3" else {}
        own = shapes(torchvision.models.get_model(backbone, weights=None, **options))
        other = shapes(timm.create_model(name))
        recorded[backbone] = {"timm": None} if own == other else {"own": tree(own), "timm": tree(other)}
    for name in ONLY_TIMM:
        recorded[name] = {"own": tree(shapes(timm.create_model(name)))}
    for backbone, name in LITE.items():
        own = listed(dict(golden[backbone]["state_dict"]))
        recorded[backbone] = {"own": tree(own), "timm": tree(shapes(timm.create_model(name)))}

path = pathlib.Path(__file__).parent / "golden" / "dialects.json"
path.write_text(json.dumps(recorded, separators=(",", ":")) + "\n")
