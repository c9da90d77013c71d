//! x
/// x
pub enum VolumeFormat {}
