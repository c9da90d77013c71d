//! Two pictures to compare.

use super::{Figure, Media};
use crate::table::escape;

/// Two pictures beside each other, each with a caption.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct SideBySide {
    pub(super) title: String,
    pictures: [(Media, (u32, u32)); 2],
    captions: [String; 2],
}

/// Two pictures beside each other; [`SideBySide::captions`] names them.
///
/// ```
/// use cortado::prelude::*;
/// let before = Photo::from_grey(2, 2, vec![10, 20, 30, 40])?;
/// let after = before.crop(0, 0, 1, 2)?;
/// let figure = side_by_side(&before, &after).captions("before", "after");
/// assert!(figure.svg().contains("before"));
/// # Ok::<(), cortado::Error>(())
/// ```
pub fn side_by_side(left: &impl Figure, right: &impl Figure) -> SideBySide {
    SideBySide {
        title: format!("{} | {}", left.summary(), right.summary()),
        pictures: [(left.media(), left.size()), (right.media(), right.size())],
        captions: [left.summary(), right.summary()],
    }
}

const GAP: u32 = 12;
const CAPTION: u32 = 28;
/// Wider pictures are scaled down to this many pixels, so that both fit the width of a notebook.
const WIDEST: u32 = 390;

impl SideBySide {
    /// What stands below the two pictures.
    pub fn captions(mut self, left: impl Into<String>, right: impl Into<String>) -> Self {
        self.captions = [left.into(), right.into()];
        self
    }

    /// The pictures' sizes as shown.
    fn shown(&self) -> [(u32, u32); 2] {
        self.pictures.each_ref().map(|&(_, (width, height))| {
            let shown = width.clamp(1, WIDEST);
            (shown, (u64::from(height) * u64::from(shown)).div_ceil(u64::from(width.max(1))) as u32)
        })
    }

    pub(super) fn dimensions(&self) -> (u32, u32) {
        let [left, right] = self.shown();
        (left.0 + right.0 + 3 * GAP, left.1.max(right.1) + CAPTION + 2 * GAP)
    }

    /// The figure as an SVG document with both pictures inside.
    pub fn svg(&self) -> String {
        let ((width, height), shown) = (self.dimensions(), self.shown());
        let mut svg = format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" font-size=\"14\" fill=\"#222222\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fdfdfd\"/>\n"
        );
        let mut x = GAP;
        for ((media, _), ((shown_width, shown_height), caption)) in
            self.pictures.iter().zip(shown.iter().zip(&self.captions))
        {
            svg.push_str(&format!(
                "<image x=\"{x}\" y=\"{GAP}\" width=\"{shown_width}\" height=\"{shown_height}\" href=\"{}\"/>\n\
                 <text x=\"{x}\" y=\"{}\">{}</text>\n",
                media.data_uri(),
                height - GAP,
                escape(caption),
            ));
            x += shown_width + GAP;
        }
        svg.push_str("</svg>\n");
        svg
    }
}

super::svg_figure!(SideBySide, "SideBySide");
