//! How organizations join, and whose numbers are whose.

use chrono::{NaiveDate, TimeDelta};
use idp_core::community::{tax_id::Prefixes, tax_id_registry::Rules, working_days::WorkingDays};

use super::reader::Reader;

/// `[tax_ids]`.
#[derive(Clone, Debug, Default)]
pub struct TaxIds {
    /// `never_issued_prefixes`: the first two digits that no business number has. Left out: those
    /// that the IRS had not given out as far as was known in 2026.
    pub prefixes: Prefixes,
    /// `answer_days` (working days), `reserved_days`, and `days_off`: days on which nobody has to
    /// answer, beside week-ends and federal holidays.
    pub rules: Rules,
}

impl TaxIds {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let key = "tax_ids.never_issued_prefixes";
        let prefixes = if reader.is_given(key) {
            let prefixes = reader.list(key, "two-digit prefixes, such as \"07\"", |text| {
                Prefixes::all_but([text]).map(|_| text.to_owned())
            });
            Prefixes::all_but(prefixes.iter().map(String::as_str)).unwrap_or_default()
        } else {
            Prefixes::default()
        };
        let days = "days such as \"2026-12-25\"";
        let days_off: Vec<NaiveDate> =
            reader.list("tax_ids.days_off", days, |text| text.parse().ok());
        let rules = Rules {
            days_to_answer: reader.number("tax_ids.answer_days", 1..=60, 10),
            working_days: WorkingDays { days_off: days_off.into_iter().collect() },
            reserved_for: TimeDelta::days(reader.number("tax_ids.reserved_days", 1..=365, 30)),
        };
        Self { prefixes, rules }
    }
}

/// `[identity_proof]`: who asks the first Administrator of an organization the questions of the
/// knowledge test (R35). The notary is always there beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityProof {
    /// `provider = "none"`: nobody does; only a notary proves who somebody is.
    None,
    /// `provider = "simulated"`: Hilum itself, about an invented life. Demo mode only.
    Simulated,
}

impl IdentityProof {
    pub(super) fn read(reader: &mut Reader, demo: bool) -> Self {
        let providers = [("none", Self::None), ("simulated", Self::Simulated)];
        let default = if demo { Self::Simulated } else { Self::None };
        let key = "identity_proof.provider";
        match reader.choice(key, &providers, default) {
            Self::Simulated if !demo => {
                reader.mistake(key, "proves nothing: \"simulated\" is for demo mode only");
                Self::None
            }
            chosen @ (Self::None | Self::Simulated) => chosen,
        }
    }
}
