//! GIF, for what reads nothing newer.

use super::IndexedPhoto;
use crate::error::{Error, Result};
use crate::photo::one_line;
use gif::{Encoder, Frame};
use std::borrow::Cow;

impl IndexedPhoto {
    /// The photo as a GIF file in memory: one picture, the whole palette.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when a side is above 65,535.
    pub fn to_gif(&self) -> Result<Vec<u8>> {
        let side = |what, len: usize| {
            u16::try_from(len).map_err(|_| Error::TooLarge { what, found: len as u64, limit: u16::MAX.into() })
        };
        let (width, height) = (side("columns", self.width())?, side("rows", self.height())?);
        let frame = Frame {
            width,
            height,
            buffer: Cow::Borrowed(self.index_bytes()),
            transparent: self.transparent(),
            ..Frame::default()
        };
        let mut bytes = Vec::new();
        let encoding_error = |error| Error::Unsupported(format!("cannot encode the picture: {}", one_line(&error)));
        let colors = self.palette().colors().as_flattened();
        let mut encoder = Encoder::new(&mut bytes, width, height, colors).map_err(encoding_error)?;
        encoder.write_frame(&frame).map_err(encoding_error)?;
        drop(encoder);
        Ok(bytes)
    }
}
