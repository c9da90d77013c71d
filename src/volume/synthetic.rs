//! x
/// x
pub struct TissueOptions {}
