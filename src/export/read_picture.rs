//! How a picture is read outside of Graft, as Graft reads it.

/// A function of Python, `read_picture(path)`, that gives a Pillow picture. It needs numpy, and Image and ImageOps of Pillow 10.1
/// or later.
pub const READ_PICTURE: &str = include_str!("../../assets/model_card/read_picture.py");

/// What it reads otherwise than Graft, in whole sentences.
pub const READ_OTHERWISE: &str = "It reads pictures as Graft does, to the pixel, or refuses them, but for a few rare kinds. Levels may \
     differ by one or two of 255 in colours of 16 bits a channel, in BMP of 16 bits a pixel, and in TIFF with YCbCr or with colours \
     that are multiplied with their transparency. Of a TIFF that begins with a small version, it takes that one; where the first \
     picture of a GIF does not fill it, the rest has another colour; and a picture that says only in its XMP data how it was held \
     is turned.";

/// Inserts [`READ_PICTURE`] behind the imports of a program, which two empty lines end.
pub fn with_read_picture(program: &str) -> String {
    match program.split_once("\n\n\n") {
        Some((imports, rest)) => format!("{imports}\n\n\n{READ_PICTURE}\n\n{rest}"),
        None => program.to_owned(),
    }
}
