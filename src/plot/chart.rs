//! What the charts share: colours, sizes, numbers on axes.

use plotters::prelude::*;
use plotters::style::FontTransform;

/// Eight colours that people with any colour vision tell apart (Okabe and Ito, "Color universal design", 2008), the
/// yellow left out for want of contrast on white and black put last.
pub(super) const SERIES: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
    RGBColor(0, 0, 0),
];
pub(super) const BACKGROUND: RGBColor = RGBColor(253, 253, 253);
pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const GRID: RGBColor = RGBColor(225, 225, 225);
/// Width and height of a chart in CSS pixels.
pub(super) const SIZE: (u32, u32) = (720, 440);

pub(super) const TITLE: u32 = 18;
pub(super) const LABEL: u32 = 14;
pub(super) const TICK: u32 = 13;

/// Text of the charts at a size in pixels.
pub(super) fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK)
}

/// Text that reads upwards, for the axis at the left.
pub(super) fn upward(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().transform(FontTransform::Rotate270).color(&INK)
}

/// Runs `draw` on an empty page and returns the page.
///
/// Drawing into a string cannot fail, and what could (a range that is not finite) is ruled out by [`range`].
pub(super) fn page(
    (width, height): (u32, u32),
    draw: impl FnOnce(&DrawingArea<SVGBackend, plotters::coord::Shift>) -> Result<(), Box<dyn std::error::Error>>,
) -> String {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        let drawn = root.fill(&BACKGROUND).map_err(Into::into).and_then(|()| draw(&root));
        drawn.and_then(|()| root.present().map_err(Into::into)).expect("drawing into memory does not fail");
    }
    svg
}

/// The least range that holds all finite values, a little wider so that nothing sits on the frame; 0 to 1 for none.
pub(super) fn range(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return 0.0..1.0;
    }
    let margin = match high - low {
        0.0 => low.abs().max(1.0) * 0.5,
        span => span * 0.05,
    };
    low - margin..high + margin
}

/// A number as an axis shows it: thousands grouped, no more digits than it has.
pub(super) fn tick(value: f64) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:e}");
    }
    if value.abs() >= 1000.0 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", crate::table::grouped(value.abs().round() as u64));
    }
    // Steps of an axis are sums of tenths, which leave traces of binary in the last places.
    let rounded = (value * 1e6).round() / 1e6;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_short() {
        let shown = [0.30000000000000004, -0.0, 1500.0, -25_000.0, 0.25, 64.0].map(tick);
        assert_eq!(shown, ["0.3", "0", "1,500", "-25,000", "0.25", "64"]);
    }

    #[test]
    fn ranges_are_never_empty_or_infinite() {
        assert_eq!(range([f64::NAN, f64::INFINITY].into_iter()), 0.0..1.0);
        assert_eq!(range([3.0].into_iter()), 1.5..4.5);
        assert_eq!(range([0.0, 20.0, f64::INFINITY].into_iter()), -1.0..21.0);
    }
}
