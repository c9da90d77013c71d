//! Lines and points over two named axes.

use super::chart::{self, GRID, INK, SERIES, SIZE};
use plotters::prelude::*;
use std::ops::Range;

/// One measure against another, one series a method, with a legend.
///
/// Points whose coordinates are not finite (the PSNR of a lossless picture, say) are left out.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Curve {
    pub(super) title: String,
    x: String,
    y: String,
    log_x: bool,
    series: Vec<Series>,
    marks: Vec<(f64, String)>,
}

/// Points of a line that are still drawn as dots.
const MOST_DOTS: usize = 60;
/// The share of a chart's height that a row of text takes, and of its width that a character does.
const ROW: f64 = 0.05;
const CHARACTER: f64 = 0.011;

#[derive(Clone, Debug, PartialEq)]
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    joined: bool,
}

impl Curve {
    /// An empty chart.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            x: String::new(),
            y: String::new(),
            log_x: false,
            series: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// What the horizontal axis shows, with its unit.
    pub fn x(mut self, label: impl Into<String>) -> Self {
        self.x = label.into();
        self
    }

    /// What the vertical axis shows, with its unit.
    pub fn y(mut self, label: impl Into<String>) -> Self {
        self.y = label.into();
        self
    }

    /// A horizontal axis on which equal steps double the value, or over more than three decades multiply it by ten;
    /// points at 0 and below are left out.
    pub fn log_x(mut self) -> Self {
        self.log_x = true;
        self
    }

    /// Adds points joined by a line, in the order given.
    pub fn line(self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.add(name, points, true)
    }

    /// Adds points that are not joined.
    pub fn points(self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.add(name, points, false)
    }

    /// Marks a place on the horizontal axis by a dashed line and a text.
    pub fn mark(mut self, x: f64, text: impl Into<String>) -> Self {
        self.marks.push((x, text.into()));
        self
    }

    fn add(mut self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>, joined: bool) -> Self {
        self.series.push(Series { name: name.into(), points: points.into_iter().collect(), joined });
        self
    }

    pub(super) fn dimensions(&self) -> (u32, u32) {
        SIZE
    }

    /// Whether a logarithmic axis goes in tens, not in twos: where twos would make more than ten ticks.
    fn is_decimal(&self) -> bool {
        let points = self.series.iter().flat_map(|series| &series.points).map(|point| point.0);
        let finite = points.filter(|x| *x > 0.0 && x.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, 0.0f64), |(low, high), x| (low.min(x), high.max(x)));
        high / low > 1024.0
    }

    /// Where a value lies on the horizontal axis.
    fn place(&self, x: f64) -> f64 {
        match (self.log_x, self.is_decimal()) {
            (false, _) => x,
            (true, false) => x.log2(),
            (true, true) => x.log10(),
        }
    }

    /// The value at a place of the horizontal axis.
    fn value_at(&self, place: f64) -> f64 {
        match (self.log_x, self.is_decimal()) {
            (false, _) => place,
            (true, false) => place.exp2(),
            (true, true) => 10f64.powf(place),
        }
    }

    /// The corner with the fewest points, of equal ones the first: where the legend hides least.
    fn legend_corner(&self, x_range: &Range<f64>, y_range: &Range<f64>) -> SeriesLabelPosition {
        let share = |value: f64, range: &Range<f64>| (value - range.start) / (range.end - range.start);
        let points: Vec<_> = self.series.iter().flat_map(|series| self.placed(series)).collect();
        let inside = |right: bool, upper: bool| {
            let near = |share: f64, far: bool| if far { share > 0.6 } else { share < 0.4 };
            points.iter().filter(|(x, y)| near(share(*x, x_range), right) && near(share(*y, y_range), upper)).count()
        };
        let corners = [
            (SeriesLabelPosition::LowerRight, inside(true, false)),
            (SeriesLabelPosition::UpperRight, inside(true, true)),
            (SeriesLabelPosition::UpperLeft, inside(false, true)),
            (SeriesLabelPosition::LowerLeft, inside(false, false)),
        ];
        corners.into_iter().min_by_key(|corner| corner.1).expect("four corners").0
    }

    fn placed<'a>(&'a self, series: &'a Series) -> impl Iterator<Item = (f64, f64)> + 'a {
        let placed = series.points.iter().map(|&(x, y)| (self.place(x), y));
        placed.filter(|(x, y)| x.is_finite() && y.is_finite())
    }

    /// The marks from left to right: where each one's text starts and ends, the row for it, which is the first in which
    /// it covers no other, and the text.
    fn placed_marks(&self, x_range: &Range<f64>) -> Vec<(f64, f64, usize, &str)> {
        let mut marks: Vec<(f64, &str)> = self.marks.iter().map(|(x, text)| (self.place(*x), text.as_str())).collect();
        marks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut ends: Vec<f64> = Vec::new();
        let placed = marks.into_iter().map(|(x, text)| {
            let row = ends.iter().position(|&end| end <= x).unwrap_or(ends.len());
            let end = x + (text.chars().count() + 1) as f64 * CHARACTER * (x_range.end - x_range.start);
            if row == ends.len() {
                ends.push(end)
            } else {
                ends[row] = end
            }
            (x, end, row, text)
        });
        placed.collect()
    }

    /// The chart as an SVG document.
    pub fn svg(&self) -> String {
        let points = || self.series.iter().flat_map(|series| self.placed(series));
        let marks = self.marks.iter().map(|&(x, _)| self.place(x));
        let (x_range, y_range) =
            (chart::range(points().map(|p| p.0).chain(marks)), chart::range(points().map(|p| p.1)));
        let ticks = if self.log_x { (x_range.end - x_range.start).ceil() as usize + 1 } else { 9 };
        chart::page(self.dimensions(), |root| {
            let mut chart = ChartBuilder::on(root)
                .caption(&self.title, chart::font(chart::TITLE))
                .margin(14)
                .margin_right(28)
                .x_label_area_size(48)
                .y_label_area_size(64)
                .build_cartesian_2d(x_range.clone(), y_range.clone())?;
            chart
                .configure_mesh()
                .x_desc(&self.x)
                .y_desc(&self.y)
                .axis_desc_style(chart::font(chart::LABEL))
                .label_style(chart::font(chart::TICK))
                .x_labels(ticks)
                .y_labels(9)
                .x_label_formatter(&|&x| chart::tick(self.value_at(x)))
                .y_label_formatter(&|&y| chart::tick(y))
                .axis_style(INK)
                .bold_line_style(GRID)
                .light_line_style(TRANSPARENT)
                .draw()?;
            let (bottom, top) = (y_range.start, y_range.end);
            for &(x, _) in &self.marks {
                let x = self.place(x);
                chart.draw_series(DashedLineSeries::new([(x, bottom), (x, top)], 5, 4, INK.stroke_width(1)))?;
            }
            for (x, end, row, text) in self.placed_marks(&x_range) {
                let row_top = |row: usize| top - row as f64 * ROW * (top - bottom);
                // Other marks' lines do not run through the text.
                let start = x + 0.3 * CHARACTER * (x_range.end - x_range.start);
                let ground = [(start, row_top(row)), (end, row_top(row + 1))];
                chart.draw_series([Rectangle::new(ground, chart::BACKGROUND.filled())])?;
                chart.draw_series([Text::new(format!(" {text}"), (x, row_top(row)), chart::font(chart::TICK))])?;
            }
            for (series, color) in self.series.iter().zip(SERIES.iter().cycle()) {
                let points: Vec<(f64, f64)> = self.placed(series).collect();
                if series.joined {
                    chart.draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))?;
                }
                let legend = series.joined;
                // Where a line has as many points as this, dots would only make it thick.
                let dotted = !series.joined || points.len() <= MOST_DOTS;
                let dots = points.into_iter().filter(|_| dotted).map(|point| Circle::new(point, 4, color.filled()));
                chart.draw_series(dots)?.label(&series.name).legend(move |(x, y)| {
                    let line = if legend { vec![(x, y), (x + 20, y)] } else { Vec::new() };
                    EmptyElement::at((0, 0))
                        + PathElement::new(line, color.stroke_width(2))
                        + Circle::new((x + 10, y), 4, color.filled())
                });
            }
            if self.series.len() > 1 {
                chart
                    .configure_series_labels()
                    .position(self.legend_corner(&x_range, &y_range))
                    .margin(12)
                    .background_style(WHITE.mix(0.9))
                    .border_style(GRID)
                    .label_font(chart::font(chart::LABEL))
                    .draw()?;
            }
            Ok(())
        })
    }
}

super::svg_figure!(Curve, "Curve");
