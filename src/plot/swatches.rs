//! The colours of a palette.

use super::chart::{BACKGROUND, INK};
use crate::palette::Palette;
use std::fmt::Write;

/// The colours of a palette as squares in the palette's order, row by row; up to 16 are also named in hexadecimal.
#[derive(Clone, Debug, PartialEq)]
pub struct Swatches {
    pub(super) title: String,
    colors: Vec<[u8; 3]>,
}

/// The colours of a palette, as a figure.
pub fn swatches(palette: &Palette) -> Swatches {
    let title = match palette.len() {
        1 => "1 colour".into(),
        k => format!("{k} colours"),
    };
    Swatches { title, colors: palette.colors().to_vec() }
}

const MARGIN: usize = 12;
const HEADING: usize = 26;

impl Swatches {
    /// Columns, side of a square, and height of a row.
    fn grid(&self) -> (usize, usize, usize) {
        match self.colors.len() {
            1..=16 => (8, 72, 92),
            17..=64 => (16, 36, 36),
            _ => (32, 22, 22),
        }
    }

    pub(super) fn dimensions(&self) -> (u32, u32) {
        let (columns, side, pitch) = self.grid();
        let used = self.colors.len().min(columns);
        let width = (used * side).max(120) + 2 * MARGIN;
        let height = self.colors.len().div_ceil(columns) * pitch + HEADING + 2 * MARGIN;
        (width as u32, height as u32)
    }

    /// The swatches as an SVG document.
    pub fn svg(&self) -> String {
        let ((width, height), (columns, side, pitch)) = (self.dimensions(), self.grid());
        let hex = |[r, g, b]: [u8; 3]| format!("#{r:02x}{g:02x}{b:02x}");
        let mut svg = format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" fill=\"{ink}\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"{background}\"/>\n\
             <text x=\"{MARGIN}\" y=\"28\" font-size=\"15\">{}</text>\n",
            self.title,
            ink = hex([INK.0, INK.1, INK.2]),
            background = hex([BACKGROUND.0, BACKGROUND.1, BACKGROUND.2]),
        );
        for (index, &color) in self.colors.iter().enumerate() {
            let (x, y) = (MARGIN + index % columns * side, MARGIN + HEADING + index / columns * pitch);
            let (square, fill) = (side - 2, hex(color));
            let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{y}\" width=\"{square}\" height=\"{square}\" fill=\"{fill}\"/>");
            if pitch > side {
                let below = y + side + 11;
                let _ = writeln!(svg, "<text x=\"{x}\" y=\"{below}\" font-size=\"13\">{fill}</text>");
            }
        }
        svg.push_str("</svg>\n");
        svg
    }
}

super::svg_figure!(Swatches, "Swatches");
