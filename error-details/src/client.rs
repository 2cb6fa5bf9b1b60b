//! The client's side: five errors, and what a program makes of each.

use std::time::Duration;

use http::Response;
use launcher::{describe, endpoint, transcript};
use proto::ecommerce::{Order, order_management_client::OrderManagementClient};
use tokio::time::timeout;
use tonic::{Code, Request, Status, body::Body, transport::Channel};
use tonic_types::{ErrorDetails, StatusExt};
use tower::{ServiceBuilder, util::MapResponse};

use crate::{guard::without_broken_details, retry::obeying};

/// A channel that keeps broken details away.
type Guarded = MapResponse<Channel, fn(Response<Body>) -> Response<Body>>;
type Client = OrderManagementClient<Guarded>;

/// Connects to the server at `target`, a `HOST:PORT`, and makes the calls of [`call`].
pub async fn run(target: String) -> Result<(), launcher::Error> {
    let channel = endpoint(&target)?.connect().await?;
    timeout(Duration::from_secs(30), call(client(channel)))
        .await
        .map_err(|_| Status::deadline_exceeded("the calls took more than 30 s"))??;
    Ok(())
}

/// A stub over `channel` that survives broken details.
#[must_use]
pub fn client(channel: Channel) -> Client {
    let guard = without_broken_details as fn(Response<Body>) -> Response<Body>;
    OrderManagementClient::new(ServiceBuilder::new().map_response(guard).service(channel))
}

/// Runs into five errors, and acts on each.
///
/// Fails with the status of the first call that does not end as it should.
pub async fn call(mut client: Client) -> Result<(), Status> {
    show_a_form(&mut client).await?;
    offer_help(&mut client).await?;
    wait_and_try_again(&mut client).await?;
    tell_the_user(&mut client).await?;
    report(&mut client).await
}

async fn show_a_form(client: &mut Client) -> Result<(), Status> {
    let mut faulty = order("-1", " ");
    faulty.items = vec!["iPhone XS".into(), String::new()];
    faulty.price = -1.0;
    let details = refused(client.add_order(faulty).await, Code::InvalidArgument)?;
    if let Some(bad_request) = details.bad_request() {
        // All of them at once, each for the field that it belongs to.
        for violation in &bad_request.field_violations {
            transcript!(client, "    {} {}", violation.field, violation.description);
        }
    }
    Ok(())
}

async fn offer_help(client: &mut Client) -> Result<(), Status> {
    let details = refused(client.get_order("999".to_owned()).await, Code::NotFound)?;
    if let Some(resource) = details.resource_info() {
        let (kind, name, owner) =
            (&resource.resource_type, &resource.resource_name, &resource.owner);
        transcript!(client, "    missing: {kind} {name:?} of {owner}");
    }
    if let Some(help) = details.help() {
        for link in &help.links {
            transcript!(client, "    {}: {}", link.description, link.url);
        }
    }
    Ok(())
}

async fn wait_and_try_again(client: &mut Client) -> Result<(), Status> {
    for id in ["101", "102", "103", "104"] {
        let order = order(id, "San Jose, CA");
        let answer = obeying(async || client.add_order(order.clone()).await).await?;
        transcript!(client, "addOrder({id}) -> {:?}", answer.into_inner());
    }
    Ok(())
}

async fn tell_the_user(client: &mut Client) -> Result<(), Status> {
    let mut request = Request::new(order("105", "Atlantis"));
    let languages = "ko-KR, en;q=0.8".parse().map_err(|_| Status::internal("not ASCII"))?;
    request.metadata_mut().insert("accept-language", languages);
    let details = refused(client.add_order(request).await, Code::FailedPrecondition)?;
    if let Some(failure) = details.precondition_failure() {
        for violation in &failure.violations {
            transcript!(
                client,
                "    {}: {} {}",
                violation.r#type,
                violation.subject,
                violation.description
            );
        }
    }
    if let Some(message) = details.localized_message() {
        transcript!(client, "    the user reads ({}): {}", message.locale, message.message);
    }
    Ok(())
}

async fn report(client: &mut Client) -> Result<(), Status> {
    let details = refused(client.get_order("10\0 6".to_owned()).await, Code::Internal)?;
    if let Some(request) = details.request_info() {
        transcript!(
            client,
            "    to be told to those who run the server: request {}",
            request.request_id
        );
    }
    Ok(())
}

/// The details of a call that has to be refused with `code`; anything else is the error.
fn refused<T>(
    result: Result<tonic::Response<T>, Status>,
    code: Code,
) -> Result<ErrorDetails, Status> {
    let status = match result {
        Err(status) if status.code() == code => status,
        Err(status) => return Err(status),
        Ok(_) => return Err(Status::unknown("the server accepted what it has to refuse")),
    };
    let details = status.get_error_details();
    // A program decides by the reason. The message may change, and the code is shared by many.
    let reason = details.error_info().map_or("", |info| &info.reason);
    transcript!(client, "{} ({reason})", describe(&status));
    Ok(details)
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
