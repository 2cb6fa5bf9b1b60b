//! 2. Limit the attempts.

use std::time::Duration;

use proto::ecommerce::ProductId;
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

use crate::{ADMIN, Service};

/// admin:12345
const WRONG: &str = "Basic YWRtaW46MTIzNDU=";

async fn wrong_passwords(service: &mut Service, number: usize) {
    for _ in 0..number {
        let status = service.add(WRONG).await.expect_err("the password is wrong");
        assert_eq!(status.code(), Code::Unauthenticated, "a wrong password");
    }
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_after_five_wrong_passwords_no_password_is_accepted_for_a_second() {
    let mut service = Service::start().await;
    for _ in 0..2 {
        wrong_passwords(&mut service, 4).await;
        service.add(ADMIN).await.expect("four wrong passwords must not lock the account");
    }
    wrong_passwords(&mut service, 4).await;
    let start = Instant::now();
    wrong_passwords(&mut service, 1).await;
    let status = service
        .add(ADMIN)
        .await
        .expect_err("after five wrong passwords, the right one must be refused for a second");
    assert_eq!(status.code(), Code::Unauthenticated, "a password that comes too early");
    assert_eq!(status.message(), "credentials are missing or not valid", "the same message");

    let token = service.token("shop", "products.read");
    let unknown = ProductId { value: "no-such-id".into() };
    let status = service.get(&unknown, &token).await.expect_err("it does not exist");
    assert_eq!(status.code(), Code::NotFound, "tokens must still be accepted");

    let accepted = async {
        while service.add(ADMIN).await.is_err() {
            // `h2` closes a connection with too many refused calls.
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), accepted).await.expect(
        "after a second the right password must be accepted, even if it was tried before",
    );
    let waited = start.elapsed();
    assert!(
        waited >= Duration::from_secs(1),
        "the right password was accepted after {waited:?}"
    );
    service.add(ADMIN).await.expect("the right password must end the count");
}
