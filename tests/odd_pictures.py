"""Draws a hundred random odd pictures of each format and records what Pillow makes of them.

    python tests/odd_pictures.py

writes tests/pictures/odd_FORMAT.zip: the files, and expected.json with the RGB that each should give (upright, on white, 16
bits to 8 rounded). Needs Pillow, numpy, tifffile and imagecodecs; recorded with Pillow 13.0. Where a file says something
that Pillow does not read, or reads otherwise than the format's definition, the pixels that were drawn are recorded instead
("drawn"), and so they are where nothing is lost.
"""

import base64
import io
import json
import pathlib
import random
import struct
import zipfile

import numpy as np
import tifffile
from PIL import Image, ImageOps

FOLDER = pathlib.Path(__file__).parent / "pictures"
COUNT = 100


def noise(rng, height, width, channels, smooth):
    """Random pixels: noise, or a slope with a little of it."""
    values = np.random.default_rng(rng.randrange(1 << 32))
    if not smooth:
        return values.integers(0, 256, (height, width, channels), dtype=np.uint8)
    y, x = np.mgrid[0:height, 0:width]
    planes = [rng.uniform(-4, 4) * x + rng.uniform(-4, 4) * y + rng.uniform(60, 190) for _ in range(channels)]
    return np.clip(np.stack(planes, -1) + values.normal(0, 3, (height, width, channels)), 0, 255).astype(np.uint8)


def size(rng):
    return rng.randint(1, 40), rng.randint(1, 40)


def sixteen_to_eight(values):
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def on_white(rgba):
    rgba = rgba.astype(np.int32)
    alpha = rgba[..., -1:]
    return ((rgba[..., :-1] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def as_rgb(values):
    """Grey, grey + alpha, RGB or RGBA of 8 bits to RGB on white."""
    if values.shape[-1] in (2, 4):
        values = on_white(values)
    return np.repeat(values, 3, -1) if values.shape[-1] == 1 else values


def by_pillow(data):
    picture = Image.open(io.BytesIO(data))
    picture.load()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        return as_rgb(sixteen_to_eight(np.asarray(picture))[..., None])
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        return on_white(np.asarray(picture.convert("RGBA")))
    return np.asarray(picture.convert("RGB"))


def saved(picture, **options):
    out = io.BytesIO()
    picture.save(out, **options)
    return out.getvalue()


def exif(rng):
    if rng.random() < 0.6:
        return {}
    tags = Image.Exif()
    tags[0x0112] = rng.randint(1, 8)
    return {"exif": tags}


# JPEG


def jpeg(rng):
    width, height = size(rng)
    kind = rng.choice(["grey", "rgb", "rgb", "rgb", "cmyk", "separate", "separate", "padded", "jfif", "rgb_kept", "odd_sampling"])
    if kind == "grey":
        picture = Image.fromarray(noise(rng, height, width, 1, rng.random() < 0.5)[..., 0])
    elif kind == "cmyk":
        picture = Image.fromarray(noise(rng, height, width, 4, True), "CMYK")
    else:
        picture = Image.fromarray(noise(rng, height, width, 3, rng.random() < 0.5))
    options = dict(
        quality=rng.choice([30, 75, 90, 100]),
        progressive=rng.random() < 0.3,
        optimize=rng.random() < 0.3,
        **exif(rng),
    )
    if picture.mode == "RGB":
        options["subsampling"] = rng.choice([0, 1, 2])
    if rng.random() < 0.3:
        options["restart_marker_blocks"] = rng.randint(1, 3)
    if kind == "rgb_kept":
        options["keep_rgb"] = True
        options["subsampling"] = 0
    if kind in ("separate", "odd_sampling"):
        data = by_turbo(rng, np.asarray(picture), kind)
    else:
        data = saved(picture, format="JPEG", **options)
    if kind == "padded":
        # As some cameras do: bytes between the data and the end.
        data = data[:-2] + bytes(rng.randint(1, 9)) + b"\xff\xd9"
    if kind == "jfif":
        at = data.index(b"JFIF\0")
        data = data[: at + 5] + b"\x00" + data[at + 6:]
    return kind, data, None


def by_turbo(rng, rgb, kind):
    """What Pillow's encoder can't write: a scan for each component, and uncommon samplings, from own coefficients."""
    return Sequential(rng, rgb, separate=kind == "separate").encoded()


class Sequential:
    """A plain encoder of baseline JPEG with the tables of the standard's annex K, and any sampling and order of scans."""

    LUMINANCE = [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
                 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
                 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
    ZIGZAG = sorted(range(64), key=lambda i: (i // 8 + i % 8, (i // 8 if (i // 8 + i % 8) % 2 else i % 8)))

    def __init__(self, rng, rgb, separate):
        self.rng, self.separate = rng, separate
        self.height, self.width = rgb.shape[:2]
        red, green, blue = (rgb[..., i].astype(float) for i in range(3))
        self.planes = [
            0.299 * red + 0.587 * green + 0.114 * blue,
            128 - 0.168736 * red - 0.331264 * green + 0.5 * blue,
            128 + 0.5 * red - 0.418688 * green - 0.081312 * blue,
        ]
        self.sampling = rng.choice([[(1, 1), (1, 1), (1, 1)], [(2, 2), (1, 1), (1, 1)], [(2, 1), (1, 1), (1, 1)],
                                    [(1, 2), (1, 1), (1, 1)], [(4, 1), (1, 1), (1, 1)], [(2, 2), (2, 1), (1, 2)]])
        self.restart = rng.choice([0, 0, 1, 3])
        self.table = [max(1, value * rng.choice([1, 1, 2]) // 4) for value in self.LUMINANCE]

    # One Huffman code for all: every symbol has 8 bits but the last, which may not be all ones.
    LENGTHS = {"dc": (4, list(range(12))), "ac": (8, [run << 4 | bits for run in range(16) for bits in range(11) if bits or run in (0, 15)])}

    def put(self, value, bits):
        self.bits += format(value, f"0{bits}b") if bits else ""

    def symbol(self, table, symbol):
        bits, symbols = self.LENGTHS[table]
        self.put(symbols.index(symbol), bits)

    def number(self, value):
        bits = abs(value).bit_length()
        return bits, (value if value >= 0 else value + (1 << bits) - 1)

    def block(self, index, row, column):
        h, v = self.sampling[index]
        most_h, most_v = max(s[0] for s in self.sampling), max(s[1] for s in self.sampling)
        ys = np.clip((np.arange(8) + 8 * row) * most_v // v, 0, self.height - 1)
        xs = np.clip((np.arange(8) + 8 * column) * most_h // h, 0, self.width - 1)
        pixels = self.planes[index][np.ix_(ys, xs)] - 128
        k = np.arange(8)
        basis = np.cos((2 * k[None, :] + 1) * k[:, None] * np.pi / 16) * np.where(k == 0, np.sqrt(1 / 8), 0.5)[:, None]
        coefficients = (basis @ pixels @ basis.T).reshape(-1)
        levels = [int(round(coefficients[i] / self.table[i])) for i in range(64)]
        levels = [levels[i] for i in self.ZIGZAG]
        difference, self.last[index] = levels[0] - self.last[index], levels[0]
        bits, value = self.number(difference)
        self.symbol("dc", bits)
        self.put(value, bits)
        run = 0
        for level in levels[1:]:
            if level == 0:
                run += 1
                continue
            while run > 15:
                self.symbol("ac", 0xF0)
                run -= 16
            bits, value = self.number(level)
            self.symbol("ac", run << 4 | bits)
            self.put(value, bits)
            run = 0
        if run:
            self.symbol("ac", 0)

    def scan(self, components):
        most_h, most_v = max(s[0] for s in self.sampling), max(s[1] for s in self.sampling)
        self.bits, self.last, out = "", [0, 0, 0], b""
        units = []
        if len(components) == 1:
            h, v = self.sampling[components[0]]
            across = -(-(-(-self.width * h // most_h)) // 8)
            down = -(-(-(-self.height * v // most_v)) // 8)
            units = [[(components[0], row, column)] for row in range(down) for column in range(across)]
        else:
            across, down = -(-self.width // (8 * most_h)), -(-self.height // (8 * most_v))
            for row in range(down):
                for column in range(across):
                    units.append([(c, row * self.sampling[c][1] + y, column * self.sampling[c][0] + x) for c in components
                                  for y in range(self.sampling[c][1]) for x in range(self.sampling[c][0])])
        for number, unit in enumerate(units):
            if self.restart and number and number % self.restart == 0:
                out += self.flushed() + bytes([0xFF, 0xD0 + (number // self.restart - 1) % 8])
                self.last = [0, 0, 0]
            for block in unit:
                self.block(*block)
        return out + self.flushed()

    def flushed(self):
        bits = self.bits + "1" * (-len(self.bits) % 8)
        self.bits = ""
        return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")

    def encoded(self):
        def segment(marker, content):
            return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content

        out = b"\xff\xd8" + segment(0xDB, b"\0" + bytes(self.table[i] for i in self.ZIGZAG))
        frame = struct.pack(">BHHB", 8, self.height, self.width, 3)
        out += segment(0xC0, frame + b"".join(bytes([i + 1, h << 4 | v, 0]) for i, (h, v) in enumerate(self.sampling)))
        for kind, name in ((0x00, "dc"), (0x10, "ac")):
            bits, symbols = self.LENGTHS[name]
            out += segment(0xC4, bytes([kind]) + bytes(len(symbols) if n == bits else 0 for n in range(1, 17)) + bytes(symbols))
        if self.restart:
            out += segment(0xDD, struct.pack(">H", self.restart))
        for components in [[0], [1], [2]] if self.separate else [[0, 1, 2]]:
            header = bytes([len(components)]) + b"".join(bytes([c + 1, 0]) for c in components) + bytes([0, 63, 0])
            out += segment(0xDA, header) + self.scan(components)
        return out + b"\xff\xd9"


# PNG


def png(rng):
    import imagecodecs

    width, height = size(rng)
    kind = rng.choice(["bits", "palette", "rgb", "alpha", "grey_16", "rgb_16", "alpha_16", "transparent", "interlaced", "animated", "gamma"])
    options = exif(rng)
    drawn = None
    if kind == "bits":
        bits = rng.choice([1, 2, 4])
        values = noise(rng, height, width, 1, False)[..., 0] >> (8 - bits)
        drawn = as_rgb((values.astype(int) * 255 // ((1 << bits) - 1)).astype(np.uint8)[..., None])
        return kind, plain_png(values, bits, 0, b""), drawn
    if kind == "interlaced":
        values = noise(rng, height, width, 3, False)
        return kind, plain_png(values, 8, 2, b"", interlaced=True), values
    if kind in ("grey_16", "rgb_16", "alpha_16"):
        channels = {"grey_16": 1, "rgb_16": 3, "alpha_16": 4}[kind]
        generator = np.random.default_rng(rng.randrange(1 << 32))
        values = generator.integers(0, 65536, (height, width, channels), dtype=np.uint16)
        data = plain_png(values, 16, {1: 0, 3: 2, 4: 6}[channels], b"", interlaced=rng.random() < 0.3)
        return kind, data, as_rgb(sixteen_to_eight(values))
    if kind == "animated":
        frames = [Image.fromarray(noise(rng, height, width, 3, False)) for _ in range(3)]
        return kind, saved(frames[0], format="PNG", save_all=True, append_images=frames[1:]), np.asarray(frames[0])
    if kind == "palette":
        picture = Image.fromarray(noise(rng, height, width, 3, True)).quantize(rng.choice([2, 4, 16, 200]))
    elif kind == "transparent":
        picture = Image.fromarray(noise(rng, height, width, 3, True)).quantize(16)
        options["transparency"] = bytes(rng.randrange(256) for _ in range(16))
    else:
        picture = Image.fromarray(noise(rng, height, width, 4 if kind == "alpha" else 3, rng.random() < 0.5))
    data = saved(picture, format="PNG", **options)
    if kind == "gamma":
        import zlib
        chunk = b"gAMA" + struct.pack(">I", rng.choice([100000, 45455, 30000]))
        data = data[:33] + struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]
    return kind, data, None


def plain_png(values, bits, color, extra, interlaced=False):
    import zlib

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    def rows(part):
        if part.size == 0:
            return b""
        out = b""
        for row in part:
            if bits < 8:
                text = "".join(format(int(value), f"0{bits}b") for value in row.reshape(-1))
                text += "0" * (-len(text) % 8)
                out += b"\0" + bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
            else:
                out += b"\0" + row.astype(">u2" if bits == 16 else "u1").tobytes()
        return out

    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    data = b"".join(rows(values[y::dy, x::dx]) for x, y, dx, dy in passes) if interlaced else rows(values)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, color, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


# GIF


def gif(rng):
    width, height = size(rng)
    kind = rng.choice(["plain", "transparent", "animated", "part", "local"])
    picture = Image.fromarray(noise(rng, height, width, 3, True)).quantize(rng.choice([2, 7, 64, 256]))
    options = {"interlace": rng.random() < 0.5}
    if kind == "transparent":
        options["transparency"] = rng.randrange(2)
    if kind == "animated":
        others = [Image.fromarray(noise(rng, height, width, 3, True)).quantize(16) for _ in range(2)]
        options.update(save_all=True, append_images=others)
    data = saved(picture, format="GIF", **options)
    drawn = None
    if kind in ("part", "local"):
        # The canvas becomes larger than the frame; what the frame leaves free is transparent, and so white.
        left, top = rng.randint(0, 5), rng.randint(0, 5)
        wide, high = width + left + rng.randint(0, 5), height + top + rng.randint(0, 5)
        frame = data.index(b"\x2c", 13 + 3 * (2 << (data[10] & 7)))
        data = bytearray(data)
        data[6:10] = struct.pack("<HH", wide, high)
        data[frame + 1:frame + 5] = struct.pack("<HH", left, top)
        if kind == "local":
            # The palette moves to the frame.
            entries = 3 * (2 << (data[10] & 7))
            palette, bits = bytes(data[13:13 + entries]), data[10] & 7
            data[frame + 9] |= 0x80 | bits
            data[frame + 10:frame + 10] = palette
            del data[13:13 + entries]
            data[10] &= 0x70
        data = bytes(data)
        drawn = np.full((high, wide, 3), 255, np.uint8)
        drawn[top:top + height, left:left + width] = np.asarray(picture.convert("RGB"))
    return kind, data, drawn


# BMP


def bmp(rng):
    width, height = size(rng)
    kind = rng.choice(["1", "4", "8", "rle8", "rle4", "555", "565", "24", "32", "masks", "alpha", "no_alpha", "os2", "os2_palette"])
    top_down = rng.random() < 0.4 and kind not in ("rle8", "rle4", "os2", "os2_palette")
    rgb = noise(rng, height, width, 3, rng.random() < 0.5)
    order = slice(None) if top_down else slice(None, None, -1)
    palette, compression, masks, header_size, bits = b"", 0, b"", 40, 24

    def lines(values):
        out = b""
        for row in values[order]:
            raw = row.tobytes()
            out += raw + bytes(-len(raw) % 4)
        return out

    if kind in ("1", "4", "8", "rle8", "rle4", "os2_palette"):
        bits = {"1": 1, "4": 4, "8": 8, "rle8": 8, "rle4": 4, "os2_palette": 8}[kind]
        count = 1 << bits
        colors = noise(rng, 1, count, 3, False)[0]
        index = np.random.default_rng(rng.randrange(1 << 32)).integers(0, count, (height, width))
        if kind.startswith("rle"):
            index = np.sort(index, 1)
        drawn = colors[index]
        entry = 3 if kind == "os2_palette" else 4
        palette = b"".join(bytes(color[::-1]) + bytes(entry - 3) for color in colors)
        if kind == "rle8":
            compression = 1
            body = b"".join(b"".join(bytes([1, v]) for v in row) + b"\0\0" for row in index[::-1].tolist()) + b"\0\1"
        elif kind == "rle4":
            compression = 2
            body = b"".join(b"".join(bytes([1, v << 4]) for v in row) + b"\0\0" for row in index[::-1].tolist()) + b"\0\1"
        else:
            body = b""
            for row in index[order]:
                text = "".join(format(int(v), f"0{bits}b") for v in row)
                text += "0" * (-len(text) % 32)
                body += bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
    elif kind in ("555", "565"):
        bits = 16
        greens = 5 if kind == "555" else 6
        parts = rgb[..., 0] >> 3, rgb[..., 1] >> (8 - greens), rgb[..., 2] >> 3
        packed = parts[0].astype(np.uint16) << (5 + greens) | parts[1].astype(np.uint16) << 5 | parts[2]
        if kind == "565":
            compression, masks = 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F)
        body, drawn = lines(packed.astype("<u2")), None
    elif kind in ("24", "os2"):
        body, drawn = lines(rgb[..., ::-1].copy()), rgb
    else:
        bits = 32
        alpha = np.zeros((height, width, 1), np.uint8)
        drawn = rgb
        if kind == "alpha":
            alpha = noise(rng, height, width, 1, False)
            alpha[0, 0] = 7
            drawn = on_white(np.concatenate([rgb, alpha], -1))
        body = lines(np.concatenate([rgb[..., ::-1], alpha], -1))
        if kind in ("alpha", "no_alpha"):
            compression, header_size = 3, 108
            masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + b"BGRs" + bytes(48)
        elif kind == "masks":
            compression, masks = 3, struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)
    if kind.startswith("os2"):
        header = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        header = struct.pack("<IiiHHIIiiII", header_size, width, -height if top_down else height, 1, bits, compression, len(body), 0, 0,
                             (1 << bits) if bits <= 8 else 0, 0)
    offset = 14 + len(header) + len(masks) + len(palette)
    data = b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + header + masks + palette + body
    return kind, data, drawn


# WebP


def webp(rng):
    width, height = size(rng)
    kind = rng.choice(["lossy", "lossy", "lossless", "alpha", "lossy_alpha", "animated"])
    channels = 4 if "alpha" in kind else 3
    picture = Image.fromarray(noise(rng, height, width, channels, rng.random() < 0.5))
    options = dict(lossless=kind in ("lossless", "alpha", "animated"), quality=rng.choice([20, 75, 95]), method=rng.choice([0, 4, 6]),
                   exact=True)
    if kind == "animated":
        others = [Image.fromarray(noise(rng, height, width, 3, False)) for _ in range(2)]
        options.update(save_all=True, append_images=others)
    else:
        options.update(exif(rng))
    return kind, saved(picture, format="WEBP", **options), None


# TIFF


def tiff(rng):
    width, height = size(rng)
    kind = rng.choice(["grey", "rgb", "rgba", "associated", "grey_alpha", "palette", "cmyk", "bits", "ccitt", "jpeg", "jpeg_rgb", "ycbcr",
                       "float", "float_255", "float_rgb", "grey_16", "rgb_16", "bits_12", "uint32", "big", "thumbnail", "pages",
                       "white_is_zero", "extra", "tiled_jpeg", "half", "webp"])
    generator = np.random.default_rng(rng.randrange(1 << 32))
    rgb = noise(rng, height, width, 3, rng.random() < 0.5)
    grey = noise(rng, height, width, 1, rng.random() < 0.5)
    alpha = noise(rng, height, width, 1, False)
    out = io.BytesIO()
    options = dict(byteorder=rng.choice(["<", ">"]), metadata=None)
    layout = {}
    if rng.random() < 0.3:
        layout["tile"] = (rng.choice([16, 32]), rng.choice([16, 32]))
    elif rng.random() < 0.6:
        layout["rowsperstrip"] = rng.randint(1, height)
    pack = {}
    if rng.random() < 0.7:
        pack["compression"] = rng.choice(["lzw", "adobe_deflate", "packbits", "zstd", "deflate"])
        if pack["compression"] != "packbits" and rng.random() < 0.5:
            pack["predictor"] = True

    def write(values, **more):
        tifffile.imwrite(out, values, **{**options, **layout, **pack, **more})

    drawn = rgb
    if kind == "grey":
        write(grey[..., 0], photometric="minisblack")
        drawn = as_rgb(grey)
    elif kind == "white_is_zero":
        write(255 - grey[..., 0], photometric="miniswhite")
        drawn = as_rgb(grey)
    elif kind == "rgb":
        planar = rng.random() < 0.4
        write(np.moveaxis(rgb, -1, 0) if planar else rgb, photometric="rgb", planarconfig="separate" if planar else "contig")
    elif kind == "big":
        write(rgb, photometric="rgb", bigtiff=True)
    elif kind == "rgba":
        write(np.concatenate([rgb, alpha], -1), photometric="rgb", extrasamples=["unassalpha"])
        drawn = on_white(np.concatenate([rgb, alpha], -1))
    elif kind == "associated":
        multiplied = (rgb.astype(int) * alpha // 255).astype(np.uint8)
        write(np.concatenate([multiplied, alpha], -1), photometric="rgb", extrasamples=["assocalpha"])
        drawn = (multiplied.astype(int) + 255 - alpha).astype(np.uint8)
    elif kind == "extra":
        write(np.concatenate([rgb, alpha], -1), photometric="rgb", extrasamples=["unspecified"])
    elif kind == "grey_alpha":
        write(np.concatenate([grey, alpha], -1), photometric="minisblack", extrasamples=["unassalpha"])
        drawn = as_rgb(np.concatenate([grey, alpha], -1))
    elif kind == "palette":
        colors = generator.integers(0, 65536, (3, 256), dtype=np.uint16)
        write(grey[..., 0], photometric="palette", colormap=colors)
        drawn = (colors >> 8).astype(np.uint8).T[grey[..., 0]]
    elif kind == "cmyk":
        write(np.concatenate([rgb, grey], -1), photometric="separated")
        drawn = None
    elif kind == "bits":
        bits = 1
        values = grey[..., 0] > 127
        pack.pop("predictor", None)
        layout.pop("tile", None)
        write(values, photometric="minisblack", bitspersample=1)
        drawn = as_rgb((values * 255).astype(np.uint8)[..., None])
    elif kind == "ccitt":
        picture = Image.fromarray(grey[..., 0]).convert("1")
        out.write(saved(picture, format="TIFF", compression=rng.choice(["group3", "group4", "tiff_ccitt"])))
        drawn = as_rgb(np.asarray(picture.convert("L"))[..., None])
    elif kind in ("jpeg", "jpeg_rgb"):
        out.write(saved(Image.fromarray(rgb) if kind == "jpeg" else Image.fromarray(grey[..., 0]), format="TIFF", compression="jpeg",
                        quality=rng.choice([60, 90])))
        drawn = None
    elif kind == "tiled_jpeg":
        write(rgb, photometric="rgb", compression="jpeg", tile=(16, 16), predictor=None, rowsperstrip=None)
        # Pillow takes the data for RGB, although each tile says in its own header that it is YCbCr.
        drawn = tifffile.imread(io.BytesIO(out.getvalue()))
    elif kind == "ycbcr":
        out.write(saved(Image.fromarray(rgb).convert("YCbCr"), format="TIFF"))
        drawn = None
    elif kind in ("float", "half"):
        values = (grey[..., 0] / 255).astype(np.float32 if kind == "float" else np.float16)
        if pack.get("predictor"):
            pack["predictor"] = 3 if kind == "float" and "deflate" in pack["compression"] else None
        write(values, photometric="minisblack")
        drawn = as_rgb(grey)
    elif kind == "float_255":
        pack.pop("predictor", None)
        grey[0, 0] = 200
        write(grey[..., 0].astype(np.float32), photometric="minisblack")
        drawn = as_rgb(grey)
    elif kind == "float_rgb":
        pack.pop("predictor", None)
        rgb[0, 0, 0] = 200
        write(rgb.astype(rng.choice([np.float32, np.float64])), photometric="rgb")
    elif kind == "grey_16":
        values = generator.integers(0, 65536, (height, width), dtype=np.uint16)
        values[0, 0] = 60000
        write(values, photometric="minisblack")
        drawn = as_rgb(sixteen_to_eight(values)[..., None])
    elif kind == "rgb_16":
        values = generator.integers(0, 65536, (height, width, 3), dtype=np.uint16)
        write(values, photometric="rgb")
        drawn = sixteen_to_eight(values)
    elif kind == "bits_12":
        values = generator.integers(0, 4096, (height, width), dtype=np.uint16)
        out.write(plain_tiff(values, 12, options["byteorder"]))
        drawn = as_rgb(((values.astype(int) * 255 + 2047) // 4095).astype(np.uint8)[..., None])
    elif kind == "uint32":
        pack.pop("predictor", None)
        write(grey[..., 0].astype(np.uint32), photometric="minisblack")
        drawn = as_rgb(grey)
    elif kind == "thumbnail":
        with tifffile.TiffWriter(out, byteorder=options["byteorder"]) as writer:
            writer.write(rgb[::2, ::2], photometric="rgb", subfiletype=1, metadata=None)
            writer.write(rgb, photometric="rgb", metadata=None)
    elif kind == "pages":
        with tifffile.TiffWriter(out, byteorder=options["byteorder"]) as writer:
            writer.write(rgb, photometric="rgb", metadata=None)
            writer.write(rgb[::-1], photometric="rgb", metadata=None)
    elif kind == "webp":
        write(rgb, photometric="rgb", compression="webp", compressionargs={"lossless": True}, predictor=None)
    return kind, out.getvalue(), drawn


def plain_tiff(values, bits, byteorder):
    """One strip, the samples packed with the highest bit first."""
    body = b""
    for row in values:
        text = "".join(format(int(value), f"0{bits}b") for value in row)
        text += "0" * (-len(text) % 8)
        body += bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
    height, width = values.shape
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, len(body))]
    body += bytes(len(body) % 2)
    head = struct.pack(byteorder + "2sHI", b"II" if byteorder == "<" else b"MM", 42, 8 + len(body))
    entries = b"".join(struct.pack(byteorder + "HHII", tag, 4, 1, value) for tag, value in tags)
    return head + body + struct.pack(byteorder + "H", len(tags)) + entries + bytes(4)


FORMATS = {
    # Format, what draws it, how far lossy decoders and rounding may differ.
    "jpg": (jpeg, 0),
    "png": (png, 0),
    "gif": (gif, 0),
    "bmp": (bmp, 0),
    "webp": (webp, 0),
    "tif": (tiff, 0),
}
TOLERANCES = {"ycbcr": 1, "555": 1, "565": 1}


def main():
    for number, (extension, (draw, tolerance)) in enumerate(FORMATS.items()):
        rng = random.Random(13 + number)
        cases, archive = [], io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as pack:
            def add(name, content):
                # The same bytes every time.
                pack.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)

            while len(cases) < COUNT:
                kind, data, drawn = draw(rng)
                source = "drawn" if drawn is not None else "pillow"
                rgb = by_pillow(data) if drawn is None else drawn
                name = f"{len(cases):02}_{kind}.{extension}"
                cases.append({"file": name, "width": rgb.shape[1], "height": rgb.shape[0], "source": source,
                              "tolerance": TOLERANCES.get(kind, tolerance)})
                add(name, data)
                add(name + ".rgb", np.ascontiguousarray(rgb, dtype=np.uint8).tobytes())
            add("expected.json", json.dumps(cases, indent=0))
        (FOLDER / f"odd_{extension}.zip").write_bytes(archive.getvalue())
        print(extension, len(archive.getvalue()))


if __name__ == "__main__":
    main()
