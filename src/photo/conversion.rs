//! What reading a picture gave up.

/// What opening a file had to give up, or to change, to make an 8-bit sRGB picture without transparency of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conversion {
    /// Samples of more than 8 bits were rounded to 8.
    pub depth_reduced: bool,
    /// Pixels that are not opaque were laid over white.
    pub alpha_flattened: bool,
    /// Colours were converted to sRGB, as a colour profile or the like asks for.
    pub color_converted: bool,
    /// The file describes its colours in a way that could not be applied; they were taken for sRGB.
    pub color_ignored: bool,
    /// The file has more pictures: frames of an animation, or pages. The first was taken.
    pub first_of_several: bool,
    /// Pixels have samples of unknown meaning beside their colours; they were left out.
    pub samples_left_out: bool,
    /// The file names colours by numbers and has no palette for them; the numbers were taken for grey levels.
    pub palette_missing: bool,
    /// Percent of a damaged picture that are missing, rounded up; 0 of a whole one.
    pub missing_percent: u8,
}

impl Conversion {
    /// Whether the photo is all that the file says: nothing was rounded, flattened, converted, ignored or left out.
    pub fn is_lossless(&self) -> bool {
        *self == Self::default()
    }

    /// What was given up, a line each; nothing for colours that were converted rightly.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mut note = |given_up: bool, line: &str| {
            if given_up {
                notes.push(line.to_owned());
            }
        };
        note(self.depth_reduced, "samples of more than 8 bits were rounded to 8");
        note(self.alpha_flattened, "transparency was laid over white");
        note(self.color_ignored, "the file's colour profile could not be applied: its colours are taken for sRGB");
        note(self.first_of_several, "the file has several frames or pages: the first was taken");
        note(self.samples_left_out, "samples of unknown meaning beside the colours were left out");
        note(self.palette_missing, "the file has no palette: its numbers were taken for grey levels");
        let missing = format!("{} % of the picture is missing", self.missing_percent);
        note(self.missing_percent > 0, &missing);
        notes
    }
}
