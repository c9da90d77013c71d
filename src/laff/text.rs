//! Streams as text: base 85 with characters that mail, JSON and most languages' strings leave alone.

use super::FORMAT;
use crate::error::{Error, Result};

/// The digits of ZeroMQ's Z85: no quotes, no backslash, no space.
const DIGITS: &[u8; 85] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
/// Characters of a line.
const LINE: usize = 75;

/// A stream as text: five characters for four bytes, n + 1 for the last n, in lines of 75.
///
/// Text is a quarter longer than the bytes; base 64 makes it a third.
///
/// ```
/// use cortado::laff;
/// let text = laff::to_text(b"laff");
/// assert_eq!(text, "y**{/");
/// assert_eq!(laff::from_text(" y**\n{/ ")?, b"laff");
/// # Ok::<(), cortado::Error>(())
/// ```
pub fn to_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() / 4 * 5 + bytes.len() / 60 + 6);
    let mut column = 0;
    for group in bytes.chunks(4) {
        let mut padded = [0; 4];
        padded[..group.len()].copy_from_slice(group);
        let number = u32::from_be_bytes(padded);
        for place in (4 - group.len() as u32..5).rev() {
            if column == LINE {
                text.push('\n');
                column = 0;
            }
            text.push(DIGITS[(number / 85_u32.pow(place) % 85) as usize].into());
            column += 1;
        }
    }
    text
}

/// The stream that a text was made from; white space counts for nothing.
///
/// # Errors
/// [`Error::Malformed`] with the place of a character that is none of the 85, or of a group that no bytes have.
pub fn from_text(text: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 5 * 4);
    let (mut number, mut digits) = (0_u64, 0);
    for (at, &character) in text.as_bytes().iter().enumerate() {
        if character.is_ascii_whitespace() {
            continue;
        }
        let Some(digit) = DIGITS.iter().position(|&digit| digit == character) else {
            let message = format!("expected a base 85 digit, found {:?}", char::from(character));
            return Err(Error::malformed_at(FORMAT, at, message));
        };
        number = number * 85 + digit as u64;
        digits += 1;
        if digits == 5 {
            bytes.extend(group(number, at)?);
            (number, digits) = (0, 0);
        }
    }
    match digits {
        0 => {}
        1 => return Err(Error::malformed_at(FORMAT, text.len(), "a single digit is left at the end")),
        _ => {
            // The digits left out were of a number that zeros had filled up: the largest that begins so holds its
            // bytes.
            for _ in digits..5 {
                number = number * 85 + 84;
            }
            let last = group(number.min(u32::MAX.into()), text.len())?;
            bytes.extend(&last[..digits - 1]);
        }
    }
    Ok(bytes)
}

fn group(number: u64, at: usize) -> Result<[u8; 4]> {
    match u32::try_from(number) {
        Ok(number) => Ok(number.to_be_bytes()),
        Err(_) => Err(Error::malformed_at(FORMAT, at, "five digits that are more than four bytes hold")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_at_every_length() {
        let bytes: Vec<u8> = (0..300_u32).map(|i| (i * i * 7 + 255) as u8).collect();
        for len in 0..bytes.len() {
            for part in [&bytes[..len], &vec![0; len], &vec![255; len]] {
                let text = to_text(part);
                let characters = text.bytes().filter(|&c| c != b'\n').count();
                assert_eq!(characters, len / 4 * 5 + if len % 4 > 0 { len % 4 + 1 } else { 0 });
                assert!(
                    text.lines().all(|line| line.len() <= LINE) && !text.contains(['"', '\\', '\'', '`', ',', ';'])
                );
                assert_eq!(from_text(&text).unwrap(), part);
            }
        }
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        for (text, expected) in [
            ("y**{/\"", "found '\"' (at byte 5)"),
            ("#####", "more than four bytes hold (at byte 4)"),
            ("y**{/y", "a single digit is left at the end (at byte 6)"),
        ] {
            let message = from_text(text).unwrap_err().to_string();
            assert!(message.ends_with(expected), "{message}");
        }
    }
}
