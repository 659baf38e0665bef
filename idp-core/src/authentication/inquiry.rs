//! Caps on what strangers may have answered by mail (security 22.2): by place and name or address,
//! by name or address, by place, and for all together. Who is over a cap is told nothing: the page is the
//! same as always.

use std::net::IpAddr;
use std::time::Duration;

use super::{
    mailed_code::MAILS_PER_HOUR,
    throttle::{Limit, Network},
};

/// How many places may use up their share of what is answered about one name or address: a
/// stranger in one place leaves its owner, who is elsewhere, something to ask for.
const PLACES: u32 = 3;

/// Which part of what is answered to all may come from one place: ten places would have to ask
/// together to leave nothing for the rest.
const PART_OF_ALL: u32 = 10;
/// What may come from one place all the same: behind its address there may be a hospital.
const LEAST_FROM_A_PLACE: u32 = 50;

/// A cap: what is counted, and how many are answered in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// The name of the rule, part of the counter's name.
    pub rule: &'static str,
    /// What the rule counts.
    pub of: Vec<String>,
    /// How many there may be.
    pub limit: Limit,
}

impl Cap {
    /// Whether the one that made the counter say `hits` is still answered.
    #[must_use]
    pub fn admits(&self, hits: u64) -> bool {
        hits <= u64::from(self.limit.failures)
    }
}

/// The caps of an inquiry from `address` about `about`, in the order in which they are counted: what
/// one refuses is not counted by the next, so that nobody can use up what is for others.
#[must_use]
pub fn caps(address: IpAddr, about: &str, of_all: u32) -> [Cap; 4] {
    let in_an_hour = |failures| Limit { failures, window: Duration::from_secs(60 * 60) };
    let network = Network::of(address).to_string();
    [
        Cap {
            rule: "inquiry-from",
            of: vec![about.to_owned(), network.clone()],
            limit: in_an_hour(MAILS_PER_HOUR),
        },
        Cap {
            rule: "inquiry",
            of: vec![about.to_owned()],
            limit: in_an_hour(PLACES * MAILS_PER_HOUR),
        },
        Cap {
            rule: "inquiries-from",
            of: vec![network],
            limit: in_an_hour((of_all / PART_OF_ALL).max(LEAST_FROM_A_PLACE)),
        },
        Cap { rule: "inquiries", of: vec!["all".to_owned()], limit: in_an_hour(of_all) },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Counters as a model, within one hour.
    #[derive(Default)]
    struct Hour(HashMap<(&'static str, Vec<String>), u64>);

    impl Hour {
        fn ask(&mut self, host: u8, about: &str, of_all: u32) -> bool {
            caps(IpAddr::from([192, 0, 2, host]), about, of_all).into_iter().all(|cap| {
                let hits = self.0.entry((cap.rule, cap.of.clone())).or_default();
                *hits += 1;
                cap.admits(*hits)
            })
        }

        fn answered(&mut self, host: u8, about: &str, times: usize) -> usize {
            (0..times).filter(|_| self.ask(host, about, 1_000)).count()
        }
    }

    #[test]
    fn a_place_has_its_share_a_name_three_and_no_place_uses_up_what_is_for_all() {
        let mut hour = Hour::default();
        assert_eq!(hour.answered(1, "ana", 1_000), 5, "one place");
        assert_eq!(hour.answered(2, "ana", 1), 1, "her own place is another one");
        assert_eq!(hour.answered(1, "marcus", 1), 1, "another name, from her place");
        for host in 3..30 {
            hour.answered(host, "ana", 10);
        }
        assert_eq!(hour.answered(200, "ana", 1), 0, "fifteen for one name");
        assert_eq!(hour.answered(201, "grace", 1), 1, "what was refused uses up nothing of all");
        let mut invented = 0..;
        let mut from = |host: u8| {
            let names = invented.by_ref().take(120).map(|n| format!("name-{n}"));
            names.map(|name| hour.answered(host, &name, 1)).sum::<usize>()
        };
        assert_eq!(from(202), 100, "a tenth, whatever names it invents");
        let others = (203..=255).map(&mut from).sum::<usize>();
        assert_eq!(others, 1_000 - 15 - 2 - 100, "a thousand in all");
    }

    proptest! {
        #[test]
        fn whoever_asks_what_from_where_the_caps_hold(
            asked in prop::collection::vec((0..6_u8, 0..4_u8), 0..300),
        ) {
            let (mut hour, mut answered) = (Hour::default(), Vec::new());
            for (host, name) in asked {
                if hour.ask(host, &name.to_string(), 40) {
                    answered.push((host, name));
                }
            }
            let count = |fits: &dyn Fn(&(u8, u8)) -> bool| answered.iter().filter(|one| fits(one)).count();
            for name in 0..4 {
                prop_assert!(count(&|one| one.1 == name) <= 15);
                for host in 0..6 {
                    prop_assert!(count(&|one| *one == (host, name)) <= 5);
                }
            }
            prop_assert!(answered.len() <= 40);
        }
    }
}
