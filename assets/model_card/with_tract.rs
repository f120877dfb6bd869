use image::{DynamicImage, ImageDecoder, ImageReader, ImageResult, Rgb, RgbImage};
use tract_onnx::prelude::*;

/// As Graft reads it: upright, on white where it is transparent.
pub fn read_picture(path: &str) -> ImageResult<RgbImage> {
    let mut decoder = ImageReader::open(path)?
        .with_guessed_format()?
        .into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    let picture = picture.into_rgba8();
    let (width, height) = picture.dimensions();
    Ok(RgbImage::from_fn(width, height, |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        let on_white = |level| ((level * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        Rgb([red, green, blue].map(on_white))
    }))
}

/// The probability of every class, in the order of the file's metadata “classes”.
pub fn probabilities(network: &str, picture: &RgbImage) -> TractResult<Vec<f32>> {
    let shape = [1, picture.height() as usize, picture.width() as usize, 3];
    let network = tract_onnx::onnx()
        .model_for_path(network)?
        .with_input_fact(0, u8::fact(shape).into())?
        .into_optimized()?
        .into_runnable()?;
    let pictures = Tensor::from_shape(&shape, picture.as_raw())?;
    let answers = network.run(tvec!(pictures.into()))?;
    Ok(answers[0].try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
}

fn main() -> TractResult<()> {
    let picture = read_picture("picture.png")?;
    println!("{:?}", probabilities("network.onnx", &picture)?);
    Ok(())
}
