//! Which codec a file's name or its first bytes ask for.

use cortado::second_stage::SecondStage;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What a file is coded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// An indexed PNG, or a GIF.
    Palette,
    /// A laff stream, or one as text.
    Laff(Form),
    /// A femto archive, compressed or not.
    Femto(Option<SecondStage>),
    /// A label volume.
    Labels(LabelCodec),
}

/// How a stream is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Bytes,
    Text,
}

/// What a label volume is coded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelCodec {
    /// A Compresso stream, compressed a second time or not.
    Compresso(Option<SecondStage>),
    /// A Ristretto stream.
    Ristretto,
}

impl LabelCodec {
    /// The extension of its files before a second compression.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Compresso(_) => "cpso",
            Self::Ristretto => "ristretto",
        }
    }

    /// Whether damage to a file of it is noticed by a checksum.
    pub fn has_checksum(self) -> bool {
        match self {
            Self::Compresso(second) => second.is_some_and(SecondStage::has_checksum),
            Self::Ristretto => true,
        }
    }

    /// The name in reports, such as `compresso+xz`.
    pub fn name(self) -> String {
        match self {
            Self::Compresso(Some(second)) => format!("compresso+{second}"),
            Self::Compresso(None) => "compresso".into(),
            Self::Ristretto => "ristretto".into(),
        }
    }
}

impl Codec {
    /// The codec that a name such as `brain.cpso.xz`, or only its extensions, asks for.
    pub fn from_name(name: &Path) -> Option<Self> {
        let name = name.file_name()?.to_string_lossy().to_ascii_lowercase();
        let (stem, extension) = name.rsplit_once('.').unwrap_or(("", &name));
        match (extension, SecondStage::from_extension(extension)) {
            ("png" | "gif", _) => Some(Self::Palette),
            ("laff", _) => Some(Self::Laff(Form::Bytes)),
            ("txt", _) if stem == "laff" || stem.ends_with(".laff") => Some(Self::Laff(Form::Text)),
            ("json", _) => Some(Self::Femto(None)),
            ("gz", _) if stem == "json" || stem.ends_with(".json") => Some(Self::Femto(Some(SecondStage::Gzip))),
            ("cpso", _) => Some(compresso(None)),
            ("ristretto", _) => Some(Self::Labels(LabelCodec::Ristretto)),
            (_, Some(second)) if stem == "cpso" || stem.ends_with(".cpso") => Some(compresso(Some(second))),
            _ => None,
        }
    }

    /// The codec of a file: as its name says, else as its first bytes do, through a second compression where there is
    /// one. Brotli, LZMA and LZW have no first bytes of their own.
    pub fn of(name: &Path, bytes: &[u8]) -> Option<Self> {
        Self::from_name(name).or_else(|| match SecondStage::from_magic(bytes) {
            Some(second) => match Self::from_magic(&second.first_bytes(bytes, MAGIC)) {
                Some(Self::Femto(None)) => Some(Self::Femto(Some(second))),
                Some(Self::Labels(LabelCodec::Compresso(None))) => Some(compresso(Some(second))),
                _ => None,
            },
            None => Self::from_magic(bytes),
        })
    }

    /// The same, reading no more of a file than tells.
    pub fn of_file(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        // A compressor's first block is longer than its magic.
        let read = File::open(path).and_then(|file| file.take(1 << 16).read_to_end(&mut bytes));
        Self::from_name(path).or_else(|| read.ok().and_then(|_| Self::of(path, &bytes)))
    }

    fn from_magic(bytes: &[u8]) -> Option<Self> {
        let magics: [(&[u8], Self); 6] = [
            (b"laff", Self::Laff(Form::Bytes)),
            (b"\x89PNG", Self::Palette),
            (b"GIF8", Self::Palette),
            (b"{", Self::Femto(None)),
            (b"cpso", compresso(None)),
            (b"rstt", Self::Labels(LabelCodec::Ristretto)),
        ];
        magics.into_iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, codec)| codec)
    }
}

/// Bytes that tell a codec.
const MAGIC: usize = 4;

fn compresso(second: Option<SecondStage>) -> Codec {
    Codec::Labels(LabelCodec::Compresso(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_first_bytes() {
        let name = |name: &str| Codec::from_name(Path::new(name));
        assert_eq!(name("a/b.PNG"), Some(Codec::Palette));
        assert_eq!(name("a/b.json"), Some(Codec::Femto(None)));
        assert_eq!(
            (name("a/b.JSON.gz"), name("json.gz")),
            (Some(Codec::Femto(Some(SecondStage::Gzip))), name("b.json.gz"))
        );
        assert_eq!((name("b.json.xz"), Codec::of(Path::new("-"), b"{\"a\"")), (None, Some(Codec::Femto(None))));
        assert_eq!(
            (name("b.laff"), name("b.laff.txt")),
            (Some(Codec::Laff(Form::Bytes)), Some(Codec::Laff(Form::Text)))
        );
        assert_eq!(name("a/b.cpso"), Some(compresso(None)));
        assert_eq!(name("b.npy.Ristretto"), Some(Codec::Labels(LabelCodec::Ristretto)));
        assert_eq!(Codec::of(Path::new("-"), b"rstt"), name("ristretto"));
        assert_eq!(name("b.npy.cpso.lzma"), Some(compresso(Some(SecondStage::Lzma))));
        assert_eq!(name("cpso.zst"), Some(compresso(Some(SecondStage::Zstd))));
        assert_eq!((name("cpso"), name("b.xz"), name("b.npy")), (Some(compresso(None)), None, None));
        let inside = |bytes: &[u8]| Codec::of(Path::new("-"), &SecondStage::Bzip2.encode(bytes, None).unwrap());
        assert_eq!(inside(b"cpso and more"), Some(compresso(Some(SecondStage::Bzip2))));
        assert_eq!(inside(b"{\"shape\": 1}"), Some(Codec::Femto(Some(SecondStage::Bzip2))));
        assert_eq!((inside(b"\x93NUMPY"), inside(b"")), (None, None));
        assert_eq!(Codec::of(Path::new("-"), b""), None);
    }
}
