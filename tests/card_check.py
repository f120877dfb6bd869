"""Checks Graft on a machine with a graphics card in at most eight minutes: first whether it is right, then how quick it is.

    python tests/card_check.py --pack FOLDER --out FOLDER             # on the machine with the card, in the checkout
    cargo xtask card-check --pack FOLDER                              # makes the pack: graft.xz and tests.xz
    cargo xtask card-check                                            # rehearses all of it on the stand-in

The machine needs torch 2.11.0 for CUDA 13, torchvision, numpy and pillow in this Python, and no network. Pictures and
weights are made here. The programs find libtorch, and by GRAFT_CUDA the card, in torch's own lib folder.

What is found is written after every step: log.txt, results.json, and table.md for tests/peers/README.md. Steps are done in
the order of their priority and are left out, by name, where there is no time for them. Exits with 1 when a check failed.
"""

import argparse
import concurrent.futures
import csv
import dataclasses
import importlib.metadata
import importlib.util
import itertools
import json
import lzma
import math
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

TORCH = "2.11.0"
CARD = "cuda:0"
HERE = pathlib.Path(__file__).resolve()

# --- what is checked ------------------------------------------------------------------------------------------------

# Products as IEEE 754 has them, on both devices.
IEEE = ("training.precision=Fp32", "training.mixed_precision=Off", "training.tf32=false")


@dataclasses.dataclass(frozen=True)
class Precision:
    """A way to compute on the card, and how far from the processor's single precision it may end."""

    name: str
    settings: tuple
    # Of the losses of every epoch and of the test.
    loss: float
    # Test pictures that may get another answer.
    pictures: int


PRECISIONS = (
    Precision("IEEE", IEEE, 0.002, 1),
    Precision("TF32", (*IEEE[:2], "training.tf32=true"), 0.01, 1),
    Precision("bf16", ("training.precision=Bf16", *IEEE[1:]), 0.05, 2),
    Precision("mixed", ("training.precision=Fp32", "training.mixed_precision=Bf16", IEEE[2]), 0.05, 2),
)

# Leaves out layers at random while it trains, and the devices draw differently: what losses may differ more then, and what
# those of the training itself may.
DRAWS = {"convnext_tiny": (0.02, 0.2)}

# A run again, or interrupted: the order of a card's sums is not always the same, and training makes more of it.
AGAIN = 0.003
# What evaluate and the others say, as a share of the largest number; maps, features and probabilities in TF32.
ANSWERS = 0.01

# Parts of the names of tests that need a card: src/models/device/testing.rs has the same.
FILTERS = ("cuda", "card", "augmented", "device")
# Those that skip themselves without one, so that a renamed or lost test is noticed.
CARD_TESTS = (
    "libtorch::tests::cuda::a_card_tells_its_memory_and_the_processor_has_none",
    "libtorch::tests::cuda::bytes_arrive_on_a_card_as_they_are",
    "models::device::tests::a_card_has_the_driver_s_name",
    "models::fold::tests::a_cards_layer_norms_are_rounded_and_the_processors_are_not",
    "training::augmented::tests::batches_are_changed_as_pictures_are",
    "training::augmented::tests::flips_and_turns_of_tests_are_exact",
    "training::micro_batch::tests::features_leave_a_card_before_pictures_become_fewer",
    "training::mixing::tests::pictures_on_a_card_too_keep_their_place_in_memory",
    "training::trainer::tests::card_steps::a_cards_convolutions_keep_their_channels_last",
    "training::trainer::tests::card_steps::bystanders_leave_a_cards_arithmetic_and_features_get_their_key",
    "training::trainer::tests::card_steps::one_seed_gives_one_network_on_a_card_and_the_processor",
    "training::trainer::tests::cuda::a_card_learns_what_the_processor_learns",
    "training::trainer::tests::cuda::mixed_precision_augmentation_and_memory_on_a_card",
)

# A head on the frozen network, then everything; nothing in the head is drawn at random while it trains.
PRESET = """(
    version: 1,
    name: "Check",
    data: (source: Unset, split: (validation: 0.25, test: 0.25, seed: Some(1))),
    head: (layers: []),
    training: (batch_size: 32, keep: Last),
    phases: [
        (name: "Head", epochs: 2, freeze: Backbone),
        (name: "Whole", epochs: {epochs}, freeze: Nothing, optimizer: Sgd(momentum: 0.9), learning_rate: 3e-4),
    ],
)
"""


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is computed."""

    compared: tuple  # networks whose numbers are compared
    measured: tuple  # networks of the speed table
    pictures: int  # of that table
    few: int  # of most checks
    side: int | None  # the input size, where it isn't the network's own
    extraction: int  # epochs
    full: int
    rounds: int
    later: int  # rows that are measured in all rounds; the others in the first alone
    selftest: tuple  # backbones; all when empty
    at_once: int  # processes, where nothing is timed


ON_A_CARD = Size(
    ("resnet50", "vit_b_16", "convnext_tiny"), ("mobilenet_v2", "resnet50", "vit_b_16"), 2000, 128, None, 10, 3, 5, 6, (), 5
)
REHEARSAL = Size(("resnet50", "convnext_tiny"), ("mobilenet_v2",), 24, 24, 64, 2, 1, 2, 1, ("mobilenet_v3_small",), 2)


class Fault(Exception):
    """A check that failed: a sentence."""


class NoTime(Exception):
    """A step for which the time does not suffice."""


# --- starting programs ----------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Done:
    """A program that has ended."""

    status: int
    out: str
    said: str
    began: float
    seconds: float

    def last_words(self):
        lines = [line for line in (self.said + self.out).splitlines() if line.strip()]
        return lines[-1].strip() if lines else "it said nothing"

    def document(self):
        """The JSON of the last line."""
        try:
            return json.loads(self.out.splitlines()[-1])
        except (IndexError, ValueError):
            raise Fault(f"A program printed no JSON document: {self.last_words()}") from None


class Machine:
    """Where everything is, how programs find the card, and how much time is left."""

    def __init__(self, options):
        self.began = time.monotonic()
        self.options = options
        self.size = REHEARSAL if options.rehearsal else ON_A_CARD
        self.out = options.out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="card-check-"))
        self.log_file = open(self.out / "log.txt", "w")
        self.lock = threading.Lock()
        self.numbers = itertools.count()
        self.torch = torch_folder()
        self.graft, self.tests = self.folder / "graft", self.folder / "tests"
        self.pictures, self.few = self.folder / "pictures", self.folder / "few"
        stand_in = options.rehearsal
        self.cuda = options.cuda or (stand_in / "torch/lib" if stand_in else self.torch / "lib")
        # The programs' own RUNPATH names a folder of the machine that built them.
        libraries = [stand_in / "driver"] if stand_in else []
        libraries += [self.torch / "lib", *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        self.environment = {
            "GRAFT_CUDA": str(self.cuda),
            "GRAFT_HOME": str(self.folder / "home"),
            "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
            "XDG_CACHE_HOME": str(self.folder / "xdg-cache"),
            "XDG_CONFIG_HOME": str(self.folder / "xdg-config"),
        }
        self.reports = self.folder / "reports"
        self.reports.mkdir()
        self.samples = None
        self.started = []

    def left(self):
        """Seconds; a few are kept for the end."""
        return self.options.seconds - 5 - (time.monotonic() - self.began)

    def log(self, text):
        with self.lock:
            self.log_file.write(text + "\n")
            self.log_file.flush()

    def say(self, text):
        print(f"[{time.monotonic() - self.began:4.0f} s] {text}", flush=True)
        self.log(text)

    def fresh(self, name):
        """An unused path."""
        return self.folder / f"{name}-{next(self.numbers)}"

    def start(self, arguments, environment=(), **keywords):
        """A program in a process group of its own. Python has torch's libraries by itself."""
        ours = {} if arguments[0] == sys.executable else self.environment
        merged = {**os.environ, "PYTHONUNBUFFERED": "1", **ours, **dict(environment)}
        if self.options.rehearsal:
            merged["STAND_IN_REPORT"] = str(self.reports / str(next(self.numbers)))
        arguments = [str(argument) for argument in arguments]
        process = subprocess.Popen(arguments, env=merged, stdin=subprocess.DEVNULL, text=True, start_new_session=True, **keywords)
        process.report = merged.get("STAND_IN_REPORT")
        self.started.append(process)
        return process

    def stop(self, *_):
        """Ends the script from outside, with what it has started; what is known has been written."""
        self.options.seconds = 0
        for process in list(self.started):
            if process.poll() is None:
                kill(process)
        sys.exit(128 + signal.SIGTERM)

    def call(self, what, arguments, seconds, environment=()):
        """A program to its end, however it ends, but not for longer than `seconds` or than there is time."""
        left = self.left()
        if left < 2:
            raise NoTime
        began = time.monotonic()
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = self.start(arguments, environment, **pipes)
        try:
            out, said = process.communicate(timeout=min(seconds, left))
        except subprocess.TimeoutExpired:
            kill(process)
            out, said = process.communicate()
        done = Done(process.returncode, out, said, began, time.monotonic() - began)
        shown = " ".join(map(str, arguments))
        self.log(f"=== {what}: {shown}\nexit status {done.status}, {done.seconds:.1f} s\n{said}{out}")
        if done.seconds >= left:
            raise NoTime
        if done.seconds >= seconds:
            raise Fault(f"{what} took longer than {seconds:.0f} seconds and was stopped; it last said: {done.last_words()}")
        done.report = process.report
        return done

    def succeed(self, what, arguments, seconds, environment=()):
        done = self.call(what, arguments, seconds, environment)
        if done.status != 0:
            raise Fault(f"{what} failed with exit status {done.status}: {done.last_words()}")
        return done

    def role(self, name, *arguments):
        """A call of this script in one of its other roles."""
        return [sys.executable, HERE, "--role", name, *arguments]

    def at_once(self, calls):
        """The results of several functions, some of them at the same time, where nothing is timed."""
        with concurrent.futures.ThreadPoolExecutor(self.size.at_once) as pool:
            futures = [pool.submit(call) for call in calls]
            return [future.result() for future in futures]

    def peers_device(self):
        """Python's torch can't use the stand-in."""
        return "cpu" if self.options.rehearsal else "cuda"

    def weights(self, network):
        return self.folder / f"{network}.pth"

    def ask(self, what, arguments, device=CARD, seconds=60):
        """A command's JSON document."""
        done = self.succeed(f"graft {what} on {device}", [self.graft, *arguments, "--json", "--device", device], seconds)
        if self.options.rehearsal:
            launches = stand_in_counts(done.report).get("launches", 0)
            if (launches > 0) != (device == CARD):
                raise Fault(f"“graft {what} --device {device}” computed {launches} times on the card.")
        return done.document()

    def arguments(self, preset, network, pictures, out, settings):
        """What trains a network of this script's weights."""
        side = self.size.side
        settings = [
            f'backbone.name="{network}"',
            f'backbone.weights=File("{self.weights(network)}")',
            *([f"backbone.input_size=Some({side})"] if side else []),
            *settings,
        ]
        sets = itertools.chain.from_iterable(("--set", setting) for setting in settings)
        return [self.graft, "run", preset, "--json", "--data", pictures, "--out", out, *sets]

    def train(self, network, settings, device=CARD, seconds=90, pictures=None, epochs=1, more=(), environment=()):
        """A run of the checks' preset, from nothing."""
        preset = self.fresh("check").with_suffix(".ron")
        preset.write_text(PRESET.replace("{epochs}", str(epochs)))
        arguments = self.arguments(preset, network, pictures or self.few, self.fresh("runs"), settings)
        environment = {"GRAFT_CACHE": str(self.fresh("cache")), **dict(environment)}
        what = f"Training {network} on {device}"
        done = self.succeed(what, [*arguments, "--device", device, *more], seconds, environment)
        return Run(done, device)


class Run:
    """A training that has ended well."""

    def __init__(self, done, device):
        self.done, self.document = done, done.document()
        # Of several runs, the first.
        first = self.document.get("runs", [self.document])[0]
        self.folder = pathlib.Path(first["run"])
        self.test = first["test"]
        self.peak = first["peak_card_memory_bytes"] or 0
        self.summary = json.loads((self.folder / "summary.json").read_text())
        self.epochs = read_metrics(self.folder)
        if not self.summary["device"].startswith(device) and device == CARD:
            raise Fault(f"A training on {device} says that it computed on {self.summary['device']}.")
        if device == CARD and self.peak < 1_000_000:
            raise Fault(f"A training on {device} took {self.peak} bytes of the card: it can't have computed there.")


def kill(process):
    """A process and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def torch_folder():
    """Where this Python has torch, without importing it."""
    found = importlib.util.find_spec("torch")
    if found is None:
        sys.exit(f"This Python has no torch: {sys.executable}. Call the script with one that has torch {TORCH}.")
    return pathlib.Path(next(iter(found.submodule_search_locations)))


def read_metrics(folder):
    """The epochs of a run's folder, as numbers."""
    with open(folder / "metrics.csv", newline="") as file:
        return [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]


def stand_in_counts(file):
    """What a program did to the stand-in: see tests/cuda/counts.h."""
    try:
        data = pathlib.Path(file).read_bytes()
    except OSError:
        return {}
    records = (data[start : start + 128] for start in range(0, len(data) - 127, 128))
    named = ((record[:120].rstrip(b"\0").decode(errors="replace"), struct.unpack("=q", record[120:])[0]) for record in records)
    return {name: number for name, number in named if name}


# --- what nvidia-smi says -------------------------------------------------------------------------------------------


class Samples:
    """How busy the card is and how much of its memory is taken, ten times a second; empty without nvidia-smi."""

    def __init__(self, machine, program):
        self.rows = []
        self.program = program
        self.process = None
        self.is_there = bool(program) and shutil.which(program[0]) is not None
        if self.is_there:
            query = ["--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits", "-i", "0", "-lms", "100"]
            self.process = machine.start([*program, *query], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            # "[N/A]" on a part of a card.
            busy, memory = (float(cell) if cell.strip().isdigit() else None for cell in (line + ",").split(",")[:2])
            self.rows.append((time.monotonic(), busy, memory))

    def between(self, began, ended):
        return [row for row in list(self.rows) if began <= row[0] <= ended]

    def memory(self, began, ended, pick):
        """The lowest or highest number of bytes; None where there are no samples."""
        values = [memory for _, _, memory in self.between(began, ended) if memory is not None]
        return pick(values) * 2**20 if values else None

    def idle_memory(self):
        """What is taken while nothing of ours runs: the least so far."""
        return self.memory(0, time.monotonic(), min)

    def busy(self, began, ended):
        """Mean share of the time that the card computed, from its first work to its last, and the share of samples without
        any; None where there are no samples."""
        values = [busy for _, busy, _ in self.between(began, ended) if busy is not None]
        working = [index for index, busy in enumerate(values) if busy > 0]
        if not working:
            return None
        values = values[working[0] : working[-1] + 1]
        return {"busy": statistics.mean(values) / 100, "idle": sum(value == 0 for value in values) / len(values)}

    def end(self):
        if self.process is not None:
            kill(self.process)
            self.process.wait()


def pretend_nvidia_smi(reports, *arguments):
    """nvidia-smi for the rehearsal: a context of 500 MiB, and what processes have reserved on the stand-in."""
    if "-lms" not in arguments:
        print("Stand-in card, 580.0, 4096, 8.0")
        return
    launches, changed = {}, {}
    while True:
        busy, memory = 0, 3
        for file in pathlib.Path(reports).iterdir():
            counts = stand_in_counts(file)
            now = counts.get("launches", 0)
            if launches.get(file) != now:
                launches[file], changed[file] = now, time.monotonic()
                busy = 90
            if time.monotonic() - changed[file] < 0.5:
                memory += 500 + counts.get("reserved 0", 0) // 2**20
        print(f"{busy}, {memory}", flush=True)
        time.sleep(0.1)


# --- what is made here ----------------------------------------------------------------------------------------------


def make_picture(task):
    """Faint stripes in noise, across or along: hard enough that some are taken for the other."""
    import numpy
    from PIL import Image

    folder, index = task
    random = numpy.random.default_rng(index)
    label = ("across", "along")[index % 2]
    y, x = numpy.mgrid[0:375, 0:500]
    stripes = numpy.sin((x if index % 2 else y) / random.uniform(5, 15)) * random.uniform(4, 40)
    grey = 128 + random.uniform(-30, 30) + stripes
    picture = grey[..., None] + random.normal(0, 25, (375, 500, 3))
    path = pathlib.Path(folder) / label / f"{index:05}.jpg"
    Image.fromarray(picture.clip(0, 255).astype("uint8")).save(path, quality=90)


def make_pictures(folder, count):
    for label in ("across", "along"):
        (pathlib.Path(folder) / label).mkdir(parents=True)
    with multiprocessing.Pool() as pool:
        pool.map(make_picture, [(folder, index) for index in range(int(count))], chunksize=8)


def make_weights(folder, pictures, side, *networks):
    """Random networks that are as tame as trained ones: BatchNorm knows pictures of this size, a block of ResNet adds little to
    what it gets; and ConvNeXt's layers are not scaled to nothing, as they begin."""
    import torch
    import torchvision
    from PIL import Image
    from torchvision import transforms

    prepare = transforms.Compose(
        [
            transforms.Resize(int(side) * 8 // 7),
            transforms.CenterCrop(int(side)),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    files = sorted(pathlib.Path(pictures).glob("*/*.jpg"), key=lambda file: file.name)[:8]
    batch = torch.stack([prepare(Image.open(file)) for file in files])
    for name in networks:
        torch.manual_seed(0)
        network = getattr(torchvision.models, name)(weights=None)
        norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
        with torch.no_grad():
            for path, parameter in network.named_parameters():
                if path.endswith("layer_scale"):
                    parameter.fill_(1)
                if path.endswith("bn3.weight"):
                    parameter.fill_(0.2)
            for norm in norms:
                norm.momentum = None
            if norms:
                network.train()(batch)
        torch.save(network.state_dict(), pathlib.Path(folder) / f"{name}.pth")


def hold_memory(device, leave):
    """Takes all of the card's memory but `leave` bytes, until it is killed."""
    import torch

    if device == "cuda":
        taken = max(torch.cuda.mem_get_info()[0] - int(leave), 1)
    else:
        # The stand-in's memory is each process's own.
        taken = 1 << 20
    kept = torch.empty(taken, dtype=torch.uint8, device=device)
    print(json.dumps({"held": kept.numel()}), flush=True)
    time.sleep(3600)


ROLES = {"weights": make_weights, "pictures": make_pictures, "holder": hold_memory, "nvidia-smi": pretend_nvidia_smi}


# --- comparing ------------------------------------------------------------------------------------------------------


def compare(here, there, loss, pictures, what, drawn=None):
    """The largest difference of two runs' losses, and how many test pictures more one of them has right.

    `drawn`: how much more losses may differ where layers are left out at random (see DRAWS)."""
    if len(here.epochs) != len(there.epochs):
        raise Fault(f"{what}: {len(there.epochs)} epochs instead of {len(here.epochs)}.")
    pairs = []
    after, during = drawn or (0.0, 0.0)
    for a, b in zip(here.epochs, there.epochs):
        # The backbone trains in the second phase.
        is_drawn = a["phase"] > 0
        for name, more in (("train_loss", during), ("validation_loss", after)):
            pairs.append((f"{name} of epoch {a['epoch']:.0f}", a[name], b[name], more if is_drawn else 0.0))
    pairs.append(("test loss", here.test["loss"], there.test["loss"], after))
    largest = {0.0: 0.0}
    for name, a, b, more in pairs:
        most = loss + more
        # Not a number is not near to anything.
        if not abs(a - b) <= most * max(1.0, abs(a)):
            raise Fault(f"{what}: the {name} is {b:.5f} and should be {a:.5f}, with at most {most:g} between them.")
        largest[more] = max(largest.get(more, 0.0), abs(a - b))
    other = abs(here.test["accuracy"] - there.test["accuracy"]) * here.test["n"]
    if not other <= pictures + 0.01:
        raise Fault(
            f"{what}: the test accuracy is {there.test['accuracy']:.3f} and should be {here.test['accuracy']:.3f}, "
            f"with at most {pictures} of {here.test['n']} pictures between them."
        )
    return {"loss": largest.pop(0.0), "pictures": round(other), "loss_where_drawn": max(largest.values(), default=None)}


def alike(here, there, tolerance, path):
    """The largest difference of two documents, as a share of the larger number or of 1."""
    if isinstance(here, bool) or not isinstance(here, (int, float, list, dict)):
        if here != there:
            raise Fault(f"{path} is {there!r} on the card and {here!r} on the processor.")
        return 0.0
    if isinstance(here, dict) and isinstance(there, dict) and here.keys() == there.keys():
        parts = [(here[name], there[name], f"{path}.{name}") for name in here if not re.search("seconds|memory|device|run$|file$", name)]
    elif isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        parts = [(a, b, f"{path}[{index}]") for index, (a, b) in enumerate(zip(here, there))]
    elif isinstance(here, (int, float)) and isinstance(there, (int, float)):
        difference = abs(here - there) / max(1.0, abs(here))
        if not difference <= tolerance:
            raise Fault(f"{path} is {there} on the card and {here} on the processor: more than {tolerance:g} of it apart.")
        return difference
    else:
        raise Fault(f"{path} has another form on the card than on the processor.")
    return max((alike(a, b, tolerance, name) for a, b, name in parts), default=0.0)


def read_features(file):
    """The tensor “features” of a safetensors file."""
    import numpy

    data = pathlib.Path(file).read_bytes()
    size = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8 : 8 + size])["features"]
    begin, end = entry["data_offsets"]
    return numpy.frombuffer(data[8 + size + begin : 8 + size + end], dtype="<f4")


# --- the checks -----------------------------------------------------------------------------------------------------


def prepare(machine, facts):
    """The programs, pictures and weights."""
    for name, target in (("graft.xz", machine.graft), ("tests.xz", machine.tests)):
        packed = machine.options.pack / name
        if not packed.is_file():
            raise Fault(f"{packed} is missing; “cargo xtask card-check --pack {machine.options.pack}” makes it.")
        with lzma.open(packed) as source, open(target, "wb") as file:
            shutil.copyfileobj(source, file)
        target.chmod(0o755)
    version = importlib.metadata.version("torch")
    facts["torch"] = version
    if version.split("+")[0] != TORCH:
        raise Fault(f"This Python has torch {version}, and Graft needs {TORCH}.")
    size = machine.size
    machine.succeed("Making pictures", machine.role("pictures", machine.pictures, size.pictures), 120)
    for label in ("across", "along"):
        (machine.few / label).mkdir(parents=True)
        for file in sorted((machine.pictures / label).iterdir())[: size.few // 2]:
            shutil.copy(file, machine.few / label)
    networks = sorted({*machine.size.compared, *machine.size.measured})
    machine.at_once(
        [
            lambda name=name: machine.succeed("Making weights", machine.role("weights", machine.folder, machine.few, size.side or 224, name), 120)
            for name in networks
        ]
    )


def find_card(machine, facts):
    """A training finds the card by GRAFT_CUDA, and names it as the driver does."""
    samples = machine.samples
    if samples.is_there:
        query = [*samples.program, "--query-gpu=name,driver_version,memory.total,compute_cap", "--format=csv,noheader,nounits", "-i", "0"]
        answer = machine.call("nvidia-smi", query, 20)
        if answer.status == 0:
            facts.update(zip(("card", "driver", "card_mib", "capability"), answer.out.strip().split(", ")))
        else:
            # Graft is asked in any case.
            facts["nvidia_smi"] = answer.last_words()
    else:
        version = pathlib.Path("/proc/driver/nvidia/version")
        facts["driver"] = version.read_text().splitlines()[0] if version.is_file() else "unknown without nvidia-smi"
    attempt = lambda: machine.train("resnet50", IEEE, pictures=machine.pictures, seconds=90)
    try:
        run = attempt()
    except Fault as fault:
        # The time on a card is dear: whatever else can be learned is learned.
        machine.environment["LD_PRELOAD"] = str(machine.cuda / "libtorch_cuda.so")
        try:
            run = attempt()
        except Fault:
            raise NoCard(str(fault)) from None
        remember_split(machine, run)
        raise Fault(f"The card is only found with libtorch_cuda.so loaded first. Without: {fault}") from None
    named = run.summary["device"].removeprefix(f"{CARD}, ")
    facts["card_by_graft"] = named
    remember_split(machine, run)
    if facts.get("card", named) != named:
        raise Fault(f"Graft calls the card {named}, and nvidia-smi calls it {facts['card']}.")


class NoCard(Fault):
    """Without which nothing else can be checked."""


def remember_split(machine, run):
    """The split of the speed table's pictures, for the peers; and how many pictures a run looks at."""
    machine.split = pathlib.Path(shutil.copy(run.folder / "split.csv", machine.folder))
    with open(machine.split, newline="") as file:
        parts = [row["split"] for row in csv.DictReader(file)]
    machine.test_pictures = parts.count("test")
    machine.epoch_pictures = len(parts) - machine.test_pictures


def unit_tests(machine, facts):
    """The tests of cards; none may be skipped."""
    # Tests ask libtorch about cards in any order, and no `main` of ours has opened its CUDA part.
    environment = {"GRAFT_NEEDS_CUDA": "1", "LD_PRELOAD": str(machine.cuda / "libtorch_cuda.so")}
    done = machine.call("The unit tests", [machine.tests, "--test-threads=1", *FILTERS], 120, environment)
    passed = set(re.findall(r"^test (\S+) \.\.\. ok$", done.out, re.MULTILINE))
    failed = re.findall(r"^    (\S+::\S+)$", done.out, re.MULTILINE)
    skipped = done.said.count("SKIPPED") + done.out.count("SKIPPED")
    facts.update(passed=len(passed), skipped=skipped)
    if done.status != 0:
        raise Fault(f"Unit tests failed with exit status {done.status}: {', '.join(sorted(set(failed))) or done.last_words()}")
    if skipped:
        raise Fault(f"{skipped} unit tests were skipped for want of a card, although GRAFT_NEEDS_CUDA is set.")
    missing = [name for name in CARD_TESTS if name not in passed]
    if missing:
        raise Fault(f"Tests that need a card did not run: {', '.join(missing)}. If they have other names now, CARD_TESTS must have them.")


def selftest(machine, facts):
    """Every backbone gives its reference's logits."""
    findings = machine.ask("selftest", ["selftest", *machine.size.selftest], seconds=120)
    facts.update({finding["backbone"]: finding["error"] for finding in findings})
    wrong = [finding["backbone"] for finding in findings if not finding["passed"]]
    if wrong or not findings:
        raise Fault(f"{len(wrong)} of {len(findings)} backbones differ from their references: {', '.join(wrong)}.")


def precisions(network):
    def check(machine, facts):
        """Training on the card ends where it does on the processor, in every precision."""
        ways = [("cpu", IEEE), *((CARD, precision.settings) for precision in PRECISIONS)]
        processor, *cards = machine.at_once(
            [lambda device=device, settings=settings: machine.train(network, settings, device) for device, settings in ways]
        )
        machine.runs[network] = cards[0]
        facts["processor"] = {"test_loss": processor.test["loss"], "test_accuracy": processor.test["accuracy"]}
        faults = []
        for precision, run in zip(PRECISIONS, cards):
            try:
                what = f"{network} in {precision.name}"
                found = compare(processor, run, precision.loss, precision.pictures, what, DRAWS.get(network))
                facts[precision.name] = {**found, "of_pictures": run.test["n"], "allowed": precision.loss}
            except Fault as fault:
                faults.append(str(fault))
        if faults:
            raise Fault(" ".join(faults))

    return check


def repeat(machine, facts):
    """Equal seeds give equal results, and another seed others."""
    first = machine.runs.get("resnet50") or machine.train("resnet50", IEEE)
    again, other = machine.at_once([lambda: machine.train("resnet50", IEEE), lambda: machine.train("resnet50", (*IEEE, "seed=7"))])
    facts.update(compare(first, again, AGAIN, 1, "The same seed again"))
    if [epoch["train_loss"] for epoch in other.epochs] == [epoch["train_loss"] for epoch in first.epochs]:
        raise Fault("Another seed gives the same losses: what was compared says nothing.")


def use(machine, facts):
    """evaluate, predict, explain, embed and classify say on the card what they say on the processor."""
    run = machine.runs.get("resnet50") or machine.train("resnet50", IEEE)
    pictures = sorted((machine.few / "across").iterdir())[:4]
    network = ["--backbone", "resnet50", "--weights", machine.weights("resnet50")]

    def commands(device):
        # What a command keeps in a run's folder must not answer for the other device.
        folder = machine.fresh("used")
        shutil.copytree(run.folder, folder)
        features = machine.fresh("features").with_suffix(".safetensors")
        ask = lambda name, *arguments: machine.ask(name, [name, *arguments], device)
        return {
            "evaluate": lambda: ask("evaluate", folder, "--data", machine.few),
            "predict": lambda: ask("predict", folder, *pictures),
            "explain": lambda: ask("explain", folder, pictures[0], "--out", machine.fresh("map").with_suffix(".png")),
            "classify": lambda: ask("classify", *network, "--top", "1000", pictures[0]),
            "embed": lambda: (ask("embed", *network, "--out", features, machine.few), read_features(features))[1],
        }

    there, here = commands(CARD), commands("cpu")
    results = machine.at_once([*there.values(), *here.values()])
    faults = []
    for name, card, processor in zip(there, results, results[len(there) :]):
        try:
            facts[name] = COMPARE.get(name, alike)(processor, card, ANSWERS, name)
        except Fault as fault:
            faults.append(str(fault))
    if faults:
        raise Fault(" ".join(faults))


def alike_features(here, there, tolerance, what):
    """As a share of the largest feature."""
    if here.shape != there.shape:
        raise Fault(f"{what} wrote {there.size} numbers on the card and {here.size} on the processor.")
    difference = float(abs(here - there).max() / abs(here).max())
    if not difference <= tolerance:
        raise Fault(f"{what}: features differ by {difference:.2g} of the largest, and may by {tolerance:g}.")
    return difference


def alike_classes(here, there, tolerance, what):
    """Probabilities of a thousand classes are small: their logarithms are compared, whatever the order is."""
    logits = [{one["class"]: math.log(max(one["probability"], 1e-30)) for one in answer[0]["predictions"]} for answer in (here, there)]
    if logits[0].keys() != logits[1].keys():
        raise Fault(f"{what} names other classes on the card than on the processor.")
    difference = max(abs(logits[1][name] - value) for name, value in logits[0].items())
    if not difference <= 5 * tolerance:
        raise Fault(f"{what}: logarithms of probabilities differ by {difference:.2g}, and may by {5 * tolerance:g}.")
    return difference


COMPARE = {"embed": alike_features, "classify": alike_classes}


def resume(machine, facts):
    """A run that is killed within an epoch goes on to what it would have become."""
    settings = (*IEEE, "phases[0].epochs=1")
    whole = machine.train("resnet50", settings, pictures=machine.pictures, epochs=3, seconds=120)
    preset = machine.fresh("check").with_suffix(".ron")
    preset.write_text(PRESET.replace("{epochs}", "3"))
    out = machine.fresh("runs")
    arguments = machine.arguments(preset, "resnet50", machine.pictures, out, settings)
    environment = {"GRAFT_CACHE": str(machine.fresh("cache"))}
    with open(machine.out / "killed.txt", "w") as said:
        process = machine.start([*arguments, "--device", CARD], environment, stdout=said, stderr=said)
        try:
            folder = wait_for_epoch(machine, process, out, 2)
            # Into the middle of the next one.
            time.sleep(read_metrics(folder)[-1]["seconds"] / 2)
        finally:
            kill(process)
            status = process.wait()
    done = len(read_metrics(folder))
    if status != -signal.SIGKILL or done >= 4:
        raise Fault(f"The run ended (exit status {status}) after {done} epochs, before it could be killed within one.")
    resumed = machine.succeed("Resuming", [machine.graft, "run", folder, "--resume", "--json", "--device", CARD], 120, environment)
    facts["epochs_before"] = done
    learned = [epoch["train_loss"] for epoch in whole.epochs]
    if abs(learned[-1] - learned[done - 1]) <= 2 * AGAIN:
        raise Fault(f"The run learned nothing after it was resumed (its losses are {learned}): what was compared says nothing.")
    if "Resuming after epoch" not in resumed.said:
        raise Fault("The killed run was not resumed after an epoch but begun anew.")
    facts.update(compare(whole, Run(resumed, CARD), AGAIN, 2, "The resumed run"))


def wait_for_epoch(machine, process, out, epoch):
    """The folder of a run that has saved that many epochs."""
    while process.poll() is None:
        if machine.left() < 2:
            raise NoTime
        for folder in out.glob("*"):
            saved = folder / "resume.safetensors"
            if saved.is_file() and len(read_metrics(folder)) >= epoch:
                return folder
        time.sleep(0.01)
    raise Fault(f"The run that was to be killed ended by itself with exit status {process.returncode}.")


def shortage(machine, facts):
    """Memory that another process holds costs time, not the result."""
    # BatchNorm as in inference: it would see the smaller batches.
    settings = (*IEEE, "backbone.trained_norm=Inference", "phases[0].epochs=1")
    # Few weights and large activations: fewer pictures at once help.
    plenty = machine.train("mobilenet_v2", settings)
    # What CUDA and its libraries take for themselves.
    context = 0 if machine.options.rehearsal else 600 << 20
    for share in (0.9, 0.75, 0.6):
        leave = int(plenty.peak * share) + context
        environment = {"STAND_IN_CARDS": f"Stand-in card/8.0/{leave}"} if machine.options.rehearsal else {}
        holder = machine.start(machine.role("holder", machine.peers_device(), leave), stdout=subprocess.PIPE)
        try:
            held = holder.stdout.readline()
            if not held:
                raise Fault("The process that should hold the card's memory ended by itself.")
            run = machine.train("mobilenet_v2", settings, environment=environment)
        finally:
            kill(holder)
            holder.communicate()
        facts.update(needs=plenty.peak, left=leave, held=json.loads(held)["held"], **compare(plenty, run, AGAIN, 1, "Short of memory"))
        said = [line for line in run.done.said.splitlines() if "emory ran out" in line]
        if said:
            facts["said"] = said[0]
            return
    raise Fault(f"Memory did not run out, although only {leave} bytes were left of the {plenty.peak} that the run took before.")


def memory_back(machine, facts):
    """Between two runs of one process the card has its memory back, and after the process all of it."""
    samples = machine.samples
    before = samples.idle_memory()
    run = machine.train("mobilenet_v2", (*IEEE, "phases[0].epochs=1"), more=["--seeds", "2"], seconds=120)
    first, second = run.document["runs"]
    peaks = [one["peak_card_memory_bytes"] for one in (first, second)]
    facts["peaks"] = peaks
    if not 0.9 * peaks[0] <= peaks[1] <= 1.1 * peaks[0]:
        raise Fault(f"The first run took {peaks[0]} bytes of the card at most, and the second one {peaks[1]}.")
    if not samples.is_there or before is None:
        facts["note"] = "without nvidia-smi only the runs' own peaks are known"
        return
    # File times are of the wall clock.
    offset = time.monotonic() - time.time()
    ended = (pathlib.Path(first["run"]) / "summary.json").stat().st_mtime + offset
    began = (pathlib.Path(second["run"]) / "metrics.csv").stat().st_mtime + offset
    highest = samples.memory(run.done.began, ended, max)
    lowest = samples.memory(ended - 0.2, began, min)
    time.sleep(1.5)
    after = samples.memory(time.monotonic() - 0.5, time.monotonic(), min)
    facts.update(before=before, highest=highest, lowest_between=lowest, after=after)
    if None in (highest, lowest, after):
        raise Fault("nvidia-smi stopped answering while the card's memory was looked at.")
    if lowest > highest - peaks[0] / 2:
        raise Fault(f"Between two runs {lowest:.0f} bytes of the card stayed taken, of {highest:.0f} at most while the first one ran.")
    if after > before + (100 << 20):
        raise Fault(f"After the process {after:.0f} bytes of the card are taken, {after - before:.0f} more than before.")


# --- the speed table ------------------------------------------------------------------------------------------------

WORKS = ("extraction", "full")
CONTESTANTS = {"graft": "Graft", "b1": "B1", "b0": "B0"}


@dataclasses.dataclass
class Measured:
    """One process of the table."""

    seconds: float
    accuracy: float
    card_bytes: float | None
    busy: float | None
    idle: float | None


def measure(contestant, network, work, round_):
    def step(machine, facts):
        """A whole process, timed."""
        epochs = machine.size.extraction if work == "extraction" else machine.size.full
        seed = 42 + round_
        environment = {}
        if contestant == "graft":
            settings = [f"seed={seed}", f"phases[0].epochs={epochs}", *SPLIT, *WORK_SETTINGS[work]]
            arguments = machine.arguments("lesson-feature-extraction", network, machine.pictures, machine.fresh("runs"), settings)
            arguments += ["--device", CARD]
            environment["GRAFT_CACHE"] = str(machine.fresh("cache"))
        else:
            script = HERE.parent / "peers" / f"{contestant}.py"
            arguments = [sys.executable, script, "--pictures", machine.pictures, "--split", machine.split, "--network", network]
            arguments += ["--weights", machine.weights(network), "--work", work, "--epochs", epochs, "--seed", seed]
            arguments += ["--device", machine.peers_device()]
        what = f"{CONTESTANTS[contestant]}, {network}, {work}"
        before = machine.samples.idle_memory()
        done = machine.succeed(what, arguments, 180, environment)
        ended = done.began + done.seconds
        document = done.document()
        if contestant == "graft":
            accuracy = document["test"]["accuracy"]
            if (pathlib.Path(document["run"]) / "split.csv").read_bytes() != machine.split.read_bytes():
                raise Fault(f"{what}: it split the pictures otherwise than the run whose split the peers have.")
        else:
            accuracy = document["test_accuracy"]
        highest = machine.samples.memory(done.began, ended, max)
        taken = highest - before if None not in (highest, before) else document.get("peak_card_memory_bytes")
        busy = machine.samples.busy(done.began, ended) or {"busy": None, "idle": None}
        measured = Measured(done.seconds, accuracy, taken, **busy)
        machine.table.setdefault((network, work, contestant), []).append(measured)
        facts.update(dataclasses.asdict(measured))

    return step


# The preset's above.
SPLIT = ("data.split.seed=1", "data.split.validation=0.25", "data.split.test=0.25")
WORK_SETTINGS = {"extraction": (), "full": ("phases[0].freeze=Nothing",)}


def table_rows(machine):
    """The table's rows as data: medians over the rounds."""
    rows = []
    for network, work, contestant in itertools.product(machine.size.measured, WORKS, CONTESTANTS):
        rounds = machine.table.get((network, work, contestant))
        if not rounds:
            continue
        middle = lambda name: median([getattr(one, name) for one in rounds])
        epochs = machine.size.extraction if work == "extraction" else machine.size.full
        pictures = epochs * machine.epoch_pictures + machine.test_pictures
        graft = machine.table.get((network, work, "graft"))
        seconds = middle("seconds")
        rows.append(
            {
                "network": network,
                "work": f"{work}, {epochs} epoch{'s' * (epochs != 1)}",
                "by": CONTESTANTS[contestant],
                "rounds": len(rounds),
                "seconds": seconds,
                "lowest": min(one.seconds for one in rounds),
                "highest": max(one.seconds for one in rounds),
                "pictures_per_second": pictures / seconds,
                "accuracy": middle("accuracy"),
                "card_bytes": middle("card_bytes"),
                "busy": middle("busy"),
                "idle": middle("idle"),
                "against_graft": seconds / median([one.seconds for one in graft]) if graft else None,
            }
        )
    return rows


def median(values):
    """None where a value is not known."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def known(value, form, factor=1.0):
    return "?" if value is None else form.format(value * factor)


# --- the report -----------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Step:
    """What is done; the lowest priority number first."""

    priority: int
    name: str
    work: object
    # Left out when less time is left.
    seconds: float
    state: str = "not reached"
    why: str = ""
    took: float = 0.0
    facts: dict = dataclasses.field(default_factory=dict)


def plan(machine):
    """All steps. Priorities: 0 what everything else needs; 1 to 8 whether results are right; 9 speed against B1 and 10 against
    B0, which is slow; 11 further rounds for the medians."""
    steps = [
        Step(0, "preparation", prepare, 0),
        Step(1, "card", find_card, 5),
        Step(2, "unit tests", unit_tests, 15),
        Step(3, "selftest", selftest, 15),
        *(Step(4, f"precisions {network}", precisions(network), 20) for network in machine.size.compared),
        Step(5, "equal seeds", repeat, 10),
        Step(5, "evaluate, predict, explain, embed, classify", use, 15),
        Step(6, "resume after kill -9", resume, 25),
        Step(7, "shortage of memory", shortage, 20),
        Step(8, "memory given back", memory_back, 15),
    ]
    rows = list(itertools.product(machine.size.measured, WORKS))
    for round_ in range(machine.size.rounds):
        for network, work in rows if round_ == 0 else rows[: machine.size.later]:
            for contestant in CONTESTANTS:
                if contestant == "b0" and round_ > 0:
                    continue
                priority = 11 if round_ else 10 if contestant == "b0" else 9
                name = f"speed {CONTESTANTS[contestant]} {network} {work}, round {round_ + 1}"
                steps.append(Step(priority, name, measure(contestant, network, work, round_), 30 if contestant == "b0" else 15))
    only = machine.options.only
    chosen = [step for step in steps if step.priority <= 1 or not only or any(part in step.name for part in only)]
    return sorted(chosen, key=lambda step: step.priority)


def do(machine, step):
    """One step; how it went stands in it afterwards."""
    began = time.monotonic()
    try:
        if machine.left() < (0 if machine.options.rehearsal else step.seconds) or machine.left() < 2:
            raise NoTime
        step.work(machine, step.facts)
        step.state = "passed"
    except NoTime:
        step.state, step.why = "skipped", "There was no time left."
    except Fault as fault:
        step.state, step.why = "failed", str(fault)
        return isinstance(fault, NoCard) or step.priority == 0
    except Exception as error:  # A document without an expected field, a file that is not there: the rest is still of use.
        step.state, step.why = "failed", f"{type(error).__name__}: {error}"
        return step.priority <= 1
    finally:
        step.took = time.monotonic() - began
    return False


def last_line(steps):
    """How many checks passed, failed and were skipped."""
    names = lambda state: [step.name for step in steps if step.state == state]
    failed, skipped, rest = names("failed"), names("skipped"), names("not reached")
    text = f"{len(names('passed'))} checks passed, {len(failed)} failed"
    text += f" ({'; '.join(failed)})" if failed else ""
    text += f", {len(skipped)} were skipped for lack of time"
    text += f" ({'; '.join(skipped)})" if skipped else ""
    text += f", {len(rest)} were not reached" if rest else ""
    return text


def write(machine, steps):
    """results.json and table.md, whole or not at all."""
    rows = table_rows(machine)
    kept = [{name: value for name, value in vars(step).items() if name != "work"} for step in steps]
    results = {
        "rehearsal": bool(machine.options.rehearsal),
        "seconds": time.monotonic() - machine.began,
        "tolerances": {precision.name: {"loss": precision.loss, "pictures": precision.pictures} for precision in PRECISIONS},
        "checks": kept,
        "speed": rows,
        "summary": last_line(steps),
    }
    for name, text in (("results.json", json.dumps(results, indent=1)), ("table.md", markdown(machine, steps, rows))):
        part = machine.out / f".{name}"
        part.write_text(text + "\n")
        part.replace(machine.out / name)


def markdown(machine, steps, rows):
    """For tests/peers/README.md."""
    facts = {step.name: step.facts for step in steps}
    card = facts.get("card", {})
    lines = [
        "### On a graphics card",
        "",
        f"{card.get('card', card.get('card_by_graft', 'Unknown card'))}, driver {card.get('driver', 'unknown')}, {os.cpu_count()} cores, "
        f"PyTorch {facts.get('preparation', {}).get('torch', 'unknown')}; `tests/card_check.py`, {machine.size.pictures} JPEG pictures of 500 x 375.",
    ]
    if machine.options.rehearsal:
        lines += ["", "A rehearsal on the stand-in: these numbers say nothing."]
    lines += [
        "",
        "Largest difference from the processor's single precision: of losses, and of right answers on the test pictures.",
        "",
        "| network | " + " | ".join(f"{one.name} (at most {one.loss:g})" for one in PRECISIONS) + " |",
        "| --- |" + " --- |" * len(PRECISIONS),
    ]
    for network in machine.size.compared:
        found = facts.get(f"precisions {network}", {})
        cells = [found.get(one.name) for one in PRECISIONS]
        texts = ["–" if cell is None else f"{cell['loss']:.1e}, {cell['pictures']} of {cell['of_pictures']}" for cell in cells]
        lines.append(f"| {network} | " + " | ".join(texts) + " |")
    lines += [
        "",
        "Seconds are medians of whole processes. Pictures a second count those of all epochs. Memory is what the process added to "
        "the card's, by nvidia-smi. The card is busy while a kernel runs, from the first to the last; it waited in samples without one.",
        "",
        "| network | work | by | rounds | seconds (spread) | pictures a second | accuracy | memory of the card | card busy | card waited | time against Graft |",
        "| --- |" + " --- |" * 10,
    ]
    for row in rows:
        spread = f"{row['seconds']:.1f} ({row['lowest']:.1f} to {row['highest']:.1f})"
        lines.append(
            f"| {row['network']} | {row['work']} | {row['by']} | {row['rounds']} | {spread} | {row['pictures_per_second']:.0f} "
            f"| {known(row['accuracy'], '{:.1f} %', 100)} | {known(row['card_bytes'], '{:.0f} MB', 1e-6)} | {known(row['busy'], '{:.0f} %', 100)} "
            f"| {known(row['idle'], '{:.0f} %', 100)} | {known(row['against_graft'], '{:.1f}x')} |"
        )
    lines += ["", last_line(steps) + "."]
    lines += [f"- {step.name}: {step.why}" for step in steps if step.state == "failed"]
    return "\n".join(lines)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", type=pathlib.Path, required=True, help="the folder of graft.xz and tests.xz")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(os.environ.get("OUT", "card-check")), help="where results are written")
    parser.add_argument("--seconds", type=float, default=465, help="time for all of it")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="of the steps after the first two, those with this in their name")
    parser.add_argument("--rehearsal", type=pathlib.Path, metavar="STAND_IN", help="small numbers, on the stand-in card in this folder")
    parser.add_argument("--cuda", type=pathlib.Path, metavar="FOLDER", help="of libtorch_cuda.so, instead of torch's own")
    parser.add_argument("--nvidia-smi", default="nvidia-smi", metavar="PROGRAM")
    return parser.parse_args()


def main():
    if sys.argv[1:2] == ["--role"]:
        return ROLES[sys.argv[2]](*sys.argv[3:])
    options = arguments()
    machine = Machine(options)
    machine.runs, machine.table = {}, {}
    signal.signal(signal.SIGTERM, machine.stop)
    smi = [options.nvidia_smi]
    if options.rehearsal and shutil.which(options.nvidia_smi) is None and options.nvidia_smi == "nvidia-smi":
        smi = machine.role("nvidia-smi", machine.reports)
    machine.samples = Samples(machine, smi)
    steps = plan(machine)
    try:
        for step in steps:
            ends = do(machine, step)
            facts = json.dumps(step.facts, default=str)
            machine.say(f"{step.state:7} {step.name} ({step.took:.1f} s) {step.why or facts}")
            machine.log(f"{step.name}: {facts}")
            write(machine, steps)
            if ends:
                break
    finally:
        machine.samples.end()
        write(machine, steps)
        shutil.rmtree(machine.folder, ignore_errors=True)
    machine.say(last_line(steps))
    return 1 if any(step.state in ("failed", "not reached") for step in steps) else 0


if __name__ == "__main__":
    sys.exit(main())
