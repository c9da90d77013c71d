//! What an encoder may choose.

use crate::error::{Error, Result};
use crate::volume::LabelType;
use crate::words::{as_text, three, words};
use std::fmt;
use std::str::FromStr;

/// The size of a window in voxels; their product is from 1 to 64.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Steps {
    x: u8,
    y: u8,
    z: u8,
}

impl Steps {
    /// Windows of 4 x 4 x 1 voxels, what an encoder tries first.
    pub const DEFAULT: Self = Self { x: 4, y: 4, z: 1 };
    /// Windows of 8 x 8 x 1 voxels, what an encoder that may choose tries next.
    pub const WIDE: Self = Self { x: 8, y: 8, z: 1 };

    /// Windows of `x` columns, `y` rows and `z` slices.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a step is 0 or the product exceeds 64.
    pub fn new(x: u8, y: u8, z: u8) -> Result<Self> {
        let product = u32::from(x) * u32::from(y) * u32::from(z);
        if !(1..=64).contains(&product) {
            return Err(Error::out_of_range("the product of the steps", format!("{x} x {y} x {z}"), "from 1 to 64"));
        }
        Ok(Self { x, y, z })
    }

    /// Columns of a window.
    pub const fn x(self) -> usize {
        self.x as usize
    }

    /// Rows of a window.
    pub const fn y(self) -> usize {
        self.y as usize
    }

    /// Slices of a window.
    pub const fn z(self) -> usize {
        self.z as usize
    }

    /// Voxels of a window, from 1 to 64.
    pub const fn product(self) -> usize {
        self.x() * self.y() * self.z()
    }

    /// The number type that holds a window's bits: the smallest of 8, 16, 32 and 64 bits.
    pub const fn window_type(self) -> LabelType {
        match self.product() {
            0..=8 => LabelType::U8,
            9..=16 => LabelType::U16,
            17..=32 => LabelType::U32,
            _ => LabelType::U64,
        }
    }
}

impl Default for Steps {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.x, self.y, self.z)
    }
}

/// As it is displayed: `4x4x1`, x first.
impl FromStr for Steps {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match three(text) {
            Some([x, y, z]) => Self::new(x, y, z),
            None => Err(Error::out_of_range("steps", format!("{text:?}"), "three numbers such as 4x4x1")),
        }
    }
}

as_text!(Steps);

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Steps({self})")
    }
}

/// Which neighbours a voxel is compared with and connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Connectivity {
    /// The four of its own slice: every slice is coded by itself.
    #[default]
    Four,
    /// The six of the volume: a component reaches through the slices, and so does its one label.
    Six,
}

words!(Connectivity, "connectivity", "4 or 6", {
    Four => "4",
    Six => "6",
});

impl Connectivity {
    /// 4 or 6.
    pub const fn number(self) -> u8 {
        match self {
            Self::Four => 4,
            Self::Six => 6,
        }
    }
}

/// How to write a Compresso stream.
///
/// ```
/// use cortado::compresso::{CompressoOptions, Connectivity, Steps};
/// let options = CompressoOptions::new().steps(Steps::new(8, 8, 1)?).connectivity(Connectivity::Six);
/// # Ok::<(), cortado::Error>(())
/// ```
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressoOptions {
    pub(super) steps: Option<Steps>,
    pub(super) connectivity: Connectivity,
    pub(super) index: bool,
}

impl CompressoOptions {
    /// Windows of 4 x 4 x 1, or of 8 x 8 x 1 where there are too many different ones; connectivity 4; with the index of
    /// the slices.
    pub const fn new() -> Self {
        Self { steps: None, connectivity: Connectivity::Four, index: true }
    }

    /// Windows of this size and no other.
    #[must_use]
    pub const fn steps(mut self, steps: Steps) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Connectivity 4 or 6; 6 has no index of the slices.
    #[must_use]
    pub const fn connectivity(mut self, connectivity: Connectivity) -> Self {
        self.connectivity = connectivity;
        self
    }

    /// Whether the stream ends with an index of its slices (format version 1), by which one slice can be decoded
    /// without the others. It also makes the slices independent of each other, so that threads share the work.
    #[must_use]
    pub const fn index(mut self, index: bool) -> Self {
        self.index = index;
        self
    }

    /// Whether the stream will have the index: never with connectivity 6.
    pub(super) fn writes_index(&self) -> bool {
        self.index && self.connectivity == Connectivity::Four
    }
}

impl Default for CompressoOptions {
    fn default() -> Self {
        Self::new()
    }
}
