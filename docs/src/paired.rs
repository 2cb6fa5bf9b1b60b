//! Ratios that stay stable on a machine whose speed changes.
//!
//! A laptop is faster in one second than in the next, by more than most of the differences that are of
//! interest here. If you measure one way for ten seconds and then another, you compare the seconds.
//! So all ways take turns, and a ratio compares two times of the same round.

use std::time::Duration;

use fastrand::Rng;

/// One way to do the work.
pub struct Way<'a> {
    /// Its name in the table.
    pub name: &'static str,
    run: Box<dyn FnMut() -> Duration + 'a>,
    /// How long it took, in seconds, round by round.
    times: Vec<f64>,
}

impl<'a> Way<'a> {
    /// A way whose `run` does all of the work and returns the time that it took.
    pub fn new(name: &'static str, run: impl FnMut() -> Duration + 'a) -> Self {
        Self { name, run: Box::new(run), times: Vec::new() }
    }
}

/// The time of a way, relative to the first way.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// The way.
    pub name: &'static str,
    /// A quarter of the rounds are below.
    pub low: f64,
    /// Half of the rounds are below.
    pub median: f64,
    /// A quarter of the rounds are above.
    pub high: f64,
}

/// Compares the ways with the first one, in `rounds` rounds, after one round that does not count.
#[must_use]
pub fn compare(rounds: usize, mut ways: Vec<Way<'_>>) -> Vec<Ratio> {
    let mut random = Rng::with_seed(1);
    for round in 0..=rounds {
        // The way that ran before has an effect: it has freed memory, and its connections are closing.
        // So the order is random in each round.
        let mut turns = ways.iter_mut().collect::<Vec<_>>();
        random.shuffle(&mut turns);
        for way in turns {
            let time = (way.run)().as_secs_f64();
            if round > 0 {
                way.times.push(time);
            }
        }
    }
    let first = ways.first().map(|way| way.times.clone()).unwrap_or_default();
    ways.into_iter().map(|way| ratio(way.name, &way.times, &first)).collect()
}

fn ratio(name: &'static str, times: &[f64], first: &[f64]) -> Ratio {
    let mut ratios =
        times.iter().zip(first).map(|(time, first)| time / first).collect::<Vec<_>>();
    ratios.sort_by(f64::total_cmp);
    let last = ratios.len().saturating_sub(1);
    let quartile = |number: usize| ratios.get(last * number / 4).copied().unwrap_or(f64::NAN);
    Ratio { name, low: quartile(1), median: quartile(2), high: quartile(3) }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::HashSet, time::Duration};

    use super::{Ratio, Way, compare};

    #[test]
    fn a_way_is_compared_with_the_first_in_the_same_round() {
        // From round to round the machine takes ten times as long, and the second way twice as long
        // as the first in each.
        let (mut one, mut two) = (1, 1);
        let ways = vec![
            Way::new("one", || {
                one *= 10;
                Duration::from_millis(one)
            }),
            Way::new("two", || {
                two *= 10;
                Duration::from_millis(2 * two)
            }),
        ];
        let expected = |name, ratio| Ratio { name, low: ratio, median: ratio, high: ratio };
        assert_eq!(compare(5, ways), [expected("one", 1.0), expected("two", 2.0)]);
    }

    #[test]
    fn of_five_ratios_the_second_the_third_and_the_fourth_are_told() {
        let mut seconds = [60, 5, 1, 3, 2, 4].into_iter();
        let ways = vec![
            Way::new("one", || Duration::from_secs(1)),
            Way::new("other", || Duration::from_secs(seconds.next().expect("that is all"))),
        ];
        let expected = Ratio { name: "other", low: 2.0, median: 3.0, high: 4.0 };
        assert_eq!(compare(5, ways)[1], expected);
    }

    #[test]
    fn every_way_runs_once_in_a_round_and_not_always_behind_the_same_one() {
        let order = RefCell::new(String::new());
        let way = |name: &'static str| {
            let order = &order;
            Way::new(name, move || {
                order.borrow_mut().push_str(name);
                Duration::from_secs(1)
            })
        };
        let _ = compare(9, vec![way("a"), way("b"), way("c")]);
        let order = order.into_inner().into_bytes();
        let rounds = order.chunks(3).map(<[u8]>::to_vec).collect::<HashSet<_>>();
        assert!(rounds.len() > 1, "each round is like the one before: {rounds:?}");
        for mut round in rounds {
            round.sort_unstable();
            assert_eq!(round, b"abc");
        }
    }
}
