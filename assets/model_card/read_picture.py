def read_picture(path):
    """As Graft reads it: upright, RGB with 8 bits a channel, on white where it is transparent."""
    file = Image.open(path)
    picture = ImageOps.exif_transpose(file)
    if picture.mode.startswith("I;16"):
        values = numpy.asarray(picture).astype(int)
        if 0 < values.max() < 4096 or picture.has_transparency_data:
            raise ValueError(f"16 bits with 12 or fewer in use, or with transparency: {path}")
        picture = Image.fromarray(((values + 128) // 257).astype(numpy.uint8))
    elif picture.mode in ("I", "F"):
        raise ValueError(f"more than 16 bits, save it with 8 bits a channel: {path}")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    alpha = picture.getchannel("A")
    # What would be transparent all over is opaque: some programs leave zeros there.
    if alpha.getextrema() == (0, 0) and file.format != "GIF":
        return picture.convert("RGB")
    on_white = Image.new("RGB", picture.size, "white")
    on_white.paste(picture, mask=alpha)
    return on_white
