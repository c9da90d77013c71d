//! What the palette codec says of itself.

use super::{Dither, Effort, IndexedPhoto, MAX_COLORS, PaletteOptions, QuantizeOptions, Space, fit_with_opacity};
use crate::codec::{Codec, Decoded, Description, Form, Given, Info, Parameter, Reading, Takes, Values};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::photo::Photo;

/// k-means palettes in indexed PNG and GIF files.
pub(crate) struct PaletteCodec;

/// The first bytes of the files.
const PNG: &[u8] = b"\x89PNG";
const GIF: &[u8] = b"GIF8";

impl PaletteCodec {
    fn fitting(values: &Values) -> PaletteOptions {
        let options = PaletteOptions::new()
            .colors(values.integer("colors") as usize)
            .seed(values.integer("seed"))
            .starts(values.integer("starts") as usize)
            .locked(values.colors("lock"));
        let options = match values.maybe_integer("sample") {
            Some(pixels) => options.sample(pixels as usize),
            None => options,
        };
        match values.maybe_number("psnr") {
            Some(db) => options.psnr(db),
            None => options,
        }
    }
}

impl Codec for PaletteCodec {
    fn info(&self) -> Info {
        Info::new("palette", "k-means palette, indexed PNG or GIF", Takes::Photos)
            .form(Form::new("png"))
            .form(Form::new("gif").sets(&[("format", "gif")]))
            .magic(PNG)
            .magic(GIF)
            .pictures()
            .opacity()
            .exports(&["npz"])
    }

    fn parameters(&self) -> Vec<Parameter> {
        let (fitting, quantizing) = (PaletteOptions::new(), QuantizeOptions::new());
        let about_psnr = "as few colours as reach this PSNR, of at most as many as asked for";
        vec![
            Parameter::integer("colors", 1..=MAX_COLORS as u64, "colours of the palette")
                .default(fitting.colors)
                .logarithmic(),
            Parameter::integer("sample", 1..=u64::MAX, "pixels that the palette is fitted to").unset("all"),
            Parameter::integer("seed", 0..=u64::MAX, "seed of the random choices: the same seed gives the same file")
                .default(fitting.seed),
            Parameter::choice("space", Space::ALL.map(Space::name), "where distances between colours are taken")
                .default(fitting.space.name()),
            Parameter::number("psnr", 0.01..=f64::MAX, about_psnr).unit("dB").unset("none"),
            Parameter::integer("starts", 1..=u64::MAX, "the best of so many starts").default(fitting.starts),
            Parameter::colors("lock", "colours that the palette holds as they are").unset("none"),
            Parameter::choice("dither", Dither::ALL.map(Dither::name), "how the error of a pixel is made up for")
                .default(quantizing.dither.name()),
            Parameter::number("strength", 0.0..=1.0, "how much of the error dithering makes up for")
                .default(f64::from(quantizing.strength)),
            Parameter::number(
                "spatial",
                0.0..=f64::from(f32::MAX),
                "squared error that a bit of the file is worth: among near-equal colours take what makes it smaller",
            )
            .default(f64::from(quantizing.spatial)),
            Parameter::choice(
                "effort",
                Effort::ALL.map(Effort::name),
                "best searches seconds for the smallest PNG file",
            )
            .default(Effort::default().name())
            .shorthand("best", Effort::Best.name()),
            Parameter::choice("format", ["png", "gif"], "what file it is").default("png"),
        ]
    }

    fn check(&self, values: &Values) -> Result<()> {
        if values.maybe_word("format") == Some("gif") && values.word::<Effort>("effort")? == Effort::Best {
            return Err(Error::Conflict("palette: effort=best is for format=png".into()));
        }
        quantizing(values)?.checked().map(drop)?;
        Self::fitting(values).space(values.word("space")?).checked().map(drop)
    }

    fn encode(&self, given: &Given, values: &Values) -> Result<Vec<u8>> {
        let fitting = Self::fitting(values).space(values.word("space")?);
        let indexed = fit_with_opacity(given.photo()?, given.opacity, &fitting, &quantizing(values)?)?;
        match values.maybe_word("format") {
            Some("gif") => indexed.to_gif(),
            _ => indexed.to_png_with(values.word("effort")?),
        }
    }

    fn decode(&self, bytes: &[u8], _: &Values, reading: &Reading) -> Result<Decoded> {
        let (photo, conversion) = match bytes.starts_with(GIF) {
            true => Photo::decode_noting(bytes, &reading.limits)?,
            false => {
                let (indexed, conversion) = IndexedPhoto::from_png_noting(bytes, &reading.limits)?;
                (photo_of(&indexed, &reading.limits)?, conversion)
            }
        };
        Ok(conversion.notes().into_iter().fold(photo.into(), Decoded::note))
    }

    fn describe(&self, bytes: &[u8], _: &Values, limits: &Limits) -> Result<Description> {
        if bytes.starts_with(GIF) {
            let photo = Photo::decode_with(bytes, limits)?;
            let colors = photo.distinct_colors().len();
            let shape = [photo.height(), photo.width(), photo.channels()];
            let what = format!("GIF, {} x {}, {colors} colours", shape[0], shape[1]);
            let brief = format!("{colors} colours");
            return Ok(Description { brief, ..Description::of_photo(shape, what) }.fact("colors", colors));
        }
        let (indexed, conversion) = IndexedPhoto::from_png_noting(bytes, limits)?;
        let (colors, bits) = (indexed.palette().len(), indexed.entropy());
        let shape = [indexed.height(), indexed.width(), indexed.channels()];
        let [height, width, _] = shape;
        let what =
            format!("indexed PNG, {height} x {width}, {colors} colours, order-0 entropy {bits:.3} bits per pixel");
        Ok(Description { brief: format!("{colors} colours"), ..Description::of_photo(shape, what) }
            .fact("format", "png")
            .fact("colors", colors)
            .fact("entropy_bits_per_pixel", bits)
            .fact("alpha", conversion.alpha_flattened)
            .fact("notes", conversion.notes()))
    }

    fn export(&self, bytes: &[u8], extension: &str, limits: &Limits) -> Result<Option<Vec<u8>>> {
        match extension {
            "npz" => Ok(Some(IndexedPhoto::from_png_with(bytes, limits)?.to_npz()?)),
            _ => Ok(None),
        }
    }
}

fn quantizing(values: &Values) -> Result<QuantizeOptions> {
    Ok(QuantizeOptions::new()
        .dither(values.word("dither")?)
        .strength(values.number("strength") as f32)
        .spatial(values.number("spatial") as f32))
}

/// The photo of an indexed one, under a limit of bytes for both.
fn photo_of(indexed: &IndexedPhoto, limits: &Limits) -> Result<Photo> {
    limits.check_bytes(4 * indexed.pixels() as u64)?;
    Ok(indexed.to_photo())
}
