//! Finding what was done to the audit record behind our back.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::event::Event;
use super::seal::{Head, Seal, Sha256};
use crate::{ids::EventId, keys::KeyId};

/// Something that cannot be so unless somebody meddled, or a part of the record was lost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A head is not signed by the key that it names.
    BrokenSignature {
        /// Where the head says the chain ended.
        position: u64,
        /// The key that it names.
        kid: KeyId,
    },
    /// The event is not what it was when it was sealed.
    EventChanged {
        /// Where it stands.
        position: u64,
        /// Which event.
        event_id: EventId,
    },
    /// There is a seal and no event for it.
    EventMissing {
        /// Where it stood.
        position: u64,
        /// Which event.
        event_id: EventId,
    },
    /// Another event belongs here.
    Inserted {
        /// Where it was slipped in.
        position: u64,
        /// Which event.
        event_id: EventId,
    },
    /// The event was sealed at another place.
    Moved {
        /// Where it stands.
        position: u64,
        /// Where it was sealed.
        belongs_at: u64,
        /// Which event.
        event_id: EventId,
    },
    /// Rows are gone.
    RowsMissing {
        /// The first that is gone.
        position: u64,
        /// The last that is gone.
        last: u64,
    },
    /// The rows agree with each other, but not with what was signed: someone changed one of them
    /// and all seals behind it. What follows this stretch is not judged by its heads.
    Rewritten {
        /// The first row that may be the changed one.
        position: u64,
        /// The last that may be.
        last: u64,
    },
    /// The seal does not follow from the one before it: it was changed, or renumbered.
    SealChanged {
        /// Where it stands.
        position: u64,
        /// Which event.
        event_id: EventId,
    },
    /// Rows behind the last signed head: nobody who may seal has put them there.
    Unsigned {
        /// The first of them.
        position: u64,
        /// The last of them.
        last: u64,
    },
}

impl Finding {
    /// The first row that it is about.
    #[must_use]
    pub const fn position(&self) -> u64 {
        match self {
            Self::BrokenSignature { position, .. }
            | Self::EventChanged { position, .. }
            | Self::EventMissing { position, .. }
            | Self::Inserted { position, .. }
            | Self::Moved { position, .. }
            | Self::RowsMissing { position, .. }
            | Self::Rewritten { position, .. }
            | Self::SealChanged { position, .. }
            | Self::Unsigned { position, .. } => *position,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrokenSignature { position, kid } => {
                write!(f, "row {position}: the head was not signed by key {kid}")
            }
            Self::EventChanged { position, event_id } => {
                write!(f, "row {position}: event {event_id} was changed after it was sealed")
            }
            Self::EventMissing { position, event_id } => {
                write!(f, "row {position}: event {event_id} is missing")
            }
            Self::Inserted { position, event_id } => {
                write!(f, "row {position}: event {event_id} was slipped in")
            }
            Self::Moved { position, belongs_at, event_id } => {
                write!(f, "row {position}: event {event_id} was sealed as row {belongs_at}")
            }
            Self::RowsMissing { position, last } => write!(f, "rows {position} to {last}: missing"),
            Self::Rewritten { position, last } => {
                write!(f, "rows {position} to {last}: rewritten, they are not what was signed")
            }
            Self::SealChanged { position, event_id } => {
                write!(f, "row {position}: the seal of event {event_id} was changed or renumbered")
            }
            Self::Unsigned { position, last } => {
                write!(f, "rows {position} to {last}: sealed by nobody, no signed head covers them")
            }
        }
    }
}

/// Checks the whole record: every seal in the order of its position, with its event where there
/// still is one, and every head. Rows and heads must come from one state of the database.
///
/// `has_signed` says whether the key of this name signed this message. What is found comes in the
/// order of the rows; nothing found means that nothing was changed up to the last head.
#[must_use]
pub fn check(
    rows: impl IntoIterator<Item = (Seal, Option<Event>)>,
    heads: impl IntoIterator<Item = Head>,
    has_signed: impl Fn(&KeyId, &[u8], &[u8]) -> bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut signed: Vec<Head> = Vec::new();
    for head in heads {
        if has_signed(&head.kid, &head.tip.message(), &head.signature) {
            signed.push(head);
        } else {
            let position = head.tip.position;
            findings.push(Finding::BrokenSignature { position, kid: head.kid });
        }
    }
    signed.sort_by_key(|head| head.tip.position);

    let mut walk = Walk::new(signed.iter().map(|head| head.tip.position).collect());
    for (seal, event) in rows {
        walk.row(seal, event.as_ref());
    }
    walk.explain();
    walk.compare(&signed);
    findings.append(&mut walk.findings);
    findings.sort_by_key(Finding::position);
    findings
}

/// More rows than this that do not follow are not worth telling apart: it takes their square.
const EXPLAIN_AT_MOST: usize = 1_000;

/// The way along the chain.
struct Walk {
    findings: Vec<Finding>,
    /// The position that comes next.
    next: u64,
    /// What the next seal may build on: the chain as it is stored and as it should be. They differ
    /// after a row that does not follow; taking either keeps its neighbours out of suspicion.
    bases: Bases,
    /// Rows that do not follow, and what they were expected to follow from.
    astray: Vec<(Seal, Bases)>,
    /// What the chain may be at the positions that have a head.
    at_heads: HashMap<u64, Vec<Sha256>>,
}

/// Empty where rows are missing: then there is nothing to build on, and a seal is taken as it is.
type Bases = Vec<Sha256>;

impl Walk {
    fn new(heads: HashSet<u64>) -> Self {
        Self {
            findings: Vec::new(),
            next: 1,
            bases: vec![Sha256::ZERO],
            astray: Vec::new(),
            at_heads: heads.into_iter().map(|position| (position, Vec::new())).collect(),
        }
    }

    fn row(&mut self, seal: Seal, event: Option<&Event>) {
        let (position, event_id) = (seal.position, seal.event_id.clone());
        if position < self.next {
            self.findings.push(Finding::Inserted { position, event_id });
            return;
        }
        if position > self.next {
            self.findings.push(Finding::RowsMissing { position: self.next, last: position - 1 });
            self.bases.clear();
        }

        let mut follows = fits(&self.bases, &seal, &seal.event_id, &seal.event_hash);
        match event {
            None => self.findings.push(Finding::EventMissing { position, event_id }),
            Some(event) => {
                let hash = event.hash();
                let sealed = (&event.id, &hash) == (&seal.event_id, &seal.event_hash);
                // The chain knows which of the two was changed, the event or its seal.
                if !sealed && !follows && fits(&self.bases, &seal, &event.id, &hash) {
                    follows = true;
                    self.findings.push(Finding::SealChanged { position, event_id });
                } else if !sealed {
                    self.findings.push(Finding::EventChanged { position, event_id });
                }
            }
        }

        let mut bases: Bases = vec![seal.chain_hash];
        if !follows {
            let link = |base| Seal::link(base, position, &seal.event_id, &seal.event_hash);
            bases.extend(self.bases.iter().map(link));
            self.astray.push((seal, std::mem::take(&mut self.bases)));
        }
        if let Some(at_head) = self.at_heads.get_mut(&position) {
            at_head.clone_from(&bases);
        }
        self.bases = bases;
        self.next = position.saturating_add(1);
    }

    /// Says of each row that does not follow what was done to it: whether it belongs elsewhere,
    /// whether another belongs here, or whether its seal was changed.
    fn explain(&mut self) {
        let astray = std::mem::take(&mut self.astray);
        // The chain as it truly was after the row before, where that is known by now.
        let mut known: Option<(u64, Sha256)> = None;
        // Where each row truly belongs.
        let mut homes: HashMap<u64, u64> = HashMap::new();
        if astray.len() <= EXPLAIN_AT_MOST {
            for (seal, bases) in &astray {
                let mut bases = bases.clone();
                bases.extend(known.filter(|(at, _)| at + 1 == seal.position).map(|(_, hash)| hash));
                let home = |row: &&(Seal, Bases)| {
                    let link =
                        |base| Seal::link(base, seal.position, &row.0.event_id, &row.0.event_hash);
                    bases
                        .iter()
                        .map(link)
                        .find(|hash| [row.0.chain_hash, seal.chain_hash].contains(hash))
                };
                let found = astray.iter().find_map(|row| Some((row.0.position, home(&row)?)));
                if let Some((stands_at, hash)) = found {
                    homes.insert(stands_at, seal.position);
                    known = Some((seal.position, hash));
                    if let Some(at_head) = self.at_heads.get_mut(&seal.position) {
                        at_head.push(hash);
                    }
                }
            }
        }
        let taken: HashSet<u64> = homes.values().copied().collect();
        for (Seal { position, event_id, .. }, _) in astray {
            match homes.get(&position) {
                Some(home) if *home == position => {}
                Some(home) => {
                    self.findings.push(Finding::Moved { position, belongs_at: *home, event_id });
                }
                None if taken.contains(&position) => {
                    self.findings.push(Finding::Inserted { position, event_id });
                }
                None => self.findings.push(Finding::SealChanged { position, event_id }),
            }
        }
    }

    /// Holds the rows against what was signed.
    fn compare(&mut self, signed: &[Head]) {
        let mut agreed = 0;
        for Head { tip, .. } in signed {
            // Nothing there: the row is missing, which has been found or is found below.
            let Some(there) = self.at_heads.get(&tip.position).filter(|h| !h.is_empty()) else {
                continue;
            };
            if !there.contains(&tip.chain_hash) {
                let rewritten = Finding::Rewritten { position: agreed + 1, last: tip.position };
                self.findings.push(rewritten);
                break;
            }
            agreed = tip.position;
        }
        let (last_signed, last) = (signed.last().map_or(0, |h| h.tip.position), self.next - 1);
        if last_signed > last {
            self.findings.push(Finding::RowsMissing { position: self.next, last: last_signed });
        } else if last_signed < last {
            self.findings.push(Finding::Unsigned { position: last_signed + 1, last });
        }
    }
}

/// Whether this event in this place leads from what may come before to the chain of `seal`.
fn fits(bases: &Bases, seal: &Seal, event_id: &EventId, event_hash: &Sha256) -> bool {
    let link = |base| Seal::link(base, seal.position, event_id, event_hash);
    bases.is_empty() || bases.iter().map(link).any(|hash| hash == seal.chain_hash)
}
