//! What can go wrong with an order, and the one place where it becomes a status.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, ErrorInfo, FieldViolation, StatusExt};
use tracing::info;
use uuid::Uuid;

use crate::{language::Language, quota, store::StoreError};

/// Whose errors these are: an [`ErrorInfo`]'s reason is unique in its domain.
pub const DOMAIN: &str = "orders.example.com";

/// No details over this, in bytes before base64, leave the server.
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
        let mut details = ErrorDetails::new();
        details.set_localized_message(language.tag(), language.say(&self));
        let (code, message) = match self {
            Self::Invalid(violations) => {
                inform(&mut details, "ORDER_INVALID", []);
                let message = format!("the order has {} faults", violations.len());
                details.set_bad_request(violations);
                (Code::InvalidArgument, message)
            }
            Self::NotFound { id } => {
                let id = cut(&id);
                let message = format!("order \"{id}\" does not exist");
                inform(&mut details, "ORDER_NOT_FOUND", [("id", id.clone())]);
                details.set_resource_info("ecommerce.Order", id, "order-management", "");
                details.add_help_link("How orders are numbered", "https://example.com/orders");
                (Code::NotFound, message)
            }
            Self::TooFast { caller, wait } => {
                inform(&mut details, "ORDERS_TOO_FAST", [("caller", caller.clone())]);
                details.set_retry_info(Some(wait));
                let quota = format!("{} orders in {:?}", quota::LIMIT, quota::WINDOW);
                details.add_quota_failure_violation(format!("caller:{caller}"), quota);
                (Code::ResourceExhausted, "too many orders at once".into())
            }
            Self::NotServed { destination } => {
                let town = cut(&destination);
                let message = format!("nothing is delivered to \"{town}\"");
                inform(&mut details, "DESTINATION_NOT_SERVED", [("destination", town.clone())]);
                details.add_precondition_failure_violation("DELIVERY", town, "is not served");
                (Code::FailedPrecondition, message)
            }
            Self::Store(cause) => {
                // The caller gets a number and nothing else; whoever has the log finds the cause.
                let request = Uuid::new_v4().to_string();
                info!(target: "server", "request {request} failed: {cause}");
                inform(&mut details, "INTERNAL", []);
                details.set_request_info(request, "");
                (Code::Internal, "internal error".into())
            }
        };
        fit(Status::with_error_details(code, message, details))
    }
}

/// What a program decides by: a reason that never changes, where a message may.
fn inform<const N: usize>(details: &mut ErrorDetails, reason: &str, data: [(&str, String); N]) {
    let data = data.map(|(key, value)| (key.to_owned(), value));
    details.set_error_info(reason, DOMAIN, HashMap::from(data));
}

/// Leaves out all details but the `ErrorInfo` where they are too long. They travel in a trailer,
/// and a peer that gets more headers than it takes (8 KiB, some) drops the call, or the connection.
fn fit(status: Status) -> Status {
    if status.details().len() <= MAX_DETAILS {
        return status;
    }
    let mut details = ErrorDetails::new();
    if let Some(ErrorInfo { reason, domain, .. }) = status.get_details_error_info() {
        let left_out = ("left-out".to_owned(), format!("{} bytes", status.details().len()));
        details.set_error_info(reason, domain, HashMap::from([left_out]));
    }
    Status::with_error_details(status.code(), status.message(), details)
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}
