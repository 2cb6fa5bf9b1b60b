//! The errors of the order service, and the one place where they become statuses.

use std::{collections::HashMap, io, time::Duration};

use launcher::transcript;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};
use uuid::Uuid;

use crate::{
    check::{LIMIT, WINDOW},
    language::Language,
};

/// An `ErrorInfo`'s reason is unique within its domain. This is the domain of the errors below.
pub const DOMAIN: &str = "orders.example.com";

/// The errors of an order. The service returns these, and knows no status.
#[derive(Debug)]
pub enum OrderError {
    /// The order has these faults.
    Invalid(Vec<FieldViolation>),
    /// There is no order with this id.
    NotFound { id: String },
    /// The quota is used up for this time.
    TooFast { wait: Duration },
    /// We do not deliver to this town.
    NotServed { town: String },
    /// The database failed.
    Database(io::Error),
}

/// Lets `?` turn an error of the database into one of ours. (tonic has such a conversion from
/// [`io::Error`] to a status, which would send our caller the text of the error.)
impl From<io::Error> for OrderError {
    fn from(error: io::Error) -> Self {
        Self::Database(error)
    }
}

impl OrderError {
    /// The status of this error: a code, a message for developers, and the details.
    ///
    /// Without a `_` arm in the `match`, the compiler reports an error that has no status yet.
    #[must_use]
    pub fn status(self, language: Language) -> Status {
        let mut details = ErrorDetails::new();
        // The text that a client shows to its user as it arrives, without knowing the error.
        details.set_localized_message(language.tag(), self.localized(language));
        // The values that a program needs together with the reason.
        let mut values = HashMap::new();
        let (code, reason, message) = match self {
            Self::Invalid(violations) => {
                details.set_bad_request(violations);
                (Code::InvalidArgument, "ORDER_INVALID", "the order is invalid".into())
            }
            Self::NotFound { id } => {
                let id = cut(&id);
                values.insert("id".into(), id.clone());
                details.set_resource_info("ecommerce.Order", &id, "order-management", "");
                details.add_help_link("How orders are numbered", "https://example.com/orders");
                (Code::NotFound, "ORDER_NOT_FOUND", format!("order \"{id}\" does not exist"))
            }
            Self::TooFast { wait } => {
                details.set_retry_info(Some(wait));
                let quota = format!("{LIMIT} orders in {WINDOW:?}");
                details.add_quota_failure_violation("all callers", quota);
                (Code::ResourceExhausted, "ORDERS_TOO_FAST", "too many orders at once".into())
            }
            Self::NotServed { town } => {
                let town = cut(&town);
                details.add_precondition_failure_violation("DELIVERY", &town, "is not served");
                let message = format!("nothing is delivered to \"{town}\"");
                (Code::FailedPrecondition, "DESTINATION_NOT_SERVED", message)
            }
            Self::Database(cause) => {
                // The cause names our hosts and tables, so it goes to the log. The caller gets a
                // number, with which the operator of the server finds the cause there.
                let request = Uuid::new_v4().to_string();
                transcript!(server, "request {request} failed: {cause}");
                details.set_request_info(request, "");
                (Code::Internal, "INTERNAL", "internal error".into())
            }
        };
        details.set_error_info(reason, DOMAIN, values);
        Status::with_error_details(code, message, details)
    }

    /// The text for the user.
    #[must_use]
    pub fn localized(&self, language: Language) -> String {
        match language {
            Language::English => match self {
                Self::Invalid(_) => "Please correct these fields.".into(),
                Self::NotFound { id } => format!("There is no order {id:.100}."),
                Self::TooFast { .. } => "Too many orders. Please wait a moment.".into(),
                Self::NotServed { town } => {
                    format!("We do not deliver to {town:.100} yet.")
                }
                Self::Database(_) => {
                    "Something broke here. Please give us the request's number.".into()
                }
            },
            Language::Korean => match self {
                Self::Invalid(_) => "다음 항목을 고쳐 주세요.".into(),
                Self::NotFound { id } => format!("주문 {id:.100} 을(를) 찾을 수 없습니다."),
                Self::TooFast { .. } => "주문이 너무 빠릅니다. 잠시 기다려 주세요.".into(),
                Self::NotServed { town } => {
                    format!("{town:.100} 지역에는 아직 배송하지 않습니다.")
                }
                Self::Database(_) => {
                    "저희 쪽에 문제가 생겼습니다. 요청 번호를 알려 주세요.".into()
                }
            },
        }
    }
}

/// Production: a status travels in headers, whose size is limited. So of a text that the caller has
/// sent, 100 characters come back.
fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
