//! Any bytes as the other files that labels come in: .npy, .npz, compressed_segmentation, the paper's own Compresso,
//! and all second stages.
#![no_main]

use cortado::neuroglancer::{self, BlockSize};
use cortado::second_stage::SecondStage;
use cortado::volume::{VolumeFormat, VolumeOptions};
use cortado::{AnyVolume, Limits, compresso};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::new().voxels(1 << 20).bytes(1 << 23);
    let Some((&kind, bytes)) = bytes.split_last() else { return };
    match kind % 15 {
        0 => drop(AnyVolume::decode(bytes, VolumeFormat::Npy, &limits)),
        1 => drop(AnyVolume::decode(bytes, VolumeFormat::Npz, &limits)),
        2 => drop(compresso::decode_original(bytes, &limits)),
        3 => drop(neuroglancer::decode_with::<u32>(bytes, [6, 35, 40], &BlockSize::default(), &limits)),
        4 => drop(neuroglancer::decode_with::<u64>(bytes, [2, 5, 65], &BlockSize::default(), &limits)),
        5 => drop(AnyVolume::decode(bytes, VolumeFormat::Tiff, &limits)),
        // As the first bytes tell, compressed or not, and floating-point numbers too.
        6 => drop(AnyVolume::decode_as(bytes, None, &VolumeOptions::new().cast(true).limits(limits))),
        method => drop(SecondStage::ALL[usize::from(method) - 7].decode(bytes, &limits)),
    }
});
