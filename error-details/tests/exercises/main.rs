//! The exercises of the README. Each test fails until its exercise is solved:
//!
//! ```text
//! cargo test -p error-details --test exercises -- --ignored exercise_1
//! ```

use std::{sync::Arc, time::Duration};

use error_details::{
    language::Language, order_error::OrderError, retry::obeying, server::CarefulOrders,
    store::Store,
};
use order_management::orders::Orders;
use proto::ecommerce::{
    Order, order_management_client::OrderManagementClient,
    order_management_server::OrderManagementServer,
};
use testing::in_memory;
use tonic::{Code, Response, Status, metadata::MetadataMap, transport::Channel};
use tonic_types::{ErrorDetails, StatusExt};

async fn stub() -> OrderManagementClient<Channel> {
    let service = CarefulOrders::new(Arc::new(Orders::sample()));
    OrderManagementClient::new(in_memory(OrderManagementServer::new(service)).await)
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_1_a_description_is_limited_like_any_other_field() {
    let order = Order {
        id: " ".into(),
        // Two blank items more than are listed.
        items: vec![String::new(); 22],
        description: "😀".repeat(1_001),
        destination: "San Jose, CA".into(),
        ..Order::default()
    };
    let items = vec!["a lamp".into()];
    let description = "😀".repeat(1_000);
    let good = Order { id: "101".into(), items, description, ..order.clone() };
    stub().await.add_order(good).await.expect("1,000 characters are allowed");
    let status = stub().await.add_order(order).await.expect_err("1,001 are not");
    let details = status.get_error_details();
    let violations = &details.bad_request().expect("there is a BadRequest").field_violations;
    let fields = violations.iter().map(|violation| &*violation.field).collect::<Vec<_>>();
    assert_eq!(fields[..2], ["id", "items[0]"], "all faults in one answer");
    assert_eq!(fields[20..], ["items[19]", "items", "description"], "the last of them");
}

#[tokio::test]
#[ignore = "an exercise"]
async fn exercise_2_a_german_reads_german() {
    for (accepted, locale) in
        [("de-AT", "de"), ("ko;q=0.5, de", "de"), ("de;q=0.1, ko", "ko"), ("del, ko", "ko")]
    {
        let mut metadata = MetadataMap::new();
        metadata.insert("accept-language", accepted.parse().expect("it is ASCII"));
        assert_eq!(Language::of(&metadata).tag(), locale, "{accepted}");
    }

    let mut metadata = MetadataMap::new();
    metadata.insert("accept-language", "de".parse().expect("it is ASCII"));
    let german = Language::of(&metadata);
    // Not ASCII: what is sent is cut in characters.
    let long = "상".repeat(1_000);
    let store = Store::new(Arc::new(Orders::default())).get("\0").expect_err("it fails");
    for error in [
        OrderError::Store(store),
        OrderError::Invalid(vec![]),
        OrderError::NotFound { id: long.clone() },
        OrderError::TooFast { caller: long.clone(), wait: Duration::ZERO },
        OrderError::NotServed { destination: long },
        OrderError::NotServed { destination: "Atlantis".into() },
    ] {
        let sentence = german.say(&error);
        assert_ne!(sentence, Language::English.say(&error), "{error:?}");
        assert_ne!(sentence, Language::Korean.say(&error), "{error:?}");
        if let OrderError::NotFound { id: which }
        | OrderError::NotServed { destination: which } = &error
        {
            assert!(sentence.contains(&format!("{which:.100}")), "it says which: {sentence}");
        }
        assert!(sentence.chars().count() < 300, "what was sent is cut: {sentence}");
    }
}

#[tokio::test(start_paused = true)]
#[ignore = "an exercise"]
async fn exercise_3_a_server_that_is_not_there_is_tried_again() {
    // The first three tries find nobody, and there is nothing in the status to obey.
    let start = tokio::time::Instant::now();
    let mut tries = Vec::new();
    let result = obeying(async || {
        tries.push(start.elapsed().as_millis());
        match tries.len() {
            1..=3 => Err(Status::unavailable("nobody there")),
            _ => Ok(Response::new(())),
        }
    });
    result.await.expect("the fourth try finds somebody");
    let waits = tries.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
    assert_eq!(waits, [100, 200, 400], "in ms: each wait is twice the one before");

    let start = tokio::time::Instant::now();
    let mut tries = 0;
    let result = obeying(async || {
        tries += 1;
        // A detail that says nothing of when.
        let details = ErrorDetails::with_error_info("MAINTENANCE", "example.com", []);
        let status = Status::with_error_details(Code::Unavailable, "nobody there", details);
        Err::<Response<()>, _>(status)
    });
    assert_eq!(result.await.expect_err("it gives up").code(), Code::Unavailable);
    assert_eq!(tries, 4);
    assert_eq!(start.elapsed().as_millis(), 700, "it gives up at once");

    for (delay, wanted) in [(5, 3), (3_600, 1)] {
        for code in [Code::Unavailable, Code::ResourceExhausted] {
            let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(delay)));
            let start = tokio::time::Instant::now();
            let mut tries = 0;
            let result = obeying(async || {
                tries += 1;
                Err::<Response<()>, _>(Status::with_error_details(
                    code,
                    "later",
                    details.clone(),
                ))
            });
            result.await.expect_err("it gives up");
            assert_eq!((tries, start.elapsed().as_secs()), (wanted, (wanted - 1) * delay));
        }
    }

    // By turns: the tries count together.
    let mut tries = 0;
    let result = obeying(async || {
        tries += 1;
        let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(1)));
        Err::<Response<()>, _>(match tries % 2 {
            0 => Status::with_error_details(Code::ResourceExhausted, "later", details),
            _ => Status::unavailable("nobody there"),
        })
    });
    result.await.expect_err("it gives up");
    assert_eq!(tries, 4);

    for code in (1..=16).map(Code::from).filter(|code| *code != Code::Unavailable) {
        let mut tries = 0;
        let result = obeying(async || {
            tries += 1;
            Err::<Response<()>, _>(Status::new(code, "somebody is there"))
        });
        assert_eq!(result.await.expect_err("no use to try again").code(), code);
        assert_eq!(tries, 1, "{code:?}");
    }
}
