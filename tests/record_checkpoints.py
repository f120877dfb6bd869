"""Writes checkpoints with all that training scripts leave beside their weights, for the unit tests of src/models/weights.

usage: python tests/record_checkpoints.py      needs numpy; torch is not needed, its names are stood in for

Writes into tests/golden/: odd_values.pth and odd_values_4.pth (pickle protocols 2 and 4), whose state_dict holds
conv.weight = 0 .. 11 as 3 x 4 and conv.bias = 0 .. 2 in single precision, unreadable.pth, whose tensors are of kinds
that are not read, and folds.pth, which keeps networks under numbers.
"""
import argparse, collections, datetime, decimal, enum, fractions, io, pathlib, pickle, sys, types, uuid, zipfile
import numpy as np

golden = pathlib.Path(__file__).parent / "golden"


def stand_in(module, name, value):
    """Makes pickle write `module.name` for `value`."""
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        path = ".".join(parts[:end])
        if path not in sys.modules:
            sys.modules[path] = types.ModuleType(path)
        if end > 1:
            setattr(sys.modules[".".join(parts[: end - 1])], parts[end - 1], sys.modules[path])
    value.__module__, value.__qualname__, value.__name__ = module, name, name
    setattr(sys.modules[module], name, value)
    return value


def function(name, module="torch._utils"):
    def made(*arguments):
        raise RuntimeError("never called")

    return stand_in(module, name, made)


def a_class(name, module, base=object, **members):
    return stand_in(module, name, type(name, (base,), members))


rebuild = function("_rebuild_tensor_v2")
rebuild_parameter = function("_rebuild_parameter_with_state")
rebuild_type = function("_rebuild_from_type_v2", "torch._tensor")
rebuild_quantised = function("_rebuild_qtensor")
rebuild_sparse = function("_rebuild_sparse_tensor")
Parameter = a_class("Parameter", "torch.nn.parameter")
Subclass = a_class("TensorBase", "fastai.torch_core")
FLOAT, QUANTISED = a_class("FloatStorage", "torch"), a_class("QInt8Storage", "torch")
ODD = {
    "AttributeDict": a_class("AttributeDict", "lightning.fabric.utilities.data", dict),
    "Config": a_class("ConfigDict", "mmengine.config.config", dict),
    "History": a_class("HistoryBuffer", "mmengine.logging.history_buffer"),
    "Device": a_class("device", "torch", __reduce__=lambda self: (type(self), ("cuda", 0))),
    "Dtype": a_class("float32", "torch"),
    "Options": a_class("Options", "__main__"),
}


class Level(enum.Enum):
    HIGH = 1


stand_in("my_training.levels", "Level", Level)


class Made:
    """Something that is pickled as a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments


class Pickler(pickle.Pickler):
    def __init__(self, file, protocol):
        super().__init__(file, protocol)
        self.storages = []

    def persistent_id(self, value):
        if isinstance(value, tuple) and len(value) == 3 and value[0] == "a storage":
            _, kind, numbers = value
            self.storages.append(numbers)
            return ("storage", kind, str(len(self.storages) - 1), "cpu", numbers.size)

    def reducer_override(self, value):
        return value.call if isinstance(value, Made) else NotImplemented


def save(name, value, protocol=2):
    file = io.BytesIO()
    pickler = Pickler(file, protocol)
    pickler.dump(value)
    with zipfile.ZipFile(golden / name, "w", zipfile.ZIP_STORED) as archive:
        entry = lambda path, content: archive.writestr(zipfile.ZipInfo(f"archive/{path}"), content)
        entry("data.pkl", file.getvalue())
        entry("byteorder", "little")
        for key, numbers in enumerate(pickler.storages):
            entry(f"data/{key}", numbers.tobytes())
        entry("version", "3\n")


def tensor(numbers, kind=FLOAT):
    strides = tuple(step // numbers.itemsize for step in numbers.strides)
    arguments = ("a storage", kind, numbers.reshape(-1)), 0, numbers.shape, strides, False, collections.OrderedDict()
    return Made(rebuild, *arguments)


def odd_values():
    options = ODD["Options"]()
    options.learning_rate, options.tags = 0.1, {"a", "b"}
    history = ODD["History"]()
    history.window = np.arange(3.0)
    return {
        "epoch": np.int64(3),
        "best_acc": np.float64(91.25),
        "history": [np.float32(0.5), history],
        "curve": np.arange(6, dtype="f4").reshape(2, 3),
        "names": np.array(["cat", "dog"], dtype=object),
        "date": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
        "took": datetime.timedelta(seconds=5),
        "path": pathlib.PurePosixPath("/data/run"),
        "device": ODD["Device"](),
        "dtype": ODD["Dtype"],
        "set": {1, 2},
        "frozen": frozenset({"x"}),
        "count": collections.Counter("abca"),
        "defaults": collections.defaultdict(list, {"a": [1]}),
        "queue": collections.deque([1, 2], maxlen=5),
        "namespace": types.SimpleNamespace(a=1),
        "args": argparse.Namespace(arch="x", seed=np.int64(1)),
        "hyper_parameters": ODD["AttributeDict"](lr=0.1, milestones=(1, 2)),
        "meta": {"cfg": ODD["Config"](model=ODD["Config"](type="ResNet")), "time": b"\xff\x00"},
        "options": options,
        "level": Level.HIGH,
        "decimal": decimal.Decimal("1.5"),
        "fraction": fractions.Fraction(1, 3),
        "uuid": uuid.UUID(int=1),
        "complex": 1 + 2j,
        "slice": slice(1, 2),
        "range": range(3),
        "bytes": bytearray(b"\x00\xff"),
        "large": 1 << 200,
        "random": np.random.RandomState(0).get_state(),
        "arch": "resnet18",
        "state_dict": collections.OrderedDict(
            [
                ("conv.weight", tensor(np.arange(12, dtype="f4").reshape(3, 4))),
                ("conv.bias", Made(rebuild_parameter, tensor(np.arange(3, dtype="f4")), True, collections.OrderedDict(), {})),
            ]
        ),
        "optimizer": {"state": {0: {"step": tensor(np.ones(1, "f4"))}}, "param_groups": [{"betas": (0.9, 0.999)}]},
    }


save("odd_values.pth", odd_values())
save("odd_values_4.pth", odd_values(), 4)
plain = tensor(np.arange(3, dtype="f4"))
save(
    "unreadable.pth",
    {
        "plain": plain,
        "subclass": Made(rebuild_type, rebuild, Subclass, plain.call[1], {}),
        "quantised": Made(rebuild_quantised, ("a storage", QUANTISED, np.zeros(4, "i1")), 0, (4,), (1,), (), False, {}),
        "bytes": tensor(np.zeros(4, "i1"), QUANTISED),
        "sparse": Made(rebuild_sparse, "layout", (plain, plain, (3,))),
        "array": np.arange(4, dtype="f4"),
    },
)
weight = lambda: {"conv.weight": tensor(np.arange(12, dtype="f4").reshape(3, 4))}
save(
    "folds.pth",
    {
        "hyper_parameters": {"model": "tf_efficientnet_b0", "lr": 0.1},
        0: weight(),
        1: {"model": weight(), "score": 0.5},
        "optimizer": {"state": {0: {"exp_avg": plain}}},
    },
)
