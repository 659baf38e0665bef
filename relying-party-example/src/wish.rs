//! What sign-ins at Credentia are for.

use chrono::{DateTime, Utc};
use openidconnect::core::CoreAuthPrompt;
use relying_party_example::oidc::Asked;

use crate::attest;

/// What a sign-in is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The person who is signed in wants to attest.
    Attest {
        /// Who it is.
        subject: String,
        /// When they pressed the button.
        asked_at: DateTime<Utc>,
    },
    /// To be signed in.
    SignIn,
    /// To act for another affiliation.
    SwitchAffiliation,
}

impl Wish {
    /// What Hilum is asked for it.
    pub(crate) fn asked(&self) -> Asked {
        match self {
            Self::Attest { .. } => Asked {
                acr: Some(attest::ACR.to_owned()),
                max_age: attest::MAX_AGE.to_std().ok(),
                claims: Some(attest::wanted_claims()),
                prompt: None,
            },
            Self::SignIn => Asked::default(),
            Self::SwitchAffiliation => {
                Asked { prompt: Some(CoreAuthPrompt::SelectAccount), ..Asked::default() }
            }
        }
    }
}
