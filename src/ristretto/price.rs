//! What a volume costs, part by part, without writing anything.

use super::block::for_each_block;
use super::contexts::{Contexts, Nearest, OfDefault, OfFast, OfMax};
use super::dictionary;
use super::encode::numbered;
use super::options::{Level, RistrettoOptions};
use crate::range_coder::Coder;
use crate::volume::{AnyVolumeView, Label, VolumeView, with_volume};

/// Where a stream's bytes go: the information of all its decisions, in bytes and their fractions. Beside it a stream
/// has a header, the dictionary of labels, and a length and a checksum for each block.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    /// Where labels change within a slice.
    pub cracks: f64,
    /// Which label each region of a slice has.
    pub names: f64,
}

pub(super) fn price(volume: AnyVolumeView, options: &RistrettoOptions) -> Price {
    with_volume!(AnyVolumeView, volume, volume => match options.level {
        Level::Fast => price_with(volume, options, || OfFast),
        Level::Default => price_with(volume, options, || OfDefault),
        Level::Max => price_with(volume, options, || OfMax),
    })
}

pub(super) fn price_of_nearest(volume: AnyVolumeView, cracks: usize) -> Price {
    with_volume!(AnyVolumeView, volume, volume => price_with(volume, &RistrettoOptions::new(), || Nearest::new(cracks)))
}

fn price_with<T: Label, C: Contexts<N>, const N: usize>(
    volume: VolumeView<T>,
    options: &RistrettoOptions,
    contexts: impl Fn() -> C + Sync,
) -> Price {
    let numbers = numbered(&dictionary::of_volume(volume));
    let block_slices = options.block_slices(volume.shape());
    let prices = for_each_block(volume, block_slices, numbers.len(), contexts, |block, slices| {
        let [mut cracks, mut names] = [Meter::default(), Meter::default()];
        for labels in slices {
            block.encode_cracks(&mut cracks, labels);
            block.encode_names(&mut names, labels, &numbers);
        }
        Price { cracks: cracks.0 / 8.0, names: names.0 / 8.0 }
    });
    // In order, so that the sum is the same on any number of threads.
    prices.iter().fold(Price::default(), |sum, price| Price {
        cracks: sum.cracks + price.cracks,
        names: sum.names + price.names,
    })
}

/// Adds up the information of decisions, in bits.
#[derive(Default)]
struct Meter(f64);

impl Coder for Meter {
    fn code(&mut self, bit: bool, p: u32) -> bool {
        self.0 -= (f64::from(if bit { p } else { 65536 - p }) / 65536.0).log2();
        bit
    }
}
