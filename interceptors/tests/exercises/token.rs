//! 1. A second token.

use interceptors::auth::{Caller, authenticate};

use crate::{TOKEN, with};

#[test]
#[ignore = "an exercise"]
fn exercise_1_a_second_token_is_accepted() {
    for good in [TOKEN, "Bearer open-barley"] {
        let request = authenticate(with(good, ()));
        assert!(request.is_ok(), "`{good}` must be accepted");
        let name = request.unwrap().extensions().get::<Caller>().map(|caller| caller.name);
        assert_eq!(name, Some("Ali Baba"), "`{good}` must have the same caller as before");
    }
    for bad in ["Bearer ", "Bearer open-", "Bearer open-door", "Bearer open-barleycorn"] {
        assert!(authenticate(with(bad, ())).is_err(), "`{bad}` must be refused");
    }
    let mut both = with(TOKEN, ());
    both.metadata_mut().append("authorization", "Bearer open-barley".parse().expect("ASCII"));
    assert!(authenticate(both).is_err(), "two tokens in one call must be refused");
}
