"""Records what torch itself writes and draws, for the unit tests of src/models.

usage: python tests/record_torch_files.py GOLDEN.json      needs torch==2.11.0, safetensors

Writes into tests/golden/: initialisation.json (default initialisation after manual_seed(0)),
zip.pth, legacy.pth, checkpoint.pth (one small state_dict in torch.save's layouts), tiny.safetensors
with their values in tensors.json, and backbones.json: of the golden file (keys, shapes and logits
made with torchvision) what the shipped backbones need.
"""
import collections, json, pathlib, sys
import safetensors.torch, torch

torch.set_num_threads(1)
golden = pathlib.Path(__file__).parent / "golden"
golden.mkdir(exist_ok=True)

torch.manual_seed(0)
linear, conv = torch.nn.Linear(8, 4), torch.nn.Conv2d(3, 2, 3)
values = {"linear.weight": linear.weight, "linear.bias": linear.bias, "conv.weight": conv.weight, "conv.bias": conv.bias}
(golden / "initialisation.json").write_text(json.dumps({k: v.flatten().tolist() for k, v in values.items()}))

base = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 8
state = collections.OrderedDict(
    float32=base,
    transposed=base.t(),            # strides of its own on a shared storage
    row=base[1],                    # an offset into it
    half=(base / 2).half(),
    bfloat16=(base / 4).bfloat16(),
    double=base.double() * 3,
    count=torch.tensor(7),
    parameter=torch.nn.Parameter(base[:2] + 1),
)
torch.save(state, golden / "zip.pth")
torch.save(state, golden / "legacy.pth", _use_new_zipfile_serialization=False)
wrapped = {"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}, "best": 0.5, "note": None}
torch.save(wrapped, golden / "checkpoint.pth")
safetensors.torch.save_file({k: v.detach().contiguous().clone() for k, v in state.items()}, golden / "tiny.safetensors")
(golden / "tensors.json").write_text(json.dumps({k: [list(v.shape), v.detach().float().flatten().tolist()] for k, v in state.items()}))

models = json.load(open(sys.argv[1]))["models"]
shipped = ["efficientnet_lite0", "resnet18", "resnet50", "mobilenet_v2"]
(golden / "backbones.json").write_text(json.dumps({name: models[name] for name in shipped}, separators=(",", ":")))
