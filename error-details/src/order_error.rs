//! What can go wrong with an order, and the one place where it becomes a status.

use std::{collections::HashMap, time::Duration};

use launcher::transcript;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};
use uuid::Uuid;

use crate::{language::Language, quota, store::StoreError};

/// Whose errors these are: an `ErrorInfo`'s reason is unique in its domain.
pub const DOMAIN: &str = "orders.example.com";

/// Details over this, in bytes before base64, leave the server without all that is not basic.
const MAX_DETAILS: usize = 4 * 1024;

/// What can go wrong, in the words of orders and not of gRPC.
#[derive(Debug)]
pub enum OrderError {
    /// The order is no order; here is all that is wrong with it.
    Invalid(Vec<FieldViolation>),
    /// No order has this id.
    NotFound {
        /// The id.
        id: String,
    },
    /// The caller has added too many orders.
    TooFast {
        /// Who it is.
        caller: String,
        /// How long to wait.
        wait: Duration,
    },
    /// Nothing is delivered there.
    NotServed {
        /// Where it should have gone.
        destination: String,
    },
    /// What lies below has failed.
    Store(StoreError),
}

/// With this, `?` takes an error of the store's for one of ours.
impl From<StoreError> for OrderError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl OrderError {
    /// The status: a code, a message for developers, and details for programs and users.
    ///
    /// Each has an `ErrorInfo` and a `LocalizedMessage`. What a caller has sent is in it with 100
    /// characters at most.
    #[must_use]
    pub fn status(self, language: Language) -> Status {
        // What every error has, and then what only this one has.
        let mut details = ErrorDetails::new();
        details.set_error_info(self.reason(), DOMAIN, self.data());
        details.set_localized_message(language.tag(), language.say(&self));
        let basics = details.clone();
        let (code, message) = match self {
            Self::Invalid(violations) => {
                details.set_bad_request(violations);
                (Code::InvalidArgument, "the order is invalid".into())
            }
            Self::NotFound { id } => {
                let id = cut(&id);
                let message = format!("order \"{id}\" does not exist");
                details.set_resource_info("ecommerce.Order", id, "order-management", "");
                details.add_help_link("How orders are numbered", "https://example.com/orders");
                (Code::NotFound, message)
            }
            Self::TooFast { caller, wait } => {
                details.set_retry_info(Some(wait));
                let quota = format!("{} orders in {:?}", quota::LIMIT, quota::WINDOW);
                details.add_quota_failure_violation(format!("caller:{caller}"), quota);
                (Code::ResourceExhausted, "too many orders at once".into())
            }
            Self::NotServed { destination } => {
                let town = cut(&destination);
                let message = format!("nothing is delivered to \"{town}\"");
                details.add_precondition_failure_violation("DELIVERY", town, "is not served");
                (Code::FailedPrecondition, message)
            }
            Self::Store(cause) => {
                // The caller gets a number and nothing else; whoever has the log finds the cause.
                let request = Uuid::new_v4().to_string();
                transcript!(server, "request {request} failed: {cause}");
                details.set_request_info(request, "");
                (Code::Internal, "internal error".into())
            }
        };
        let status = Status::with_error_details(code, message, details);
        // They travel in a trailer, and a peer that gets more headers than it takes (8 KiB, some)
        // drops the call, or the connection.
        if status.details().len() > MAX_DETAILS {
            return Status::with_error_details(code, status.message(), basics);
        }
        status
    }

    /// What a program decides by: it never changes, where a message may.
    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "ORDER_INVALID",
            Self::NotFound { .. } => "ORDER_NOT_FOUND",
            Self::TooFast { .. } => "ORDERS_TOO_FAST",
            Self::NotServed { .. } => "DESTINATION_NOT_SERVED",
            Self::Store(_) => "INTERNAL",
        }
    }

    /// What a program needs to know beside the reason.
    fn data(&self) -> HashMap<String, String> {
        let (key, value) = match self {
            Self::NotFound { id } => ("id", id),
            Self::TooFast { caller, .. } => ("caller", caller),
            Self::NotServed { destination } => ("destination", destination),
            Self::Invalid(_) | Self::Store(_) => return HashMap::new(),
        };
        HashMap::from([(key.to_owned(), cut(value))])
    }
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
