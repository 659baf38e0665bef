//! Invented records. Everything about them is made up, and no rule here is medical advice.

use serde_json::{Value, json};

/// What the prescription monitoring program knows of a patient.
pub(crate) fn prescriptions(patient: &str) -> Value {
    match patient {
        "pat-1001" => json!([
            { "dispensed": "2026-10-02", "drug": "oxycodone 5 mg", "quantity": 12, "days": 3 },
            { "dispensed": "2026-06-18", "drug": "lorazepam 0.5 mg", "quantity": 10, "days": 10 },
        ]),
        "pat-1002" => json!([
            { "dispensed": "2026-11-11", "drug": "methylphenidate 18 mg", "quantity": 30, "days": 30 },
        ]),
        _ => json!([]),
    }
}

/// The latest admissions, discharges and transfers of an organization's patients.
pub(crate) fn admissions(organization: &str) -> Value {
    json!([
        { "id": format!("{organization}-1"), "at": "2026-11-21T06:40:00Z", "event": "A01", "patient": "pat-1001" },
        { "id": format!("{organization}-2"), "at": "2026-11-22T17:05:00Z", "event": "A03", "patient": "pat-1001" },
    ])
}

/// A prescriber's own report: how the program sees what they prescribed.
pub(crate) fn report() -> Value {
    json!([
        { "month": "2026-10", "prescriptions": 41, "controlled": 6, "queried_before": 6 },
        { "month": "2026-09", "prescriptions": 38, "controlled": 4, "queried_before": 3 },
    ])
}
