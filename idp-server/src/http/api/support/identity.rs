//! How somebody proves who they are, as the desk sees it.

use idp_core::community::identity_proof::{Proof, Proofing};
use serde::Serialize;
use utoipa::ToSchema;

/// How somebody who is to be an Administrator proves who they are.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentityProof)]
pub(super) struct Identity {
    /// `knowledge-test` or `notary`.
    by: &'static str,
    /// When it was proved, in seconds since 1970.
    proved_at: Option<i64>,
    /// The number on the notary's form that is waited for.
    reference: Option<String>,
    /// Since when it is waited for, in seconds since 1970.
    since: Option<i64>,
}

impl Identity {
    /// What is waited for, if it is a form.
    pub(super) fn waiting(proofing: &Proofing) -> Option<Self> {
        match proofing {
            Proofing::AtNotary { reference, since } => Some(Self {
                by: "notary",
                proved_at: None,
                reference: Some(reference.to_string()),
                since: Some(since.timestamp()),
            }),
            Proofing::Due { .. } | Proofing::Proved(_) => None,
        }
    }

    /// What was proved.
    pub(super) fn proved(proof: &Proof) -> Self {
        let (by, at) = match proof {
            Proof::KnowledgeTest { at, .. } => ("knowledge-test", at),
            Proof::Notary { at, .. } => ("notary", at),
        };
        Self { by, proved_at: Some(at.timestamp()), reference: None, since: None }
    }
}
