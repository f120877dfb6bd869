"""Records how timm prepares pictures for the networks that Graft has too, for src/models/catalogue/timm.rs.

usage: python tests/record_timm_preprocessing.py TIMM      the unpacked wheel of timm 1.0.31; torch is not needed

Writes assets/timm_preprocessing.tsv: timm's name with its tag, the backbone here, side, shorter side before the middle
is cut, interpolation, mean, deviation, other names: those that timm had before, and those of the published files. The
first line of each name is what timm takes without a tag.
"""
import ast, collections, math, pathlib, re, sys

ROOT = pathlib.Path(sys.argv[1]) / "timm"
HERE = pathlib.Path(__file__).parent.parent
NAMES = {
    "resnet": {name: name for name in ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")},
    "densenet": {"densenet121": "densenet121"},
    "inception_v3": {"inception_v3": "inception_v3"},
    "vgg": {name: name for name in ("vgg16", "vgg16_bn", "vgg19", "vgg19_bn")},
    "regnet": {"regnety_016": "regnety_016"},
    "convnext": {name: name for name in ("convnext_nano", "convnext_tiny")},
    "vision_transformer": {
        "vit_tiny_patch16_224": "vit_tiny_patch16_224",
        "vit_small_patch16_224": "vit_small_patch16_224",
        "vit_base_patch16_224": "vit_b_16",
        # The same networks, whose positions were learned at another size.
        "vit_tiny_patch16_384": "vit_tiny_patch16_224",
        "vit_small_patch16_384": "vit_small_patch16_224",
        "vit_base_patch16_384": "vit_b_16",
        **{
            name: name
            for name in (
                "vit_small_patch14_reg4_dinov2",
                "vit_base_patch14_reg4_dinov2",
                "vit_base_patch16_siglip_gap_224",
            )
        },
    },
    "eva": {name: name for name in ("vit_small_patch16_dinov3", "eva02_small_patch14_336")},
    # The same networks, trained otherwise.
    "deit": {
        "deit_tiny_patch16_224": "vit_tiny_patch16_224",
        "deit_small_patch16_224": "vit_small_patch16_224",
        "deit_base_patch16_224": "vit_b_16",
        "deit_base_patch16_384": "vit_b_16",
    },
    "mobilenetv3": {
        "mobilenetv3_small_100": "mobilenet_v3_small",
        "mobilenetv3_large_100": "mobilenet_v3_large",
        **{name: name for name in ("mobilenetv4_conv_small", "mobilenetv4_conv_medium")},
    },
    "efficientnet": {
        "mobilenetv2_100": "mobilenet_v2",
        **{f"efficientnet_b{n}": f"efficientnet_b{n}" for n in range(5)},
        **{f"tf_efficientnet_lite{n}": f"efficientnet_lite{n}" for n in range(3)},
    },
}
constants = {}
exec((ROOT / "data" / "constants.py").read_text(), constants)


def configurations(file):
    """The dictionary that generate_default_cfgs is called with, by the file's own _cfg functions."""
    tree = ast.parse((ROOT / "models" / f"{file}.py").read_text())
    scope = dict(constants, Dict=dict, Any=object, __builtins__={"dict": dict, "str": str, "object": object})
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and (node.name.startswith("_cfg") or node.name.endswith("cfg")):
            exec(compile(ast.Module([node], []), file, "exec"), scope)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "generate_default_cfgs":
            table = node.args[0]
            if isinstance(table, ast.Name):
                named = (n for n in tree.body if isinstance(n, (ast.Assign, ast.AnnAssign)))
                target = lambda n: n.targets[0] if isinstance(n, ast.Assign) else n.target
                table = next(n.value for n in named if getattr(target(n), "id", "") == table.id)
            for key, value in zip(table.keys, table.values):
                yield ast.literal_eval(key), eval(compile(ast.Expression(value), file, "eval"), scope)


def names_before(file):
    """What timm called its weights before they had tags."""
    tree = ast.parse((ROOT / "models" / f"{file}.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "register_model_deprecations":
            return ast.literal_eval(node.args[1])
    return {}


def file_names(cfg):
    """What the published file is called. Of torchvision's files, Graft's own catalogue knows more."""
    match = re.fullmatch(r".*/([^/]+)\.(pth|pt|bin|safetensors)(\?.*)?", cfg.get("url") or "")
    return {match[1]} if match and "download.pytorch.org" not in match[0] else set()


def numbers(values):
    return ",".join(f"{value:.10g}" for value in values)


lines, others = [], []
for file, names in NAMES.items():
    before, known = names_before(file), set()
    for tagged, cfg in configurations(file):
        name = tagged.split(".")[0]
        if name not in names or "untrained" in tagged:
            continue
        side = cfg["input_size"][-1]
        # A crop_mode other than the middle is the experiment's fit, and not the weights'.
        line = [tagged, names[name], str(side), str(math.floor(side / cfg["crop_pct"])), cfg["interpolation"]]
        lines.append("\t".join([*line, numbers(cfg["mean"]), numbers(cfg["std"])]))
        without_tag = name not in known
        known.add(name)
        former = {old for old, new in before.items() if new == tagged or new == name and without_tag}
        others.append(former | file_names(cfg))
# A name that two have tells nothing, and one of a whole network nothing of its weights.
count = collections.Counter(other for names in others for other in names)
networks = {line.split("\t")[n].split(".")[0] for line in lines for n in (0, 1)}
others = [sorted(other for other in names if count[other] == 1 and other not in networks) for names in others]
table = "".join(f"{line}\t{','.join(names)}\n" for line, names in zip(lines, others))
(HERE / "assets" / "timm_preprocessing.tsv").write_text(table)
