//! What singular values tell: the error of every rank, and ranks chosen by rules.

use crate::error::{Error, Result};
use crate::table::Table;

/// The singular values of a matrix and what follows from them without decomposing it again.
///
/// The best approximation of rank r has a squared error (the sum over all elements) of exactly the sum of the squares
/// of the singular values that it leaves out (Eckart, Young 1936). Where only the largest are known, their share in the
/// sum of all squared elements gives the rest.
///
/// ```
/// use cortado::svd::{Svd, SvdOptions};
/// use ndarray::array;
/// let a = array![[3.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]];
/// let svd = Svd::of(a.view(), &SvdOptions::new())?;
/// let spectrum = svd.spectrum();
/// assert!((spectrum.squared_error(1) - 5.0).abs() < 1e-12);
/// assert_eq!(spectrum.rank_for_energy(0.9)?, 2);
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    shape: (usize, usize),
    values: Vec<f64>,
    /// The squared error of every rank from 0 on.
    errors: Vec<f64>,
    complete: bool,
}

impl Spectrum {
    /// `energy` is the sum of all squared elements; where the values are complete, their squares are what it is made
    /// of.
    pub(super) fn new(shape: (usize, usize), values: Vec<f64>, energy: f64, complete: bool) -> Self {
        let unknown = match complete {
            true => 0.0,
            false => (energy - values.iter().map(|value| value * value).sum::<f64>()).max(0.0),
        };
        let mut errors = vec![unknown; values.len() + 1];
        for rank in (0..values.len()).rev() {
            errors[rank] = errors[rank + 1] + values[rank] * values[rank];
        }
        Self { shape, values, errors, complete }
    }

    /// The shape of the matrix, (m, n).
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// The known singular values, largest first.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Whether these are all that are not zero.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The squared Frobenius norm of what a rank leaves out; of a rank beyond the known values, of what these leave
    /// out.
    pub fn squared_error(&self, rank: usize) -> f64 {
        self.errors[rank.min(self.values.len())]
    }

    /// The share from 0 to 1 of the squared elements' sum that a rank holds, 1 for a matrix of zeros.
    pub fn energy(&self, rank: usize) -> f64 {
        if self.errors[0] == 0.0 { 1.0 } else { 1.0 - self.squared_error(rank) / self.errors[0] }
    }

    /// The mean squared error of a rank.
    pub fn mse(&self, rank: usize) -> f64 {
        self.squared_error(rank) / (self.shape.0 as f64 * self.shape.1 as f64)
    }

    /// The peak signal-to-noise ratio of a rank in dB for samples from 0 to 255, before they are rounded: infinite
    /// without an error.
    pub fn psnr(&self, rank: usize) -> f64 {
        crate::metrics::psnr_from_mse(self.mse(rank))
    }

    /// The numbers that a rank takes to store: `rank * (m + n + 1)`.
    pub fn numbers(&self, rank: usize) -> usize {
        rank.saturating_mul(self.shape.0 + self.shape.1 + 1)
    }

    /// The smallest rank that holds a share of the energy, from 0 to 1.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for another share, [`Error::Unreachable`] for one that the known singular values do not
    /// reach.
    pub fn rank_for_energy(&self, share: f64) -> Result<usize> {
        if !(0.0..=1.0).contains(&share) {
            return Err(Error::out_of_range("energy", share, "from 0 to 1"));
        }
        self.smallest(|rank| self.squared_error(rank) <= (1.0 - share) * self.errors[0], "energy", share)
    }

    /// The smallest rank with at least so many dB of [`Spectrum::psnr`].
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the known singular values do not reach it, and for a number that is none.
    pub fn rank_for_psnr(&self, psnr: f64) -> Result<usize> {
        self.smallest(|rank| self.psnr(rank) >= psnr, "PSNR", psnr)
    }

    fn smallest(&self, enough: impl Fn(usize) -> bool, name: &'static str, wanted: f64) -> Result<usize> {
        (0..=self.values.len()).find(|&rank| enough(rank)).ok_or_else(|| Error::Unreachable {
            goal: format!("{name} {wanted}"),
            best: format!("{} singular values are known", self.values.len()),
        })
    }

    /// The largest rank of which the factors fit so many bytes, when each number takes `bytes_per_number`; at most the
    /// number of known values.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when a number takes no bytes or not a number of them.
    pub fn rank_for_bytes(&self, bytes: usize, bytes_per_number: f64) -> Result<usize> {
        if !(bytes_per_number > 0.0 && bytes_per_number.is_finite()) {
            return Err(Error::out_of_range("bytes per number", bytes_per_number, "more than 0"));
        }
        let rank = bytes as f64 / (self.numbers(1) as f64 * bytes_per_number);
        Ok((rank as usize).min(self.values.len()))
    }

    /// The rank at the elbow: how many values stand before the one that is farthest below the straight line from the
    /// first to the last, on a logarithmic scale. 0 for less than three values.
    pub fn elbow(&self) -> usize {
        let logs: Vec<f64> = self.values.iter().map(|value| value.ln()).collect();
        let (Some(first), Some(last)) = (logs.first(), logs.last()) else { return 0 };
        let slope = (last - first) / (logs.len() - 1).max(1) as f64;
        let below = |at: usize| first + slope * at as f64 - logs[at];
        let farthest = (0..logs.len()).fold(0, |best, at| if below(at) > below(best) { at } else { best });
        if below(farthest) > 0.0 { farthest } else { 0 }
    }

    /// The number of singular values above what noise of unknown strength would have: the optimal hard threshold of
    /// Gavish and Donoho (2014), a multiple of the median that is 2.858 for a square matrix. It assumes a matrix of low
    /// rank under white noise, which a photo is not: a rule to remove noise by, not to compress by.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when not all singular values are known.
    pub fn gavish_donoho(&self) -> Result<usize> {
        if !self.complete {
            let message = "the median of the singular values takes all of them: decompose without a rank".into();
            return Err(Error::Unsupported(message));
        }
        // Values that were left out are zeros.
        let count = self.shape.0.min(self.shape.1);
        let value = |at: usize| self.values.get(at).copied().unwrap_or(0.0);
        let median = 0.5 * (value((count - 1) / 2) + value(count / 2));
        let aspect = self.aspect();
        let threshold = hard_threshold(aspect) / median_of_noise(aspect).sqrt() * median;
        Ok(self.values.partition_point(|&value| value > threshold))
    }

    /// As [`Spectrum::gavish_donoho`] for noise with a known standard deviation.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] when it is negative or not a number, or when too few singular values are known to tell.
    pub fn gavish_donoho_for(&self, deviation: f64) -> Result<usize> {
        let longest = self.shape.0.max(self.shape.1) as f64;
        let threshold = hard_threshold(self.aspect()) * longest.sqrt() * deviation;
        let rank = self.values.partition_point(|&value| value > threshold);
        if deviation.is_nan() || deviation < 0.0 || (rank == self.values.len() && !self.complete) {
            return Err(Error::out_of_range(
                "the noise's deviation",
                deviation,
                "at least 0, and as large as the singular values that were computed show",
            ));
        }
        Ok(rank)
    }

    fn aspect(&self) -> f64 {
        let (m, n) = self.shape;
        m.min(n) as f64 / m.max(n) as f64
    }

    /// A row for every rank from 1: singular value, share of the energy, MSE, PSNR in dB, and numbers to store.
    pub fn table(&self) -> Table {
        let mut table = Table::new(["rank", "singular value", "energy", "MSE", "PSNR (dB)", "numbers"]);
        for (at, &value) in self.values.iter().enumerate() {
            let rank = at + 1;
            let (energy, mse, psnr) = (self.energy(rank), self.mse(rank), self.psnr(rank));
            table.push([rank.into(), value.into(), energy.into(), mse.into(), psnr.into(), self.numbers(rank).into()]);
        }
        table
    }
}

/// Below which multiple of the noise's deviation times the root of the longer side a singular value is worth nothing.
fn hard_threshold(aspect: f64) -> f64 {
    let sum = aspect + 1.0;
    (2.0 * sum + 8.0 * aspect / (sum + (aspect * aspect + 14.0 * aspect + 1.0).sqrt())).sqrt()
}

/// The median of the squared singular values of pure noise, of deviation 1 over the root of the longer side: the
/// Marchenko-Pastur distribution's.
fn median_of_noise(aspect: f64) -> f64 {
    let (low, high) = ((1.0 - aspect.sqrt()).powi(2), (1.0 + aspect.sqrt()).powi(2));
    // With x = middle - half * cos(angle) the density has no edges that an even step would miss.
    const STEPS: usize = 1 << 14;
    let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
    let at = |step: usize| middle - half * (std::f64::consts::PI * (step as f64 + 0.5) / STEPS as f64).cos();
    let weight = |x: f64| (x - low).max(0.0) * (high - x).max(0.0) / x;
    let total: f64 = (0..STEPS).map(|step| weight(at(step))).sum();
    let mut sum = 0.0;
    for step in 0..STEPS {
        let share = weight(at(step));
        if sum + share >= 0.5 * total {
            return at(step);
        }
        sum += share;
    }
    high
}
