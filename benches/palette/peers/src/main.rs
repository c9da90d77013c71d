//! Palette quantisers from crates.io, on one thread, driven by benches/palette/main.rs.
//!
//! `palette-peers WIDTH HEIGHT FILE` reads the samples of an RGB picture, (height, width, 3), from FILE, then from
//! standard input lines `NAME COLORS OUTPUT`. It answers each with the seconds from samples to palette and indices, and
//! writes these to OUTPUT: one byte with the number of colours less one, the palette, the indices.

use palette::Srgb;
use palette::cast::ComponentsInto;
use quantette::color_map::IndexedColorMap;
use quantette::kmeans::{Kmeans, KmeansOptions};
use quantette::wu::{BinnerU8x3, WuU8x3};
use quantette::{ImageRef, PaletteSize, Pipeline, QuantizeMethod};
use rgb::RGBA;
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error>>;
type Quantised = (Vec<[u8; 3]>, Vec<u8>);

struct Picture {
    width: usize,
    height: usize,
    samples: Vec<u8>,
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, width, height, file] = arguments.as_slice() else { return Err("WIDTH HEIGHT FILE".into()) };
    let picture = Picture { width: width.parse()?, height: height.parse()?, samples: std::fs::read(file)? };
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, colors, output] = words.as_slice() else { return Err("NAME COLORS OUTPUT".into()) };
        let colors = colors.parse()?;
        let started = Instant::now();
        let (palette, indices) = match *name {
            "quantette-srgb" => quantette_srgb(&picture, colors)?,
            "quantette-oklab" => quantette_oklab(&picture, colors)?,
            "imagequant" => imagequant(&picture, colors)?,
            "neuquant" => neuquant(&picture, colors),
            name => return Err(format!("no quantiser {name}").into()),
        };
        let seconds = started.elapsed().as_secs_f64();
        let mut bytes = vec![(palette.len() - 1) as u8];
        bytes.extend(palette.as_flattened());
        bytes.extend(&indices);
        std::fs::write(output, bytes)?;
        println!("{seconds}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// Wu's method and online k-means in sRGB, as quantette's documentation puts them together.
fn quantette_srgb(picture: &Picture, colors: usize) -> Outcome<Quantised> {
    let pixels: &[Srgb<u8>] = (&picture.samples[..]).components_into();
    let image =
        ImageRef::new(picture.width as u32, picture.height as u32, pixels).map_err(|error| error.to_string())?;
    let wu = WuU8x3::run_image(image, BinnerU8x3::rgb()).ok_or("no pixels")?;
    let start = wu.palette(PaletteSize::try_from(colors as u16)?);
    let map = Kmeans::run_image(image, start, KmeansOptions::new()).into_color_map();
    let indices = map.map_to_indices(pixels);
    Ok((map.palette().iter().map(|color| [color.red, color.green, color.blue]).collect(), indices))
}

/// Its pipeline, which works in Oklab.
fn quantette_oklab(picture: &Picture, colors: usize) -> Outcome<Quantised> {
    let pixels: &[Srgb<u8>] = (&picture.samples[..]).components_into();
    let image =
        ImageRef::new(picture.width as u32, picture.height as u32, pixels).map_err(|error| error.to_string())?;
    let pipeline = Pipeline::new()
        .palette_size(PaletteSize::try_from(colors as u16)?)
        .ditherer(None)
        .quantize_method(QuantizeMethod::kmeans());
    let indexed = pipeline.input_image(image).output_srgb8_indexed_image();
    let palette = indexed.palette().iter().map(|color| [color.red, color.green, color.blue]).collect();
    Ok((palette, indexed.indices().to_vec()))
}

fn imagequant(picture: &Picture, colors: usize) -> Outcome<Quantised> {
    let pixels: Vec<RGBA<u8>> =
        picture.samples.chunks_exact(3).map(|pixel| RGBA::new(pixel[0], pixel[1], pixel[2], 255)).collect();
    let mut attributes = imagequant::new();
    attributes.set_speed(4)?;
    attributes.set_max_colors(colors as u32)?;
    let mut image = attributes.new_image(pixels, picture.width, picture.height, 0.0)?;
    let mut result = attributes.quantize(&mut image)?;
    result.set_dithering_level(0.0)?;
    let (palette, indices) = result.remapped(&mut image)?;
    Ok((palette.iter().map(|color| [color.r, color.g, color.b]).collect(), indices))
}

fn neuquant(picture: &Picture, colors: usize) -> Quantised {
    let pixels: Vec<u8> =
        picture.samples.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
    let network = color_quant::NeuQuant::new(10, colors, &pixels);
    let palette = network.color_map_rgb().as_chunks::<3>().0.to_vec();
    (palette, pixels.chunks_exact(4).map(|pixel| network.index_of(pixel) as u8).collect())
}
