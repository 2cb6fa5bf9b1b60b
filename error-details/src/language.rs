//! The language that a user reads. The message of a status is always English, for developers.

use tonic::metadata::MetadataMap;

/// A language in which this server has texts for users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Korean,
}

impl Language {
    /// The language that the caller prefers, by `accept-language` metadata such as
    /// `ko-KR, en;q=0.8` (RFC 9110, section 12.5.4). English if it accepts neither.
    #[must_use]
    pub fn of(metadata: &MetadataMap) -> Self {
        let values = metadata.get_all("accept-language").iter();
        let values = values.filter_map(|value| value.to_str().ok());
        let mut best = (Self::English, 0.0);
        for entry in values.flat_map(|value| value.split(',')).filter_map(Self::entry) {
            if entry.1 > best.1 {
                best = entry;
            }
        }
        best.0
    }

    /// The language and the weight of an entry such as `en;q=0.8`.
    ///
    /// An entry whose weight is not a number from 0 to 1 is ignored. A client can send `q=inf`, and
    /// that must not win.
    fn entry(text: &str) -> Option<(Self, f32)> {
        let (range, parameter) = text.split_once(';').unwrap_or((text, "q=1"));
        let (name, weight) = parameter.trim().split_once('=')?;
        let is_weight =
            |weight: &f32| (0.0..=1.0).contains(weight) && name.eq_ignore_ascii_case("q");
        let weight = weight.parse().ok().filter(is_weight)?;
        match range.trim().split('-').next()?.to_lowercase().as_str() {
            "en" => Some((Self::English, weight)),
            "ko" => Some((Self::Korean, weight)),
            _ => None,
        }
    }

    /// The language's tag in metadata and details.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }
}
