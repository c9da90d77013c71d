//! Horizontal bars, one a named thing.

use super::chart::{self, GRID, INK, SERIES};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// One measure of several named things: horizontal bars from zero, each with its value at the end.
///
/// Values that are negative or not finite are shown by their text alone.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Bars {
    pub(super) title: String,
    x: String,
    bars: Vec<(String, f64)>,
}

/// Pixels a bar takes, its gap included.
const PITCH: u32 = 34;
/// Pixels of title, margins and axis.
const FRAME: u32 = 110;

impl Bars {
    /// An empty chart.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), x: String::new(), bars: Vec::new() }
    }

    /// What the bars' lengths show, with the unit.
    pub fn x(mut self, label: impl Into<String>) -> Self {
        self.x = label.into();
        self
    }

    /// Adds a bar below the others.
    pub fn bar(mut self, name: impl Into<String>, value: f64) -> Self {
        self.bars.push((name.into(), value));
        self
    }

    pub(super) fn dimensions(&self) -> (u32, u32) {
        (chart::SIZE.0, FRAME + PITCH * self.bars.len().max(1) as u32)
    }

    /// The chart as an SVG document.
    pub fn svg(&self) -> String {
        let longest = self.bars.iter().map(|bar| bar.1).filter(|value| value.is_finite()).fold(0.0, f64::max);
        // Room for the value behind the longest bar.
        let end = if longest > 0.0 { longest * 1.18 } else { 1.0 };
        let rows = self.bars.len().max(1) as f64;
        let names = self.bars.iter().map(|bar| bar.0.chars().count()).max().unwrap_or(0) as u32;
        chart::page(self.dimensions(), |root| {
            let mut chart = ChartBuilder::on(root)
                .caption(&self.title, chart::font(chart::TITLE))
                .margin(14)
                .margin_right(28)
                .x_label_area_size(48)
                .y_label_area_size((names * 8 + 20).min(chart::SIZE.0 / 2))
                .build_cartesian_2d(0.0..end, rows..0.0)?;
            chart
                .configure_mesh()
                .x_desc(&self.x)
                .axis_desc_style(chart::font(chart::LABEL))
                .label_style(chart::font(chart::TICK))
                .x_labels(7)
                .x_label_formatter(&|&x| chart::tick(x))
                .y_labels(0)
                .axis_style(INK)
                .bold_line_style(GRID)
                .light_line_style(TRANSPARENT)
                .disable_y_mesh()
                .draw()?;
            for (row, (name, value)) in self.bars.iter().enumerate() {
                let (top, middle, bottom) = (row as f64 + 0.16, row as f64 + 0.5, row as f64 + 0.84);
                let length = if value.is_finite() { value.max(0.0) } else { 0.0 };
                chart.draw_series([Rectangle::new([(0.0, top), (length, bottom)], SERIES[0].filled())])?;
                let text = chart::font(chart::TICK).pos(Pos::new(HPos::Left, VPos::Center));
                let label = EmptyElement::at((length, middle)) + Text::new(shown(*value), (6, 0), text);
                chart.draw_series([label])?;
                let text = chart::font(chart::TICK).pos(Pos::new(HPos::Right, VPos::Center));
                let at = chart.backend_coord(&(0.0, middle));
                root.draw(&Text::new(name.clone(), (at.0 - 8, at.1), text))?;
            }
            Ok(())
        })
    }
}

/// A value with as many decimals as its size deserves.
fn shown(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let scale = 10f64.powi(decimals);
    if value.is_finite() { chart::tick((value * scale).round() / scale) } else { value.to_string() }
}

super::svg_figure!(Bars, "Bars");
