//! The payers behind this portal, and which Tax IDs are enrolled with each. All of it is invented.

/// A health plan or an agency that pays for care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Payer {
    /// The number by which clearing houses know it.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it covers.
    pub covers: &'static str,
    /// The Tax IDs that may ask it.
    enrolled: &'static [&'static str],
}

/// A payer, and those of an organization's Tax IDs that are enrolled with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Enrolled<'a> {
    /// The payer.
    pub payer: Payer,
    /// The numbers; never none.
    pub numbers: Vec<&'a str>,
}

/// All of them.
const PAYERS: [Payer; 6] = [
    Payer {
        id: "EVG01",
        name: "Evergreen Health Plan",
        covers: "Commercial, individual and family",
        enrolled: &["91-1234567", "45-1122334", "82-7654321"],
    },
    Payer {
        id: "CSM10",
        name: "Cascade State Medicaid",
        covers: "Medicaid managed care",
        enrolled: &["91-1234567", "20-3456789", "82-7654321"],
    },
    Payer {
        id: "PMU22",
        name: "Puget Mutual",
        covers: "Employer groups",
        enrolled: &["20-3456789", "45-1122334"],
    },
    Payer {
        id: "OLY35",
        name: "Olympic Advantage",
        covers: "Medicare Advantage",
        enrolled: &["91-1234567"],
    },
    Payer {
        id: "RWC40",
        name: "Rainier Workers’ Compensation",
        covers: "Injuries at work",
        enrolled: &["45-1122334", "47-2233445"],
    },
    Payer {
        id: "SNK51",
        name: "Snake River Children’s Plan",
        covers: "Children under 19",
        enrolled: &["82-7654321"],
    },
];

/// The payers with which one of these Tax IDs is enrolled.
pub(crate) fn of(tax_ids: &[String]) -> Vec<Enrolled<'_>> {
    let enrolled = |payer: Payer| {
        let numbers = tax_ids.iter().map(String::as_str);
        let numbers: Vec<&str> = numbers.filter(|id| payer.enrolled.contains(id)).collect();
        (!numbers.is_empty()).then_some(Enrolled { payer, numbers })
    };
    PAYERS.into_iter().filter_map(enrolled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payer_is_shown_to_the_tax_ids_that_are_enrolled_with_it() {
        let names = |tax_ids: &[&str]| {
            let tax_ids: Vec<String> = tax_ids.iter().map(|id| (*id).to_owned()).collect();
            let found = of(&tax_ids);
            found.iter().map(|one| (one.payer.id, one.numbers.len())).collect::<Vec<_>>()
        };
        assert_eq!(names(&["91-1234567"]), [("EVG01", 1), ("CSM10", 1), ("OLY35", 1)]);
        assert_eq!(names(&["45-1122334"]), [("EVG01", 1), ("PMU22", 1), ("RWC40", 1)]);
        assert_eq!(names(&["20-3456789", "45-1122334"])[2], ("PMU22", 2));
        assert!(names(&["00-0000000"]).is_empty() && names(&[]).is_empty());
    }
}
