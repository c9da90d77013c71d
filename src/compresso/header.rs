//! The 36 bytes that every stream begins with.

use super::options::{Connectivity, Steps};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::volume::LabelType;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 36;
pub(super) const MAGIC: &[u8; 4] = b"cpso";
/// The format's name in errors.
pub(super) const FORMAT: &str = "Compresso";

/// What a stream's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Format version: 0, or 1 with an index of the slices at the end.
    pub version: u8,
    /// The labels' number type.
    pub label_type: LabelType,
    /// Voxels by (z, y, x), each at most 65,535.
    pub shape: [usize; 3],
    /// The size of a window.
    pub steps: Steps,
    /// Connectivity of the components.
    pub connectivity: Connectivity,
    /// Number of components, each with one label.
    pub ids: u64,
    /// Number of distinct windows.
    pub values: u32,
    /// Number of entries for indeterminate locations.
    pub locations: u64,
}

impl Header {
    /// Reads a header; what follows it is not looked at.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the bytes are no header of version 0 or 1.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let fail = |offset, message: String| Err(Error::malformed_at(FORMAT, offset, message));
        if !bytes.starts_with(MAGIC) {
            return fail(0, "it does not begin with the magic cpso".into());
        }
        if bytes.len() < HEADER_BYTES {
            return fail(bytes.len(), format!("it ends inside its header of {HEADER_BYTES} bytes"));
        }
        let number = |range: std::ops::Range<usize>| {
            bytes[range].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
        };
        let version = bytes[4];
        if version > 1 {
            return fail(4, format!("expected version 0 or 1, found {version}"));
        }
        let Some(label_type) = LabelType::from_bytes(bytes[5].into()) else {
            return fail(5, format!("expected 1, 2, 4 or 8 bytes a label, found {}", bytes[5]));
        };
        let Ok(steps) = Steps::new(bytes[12], bytes[13], bytes[14]) else {
            return fail(
                12,
                format!(
                    "expected steps with a product from 1 to 64, found {} x {} x {}",
                    bytes[12], bytes[13], bytes[14]
                ),
            );
        };
        let connectivity = match bytes[35] {
            4 => Connectivity::Four,
            6 => Connectivity::Six,
            other => return fail(35, format!("expected connectivity 4 or 6, found {other}")),
        };
        if version == 1 && connectivity == Connectivity::Six {
            return fail(35, "version 1 has connectivity 4 only, found 6".into());
        }
        Ok(Self {
            version,
            label_type,
            shape: [number(10..12) as usize, number(8..10) as usize, number(6..8) as usize],
            steps,
            connectivity,
            ids: number(15..23),
            values: number(23..27) as u32,
            locations: number(27..35),
        })
    }

    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let [z, y, x] = self.shape;
        bytes[..4].copy_from_slice(MAGIC);
        bytes[4] = self.version;
        bytes[5] = self.label_type.bytes() as u8;
        for (at, side) in [(6, x), (8, y), (10, z)] {
            bytes[at..at + 2].copy_from_slice(&(side as u16).to_le_bytes());
        }
        for (at, step) in [(12, self.steps.x()), (13, self.steps.y()), (14, self.steps.z())] {
            bytes[at] = step as u8;
        }
        bytes[15..23].copy_from_slice(&self.ids.to_le_bytes());
        bytes[23..27].copy_from_slice(&self.values.to_le_bytes());
        bytes[27..35].copy_from_slice(&self.locations.to_le_bytes());
        bytes[35] = self.connectivity.number();
        bytes
    }

    /// Number of voxels.
    pub fn voxels(&self) -> u64 {
        self.shape.iter().map(|&side| side as u64).product()
    }

    /// Bytes of the volume when decoded.
    pub fn raw_bytes(&self) -> u64 {
        self.voxels() * self.label_type.bytes() as u64
    }

    /// Number of windows by (z, y, x).
    pub(super) fn windows(&self) -> [usize; 3] {
        let [z, y, x] = self.shape;
        [z.div_ceil(self.steps.z()), y.div_ceil(self.steps.y()), x.div_ceil(self.steps.x())]
    }

    /// The number type of the index's entries; `None` when the stream has no index.
    pub(super) fn index_type(&self) -> Option<LabelType> {
        let [_, y, x] = self.shape;
        (self.version == 1).then(|| match 2 * (x as u64) * (y as u64) {
            0..0xff => LabelType::U8,
            0xff..0xffff => LabelType::U16,
            0xffff..0xffff_ffff => LabelType::U32,
            _ => LabelType::U64,
        })
    }

    /// Refuses a volume that exceeds the limits, before anything is allocated for it.
    pub(super) fn check(&self, limits: &Limits) -> Result<()> {
        limits.check_voxels(self.voxels())?;
        limits.check_bytes(self.raw_bytes())?;
        Ok(())
    }
}
