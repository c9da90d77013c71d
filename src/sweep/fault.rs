//! A codec that fails on purpose, to try what is around it.

use crate::catalogue;
use crate::codec::{Codec, Decoded, Form, Given, Info, Parameter, Reading, Takes, Values};
use crate::error::{Error, Result};

/// The ways in which programs fail.
const KINDS: [&str; 5] = ["error", "panic", "abort", "memory", "hang"];

struct FaultCodec;

/// Adds the codec `fault`, which fails as its `kind` says: `error`, `panic`, `abort`, `memory` or `hang`. The last
/// three end or hold up the process they are in, which on threads is the caller's. Nothing knows it unless this was
/// called.
pub fn register_fault() {
    // Once is enough.
    let _ = catalogue::register(FaultCodec);
}

impl Codec for FaultCodec {
    fn info(&self) -> Info {
        Info::new("fault", "fails on purpose, to try what is around it", Takes::Both).form(Form::new("none"))
    }

    fn parameters(&self) -> Vec<Parameter> {
        vec![Parameter::choice("kind", KINDS, "how it fails").default("error")]
    }

    fn encode(&self, _: &Given, values: &Values) -> Result<Vec<u8>> {
        match values.maybe_word("kind") {
            Some("panic") => panic!("a panic on purpose"),
            Some("abort") => std::process::abort(),
            // More than there is anywhere, so that the refusal comes at once.
            Some("memory") => Ok(vec![0; isize::MAX as usize]),
            Some("hang") => loop {
                std::thread::park();
            },
            _ => Err(Error::Unsupported("an error on purpose".into())),
        }
    }

    fn decode(&self, _: &[u8], _: &Values, _: &Reading) -> Result<Decoded> {
        Err(Error::Unsupported("nothing was encoded".into()))
    }
}
