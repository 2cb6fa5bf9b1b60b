//! Everything that is wrong with an order, all at once.
//!
//! A form that shows one fault after the other takes as many tries as there are faults.

use proto::ecommerce::Order;
use tonic_types::FieldViolation;

/// No more blank items than this are listed. They travel in a header, whose size is limited, and an
/// order with 100,000 of them would fill it.
const MAX_BLANKS: usize = 20;

/// What is wrong with `order`: field paths as in the definition, and what each must be. Empty for
/// a good order.
#[must_use]
pub fn violations(order: &Order) -> Vec<FieldViolation> {
    let mut all = Vec::new();
    let mut wrong = |field: &str, must: &str| all.push(FieldViolation::new(field, must));

    if order.id.trim().is_empty() {
        wrong("id", "must not be blank");
    } else if order.id == "-1" {
        // The book's example of an id that is no good.
        wrong("id", "must not be -1");
    }
    if order.items.is_empty() {
        wrong("items", "must not be empty");
    }
    if !order.price.is_finite() {
        wrong("price", "must be a number");
    } else if order.price < 0.0 {
        wrong("price", "must not be negative");
    }
    if order.destination.trim().is_empty() {
        wrong("destination", "must not be blank");
    }
    let blank = |(_, item): &(usize, &String)| item.trim().is_empty();
    let mut blanks = order.items.iter().enumerate().filter(blank).map(|(index, _)| index);
    for index in blanks.by_ref().take(MAX_BLANKS) {
        wrong(&format!("items[{index}]"), "must not be blank");
    }
    match blanks.count() {
        0 => {}
        more => wrong("items", &format!("has {more} more that must not be blank")),
    }
    all
}
