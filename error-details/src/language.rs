//! What a user reads, in the user's language.
//!
//! The status's own message is not for users: it is for developers, and in English. A client
//! shows the localized one as it is, whatever went wrong, without knowing the error.

use tonic::metadata::MetadataMap;

use crate::order_error::OrderError;

/// A language that this server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `en`
    English,
    /// `ko`
    Korean,
}

impl Language {
    /// The language that the caller likes best, of those in `accept-language` metadata such as
    /// `ko-KR, en;q=0.8` (RFC 9110, section 12.5.4). English where there is none.
    #[must_use]
    pub fn of(metadata: &MetadataMap) -> Self {
        let accepted = metadata.get_all("accept-language").iter();
        let accepted = accepted.filter_map(|value| value.to_str().ok());
        let mut best = (Self::English, 0.0);
        for entry in accepted.flat_map(|value| value.split(',')) {
            let (range, parameter) = entry.split_once(';').unwrap_or((entry, "q=1"));
            let quality = parameter.trim().strip_prefix("q=").and_then(|q| q.parse().ok());
            let language =
                match range.trim().split('-').next().map(str::to_lowercase).as_deref() {
                    Some("en") => Self::English,
                    Some("ko") => Self::Korean,
                    _ => continue,
                };
            let quality = quality.unwrap_or(0.0);
            if quality > best.1 {
                best = (language, quality);
            }
        }
        best.0
    }

    /// Its name in metadata and details.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Korean => "ko",
        }
    }

    /// What to tell a user of `error`.
    #[must_use]
    pub fn say(self, error: &OrderError) -> String {
        match error {
            OrderError::Invalid(_) => match self {
                Self::English => "Please correct these fields.".into(),
                Self::Korean => "다음 항목을 고쳐 주세요.".into(),
            },
            OrderError::NotFound { id } => match self {
                Self::English => format!("There is no order {id:.100}."),
                Self::Korean => format!("주문 {id:.100} 을(를) 찾을 수 없습니다."),
            },
            OrderError::TooFast { .. } => match self {
                Self::English => "That was quick. Please wait a moment.".into(),
                Self::Korean => "주문이 너무 빠릅니다. 잠시 기다려 주세요.".into(),
            },
            OrderError::NotServed { destination } => match self {
                Self::English => format!("We do not deliver to {destination:.100} yet."),
                Self::Korean => format!("{destination:.100} 지역에는 아직 배송하지 않습니다."),
            },
            OrderError::Store(_) => match self {
                Self::English => {
                    "Something broke here. Please give us the request's number.".into()
                }
                Self::Korean => "저희 쪽에 문제가 생겼습니다. 요청 번호를 알려 주세요.".into(),
            },
        }
    }
}
