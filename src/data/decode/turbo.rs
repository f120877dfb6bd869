//! JPEG data to samples, by libjpeg-turbo: the decoder of Pillow, torchvision and OpenCV.
#![allow(
    unsafe_code,
    reason = "a C library writes into memory that is handed to it"
)]

use std::ffi::CStr;

use turbojpeg_sys as raw;

/// More scans than any encoder writes; each costs a pass over the whole picture.
const MAX_SCANS: i32 = 100;

/// Decoded JPEG data.
pub(super) struct Image {
    pub width: u32,
    pub height: u32,
    pub colors: Colors,
    /// Bits of a sample.
    pub precision: u8,
    pub samples: Samples,
    /// What was odd about the data, although it could be decoded.
    pub warning: Option<String>,
}

/// What the samples of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colors {
    Grey,
    Rgb,
    /// As the file holds it: Adobe's programs store it inverted.
    Cmyk,
}

impl Colors {
    pub fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Cmyk => 4,
        }
    }
}

/// By precision: up to 8 bits, up to 16.
pub(super) enum Samples {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
}

/// Why nothing was decoded.
pub(super) enum Failure {
    /// What `check` said about the size.
    Refused(String),
    /// In libjpeg-turbo's words.
    Decoder(String),
}

/// Decodes `bytes`; `check` sees width, height and precision before memory is taken for the pixels. libjpeg-turbo itself
/// may take `max_bytes` beside them.
pub(super) fn decode(
    bytes: &[u8],
    max_bytes: u64,
    check: impl FnOnce(u32, u32, u8) -> Result<(), String>,
) -> Result<Image, Failure> {
    let decoder = Decoder::new(max_bytes)?;
    // A warning about the header comes again with the pixels.
    let outcome =
        unsafe { raw::tj3DecompressHeader(decoder.0, bytes.as_ptr(), bytes.len() as raw::size_t) };
    if outcome != 0 {
        decoder.warning()?;
    }
    let number = |parameter: raw::TJPARAM| decoder.get(parameter);
    let (Ok(width), Ok(height), Ok(precision)) = (
        u32::try_from(number(raw::TJPARAM_TJPARAM_JPEGWIDTH)),
        u32::try_from(number(raw::TJPARAM_TJPARAM_JPEGHEIGHT)),
        u8::try_from(number(raw::TJPARAM_TJPARAM_PRECISION)),
    ) else {
        return Err(Failure::Decoder("there is no picture in it".into()));
    };
    let (colors, format) = match number(raw::TJPARAM_TJPARAM_COLORSPACE) as raw::TJCS {
        raw::TJCS_TJCS_GRAY => (Colors::Grey, raw::TJPF_TJPF_GRAY),
        raw::TJCS_TJCS_RGB | raw::TJCS_TJCS_YCbCr => (Colors::Rgb, raw::TJPF_TJPF_RGB),
        raw::TJCS_TJCS_CMYK | raw::TJCS_TJCS_YCCK => (Colors::Cmyk, raw::TJPF_TJPF_CMYK),
        _ => {
            return Err(Failure::Decoder(
                "its colours are of an unknown kind".into(),
            ));
        }
    };
    check(width, height, precision).map_err(Failure::Refused)?;
    let count = (width as usize)
        .checked_mul(height as usize)
        .and_then(|pixels| pixels.checked_mul(colors.count()))
        .ok_or_else(|| Failure::Decoder("its size is too large".into()))?;
    let (data, length) = (bytes.as_ptr(), bytes.len() as raw::size_t);
    // The buffers hold what the header promises, rows without gaps, and the same bytes give the same header again. Each
    // function accepts its own precisions and no others.
    let (samples, outcome) = match precision {
        0..=8 => {
            let mut samples = vec![0u8; count];
            let target = samples.as_mut_ptr();
            let outcome =
                unsafe { raw::tj3Decompress8(decoder.0, data, length, target, 0, format) };
            (Samples::Bytes(samples), outcome)
        }
        9..=12 => {
            let mut samples = vec![0u16; count];
            let target = samples.as_mut_ptr().cast();
            let outcome =
                unsafe { raw::tj3Decompress12(decoder.0, data, length, target, 0, format) };
            (Samples::Words(samples), outcome)
        }
        _ => {
            let mut samples = vec![0u16; count];
            let target = samples.as_mut_ptr();
            let outcome =
                unsafe { raw::tj3Decompress16(decoder.0, data, length, target, 0, format) };
            (Samples::Words(samples), outcome)
        }
    };
    let warning = match outcome {
        0 => None,
        _ => Some(decoder.warning()?),
    };
    Ok(Image {
        width,
        height,
        colors,
        precision,
        samples,
        warning,
    })
}

/// A handle of the library, never null.
struct Decoder(raw::tjhandle);

impl Decoder {
    fn new(max_bytes: u64) -> Result<Self, Failure> {
        let handle = unsafe { raw::tj3Init(raw::TJINIT_TJINIT_DECOMPRESS as i32) };
        if handle.is_null() {
            return Err(Failure::Decoder("there is no memory for it".into()));
        }
        let decoder = Self(handle);
        let megabytes = i32::try_from(max_bytes >> 20).unwrap_or(i32::MAX);
        decoder.set(raw::TJPARAM_TJPARAM_SCANLIMIT, MAX_SCANS);
        decoder.set(raw::TJPARAM_TJPARAM_MAXMEMORY, megabytes);
        decoder.set(raw::TJPARAM_TJPARAM_SAVEMARKERS, 0);
        Ok(decoder)
    }

    fn set(&self, parameter: raw::TJPARAM, value: i32) {
        let outcome = unsafe { raw::tj3Set(self.0, parameter as i32, value) };
        debug_assert_eq!(outcome, 0, "a value within the parameter's range");
    }

    fn get(&self, parameter: raw::TJPARAM) -> i32 {
        unsafe { raw::tj3Get(self.0, parameter as i32) }
    }

    /// What the last call said: a warning, or why it failed.
    fn warning(&self) -> Result<String, Failure> {
        let (text, code) = unsafe {
            let text = CStr::from_ptr(raw::tj3GetErrorStr(self.0));
            (
                text.to_string_lossy().into_owned(),
                raw::tj3GetErrorCode(self.0),
            )
        };
        if code == raw::TJERR_TJERR_WARNING as i32 {
            Ok(text)
        } else {
            Err(Failure::Decoder(text))
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        unsafe { raw::tj3Destroy(self.0) }
    }
}
