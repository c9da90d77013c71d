//! What a sweep found: size against quality, and the front.

use super::Curve;
use crate::error::Result;
use crate::table::Table;

/// The points of a table, `cost` (the less the better) to the right and `gain` (the more the better) upwards, a series
/// for every value of the column `series`; and as a line the Pareto front of them all, see [`Table::pareto`]. Rows in
/// which either is missing are left out.
///
/// ```
/// use cortado::plot::rate_distortion;
/// use cortado::Table;
/// let mut table = Table::new(["codec", "bits_per_pixel", "psnr_db"]);
/// table.push(["a".into(), 1.0.into(), 30.0.into()]);
/// table.push(["b".into(), 2.0.into(), 29.0.into()]);
/// let plot = rate_distortion("a against b", &table, "bits_per_pixel", "psnr_db", "codec")?;
/// assert!(plot.svg().contains("Pareto front"));
/// # Ok::<(), cortado::Error>(())
/// ```
///
/// # Errors
/// [`Error::OutOfRange`](crate::Error::OutOfRange) when there is no such column, or one of the two holds texts.
pub fn rate_distortion(title: &str, table: &Table, cost: &str, gain: &str, series: &str) -> Result<Curve> {
    let front = table.pareto(cost, gain)?.points(cost, gain)?;
    let mut curve = Curve::new(title).x(axis(cost)).y(axis(gain)).line("Pareto front", front);
    for (name, rows) in table.groups(series)? {
        curve = curve.points(format!("{series} {name}"), rows.points(cost, gain)?);
    }
    Ok(curve)
}

/// An axis' name with its unit, for the columns of a sweep.
fn axis(column: &str) -> &str {
    match column {
        "bits_per_pixel" => "bits per pixel",
        "bytes" => "compressed bytes",
        "psnr_db" => "PSNR (dB)",
        "ssim" => "SSIM",
        "ssimulacra2" => "SSIMULACRA 2",
        "ratio" => "raw bytes / compressed bytes",
        "encode_ms" => "encoding (ms)",
        "decode_ms" => "decoding (ms)",
        other => other,
    }
}
