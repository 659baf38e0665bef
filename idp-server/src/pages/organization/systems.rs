//! Programs that act for an organization without a person.

use askama::Template;
use chrono::{DateTime, Utc};
use idp_core::community::system_client::Purpose;

use super::{OrganizationNav, Typed};
use crate::pages::{Frame, Messages};

/// Posts `form_token`, `name`, `scope.…` and `purpose.…` to `/organization/{id}/systems`; `deed`
/// (`code`, `renew` or `revoke`) to that of a system.
#[derive(Debug, Template)]
#[template(path = "organization_systems.html")]
pub struct OrganizationSystemsPage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    pub form_token: &'a str,
    pub systems: Vec<SystemView<'a>>,
    /// The address of the next page, if there may be one.
    pub next: Option<String>,
    /// What systems may ask for: nothing where no site has an API for them.
    pub scopes: Vec<&'a str>,
    pub typed: &'a Typed,
    pub done: Option<SystemDone>,
}

/// A system.
#[derive(Clone, Debug)]
pub struct SystemView<'a> {
    /// Its `client_id`.
    pub id: &'a str,
    pub name: &'a str,
    pub scopes: Vec<&'a str>,
    pub purposes: Vec<Purpose>,
    pub stage: SystemStage,
}

/// How far a system is at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemStage {
    /// It acts. `soon`: not for long any more; `waits_for_keys`: a code for other keys is out.
    Active { until: DateTime<Utc>, soon: bool, waits_for_keys: bool },
    /// Nobody set it up in time, or the code was guessed at.
    CodeDead,
    /// It was not renewed.
    Expired,
    /// An Administrator stopped it.
    Revoked,
    /// It is to be set up.
    Waiting { until: DateTime<Utc> },
}

/// What was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemDone {
    OutOfOrder,
    Renewed,
    Revoked,
}

/// What sets a system up, once.
#[derive(Debug, Template)]
#[template(path = "organization_system_code.html")]
pub struct SystemCodePage<'a> {
    pub frame: Frame<'a>,
    pub nav: OrganizationNav<'a>,
    /// The `client_id`.
    pub id: &'a str,
    pub name: &'a str,
    pub code: &'a str,
    /// The address to which the system sends code and keys.
    pub set_up_at: &'a str,
}

impl OrganizationSystemsPage<'_> {
    fn has_problem(&self) -> bool {
        self.done == Some(SystemDone::OutOfOrder) || !self.typed.objections().is_empty()
    }

    fn done_text(&self) -> Option<&'static str> {
        let words = &self.frame.text.systems;
        self.done.map(|done| match done {
            SystemDone::OutOfOrder => words.out_of_order,
            SystemDone::Renewed => words.renewed,
            SystemDone::Revoked => words.revoked_done,
        })
    }

    fn all_purposes(&self) -> [(Purpose, &'static str); 4] {
        Purpose::ALL.map(|purpose| (purpose, purpose_words(self.frame.text, purpose)))
    }
}

impl SystemView<'_> {
    fn purposes(&self, frame: &Frame<'_>) -> Vec<&'static str> {
        self.purposes.iter().map(|purpose| purpose_words(frame.text, *purpose)).collect()
    }

    fn badge(&self, frame: &Frame<'_>) -> &'static str {
        let words = &frame.text.systems;
        match self.stage {
            SystemStage::Active { soon: false, .. } => words.active,
            SystemStage::Active { soon: true, .. } => words.ends_soon,
            SystemStage::CodeDead => words.code_dead,
            SystemStage::Expired => words.expired,
            SystemStage::Revoked => words.revoked,
            SystemStage::Waiting { .. } => words.waiting,
        }
    }

    fn needs_attention(&self) -> bool {
        !matches!(self.stage, SystemStage::Active { soon: false, .. } | SystemStage::Waiting { .. })
    }

    fn until(&self) -> Option<DateTime<Utc>> {
        match self.stage {
            SystemStage::Active { until, .. } | SystemStage::Waiting { until } => Some(until),
            SystemStage::CodeDead | SystemStage::Expired | SystemStage::Revoked => None,
        }
    }

    /// What the core would allow, so that the page leaves out what would be refused.
    fn can_renew(&self) -> bool {
        matches!(self.stage, SystemStage::Active { .. })
    }

    fn can_get_a_code(&self) -> bool {
        self.stage != SystemStage::Revoked
    }

    fn waits_for_keys(&self) -> bool {
        matches!(self.stage, SystemStage::Active { waits_for_keys: true, .. })
    }
}

const fn purpose_words(text: &'static Messages, purpose: Purpose) -> &'static str {
    let words = &text.systems;
    match purpose {
        Purpose::Operations => words.purpose_operations,
        Purpose::Payment => words.purpose_payment,
        Purpose::PublicHealth => words.purpose_public_health,
        Purpose::Treatment => words.purpose_treatment,
    }
}
