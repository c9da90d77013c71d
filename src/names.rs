//! Names of files: what kind they tell of, and how people read them.

use std::fmt::Write;
use std::path::Path;

/// A file name's extension in lower case; empty when it has none.
pub fn extension(path: &Path) -> String {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase()
}

/// A path for people to read: control characters, and bytes that are no UTF-8, as their numbers, so that a name cannot
/// move the cursor, colour the terminal or begin a new line.
///
/// ```
/// use cortado::file::shown;
/// assert_eq!(shown("Brüssel/a b.png"), "Brüssel/a b.png");
/// assert_eq!(shown("a\x1b[31m\n.png"), r"a\x1b[31m\x0a.png");
/// ```
pub fn shown(path: impl AsRef<Path>) -> String {
    let mut text = String::new();
    for chunk in path.as_ref().as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(&printable(chunk.valid()));
        for byte in chunk.invalid() {
            // Writing to memory does not fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Text of one line, for people to read, as in [`shown`].
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        // Marks that turn the direction of writing around make one name look like another.
        let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let _ = match u32::from(character) {
            code if character.is_control() => write!(printable, "\\x{code:02x}"),
            code if turns => write!(printable, "\\u{{{code:x}}}"),
            _ => printable.write_char(character),
        };
    }
    printable
}
