//! Reads files of labels, one path a line of standard input, and says of each what it is: `ok Z Y X TYPE`, or `error`
//! and why. The labels go to a file beside it, in the order (z, y, x), little-endian. An argument is the limit of
//! bytes.

use cortado::volume::VolumeOptions;
use cortado::{AnyVolume, Limits};
use std::io::{BufRead, Write};

fn main() -> std::io::Result<()> {
    let limits = match std::env::args().nth(1) {
        Some(bytes) => Limits::new().bytes(bytes.parse().expect("the limit is a number of bytes")),
        None => Limits::new(),
    };
    let options = VolumeOptions::new().limits(limits);
    for path in std::io::stdin().lock().lines() {
        let path = path?;
        match AnyVolume::open_as(&path, &options) {
            Ok(volume) => {
                let [z, y, x] = volume.shape();
                std::fs::write(format!("{path}.raw"), volume.to_le_bytes())?;
                println!("ok {z} {y} {x} {}", volume.label_type().name());
            }
            Err(error) => println!("error {error}"),
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}
