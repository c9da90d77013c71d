//! Slices of label volumes as pictures.

use super::{Figure, Media};
use crate::error::{Error, Result};
use crate::photo::Photo;
use crate::volume::{AnyVolume, Label, Volume, with_volume};

/// Where the label differs from the one at its right or below.
const BOUNDARY: [u8; 3] = [24, 24, 27];
const BACKGROUND: [u8; 3] = [63, 63, 70];

/// A slice of a volume in colours: one for each label, near black on the boundaries between labels, dark grey for label
/// 0.
///
/// There are 192 colours, so that far more labels than these share some; neighbours rarely do. Costs a pass over the
/// slice.
///
/// # Errors
/// [`Error::OutOfRange`] when there is no such slice or it has no voxels.
pub fn label_slice<T: Label>(volume: &Volume<T>, z: usize) -> Result<Photo> {
    let [depth, height, width] = volume.shape();
    if z >= depth || height * width == 0 {
        let found = format!("{z} of {depth}");
        return Err(Error::out_of_range("a slice", found, "one that the volume has"));
    }
    let labels = volume.slice(z);
    let mut samples = Vec::with_capacity(3 * labels.len());
    for (at, &label) in labels.iter().enumerate() {
        let right = at % width + 1 < width && labels[at + 1] != label;
        let below = at + width < labels.len() && labels[at + width] != label;
        samples.extend(match label.to_u64() {
            _ if right || below => BOUNDARY,
            0 => BACKGROUND,
            label => color(label),
        });
    }
    Photo::from_rgb(height, width, samples)
}

/// One of 48 hues in four tones, as far from those of the labels before and after it as may be.
fn color(label: u64) -> [u8; 3] {
    let mixed = label.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let (hue, tone) = ((mixed % 48) as f64 / 8.0, mixed / 48 % 4);
    let value = [250.0, 215.0, 180.0, 235.0][tone as usize];
    let saturation = [0.45, 0.65, 0.5, 0.3][tone as usize];
    // The usual hexcone: each channel falls and rises with the hue.
    [5.0, 3.0, 1.0].map(|shift| {
        let k: f64 = (shift + hue) % 6.0;
        (value * (1.0 - saturation * k.min(4.0 - k).clamp(0.0, 1.0))) as u8
    })
}

/// The middle slice.
impl<T: Label> Figure for Volume<T> {
    fn media(&self) -> Media {
        let blank = || Photo::from_rgb(1, 1, BACKGROUND.to_vec()).expect("one pixel");
        label_slice(self, self.shape()[0] / 2).unwrap_or_else(|_| blank()).media()
    }

    fn size(&self) -> (u32, u32) {
        super::shown_size(self.shape()[1].max(1), self.shape()[2].max(1))
    }

    fn summary(&self) -> String {
        format!("{self:?}")
    }
}

/// The middle slice.
impl Figure for AnyVolume {
    fn media(&self) -> Media {
        with_volume!(self, volume => volume.media())
    }

    fn size(&self) -> (u32, u32) {
        with_volume!(self, volume => volume.size())
    }

    fn summary(&self) -> String {
        format!("{self:?}")
    }
}
