//! How values show themselves at the end of a notebook's cell.
//!
//! The Rust kernel calls `evcxr_display` on a cell's last expression and reads what it prints between two marker lines.
//! These methods are the only place in the library that prints.

use crate::error::Error;
use crate::palette::{IndexedPhoto, Palette, Storage};
use crate::photo::Photo;
use crate::plot::{Bars, Curve, Figure, Heatmap, SideBySide, Slider, Swatches};
use crate::svd::femto::Femto;
use crate::svd::{PatchSvd, PhotoSvd, QuantizedSvd, Spectrum};
use crate::sweep::Progress;
use crate::table::Table;
use crate::volume::{AnyVolume, Label, Volume};
use std::sync::atomic::{AtomicU64, Ordering};

/// One form of a value; the notebook shows the richest that it can.
fn send(mime_type: &str, payload: &str) {
    println!("EVCXR_BEGIN_CONTENT {mime_type}\n{payload}\nEVCXR_END_CONTENT");
}

fn show(figure: &impl Figure) {
    let media = figure.media();
    send(media.mime_type(), &media.payload());
    send("text/plain", &figure.summary());
}

macro_rules! figures {
    ($($figure:ty),*) => {$(
        impl $figure {
            /// Shows the value at the end of a notebook's cell.
            pub fn evcxr_display(&self) {
                show(self);
            }
        }
    )*};
}

figures!(PatchSvd, PhotoSvd, QuantizedSvd, Femto, Spectrum);
figures!(AnyVolume, Photo, IndexedPhoto, Palette, Bars, Curve, Heatmap, SideBySide, Slider, Swatches);

impl<T: Label> Volume<T> {
    /// Shows the middle slice at the end of a notebook's cell.
    pub fn evcxr_display(&self) {
        show(self);
    }
}

impl Table {
    /// Shows the table at the end of a notebook's cell.
    pub fn evcxr_display(&self) {
        send("text/html", &self.to_html());
        send("text/plain", &self.to_string());
    }
}

/// Says how far a sweep is, in a line every few seconds: for [`Sweep::watch`](crate::sweep::Sweep::watch) in a
/// notebook, which shows whole lines only.
pub fn progress(progress: &Progress) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let seconds = progress.elapsed.as_secs();
    let begins = progress.done == progress.resumed;
    let ends = progress.done == progress.total;
    if begins {
        NEXT.store(SECONDS_BETWEEN_LINES, Ordering::Relaxed);
    } else if seconds >= NEXT.load(Ordering::Relaxed) || ends {
        NEXT.store(seconds + SECONDS_BETWEEN_LINES, Ordering::Relaxed);
        let errors = if progress.errors > 0 { format!(", {} errors", progress.errors) } else { String::new() };
        println!("{} of {} rows, {seconds} s{errors}", progress.done, progress.total);
    }
}

const SECONDS_BETWEEN_LINES: u64 = 5;

impl Storage {
    /// Shows the table of [`Storage::table`] at the end of a notebook's cell.
    pub fn evcxr_display(&self) {
        self.table().evcxr_display();
    }
}

impl Error {
    /// Shows the error's line at the end of a notebook's cell.
    pub fn evcxr_display(&self) {
        send("text/plain", &self.to_string());
    }
}
