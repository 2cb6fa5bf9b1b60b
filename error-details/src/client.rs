//! The client's side: five errors, and how a program acts on each.

use std::{error::Error as _, time::Duration};

use launcher::{describe, endpoint, transcript};
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tokio::time::{sleep, timeout};
use tonic::{Request, Response, Status, metadata::MetadataValue, transport::Channel};
use tonic_types::{ErrorDetails, StatusExt};

type Client = OrderManagementClient<Channel>;

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String) -> Result<(), launcher::Error> {
    let channel = endpoint(&target)?.connect().await?;
    timeout(Duration::from_secs(30), call(OrderManagementClient::new(channel)))
        .await
        .map_err(|_| format!("gave up on {target}: the calls took more than 30 s"))??;
    Ok(())
}

/// Causes five errors, and acts on each. Fails if a good call fails, or if the connection is lost.
pub async fn call(mut client: Client) -> Result<(), Status> {
    show_a_form(&mut client).await?;
    offer_help(&mut client).await?;
    wait_and_try_again(&mut client).await?;
    inform_the_user(&mut client).await?;
    report(&mut client).await
}

/// INVALID_ARGUMENT: a form shows each violation next to its field, all of them at once.
async fn show_a_form(client: &mut Client) -> Result<(), Status> {
    let mut faulty = order("-1", " ");
    faulty.items = vec!["iPhone XS".into(), String::new()];
    faulty.price = -1.0;
    let details = refused("addOrder(-1)", client.add_order(faulty).await)?;
    for violation in details.bad_request().map_or(&[][..], |all| &all.field_violations) {
        transcript!(client, "    {} {}", violation.field, violation.description);
    }
    Ok(())
}

/// NOT_FOUND: print the missing thing, and a link to read on.
async fn offer_help(client: &mut Client) -> Result<(), Status> {
    let details = refused("getOrder(999)", client.get_order("999".to_owned()).await)?;
    if let Some(resource) = details.resource_info() {
        let (kind, name, owner) =
            (&resource.resource_type, &resource.resource_name, &resource.owner);
        transcript!(client, "    missing: {kind} {name:?} of {owner}");
    }
    for link in details.help().map_or(&[][..], |help| &help.links) {
        transcript!(client, "    {}: {}", link.description, link.url);
    }
    Ok(())
}

/// RESOURCE_EXHAUSTED: the fourth order within a second has to wait.
async fn wait_and_try_again(client: &mut Client) -> Result<(), Status> {
    for id in ["101", "102", "103", "104"] {
        let order = order(id, "San Jose, CA");
        let answer = obeying(async || client.add_order(order.clone()).await).await?;
        transcript!(client, "addOrder({id}) -> {:?}", answer.into_inner());
    }
    Ok(())
}

/// FAILED_PRECONDITION: a user can do something about it, and reads it in the user's language.
async fn inform_the_user(client: &mut Client) -> Result<(), Status> {
    let mut request = Request::new(order("105", "Atlantis"));
    let languages = MetadataValue::from_static("ko-KR, en;q=0.8");
    request.metadata_mut().insert("accept-language", languages);
    let details = refused("addOrder(105)", client.add_order(request).await)?;
    for violation in details.precondition_failure().map_or(&[][..], |all| &all.violations) {
        let (kind, subject, text) =
            (&violation.r#type, &violation.subject, &violation.description);
        transcript!(client, "    {kind}: {subject} {text}");
    }
    if let Some(text) = details.localized_message() {
        transcript!(client, "    the user reads ({}): {}", text.locale, text.message);
    }
    Ok(())
}

/// INTERNAL: only the operator of the server can help, and needs the number of the request.
async fn report(client: &mut Client) -> Result<(), Status> {
    let result = client.get_order("10\0 6".to_owned()).await;
    let details = refused("getOrder(10\0 6)", result)?;
    if let Some(request) = details.request_info() {
        transcript!(client, "    please report: request {}", request.request_id);
    }
    Ok(())
}

/// Prints the outcome of a call that our server refuses, and returns the details. Other servers may
/// accept it, as the book's do, and that is no reason to stop.
fn refused<T>(call: &str, result: Result<Response<T>, Status>) -> Result<ErrorDetails, Status> {
    let status = match result {
        Ok(_) => {
            transcript!(client, "{call} -> accepted; our server refuses this");
            return Ok(ErrorDetails::new());
        }
        // Only a status that tonic made itself has a source: no server has answered.
        Err(status) if status.source().is_some() => return Err(status),
        Err(status) => status,
    };
    let details = status.get_error_details();
    // A program decides by the reason. The message may change, and many errors share a code.
    let reason = details.error_info().map(|info| format!(" ({})", info.reason));
    transcript!(client, "{call} -> {}{}", describe(&status), reason.unwrap_or_default());
    Ok(details)
}

/// A call is made at most this many times.
const ATTEMPTS: u32 = 3;
/// If the server asks for a longer delay, the call fails instead.
const MAX_DELAY: Duration = Duration::from_secs(10);

/// Makes `call`, and repeats it for as long as its status has a `RetryInfo`, each time after the
/// delay in there. Returns the result of the last attempt.
pub async fn obeying<T>(
    mut call: impl AsyncFnMut() -> Result<Response<T>, Status>,
) -> Result<Response<T>, Status> {
    for _ in 1..ATTEMPTS {
        let result = call().await;
        let Err(status) = &result else { return result };
        let delay = status.get_details_retry_info().and_then(|retry| retry.retry_delay);
        let Some(delay) = delay.filter(|delay| *delay <= MAX_DELAY) else { return result };
        transcript!(client, "{}; trying again after {delay:.1?}", describe(status));
        sleep(delay).await;
    }
    call().await
}

fn order(id: &str, destination: &str) -> Order {
    Order {
        id: id.into(),
        items: vec!["iPhone XS".into()],
        price: 999.0,
        destination: destination.into(),
        ..Order::default()
    }
}
