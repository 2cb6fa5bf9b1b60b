//! 1. One more field.

use error_details::check::violations;
use proto::ecommerce::Order;
use testing::order;

#[test]
#[ignore = "an exercise"]
fn exercise_1_a_description_is_limited_like_any_other_field() {
    // Characters are not bytes.
    let with = |description, order| Order { description, ..order };
    let good = with("😀".repeat(1_000), order("101", &["a lamp"], "San Jose, CA"));
    assert!(violations(&good).is_empty(), "a description of 1,000 characters is valid");

    let bad = with("😀".repeat(1_001), order(" ", &[""], "San Jose, CA"));
    let violations = violations(&bad);
    let fields = violations.iter().map(|violation| &*violation.field).collect::<Vec<_>>();
    let all = ["id", "items[0]", "description"];
    assert_eq!(fields, all, "a description of 1,001 characters is listed last");
}
