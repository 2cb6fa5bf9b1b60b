//! Why a message must not contain a secret and a text from an attacker.

use compression::client::orders;

use crate::raw::{gzip, plain};

#[test]
fn the_size_of_a_compressed_message_shows_whether_a_guess_is_right() {
    let orders = orders();
    let [.., wrong, right] = &orders;
    assert_eq!(plain(wrong).len(), plain(right).len(), "plain messages show nothing");
    assert!(gzip(right).len() < gzip(wrong).len());
}

#[test]
fn no_wrong_guess_looks_like_the_right_one() {
    let orders = orders();
    let [.., right] = &orders;
    let mut guess = right.clone();
    let start = guess.description.rfind('=').unwrap() + 1;
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..1_000 {
        let digits = format!("{:012x}", rng.u64(0..1 << 48));
        guess.description.replace_range(start.., &digits);
        assert!(gzip(right).len() < gzip(&guess).len(), "{digits}");
    }
}
