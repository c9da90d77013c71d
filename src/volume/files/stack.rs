//! TIFF stacks as volumes: the stored numbers, a slice a page.

use super::{VolumeInfo, VolumeOptions, cast_floats, check_signs, check_size, fill_volume, refuse_floats, three_axes};
use crate::error::{Error, Result};
use crate::limits::Budget;
use crate::tiff::{FORMAT, Page, SampleFormat, Source, Tiff, photometric, tag};
use crate::volume::{AnyVolume, LabelType};

/// The pages of a stack, all alike.
struct Stack {
    pages: Vec<Page>,
    /// Slices that lie behind the only page, and where the first of them is.
    behind: Option<(usize, u64)>,
    label_type: LabelType,
    /// Slices, rows, columns.
    shape: [usize; 3],
}

pub(super) fn read(source: &mut dyn Source, options: &VolumeOptions, budget: &mut Budget) -> Result<AnyVolume> {
    let mut tiff = Tiff::open(source)?;
    let stack = Stack::find(&mut tiff, budget)?;
    let first = &stack.pages[0];
    if first.format == SampleFormat::Float && !options.cast {
        return Err(refuse_floats(&format!("floating-point numbers of {} bits", first.bits)));
    }
    let shape = stack.shape;
    check_size(shape, stack.label_type, &options.limits)?;
    let mut volume = fill_volume(stack.label_type, shape, budget, |bytes, budget| match stack.behind {
        Some((_, start)) => {
            tiff.read_at(start, bytes)?;
            if tiff.swaps() && stack.label_type.bytes() > 1 {
                bytes.chunks_exact_mut(stack.label_type.bytes()).for_each(<[u8]>::reverse);
            }
            Ok(())
        }
        None => {
            let page_bytes = bytes.len() / stack.pages.len();
            let mut slices = bytes.chunks_exact_mut(page_bytes);
            stack.pages.iter().zip(&mut slices).try_for_each(|(page, slices)| match page.planar {
                false => page.read(&mut tiff, slices, budget),
                true => read_planes(page, &mut tiff, slices, budget),
            })
        }
    })?;
    match stack.pages[0].format {
        SampleFormat::Signed => check_signs(&volume)?,
        SampleFormat::Float => cast_floats(&mut volume)?,
        SampleFormat::Unsigned | SampleFormat::Complex => {}
    }
    Ok(volume)
}

pub(super) fn info(source: &mut dyn Source, budget: &mut Budget) -> Result<VolumeInfo> {
    let stack = Stack::find(&mut Tiff::open(source)?, budget)?;
    let kind = match stack.pages[0].format {
        SampleFormat::Unsigned | SampleFormat::Complex => "uint",
        SampleFormat::Signed => "int",
        SampleFormat::Float => "float",
    };
    Ok(VolumeInfo {
        format: "tiff",
        shape: stack.shape,
        label_type: stack.label_type,
        dtype: format!("{kind}{}", stack.pages[0].bits),
        floats: stack.pages[0].format == SampleFormat::Float,
        pages: stack.pages.len(),
    })
}

/// The planes of a page one after the other, each a slice.
fn read_planes(page: &Page, tiff: &mut Tiff, slices: &mut [u8], budget: &mut Budget) -> Result<()> {
    let mut pixels = budget.zeroed::<u8>(slices.len())?;
    page.read(tiff, &mut pixels, budget)?;
    let size = page.sample_bytes();
    let plane = slices.len() / page.samples;
    for (place, sample) in pixels.chunks_exact(size).enumerate() {
        let to = place % page.samples * plane + place / page.samples * size;
        slices[to..to + size].copy_from_slice(sample);
    }
    budget.give_back(pixels.len() as u64);
    Ok(())
}

impl Stack {
    fn find(tiff: &mut Tiff, budget: &mut Budget) -> Result<Self> {
        let mut pages: Vec<Page> = Vec::new();
        let mut description = String::new();
        while let Some(directory) = tiff.main_directory()? {
            budget.take(size_of::<Page>() as u64)?;
            let page = Page::new(tiff, &directory, budget)?;
            check_labels(&page)?;
            match pages.first() {
                None => description = tiff.text(&directory, tag::DESCRIPTION)?,
                // tifffile begins anew with every series; one of a single page is a slice of its own.
                Some(_) if slices_of(&tiff.text(&directory, tag::DESCRIPTION)?, &page) > 1 => return Err(several()),
                Some(first) => check_alike(first, &page, pages.len() + 1)?,
            }
            pages.push(page);
        }
        let Some(first) = pages.first() else { return Err(Error::malformed(FORMAT, "it has no page")) };
        check_axes(&description)?;
        let label_type = LabelType::from_bytes(first.sample_bytes()).filter(|_| first.bits != 24);
        let label_type = label_type.ok_or_else(|| {
            Error::Unsupported(format!("labels of {} bits in a TIFF file are not supported", first.bits))
        })?;
        let behind = match pages.as_slice() {
            [page] => slices_behind(&description, page, tiff)?,
            _ => None,
        };
        if behind.is_none() {
            check_promise(&description, &pages)?;
        }
        let depth = behind.map_or(pages.len().saturating_mul(first.depth * first.samples), |(slices, _)| slices);
        let shape = [depth, first.height, first.width];
        let shape = shaped_alike(&shaped(&description), shape).unwrap_or(shape);
        Ok(Self { pages, behind, label_type, shape })
    }
}

/// The sides that tifffile noted down, where they are of as many voxels: it takes the last two for rows and columns of
/// a page even where one of them is 1.
fn shaped_alike(noted: &[u64], shape: [usize; 3]) -> Option<[usize; 3]> {
    let sides: Vec<usize> = noted.iter().map(|&side| side as usize).collect();
    let product = |sides: &[usize]| sides.iter().try_fold(1usize, |product, &side| product.checked_mul(side));
    let same = !sides.is_empty() && product(&sides) == product(&shape);
    same.then(|| three_axes(sides)).flatten()
}

/// Refuses pages whose numbers are no labels.
fn check_labels(page: &Page) -> Result<()> {
    let refused = |message: &str| Err(Error::Unsupported(message.to_owned()));
    if page.is_jpeg() {
        return refused(
            "this TIFF file is compressed with JPEG, which is lossy: its labels are no longer those that were saved",
        );
    }
    match page.photometric {
        photometric::RGB | photometric::CMYK | photometric::YCBCR | photometric::LAB | photometric::ICC_LAB => {
            return refused(
                "a volume has one label a voxel, and this TIFF file has colours: save three slices, or labels of any \
                 kind, with photometric=\"minisblack\", and colour-coded ids as the numbers that they stand for",
            );
        }
        _ => {}
    }
    if page.samples > 1 && (!page.planar || page.depth > 1 || !page.extra_samples_are_slices()) {
        return refused(
            "a volume has one label a voxel, and this TIFF file has several samples: save slices as pages, \
             with photometric=\"minisblack\"",
        );
    }
    match page.format {
        SampleFormat::Complex => refused("labels are whole numbers, and this TIFF file holds complex ones"),
        _ => Ok(()),
    }
}

fn check_alike(first: &Page, page: &Page, number: usize) -> Result<()> {
    let kind = |page: &Page| (page.height, page.width, page.depth, page.samples, page.bits, page.format);
    if kind(first) == kind(page) {
        return Ok(());
    }
    let described = |page: &Page| format!("{} x {} of {} bits", page.height, page.width, page.bits);
    Err(Error::Unsupported(format!(
        "page {number} of the TIFF file is {}, and the first is {}: the pages of a stack are alike",
        described(page),
        described(first)
    )))
}

fn several() -> Error {
    Error::Unsupported("this TIFF file holds several pictures of their own: save one volume a file".into())
}

/// The axes beside y and x that a description tells of, each with its length.
fn axes(description: &str) -> Vec<(&'static str, u64)> {
    if description.starts_with("ImageJ=") {
        return ["channels", "slices", "frames"].map(|name| (name, imagej(description, name).unwrap_or(1))).to_vec();
    }
    if is_ome(description) {
        let names = [("channels", "SizeC"), ("slices", "SizeZ"), ("times", "SizeT")];
        return names.map(|(name, attribute)| (name, ome(description, attribute).unwrap_or(1))).to_vec();
    }
    let long = shaped(description).into_iter().filter(|&side| side > 1);
    long.skip(2).map(|side| ("axis", side)).collect()
}

/// Refuses stacks of which more than one axis beside y and x is longer than 1, as their description tells.
fn check_axes(description: &str) -> Result<()> {
    if is_ome(description) && pictures(description) > 1 {
        return Err(several());
    }
    let axes = axes(description);
    let long: Vec<String> =
        axes.iter().filter(|(_, side)| *side > 1).map(|(name, side)| format!("{name} {side}")).collect();
    // Of tifffile's list the two that are not told of are y and x, or two others.
    if long.len() < 2 {
        return Ok(());
    }
    Err(Error::Unsupported(format!(
        "a volume has three axes, and this TIFF file has more than one beside rows and columns ({}): \
         save one volume a file",
        long.join(", ")
    )))
}

/// How many slices of a page's size tifffile's list of sides tells of; 0 without one.
fn slices_of(description: &str, page: &Page) -> u64 {
    let sides = shaped(description);
    match sides.is_empty() {
        true => 0,
        false => sides.into_iter().fold(1, u64::saturating_mul) / (page.height as u64 * page.width as u64),
    }
}

/// Refuses stacks of which the description promises more slices than there are.
fn check_promise(description: &str, pages: &[Page]) -> Result<()> {
    let slices = pages.len().saturating_mul(pages[0].depth * pages[0].samples) as u64;
    let promised = match description.starts_with("ImageJ=") {
        true => imagej(description, "images").unwrap_or(1),
        false if is_ome(description) => axes(description).iter().fold(1, |product, (_, side)| product * (*side).max(1)),
        false => slices_of(description, &pages[0]),
    };
    match promised > slices {
        true => Err(Error::Unsupported(format!(
            "this TIFF file's description tells of {promised} slices, and {slices} of them are there: \
             the rest is missing"
        ))),
        false => Ok(()),
    }
}

/// A number in ImageJ's lines of `name=value`.
fn imagej(description: &str, name: &str) -> Option<u64> {
    description.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('=')?.trim().parse().ok())
}

fn is_ome(description: &str) -> bool {
    description.contains("<OME") || description.contains(":OME")
}

/// How many pictures an OME description tells of, each in an element `Pixels` with a prefix or without.
fn pictures(description: &str) -> usize {
    elements(description).count()
}

fn elements(description: &str) -> impl Iterator<Item = &str> {
    let starts = description.split('<').skip(1);
    starts.filter_map(|element| {
        let (name, rest) = element.split_once(char::is_whitespace)?;
        (name == "Pixels" || name.ends_with(":Pixels")).then(|| rest.split_once('>').map_or(rest, |(inside, _)| inside))
    })
}

/// An attribute of the first `Pixels` of an OME description: its whole name, in either kind of quotes.
fn ome(description: &str, name: &str) -> Option<u64> {
    let mut rest = elements(description).next()?;
    while let Some((before, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, behind) = after[1..].split_once(quote)?;
        if before.split_whitespace().next_back() == Some(name) {
            return value.trim().parse().ok();
        }
        rest = behind;
    }
    None
}

/// The sides that tifffile notes down, as `{"shape": [10, 20, 30]}`; none of other descriptions.
fn shaped(description: &str) -> Vec<u64> {
    let list = || description.split_once("\"shape\"")?.1.split_once('[')?.1.split_once(']').map(|(list, _)| list);
    match list() {
        Some(list) if description.starts_with('{') => {
            list.split(',').filter_map(|side| side.trim().parse().ok()).collect()
        }
        _ => Vec::new(),
    }
}

/// A stack over 4 GiB may have one page, and its description tells how many slices lie behind one another.
fn slices_behind(description: &str, page: &Page, tiff: &Tiff) -> Result<Option<(usize, u64)>> {
    let images = match description.starts_with("ImageJ=") {
        true => imagej(description, "images"),
        // tifffile's word for the same.
        false if description.contains("\"truncated\": true") => Some(slices_of(description, page)),
        false => None,
    };
    let Some(images @ 2..) = images else { return Ok(None) };
    let slice = (page.height as u64).saturating_mul(page.width as u64).saturating_mul(page.sample_bytes() as u64);
    let needed = slice.saturating_mul(images);
    let start = page.plain_start();
    match start {
        Some(start) if page.samples == 1 && start.saturating_add(needed) <= tiff.len() => {
            Ok(Some((images as usize, start)))
        }
        _ => Err(Error::Unsupported(format!(
            "this TIFF file's description tells of {images} slices, and behind its one page the rest is missing"
        ))),
    }
}
