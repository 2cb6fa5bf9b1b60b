//! Step 1: a message by hand and by prost.

use proptest::prelude::*;
use prost::Message;
use proto::ecommerce::Product;
use under_the_hood::message::product;

fn a_product() -> impl Strategy<Value = Product> {
    (".{0,300}", ".{0,20}", any::<String>(), any::<f32>())
        .prop_map(|(id, name, description, price)| Product { id, name, description, price })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_product_by_hand_has_the_bytes_that_prost_writes(message in a_product()) {
        prop_assume!(message.price.to_bits() != (-0.0_f32).to_bits());
        prop_assert_eq!(product(&message).bytes(), message.encode_to_vec());
    }
}

#[test]
fn a_price_of_minus_zero_is_sent_as_the_specification_says_though_not_by_prost() {
    let message = Product { price: -0.0, ..Product::default() };
    assert_eq!(product(&message).bytes(), [0x25, 0, 0, 0, 0x80]);
    assert!(message.encode_to_vec().is_empty(), "prost sends it now");
}
