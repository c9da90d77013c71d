//! A matrix as colours, with its scale.

use super::chart::{self, INK};
use super::small_png;
use crate::photo::Photo;
use ndarray::Array2;
use plotters::prelude::*;

/// A matrix as colours from dark (least) to light (most), row 0 at the top, with a colour scale.
///
/// Values that are not finite are shown in grey.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Heatmap {
    pub(super) title: String,
    x: String,
    y: String,
    value: String,
    matrix: Array2<f64>,
}

/// The colours of the scale at equal distances, from least to most: rising in lightness, so that a grey print reads
/// too.
const SCALE: [[f64; 3]; 6] = [
    [12.0, 7.0, 60.0],
    [86.0, 15.0, 109.0],
    [158.0, 42.0, 99.0],
    [221.0, 81.0, 58.0],
    [249.0, 148.0, 33.0],
    [250.0, 242.0, 160.0],
];
const NOT_FINITE: [u8; 3] = [150, 150, 150];
/// Pixels around the matrix: left (axis), top (title), right (scale), bottom (axis).
const MARGINS: [u32; 4] = [74, 46, 116, 58];
/// Longer side of the drawn matrix in pixels.
const SIDE: u32 = 560;

impl Heatmap {
    /// A heatmap of a matrix of shape (rows, columns).
    pub fn new(title: impl Into<String>, matrix: Array2<f64>) -> Self {
        let (x, y, value) = ("column".into(), "row".into(), String::new());
        Self { title: title.into(), x, y, value, matrix }
    }

    /// What the columns are, with the unit; `column` unless set.
    pub fn x(mut self, label: impl Into<String>) -> Self {
        self.x = label.into();
        self
    }

    /// What the rows are, with the unit; `row` unless set.
    pub fn y(mut self, label: impl Into<String>) -> Self {
        self.y = label.into();
        self
    }

    /// What the values are, with the unit.
    pub fn value(mut self, label: impl Into<String>) -> Self {
        self.value = label.into();
        self
    }

    /// Width and height of the drawn matrix: square cells, but no side thinner than a quarter of the other.
    fn inner(&self) -> (u32, u32) {
        let (rows, columns) = self.matrix.dim();
        let scale = f64::from(SIDE) / rows.max(columns).max(1) as f64;
        let side = |cells: usize| ((cells as f64 * scale) as u32).max(SIDE / 4);
        (side(columns), side(rows))
    }

    pub(super) fn dimensions(&self) -> (u32, u32) {
        let ((width, height), [left, top, right, bottom]) = (self.inner(), MARGINS);
        (left + width + right, top + height + bottom)
    }

    /// The heatmap as an SVG document; the cells are an embedded PNG.
    pub fn svg(&self) -> String {
        let ((width, height), [left, top, ..]) = (self.inner(), MARGINS);
        let (rows, columns) = self.matrix.dim();
        let values = chart_range(&self.matrix);
        let page = chart::page(self.dimensions(), |root| {
            root.draw(&Text::new(self.title.clone(), (left as i32, 14), chart::font(chart::TITLE)))?;
            let area = root.clone().shrink((8, top), (left + width - 8, height + MARGINS[3]));
            let mut chart = ChartBuilder::on(&area)
                .x_label_area_size(MARGINS[3])
                .y_label_area_size(left - 8)
                .build_cartesian_2d(0.0..columns.max(1) as f64, rows.max(1) as f64..0.0)?;
            chart
                .configure_mesh()
                .x_desc(&self.x)
                .y_desc(&self.y)
                .axis_desc_style(chart::font(chart::LABEL))
                .label_style(chart::font(chart::TICK))
                .x_labels(7)
                .y_labels(7)
                .x_label_formatter(&|&x| chart::tick(x))
                .y_label_formatter(&|&y| chart::tick(y))
                .axis_style(INK)
                .disable_mesh()
                .draw()?;
            let scale_left = (left + width + 18) as i32;
            for step in 0..=4 {
                let value = values.start + (values.end - values.start) * f64::from(step) / 4.0;
                let y = (top + height) as i32 - (height as i32 * step) / 4 - 6;
                root.draw(&Text::new(short(value), (scale_left + 22, y), chart::font(chart::TICK)))?;
            }
            let (x, y) =
                ((left + width + MARGINS[2]) as i32 - 20, (top + height / 2) as i32 + self.value.len() as i32 * 4);
            root.draw(&Text::new(self.value.clone(), (x, y), chart::upward(chart::LABEL)))?;
            Ok(())
        });
        let cells = self.matrix.iter().map(|&value| color(value, &values)).collect();
        let scale = (0..64u32).map(|step| ramp(1.0 - f64::from(step) / 63.0)).collect();
        let images = [
            image(cells, rows, columns, (left, top, width, height)),
            image(scale, 64, 1, (left + width + 18, top, 16, height)),
        ];
        page.replace("</svg>", &format!("{}</svg>", images.concat()))
    }
}

super::svg_figure!(Heatmap, "Heatmap");

fn chart_range(matrix: &Array2<f64>) -> std::ops::Range<f64> {
    let finite = matrix.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high { 0.0..1.0 } else { low..high }
}

fn color(value: f64, range: &std::ops::Range<f64>) -> [u8; 3] {
    if !value.is_finite() {
        return NOT_FINITE;
    }
    let span = range.end - range.start;
    ramp(if span > 0.0 { (value - range.start) / span } else { 0.5 })
}

/// The colour at a share from 0 to 1 of the scale, in 255 steps: with the grey of what is not finite they fit a
/// palette, and the embedded picture stays small.
fn ramp(share: f64) -> [u8; 3] {
    let share = (share.clamp(0.0, 1.0) * 254.0).round() / 254.0;
    let at = share * (SCALE.len() - 1) as f64;
    let below = (at as usize).min(SCALE.len() - 2);
    let part = at - below as f64;
    std::array::from_fn(|c| (SCALE[below][c] * (1.0 - part) + SCALE[below + 1][c] * part).round() as u8)
}

/// A value of the scale in few characters.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if (0.01..100.0).contains(&size) => format!("{value:.2}"),
        size if (100.0..1e6).contains(&size) => chart::tick(value.round()),
        _ => format!("{value:.1e}"),
    }
}

/// Colours of shape (rows, columns) as an SVG image; nothing when there are none.
fn image(colors: Vec<[u8; 3]>, rows: usize, columns: usize, (x, y, width, height): (u32, u32, u32, u32)) -> String {
    let Ok(photo) = Photo::from_rgb(rows, columns, colors.concat()) else { return String::new() };
    format!(
        "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
         style=\"image-rendering:pixelated\" href=\"{}\"/>\n",
        small_png(&photo).data_uri()
    )
}
