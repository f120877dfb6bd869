"""Writes small teaching sets in the layouts that people have them in, and records what NumPy makes of them.

    pip install numpy; python tests/record_sets.py

writes tests/golden/sets/* and tests/golden/sets/expected.json (name, class, split, size and the SHA-256 of the RGB
pixels of every picture; for what must be refused, what the message must say) for src/data/scan/teaching/tests.rs.
Recorded with NumPy 2.4.
"""

import gzip
import hashlib
import io
import json
import pathlib
import pickle
import struct
import zipfile

import numpy as np

ROOT = pathlib.Path(__file__).parent / "golden" / "sets"
EXPECTED = {}
REFUSED = {}


def pictures(count, height, width, channels, seed):
    """(count, height, width, channels) of smooth values that differ for every picture, colour and place."""
    n, y, x, c = np.ogrid[:count, :height, :width, :channels]
    return ((n * 37 + y * 7 + x * 3 + c * 90 + seed * 11) % 251).astype(np.uint8)


def digest(picture):
    """Of RGB bytes; a grey picture has three equal channels."""
    if picture.ndim == 2:
        picture = picture[:, :, None]
    if picture.shape[2] == 1:
        picture = np.repeat(picture, 3, axis=2)
    return hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()


def expect(path, kind, parts):
    """`parts`: (folder of the names, split or None, pictures, classes by name)."""
    EXPECTED[path] = {
        "kind": kind,
        "pictures": [
            {
                "name": f"{folder}/{index:05}",
                "class": name,
                "split": split,
                "size": [picture.shape[1], picture.shape[0]],
                "sha256": digest(picture),
            }
            for folder, split, images, names in parts
            for index, (picture, name) in enumerate(zip(images, names))
        ],
    }


def write(path, data):
    path = ROOT / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def rows(images):
    """CIFAR's rows: a red, a green and a blue plane."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(len(images), -1)


def as_python_2(batch):
    """What Python 2's cPickle wrote, as in the publisher's files: texts and bytes are the same opcodes."""
    def text(value):
        value = value if isinstance(value, bytes) else value.encode()
        short = b"U" + bytes([len(value)]) if len(value) < 256 else b"T" + struct.pack("<i", len(value))
        return short + value

    out = b"\x80\x02}q\x01("
    for key, value in batch.items():
        out += text(key)
        if isinstance(value, np.ndarray):
            out += b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01"
            out += b"M" + struct.pack("<H", value.shape[0]) + b"M" + struct.pack("<H", value.shape[1]) + b"\x86"
            out += b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
            out += text(value.tobytes()) + b"tb"
        elif isinstance(value, list):
            out += b"]("
            out += b"".join(b"K" + bytes([item]) if isinstance(item, int) else text(item) for item in value)
            out += b"e"
        else:
            out += text(value)
    return out + b"u."


TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def cifar10(name, dump):
    parts = []
    for place, (file, split, labels) in enumerate(
        [("data_batch_1", "train", [3, 5, 9]), ("test_batch", "test", [5, 3])]
    ):
        images = pictures(len(labels), 32, 32, 3, place)
        batch = {"batch_label": "one", "labels": labels, "data": rows(images), "filenames": ["a.png"] * len(labels)}
        write(f"{name}/{file}", dump(batch))
        parts.append((file, split, images, [TEN[label] for label in labels]))
    meta = {"num_cases_per_batch": 2, "label_names": TEN}
    write(f"{name}/batches.meta", as_python_2({"label_names": TEN}) if dump is as_python_2 else pickle.dumps(meta, 2))
    expect(name, "Cifar10", parts)


def cifar100():
    fine = [f"fine {number}" for number in range(100)]
    coarse = [f"coarse {number}" for number in range(20)]
    python, binary = [], []
    for place, (file, split, labels) in enumerate([("train", "train", [99, 0]), ("test", "test", [99])]):
        images = pictures(len(labels), 32, 32, 3, place + 5)
        batch = {
            b"data": rows(images),
            b"fine_labels": [np.int64(label) for label in labels],
            b"coarse_labels": np.array([label // 5 for label in labels]),
        }
        write(f"cifar-100-python/{file}", pickle.dumps(batch, 4))
        records = b"".join(bytes([label // 5, label]) + row.tobytes() for label, row in zip(labels, rows(images)))
        write(f"cifar-100-binary/{file}.bin", records)
        names = [fine[label] for label in labels]
        python.append((file, split, images, names))
        binary.append((f"{file}.bin", split, images, names))
    write("cifar-100-python/meta", pickle.dumps({"fine_label_names": fine, "coarse_label_names": coarse}, 2))
    write("cifar-100-binary/fine_label_names.txt", "\n".join(fine).encode())
    write("cifar-100-binary/coarse_label_names.txt", "\n".join(coarse).encode())
    expect("cifar-100-python", "Cifar100", python)
    expect("cifar-100-binary", "Cifar100", binary)


def idx(array, element=8):
    header = bytes([0, 0, element, array.ndim]) + b"".join(struct.pack(">I", side) for side in array.shape)
    return header + array.tobytes()


def idx_sets():
    for name, gzipped, stems, classes in [
        ("MNIST/raw", False, "{}-{}-idx{}-ubyte", [str(digit) for digit in range(10)]),
        (
            "FashionMNIST",
            True,
            "{}-{}.idx{}-ubyte",
            ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
        ),
    ]:
        parts = []
        for place, (part, split, labels) in enumerate([("train", "train", [7, 2, 1]), ("t10k", "test", [2, 7])]):
            images = pictures(len(labels), 5, 4, 1, place)[..., 0]
            for kind, array in [("images", images), ("labels", np.array(labels, np.uint8))]:
                data = idx(array)
                file = f"{name}/" + stems.format(part, kind, array.ndim)
                write(file + ".gz" if gzipped else file, gzip.compress(data, mtime=0) if gzipped else data)
            parts.append((split, split, images, [classes[label] for label in labels]))
        expect(name.split("/")[0], "Idx", parts)
    parts = []
    for place, (part, split, labels) in enumerate([("train", "train", [1, 300]), ("test", "test", [300])]):
        images = pictures(len(labels), 3, 6, 3, place + 2)
        write(f"colour-idx/{part}-images-idx4-ubyte", idx(images))
        write(f"colour-idx/{part}-labels-idx1-int", idx(np.array(labels, ">i4"), 0x0C))
        parts.append((split, split, images, [str(label) for label in labels]))
    expect("colour-idx", "Idx", parts)
    for part, split, labels in [("train", "train", [1, 2]), ("test", "test", [2])]:
        for kind in ("letters", "digits"):
            write(f"EMNIST/emnist-{kind}-{part}-images-idx3-ubyte", idx(pictures(len(labels), 3, 3, 1, 4)[..., 0]))
            write(f"EMNIST/emnist-{kind}-{part}-labels-idx1-ubyte", idx(np.array(labels, np.uint8)))
    write("EMNIST/emnist-letters-mapping.txt", b"1 65 97\n2 66 98\n")
    expect(
        "EMNIST/emnist-letters-train-images-idx3-ubyte",
        "Idx",
        [
            ("train", "train", pictures(2, 3, 3, 1, 4)[..., 0], ["A", "B"]),
            ("test", "test", pictures(1, 3, 3, 1, 4)[..., 0], ["B"]),
        ],
    )
    REFUSED["EMNIST"] = "this folder holds several sets (emnist-digits, emnist-letters)"
    good = idx(pictures(2, 4, 4, 1, 1)[..., 0])
    for name, images, labels, message in [
        ("idx-cut", good[:-3], idx(np.array([0, 1], np.uint8)), "has 45 bytes where its header announces 48"),
        ("idx-labels", good, idx(np.array([0, 1, 1], np.uint8)), "holds 3 labels for 2 pictures"),
        ("idx-float", idx(np.zeros((2, 4, 4), ">f4"), 0x0D), idx(np.array([0, 1], np.uint8)), "numbers of type 0x0d"),
        ("idx-huge", bytes([0, 0, 8, 3]) + b"\xff" * 12, idx(np.array([0], np.uint8)), "pixels; allowed are"),
        ("idx-multi", good, idx(np.array([[0, 1], [1, 0]], np.uint8)), "multi-label"),
    ]:
        write(f"{name}/train-images-idx3-ubyte", images)
        write(f"{name}/train-labels-idx1-ubyte", labels)
        REFUSED[name] = message


def npz(path, compressed=True, **arrays):
    out = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(out, **arrays)
    # With one date, so that the file is the same every time.
    source, target = zipfile.ZipFile(out), io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for member in source.infolist():
            info = zipfile.ZipInfo(member.filename, (1980, 1, 1, 0, 0, 0))
            info.compress_type = member.compress_type
            archive.writestr(info, source.read(member))
    write(path, target.getvalue())


def array_sets():
    colour = {part: pictures(count, 4, 6, 3, seed) for part, count, seed in [("train", 4, 0), ("val", 2, 1), ("test", 2, 2)]}
    labels = {"train": [0, 1, 2, 1], "val": [1, 0], "test": [2, 1]}
    splits = {"train": "train", "val": "validation", "test": "test"}
    parts = [
        (splits[part], splits[part], colour[part], [str(label) for label in labels[part]])
        for part in ("train", "val", "test")
    ]
    medmnist = {}
    for part in colour:
        medmnist[f"{part}_images"] = colour[part]
        medmnist[f"{part}_labels"] = np.array(labels[part], np.uint8)[:, None]
    npz("pathmnist.npz", **medmnist)
    expect("pathmnist.npz", "Arrays", parts)
    npz("plain.npz", compressed=False, **medmnist)
    expect("plain.npz", "Arrays", parts)
    by_columns = {name: np.asfortranarray(array) for name, array in medmnist.items()}
    npz("by-columns.npz", **by_columns)
    expect("by-columns.npz", "Arrays", parts)
    npz("by-columns-plain.npz", compressed=False, **by_columns)
    expect("by-columns-plain.npz", "Arrays", parts)
    big = {name: array.astype(">i8") if "labels" in name else array for name, array in medmnist.items()}
    npz("big-endian.npz", **big)
    expect("big-endian.npz", "Arrays", parts)
    planar = {name: array.transpose(0, 3, 1, 2).copy() if "images" in name else array for name, array in medmnist.items()}
    npz("planar.npz", **planar)
    expect("planar.npz", "Arrays", parts)
    npz("planar-by-columns.npz", **{name: np.asfortranarray(array) for name, array in planar.items()})
    expect("planar-by-columns.npz", "Arrays", parts)
    one_hot = {name: np.eye(3, dtype=np.float32)[array[:, 0]] if "labels" in name else array for name, array in medmnist.items()}
    npz("one-hot.npz", **one_hot)
    expect("one-hot.npz", "Arrays", parts)
    npz("one-hot-by-columns.npz", **{name: np.asfortranarray(array) for name, array in one_hot.items()})
    expect("one-hot-by-columns.npz", "Arrays", parts)

    grey = pictures(3, 5, 4, 1, 7)[..., 0]
    grey_test = pictures(2, 5, 4, 1, 8)[..., 0]
    npz("mnist.npz", x_train=grey, y_train=np.array([5, 0, 10]), x_test=grey_test, y_test=np.array([0, 5]))
    expect("mnist.npz", "Arrays", [("train", "train", grey, ["5", "0", "10"]), ("test", "test", grey_test, ["0", "5"])])
    npz("named.npz", images=grey, labels=np.array(["zebra", "Äpfel", "zebra"]))
    expect("named.npz", "Arrays", [("images", None, grey, ["zebra", "Äpfel", "zebra"])])
    npz("class-names.npz", images=grey, labels=np.array([1, 0, 1], bool), class_names=np.array([b"no", b"yes"]))
    expect("class-names.npz", "Arrays", [("images", None, grey, ["yes", "no", "yes"])])
    for name, array in [("x_train", grey), ("y_train", np.array([1, 2, 1], np.int16))]:
        out = io.BytesIO()
        np.save(out, array)
        write(f"npy/{name}.npy", out.getvalue())
    expect("npy", "Arrays", [("train", "train", grey, ["1", "2", "1"])])

    many = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 0]])
    two = np.array([0, 1, 1])
    for name, images, own, message in [
        ("chestmnist.npz", grey, many, "multi-label"),
        ("float.npz", grey.astype(np.float32) / 255, two, "“images” is of float32"),
        ("flat.npz", grey.reshape(3, -1), two, "pictures as rows of 20 numbers"),
        ("volumes.npz", np.zeros((3, 4, 4, 4), np.uint8), two, "volumes and other numbers of colours are not read"),
        ("objects.npz", grey, np.array([0, "x", None], object), "Python's objects"),
        ("negative.npz", grey, np.array([0, -1, 1]), "the label -1"),
        ("shares.npz", grey, np.array([0.5, 1, 0]), "“labels” is of float64"),
        ("short.npz", grey, np.array([0, 1]), "for 3 pictures"),
    ]:
        npz(name, images=images, labels=own)
        REFUSED[name] = message
    npz("unnamed.npz", arr_0=grey, arr_1=two)
    REFUSED["unnamed.npz"] = "it holds “arr_0” uint8 (3, 5, 4), “arr_1” int64 (3,)"
    npz("no-labels.npz", train_images=grey, test_labels=two)
    REFUSED["no-labels.npz"] = "“train_images” has no labels beside it"
    whole = (ROOT / "pathmnist.npz").read_bytes()
    write("cut.npz", whole[: len(whole) // 2])
    REFUSED["cut.npz"] = "is no whole .npz file"
    header = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118)
    header += f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({2**62}, {2**62}, 9), }}".ljust(117).encode() + b"\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("images.npy", (1980, 1, 1, 0, 0, 0)), header)
        archive.writestr(zipfile.ZipInfo("labels.npy", (1980, 1, 1, 0, 0, 0)), header)
    write("overflow.npz", out.getvalue())
    REFUSED["overflow.npz"] = "announces more than any file has"


class Attack:
    def __reduce__(self):
        import os

        return os.system, ("touch owned",)


def attacks():
    write("attack/data_batch_1", pickle.dumps({"labels": [0], "data": Attack()}, 2))
    REFUSED["attack"] = "system”, which no file of pictures needs and which may run code"
    write("attack-objects/data_batch_1", pickle.dumps({"labels": [0], "data": np.array([None, {}], object)}, 2))
    REFUSED["attack-objects"] = "Python's objects instead of numbers"
    batch = pickle.dumps({"labels": [0, 1], "data": rows(pictures(2, 32, 32, 3, 0))}, 4)
    write("cut-batch/data_batch_1", batch[:3000])
    REFUSED["cut-batch"] = "the pickle is cut off"


cifar10("cifar-10-batches-py", as_python_2)
cifar10("cifar-10-protocol-2", lambda batch: pickle.dumps(batch, 2))
cifar10("cifar-10-protocol-3", lambda batch: pickle.dumps(batch, 3))
cifar10("cifar-10-protocol-5", lambda batch: pickle.dumps(batch, 5))
cifar100()
idx_sets()
array_sets()
attacks()
text = json.dumps({"read": EXPECTED, "refused": REFUSED}, indent=1, ensure_ascii=False, sort_keys=True)
(ROOT / "expected.json").write_text(text + "\n", encoding="utf-8")
