//! 1. Negative numbers.

use under_the_hood::{
    encode::{Encoder, zigzag},
    raw,
};

#[test]
#[ignore = "an exercise"]
fn exercise_1_a_number_is_shown_as_what_it_may_have_been() {
    let shown = |number| {
        let mut message = Encoder::default();
        message.number(2, "number", number);
        raw::lines(&message.bytes()).expect("it is a message").join("\n")
    };
    assert_eq!(shown(149), "2: 149 (in zigzag -75)");
    assert_eq!(shown(1), "2: 1 (in zigzag -1)");
    assert_eq!(shown(zigzag(i64::MIN)), format!("2: {} (in zigzag {})", u64::MAX, i64::MIN));
    assert_eq!(shown(150), "2: 150");
    assert_eq!(shown(0), "2: 0");
    let mut inner = Encoder::default();
    inner.number(1, "inner", 3);
    let mut message = Encoder::default();
    message.message(1, "message", inner);
    let lines = raw::lines(&message.bytes()).expect("it is a message");
    assert_eq!(lines, ["1 {", "  1: 3 (in zigzag -2)", "}"]);
}
