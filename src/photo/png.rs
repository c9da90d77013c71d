//! PNG pictures.

use super::color::{ColorSpace, LONGEST_PROFILE, Model};
use super::conversion::Conversion;
use super::one_line;
use super::orientation::{exif_orientation, xmp_orientation};
use super::picture::{Alpha, Picture, Samples};
use crate::error::{Error, Result};
use crate::limits::{Budget, Limits};
use png::{BitDepth, ColorType, Decoder, DecodingError, Reader, Transformations};
use std::io::{Cursor, Read};

/// The keys of texts that are metadata: XMP, and ImageMagick's EXIF data.
const METADATA: [&[u8]; 3] = [XMP, b"Raw profile type exif", b"Raw profile type APP1"];
const XMP: &[u8] = b"XML:com.adobe.xmp";
/// The most of such texts that are looked at: each may have to be unpacked.
const MOST_TEXTS: usize = 4;

/// What of the chunks before the pixels matters here.
#[derive(Default)]
struct Chunks {
    cicp: Option<[u8; 4]>,
    /// The profile; `None` inside when it cannot be read.
    icc: Option<Option<Vec<u8>>>,
    is_srgb: bool,
    exponent: Option<f64>,
    chromaticities: Option<[[f64; 2]; 4]>,
    orientation: Option<u64>,
    /// That of the file's texts, and of how many that were looked at.
    text_orientation: Option<u64>,
    texts: usize,
}

/// A decoder of pixels alone: text is not looked at, and the profile is read under a limit of its own.
fn decoder<'a>(bytes: &'a [u8], budget: &Budget) -> Decoder<Cursor<&'a [u8]>> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_limits(png::Limits { bytes: usize::try_from(budget.left()).unwrap_or(usize::MAX) });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder
}

/// A reader of a PNG file's stored numbers, or of what is made of them.
pub(crate) fn open_png<'a>(
    bytes: &'a [u8],
    budget: &Budget,
    transformations: Transformations,
) -> Result<Reader<Cursor<&'a [u8]>>> {
    let mut decoder = decoder(bytes, budget);
    decoder.set_transformations(transformations);
    begin(decoder, budget)
}

/// Reads up to the pixels.
fn begin<'a>(decoder: Decoder<Cursor<&'a [u8]>>, budget: &Budget) -> Result<Reader<Cursor<&'a [u8]>>> {
    let reader = decoder.read_info().map_err(|error| png_error(error, budget))?;
    check_palette(reader.info())?;
    Ok(reader)
}

pub(crate) fn png_error(error: DecodingError, budget: &Budget) -> Error {
    match error {
        DecodingError::LimitsExceeded => budget.exceeded(),
        error => Error::malformed("PNG", one_line(&error)),
    }
}

/// Refuses a palette that ends within a colour, which the decoder would look for.
fn check_palette(info: &png::Info) -> Result<()> {
    match &info.palette {
        Some(palette) if info.color_type == ColorType::Indexed && palette.len() % 3 != 0 => {
            Err(Error::malformed("PNG", format!("its palette of {} bytes ends within a colour", palette.len())))
        }
        _ => Ok(()),
    }
}

/// The colours of a PNG file's palette as sRGB, as the file describes them, and whether that could be done.
pub(crate) fn colors_to_srgb(bytes: &[u8], colors: &[[u8; 3]]) -> (Vec<[u8; 3]>, Conversion) {
    let picture = Picture {
        height: 1,
        width: colors.len(),
        model: Model::Rgb,
        alpha: Alpha::None,
        samples: Samples::Eight(colors.as_flattened().to_vec()),
        color: Chunks::find(bytes).color_space(),
        orientation: 1,
        conversion: Conversion::default(),
    };
    match picture.finish(&mut Limits::new().budget()) {
        Ok(opened) => (opened.photo.colors().collect(), opened.conversion),
        // Of no colours; whoever asks refuses that.
        Err(_) => (colors.to_vec(), Conversion::default()),
    }
}

pub(super) fn read(bytes: &[u8], limits: &Limits, budget: &mut Budget) -> Result<Picture> {
    let mut decoder = decoder(bytes, budget);
    let info = decoder.read_header_info().map_err(|error| png_error(error, budget))?;
    limits.check_pixels(info.height as usize, info.width as usize)?;
    // What has fewer than 8 bits becomes 8; what has 16 stays, its transparent colour too.
    if info.bit_depth != BitDepth::Sixteen {
        decoder.set_transformations(Transformations::EXPAND);
    }
    let mut reader = begin(decoder, budget)?;
    let (color, depth) = reader.output_color_type();
    let len = reader.output_buffer_size().ok_or_else(|| Error::malformed("PNG", "its picture has no size"))?;
    let (model, alpha) = match color {
        ColorType::Grayscale => (Model::Grey, Alpha::None),
        ColorType::GrayscaleAlpha => (Model::Grey, Alpha::Straight),
        ColorType::Rgb => (Model::Rgb, Alpha::None),
        ColorType::Rgba => (Model::Rgb, Alpha::Straight),
        ColorType::Indexed => return Err(Error::malformed("PNG", "its palette was not applied")),
    };
    // A row or two more, which the decoder keeps.
    budget.take(2 * reader.output_line_size(reader.info().width).unwrap_or(0) as u64)?;
    let mut samples = budget.zeroed::<u8>(len)?;
    reader.next_frame(&mut samples).map_err(|error| png_error(error, budget))?;
    let info = reader.info();
    let (height, width) = (info.height as usize, info.width as usize);
    let first_of_several = info.animation_control.is_some_and(|control| control.num_frames > 1);
    let chunks = Chunks::find(bytes);
    let mut picture = Picture {
        height,
        width,
        model,
        alpha,
        samples: Samples::Eight(Vec::new()),
        color: chunks.color_space(),
        orientation: chunks.orientation.or(chunks.text_orientation).unwrap_or(1),
        conversion: Conversion { first_of_several, depth_reduced: depth == BitDepth::Sixteen, ..Conversion::default() },
    };
    picture.samples = match depth {
        BitDepth::Sixteen => {
            let keyed = info.trns.as_deref().filter(|_| alpha == Alpha::None);
            let channels = model.samples();
            let stored = channels + usize::from(alpha != Alpha::None);
            let wide = stored + usize::from(keyed.is_some());
            let mut deep = budget.zeroed::<u16>(height * width * wide)?;
            for (out, pixel) in deep.chunks_exact_mut(wide).zip(samples.chunks_exact(2 * stored)) {
                for (sample, bytes) in out.iter_mut().zip(pixel.chunks_exact(2)) {
                    *sample = u16::from_be_bytes([bytes[0], bytes[1]]);
                }
                if let Some(key) = keyed {
                    out[channels] = if key.get(..pixel.len()) == Some(pixel) { 0 } else { u16::MAX };
                }
            }
            if keyed.is_some() {
                picture.alpha = Alpha::Straight;
            }
            budget.give_back(len as u64);
            Samples::Sixteen(deep)
        }
        _ => Samples::Eight(samples),
    };
    Ok(picture)
}

impl Chunks {
    /// Looks through the chunks. What is said of colours behind the first pixels does not count.
    fn find(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut rest = bytes.get(8..).unwrap_or_default();
        let mut is_behind = false;
        while let Some((head, after)) = rest.split_at_checked(8) {
            let len = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            let Some((data, behind)) = after.split_at_checked(len) else { break };
            let number = |at: usize| data.get(at..at + 4).map(|bytes| be(bytes) as f64 / 100_000.0);
            match &head[4..] {
                b"IDAT" => is_behind = true,
                b"eXIf" => found.orientation = exif_orientation(data),
                // What the chunk made for it says counts before what texts say.
                kind @ (b"tEXt" | b"zTXt" | b"iTXt") if found.texts < MOST_TEXTS => {
                    if let Some((key, text)) = split_at_zero(data).filter(|(key, _)| METADATA.contains(key)) {
                        found.texts += 1;
                        found.text_orientation = found.text_orientation.or_else(|| text_orientation(kind, key, text));
                    }
                }
                _ if is_behind => {}
                b"cICP" => found.cicp = data.try_into().ok(),
                // There may be one; another would cost as much again.
                b"iCCP" if found.icc.is_none() => found.icc = Some(inflate(data)),
                b"sRGB" => found.is_srgb = true,
                b"gAMA" => found.exponent = number(0),
                b"cHRM" => {
                    let point = |at| Some([number(at)?, number(at + 4)?]);
                    found.chromaticities = (|| Some([point(0)?, point(8)?, point(16)?, point(24)?]))();
                }
                _ => {}
            }
            rest = behind.get(4..).unwrap_or_default();
        }
        found
    }

    /// What counts of several: code points before a profile, a profile before sRGB, sRGB before numbers.
    fn color_space(&self) -> ColorSpace {
        match (self.cicp, &self.icc) {
            (Some(points), _) => ColorSpace::Cicp(points),
            (None, Some(Some(profile))) => ColorSpace::Icc(profile.clone()),
            (None, Some(None)) => ColorSpace::Unknown,
            _ if self.is_srgb || (self.exponent, self.chromaticities) == (None, None) => ColorSpace::Srgb,
            _ => ColorSpace::Gamma { exponent: self.exponent, chromaticities: self.chromaticities },
        }
    }
}

fn be(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

/// The orientation in a chunk of text: in XMP, or in EXIF data in the hexadecimal numbers of ImageMagick.
fn text_orientation(kind: &[u8], key: &[u8], text: &[u8]) -> Option<u64> {
    let unpacked;
    let text = match (kind, text) {
        (b"tEXt", text) => text,
        (b"zTXt", [0, packed @ ..]) => {
            unpacked = unzip(packed)?;
            &unpacked
        }
        (b"iTXt", [is_packed, 0, rest @ ..]) => {
            let (_, rest) = split_at_zero(rest)?;
            let (_, text) = split_at_zero(rest)?;
            unpacked = if *is_packed == 1 { unzip(text)? } else { Vec::new() };
            if *is_packed == 1 { &unpacked } else { text }
        }
        _ => return None,
    };
    if key == XMP {
        return xmp_orientation(text);
    }
    // Its kind and length come first, a line each.
    let numbers = text.trim_ascii_start().splitn(3, |&byte| byte == b'\n').nth(2)?;
    let digits: Vec<u8> = numbers.iter().filter_map(|&byte| Some(char::from(byte).to_digit(16)? as u8)).collect();
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    exif_orientation(&bytes)
}

fn split_at_zero(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let zero = data.iter().position(|&byte| byte == 0)?;
    Some((&data[..zero], &data[zero + 1..]))
}

/// The profile of an iCCP chunk: a name, a zero, the method, then zlib.
fn inflate(data: &[u8]) -> Option<Vec<u8>> {
    let (_, packed) = split_at_zero(data)?;
    unzip(packed.get(1..)?)
}

/// What zlib holds, when that is no longer than a profile may be.
fn unzip(packed: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    flate2::read::ZlibDecoder::new(packed).take(LONGEST_PROFILE as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= LONGEST_PROFILE).then_some(bytes)
}
