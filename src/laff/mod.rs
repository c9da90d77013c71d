//! laff.
mod block;
mod decode;
mod encode;
mod filter;
mod model;
mod planes;
mod search;
mod slice;
mod tables;
mod thumbnail;
#[doc(hidden)]
pub mod train;
