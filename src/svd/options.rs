//! What a decomposition may be asked for.

/// Options of [`Svd::of`](super::Svd::of).
///
/// ```
/// use cortado::svd::SvdOptions;
/// let options = SvdOptions::new().rank(64).seed(0);
/// ```
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), serde(default, deny_unknown_fields))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SvdOptions {
    pub(super) rank: Option<usize>,
    pub(super) method: Method,
    pub(super) iterations: usize,
    pub(super) seed: u64,
}

/// How singular values are found.
#[cfg_attr(all(feature = "serde", not(rust_analyzer)), derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Method {
    /// Randomised where the rank is small beside both sides, else exact.
    #[default]
    Auto,
    /// From the eigenvectors of the smaller Gram matrix in double precision: all singular values, whatever the rank.
    Exact,
    /// A randomised range finder: of the directions that the matrix and its powers stretch most, the best within a few
    /// hundred (a block Krylov space: Musco, Musco 2015).
    Randomized,
}

impl SvdOptions {
    /// All singular values, by [`Method::Auto`], with 7 iterations and seed 0 where it is randomised.
    pub const fn new() -> Self {
        Self { rank: None, method: Method::Auto, iterations: 7, seed: 0 }
    }

    /// As many of the largest singular values, or all that the matrix has, when these are fewer; all if it is never
    /// said.
    #[must_use]
    pub const fn rank(mut self, rank: usize) -> Self {
        self.rank = Some(rank);
        self
    }

    /// How singular values are found.
    #[must_use]
    pub const fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// How often the randomised method multiplies with the matrix and its transpose, at least once. Each costs time,
    /// and brings the result closer to the exact one.
    #[must_use]
    pub const fn iterations(mut self, iterations: usize) -> Self {
        self.iterations = iterations;
        self
    }

    /// The seed of the randomised method. The same seed gives the same result on any number of threads.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl Default for SvdOptions {
    fn default() -> Self {
        Self::new()
    }
}
