//! Reads pictures, one path a line of standard input, and says of each what it is: `ok HEIGHT WIDTH CHANNELS`, or
//! `error` and why. The samples go to a file beside it, `.raw`, in the order (height, width, channel). An argument is
//! the limit of bytes.

use cortado::{Limits, Photo, file};
use std::io::{BufRead, Write};
use std::path::Path;

fn main() -> std::io::Result<()> {
    let limits = match std::env::args().nth(1) {
        Some(bytes) => Limits::new().bytes(bytes.parse().expect("the limit is a number of bytes")),
        None => Limits::new(),
    };
    for path in std::io::stdin().lock().lines() {
        let path = path?;
        match file::read(Path::new(&path), &limits).and_then(|bytes| Photo::decode_with(&bytes, &limits)) {
            Ok(photo) => {
                std::fs::write(format!("{path}.raw"), photo.samples())?;
                println!("ok {} {} {}", photo.height(), photo.width(), photo.channels());
            }
            Err(error) => println!("error {error}"),
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}
