//! Enums whose values have names: all of them, the name, and both ways between.

/// Gives an enum `ALL`, `name`, `Display` and `FromStr`. `what` is what errors call it.
macro_rules! words {
    ($kind:ident, $what:literal, $expected:literal, { $($variant:ident => $word:literal,)+ }) => {
        impl $kind {
            /// All of them.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The name, which is also how it is written and read.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $kind {
            type Err = crate::error::Error;

            fn from_str(name: &str) -> crate::error::Result<Self> {
                let found = Self::ALL.into_iter().find(|one| one.name() == name);
                found.ok_or_else(|| crate::error::Error::out_of_range($what, format!("{name:?}"), $expected))
            }
        }

        $crate::words::as_text!($kind);
    };
}

/// The numbers of a text such as `4x4x1`; `None` when they are not three.
pub(crate) fn three<T: std::str::FromStr>(text: &str) -> Option<[T; 3]> {
    let numbers: Option<Vec<T>> = text.split('x').map(|number| number.parse().ok()).collect();
    numbers?.try_into().ok()
}

/// Lets a type that is displayed and parsed be written and read as that text.
macro_rules! as_text {
    ($($kind:ty),+) => {$(
        #[cfg(all(feature = "serde", not(rust_analyzer)))]
        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(all(feature = "serde", not(rust_analyzer)))]
        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

pub(crate) use {as_text, words};
