//! The pages of a sign-out.

use super::{Rendered, Words, rendered};
use crate::pages::*;

pub(super) fn pages(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    vec![
        rendered(
            "sign-out",
            &SignOutPage {
                frame,
                form_token: words.token,
                site: Some(words.site),
                person: words.user_id,
                carried: vec![("logout", words.value)],
            },
        ),
        rendered("account-deleted", &AccountDeletedPage { frame, user_id: words.user_id }),
        rendered("signed-out", &signed_out(frame, words)),
        rendered("signing-out", &signing_out(frame, words, Some(words.site))),
        rendered("signing-out-end", &signing_out(frame, words, None)),
        rendered("signed-out-nobody", &SignedOutPage { frame, ended: false, sites: Vec::new() }),
    ]
}

fn signed_out(frame: Frame<'static>, words: &'static Words) -> SignedOutPage<'static> {
    let states = [ToldState::Told, ToldState::Pending, ToldState::Unreachable, ToldState::Cannot];
    let sites = [words.site, "Payer", "State Registry", "Playground"]
        .into_iter()
        .zip(states)
        .map(|(name, state)| ToldSite { name, state })
        .collect();
    SignedOutPage { frame, ended: true, sites }
}

fn signing_out(
    frame: Frame<'static>,
    words: &'static Words,
    next: Option<&'static str>,
) -> SigningOutPage<'static> {
    let states = [ToldState::Waiting, ToldState::Told, ToldState::Asked, ToldState::Refused];
    let sites = [words.site, "Payer", "State Registry", "Playground"]
        .into_iter()
        .zip(states)
        .map(|(name, state)| ToldSite { name, state })
        .collect();
    SigningOutPage { frame, handle: words.token, next, sites }
}
