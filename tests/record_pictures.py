"""Draws small pictures in unusual layouts and records what Pillow makes of them.

    python tests/record_pictures.py

writes tests/pictures/*, each under 2 KB, and tests/pictures/expected.json (RGB, upright, on white)
for src/data/decode/tests.rs. Recorded with Pillow 13.0.
"""

import json
import pathlib

from PIL import Image, ImageOps

FOLDER = pathlib.Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 12, 8


def color():
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            picture.putpixel((x, y), (x * 20, y * 30, 255 - x * 10 - y * 10))
    return picture


def transparent():
    picture = color().convert("RGBA")
    picture.putalpha(Image.frombytes("L", picture.size, bytes((i * 5) % 256 for i in range(WIDTH * HEIGHT))))
    return picture


def upright_on_white(picture):
    picture = ImageOps.exif_transpose(picture)
    if picture.mode == "I;16":
        return Image.frombytes("L", picture.size, bytes((v + 128) // 257 for v in picture.getdata())).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, (255, 255, 255, 255)), picture).convert("RGB")
    return picture.convert("RGB")


def main():
    FOLDER.mkdir(exist_ok=True)
    expected = []

    def save(file, picture, tolerance=1, **options):
        path = FOLDER / file
        picture.save(path, **options)
        assert path.stat().st_size < 2048, (file, path.stat().st_size)
        result = upright_on_white(Image.open(path))
        expected.append({
            "file": file, "width": result.width, "height": result.height,
            "tolerance": tolerance, "rgb": result.tobytes().hex(),
        })

    # A smooth picture: decoders of JPEG differ by a few levels in how they enlarge the colour planes.
    smooth = color()
    save("cmyk.jpg", smooth.convert("CMYK"), 4, quality=95)
    # The same without the Adobe segment, as some programs write it.
    plain = (FOLDER / "cmyk.jpg").read_bytes()
    at = plain.index(b"\xff\xee")
    length = int.from_bytes(plain[at + 2:at + 4], "big")
    assert plain[at + 4:at + 9] == b"Adobe"
    (FOLDER / "cmyk_without_adobe.jpg").write_bytes(plain[:at] + plain[at + 2 + length:])
    result = upright_on_white(Image.open(FOLDER / "cmyk_without_adobe.jpg"))
    expected.append({"file": "cmyk_without_adobe.jpg", "width": WIDTH, "height": HEIGHT, "tolerance": 4, "rgb": result.tobytes().hex()})
    # Adobe's YCCK: the transform flag, the segment's last byte, is 2.
    ycck = bytearray(plain)
    ycck[at + 2 + length - 1] = 2
    (FOLDER / "ycck.jpg").write_bytes(bytes(ycck))
    result = upright_on_white(Image.open(FOLDER / "ycck.jpg"))
    expected.append({"file": "ycck.jpg", "width": WIDTH, "height": HEIGHT, "tolerance": 6, "rgb": result.tobytes().hex()})

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"exif_{orientation}.jpg", smooth, 6, quality=95, subsampling=0, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("exif_6.png", smooth, exif=exif)
    save("exif_6.webp", smooth, lossless=True, exif=exif)
    save("orientation_6.tif", smooth, tiffinfo={0x0112: 6})
    save("progressive.jpg", smooth, 6, quality=95, subsampling=0, progressive=True)
    save("grey.jpg", smooth.convert("L"), 3, quality=95)
    save("grey.png", smooth.convert("L"))
    save("grey_alpha.png", transparent().convert("LA"))
    save("alpha.png", transparent())
    save("alpha.webp", transparent(), lossless=True)
    save("palette.png", smooth.quantize(16))
    save("palette_transparent.png", smooth.quantize(16), transparency=3)
    save("palette.gif", smooth.quantize(16))
    save("palette_transparent.gif", smooth.quantize(16), transparency=3)
    save("palette.bmp", smooth.quantize(16))
    save("one_bit.png", smooth.convert("1"))
    save("one_bit.tif", smooth.convert("1"), compression="group4")
    save("grey_16.png", Image.frombytes("I;16", (WIDTH, HEIGHT), bytes(
        part for i in range(WIDTH * HEIGHT) for part in ((i * 677) % 65536).to_bytes(2, "little"))))
    save("deflated.tif", smooth, compression="tiff_adobe_deflate")
    save("cmyk.tif", smooth.convert("CMYK"), 2)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in expected)
    (FOLDER / "expected.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
