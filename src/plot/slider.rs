//! A picture that changes with a parameter.

use super::{Figure, Media};
use crate::table::escape;

/// Pictures made beforehand, one for each value of a parameter, and a slider to move between them.
///
/// It is plain HTML with the pictures inside: it works in a notebook, in a page exported from it and in a saved file,
/// without a kernel, a network or a widget library.
///
/// ```
/// use cortado::prelude::*;
/// let grey = |level| Photo::from_grey(1, 1, vec![level]);
/// let slider = Slider::new("level").frame("dark", &grey(40)?).frame("light", &grey(200)?);
/// assert!(slider.html().contains("type=\"range\""));
/// # Ok::<(), cortado::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Slider {
    title: String,
    frames: Vec<Frame>,
}

#[derive(Clone, Debug, PartialEq)]
struct Frame {
    label: String,
    media: Media,
    size: (u32, u32),
}

/// Shows the chosen frame and its label; needs no name that a second slider on the page could share.
const MOVE: &str = "const f=this.closest('figure'),n=+this.value;\
    f.querySelectorAll('img').forEach(function(e,i){e.style.display=i===n?'block':'none';\
    if(i===n)f.querySelector('output').textContent=e.alt})";

impl Slider {
    /// A slider without frames; `title` names the parameter.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), frames: Vec::new() }
    }

    /// Adds a picture and what to call it, such as `k = 16`.
    pub fn frame(mut self, label: impl Into<String>, figure: &impl Figure) -> Self {
        self.frames.push(Frame { label: label.into(), media: figure.media(), size: figure.size() });
        self
    }

    /// The slider as an HTML fragment; it starts at the first frame.
    pub fn html(&self) -> String {
        let title = escape(&self.title);
        let first = self.frames.first().map(|frame| escape(&frame.label)).unwrap_or_default();
        let images = self.frames.iter().enumerate().map(|(index, frame)| {
            let display = if index == 0 { "block" } else { "none" };
            let (width, label) = (frame.size.0, escape(&frame.label));
            format!(
                "<img alt=\"{label}\" src=\"{}\" style=\"display:{display};width:{width}px;max-width:100%\">",
                frame.media.data_uri()
            )
        });
        format!(
            // JupyterLab would take the arrow keys for its own: the attribute asks its shortcuts not to, and its
            // notebook does not hear of them.
            "<figure class=\"cortado-slider\" data-lm-suppress-shortcuts=\"true\" onkeydown=\"event.stopPropagation()\" style=\"display:inline-block;max-width:100%;box-sizing:border-box;\
             margin:0;padding:12px;background:#fdfdfd;color:#222;font:14px sans-serif\">\
             <label style=\"display:flex;gap:12px;align-items:center;margin-bottom:8px\">{title}\
             <input type=\"range\" min=\"0\" max=\"{}\" value=\"0\" step=\"1\" aria-label=\"{title}\" \
             style=\"flex:1;min-width:160px\" oninput=\"{MOVE}\"><output>{first}</output></label>{}</figure>",
            self.frames.len().saturating_sub(1),
            images.collect::<String>()
        )
    }
}

impl Figure for Slider {
    fn media(&self) -> Media {
        Media::Html(self.html())
    }

    fn size(&self) -> (u32, u32) {
        let side = |of: fn(&Frame) -> u32| self.frames.iter().map(of).max().unwrap_or(0);
        (side(|frame| frame.size.0) + 24, side(|frame| frame.size.1) + 64)
    }

    fn summary(&self) -> String {
        format!("Slider: {}, {} frames", self.title, self.frames.len())
    }
}
