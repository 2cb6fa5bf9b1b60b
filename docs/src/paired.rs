//! Ratios that hold on a machine that does not.
//!
//! A laptop is faster in one second than in the next, by more than most of the differences that are of
//! interest here. Whoever measures one way for ten seconds, and then another, compares the seconds.
//! So all ways take turns, and what is compared is what was measured in the same round.

use std::time::Duration;

/// One way to do the work.
pub struct Way<'a> {
    /// What it is called in the table.
    pub name: &'static str,
    run: Box<dyn FnMut() -> Duration + 'a>,
}

impl<'a> Way<'a> {
    /// A way that does all of the work when `run` is called, and says how long it took.
    pub fn new(name: &'static str, run: impl FnMut() -> Duration + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// What a way takes, where the first way takes 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratio {
    /// The way.
    pub name: &'static str,
    /// Half of the rounds are below.
    pub median: f64,
    /// A quarter of the rounds are below.
    pub low: f64,
    /// A quarter of the rounds are above.
    pub high: f64,
}

/// Compares the ways with the first one, in as many rounds and one before that does not count.
///
/// # Panics
///
/// Where there is no round, or no way.
#[must_use]
pub fn compare(rounds: usize, ways: &mut [Way<'_>]) -> Vec<Ratio> {
    assert!(rounds > 0 && !ways.is_empty(), "there is nothing to compare");
    let mut ratios = vec![Vec::new(); ways.len()];
    for round in 0..=rounds {
        let mut times = vec![Duration::ZERO; ways.len()];
        // Who comes first in a round finds the caches cold. It is somebody else each time.
        for turn in 0..ways.len() {
            let way = (round + turn) % ways.len();
            times[way] = (ways[way].run)();
        }
        if round > 0 {
            let of_first = |time: &Duration| time.as_secs_f64() / times[0].as_secs_f64();
            ratios
                .iter_mut()
                .zip(&times)
                .for_each(|(ratios, time)| ratios.push(of_first(time)));
        }
    }
    let summary = |(way, mut ratios): (&Way<'_>, Vec<f64>)| {
        ratios.sort_by(f64::total_cmp);
        let quantile = |quarters: usize| ratios[(ratios.len() - 1) * quarters / 4];
        Ratio { name: way.name, median: quantile(2), low: quantile(1), high: quantile(3) }
    };
    ways.iter().zip(ratios).map(summary).collect()
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, time::Duration};

    use super::{Ratio, Way, compare};

    #[test]
    fn a_way_is_compared_with_the_first_in_the_same_round() {
        // From round to round the machine takes ten times as long, and the second way twice as long as
        // the first in each.
        let mut speed = 1;
        let mut fast = 1;
        let mut ways = [
            Way::new("one", || {
                speed *= 10;
                Duration::from_millis(speed)
            }),
            Way::new("two", || {
                fast *= 10;
                Duration::from_millis(2 * fast)
            }),
        ];
        let [one, two] = &compare(5, &mut ways)[..] else { panic!("there are two") };
        assert_eq!(*one, Ratio { name: "one", median: 1.0, low: 1.0, high: 1.0 });
        assert_eq!(*two, Ratio { name: "two", median: 2.0, low: 2.0, high: 2.0 });
    }

    #[test]
    fn the_first_round_does_not_count() {
        let mut rounds = 0;
        let mut ways = [
            Way::new("one", || Duration::from_secs(1)),
            Way::new("cold at first", || {
                rounds += 1;
                Duration::from_secs(if rounds == 1 { 60 } else { 3 })
            }),
        ];
        assert_eq!(compare(1, &mut ways)[1].high.to_bits(), 3f64.to_bits());
    }

    #[test]
    fn each_way_is_the_first_of_a_round_in_its_turn() {
        let order = RefCell::new(String::new());
        let way = |name: &'static str| {
            let order = &order;
            Way::new(name, move || {
                order.borrow_mut().push_str(name);
                Duration::from_secs(1)
            })
        };
        let _ = compare(2, &mut [way("a"), way("b"), way("c")]);
        assert_eq!(*order.borrow(), "abcbcacab");
    }
}
