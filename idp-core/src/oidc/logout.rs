//! RP-initiated logout: who may end a session, and where the browser goes (OIDC RP-Initiated
//! Logout §2, §3).

use super::{
    params::Params,
    redirect_uri::{RegisteredRedirectUri, registered},
};
use crate::community::site::Site;

/// What a verified `id_token_hint` says. It may be expired: it is a hint, not a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The site that it was issued to.
    pub client_id: String,
    /// What that site calls the person.
    pub sub: String,
    /// What that site calls the session.
    pub sid: Option<String>,
}

/// What the end-session endpoint does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logout {
    /// Whether the person must confirm it first (security 10.1).
    pub ask: bool,
    /// Where the browser goes afterwards, with the `state` that was sent; `None`: our own page.
    pub return_to: Option<(RegisteredRedirectUri, Option<String>)>,
}

/// What to do with an end-session request.
///
/// `hint` is a verified `id_token_hint`; `site` is the record that it, or else `client_id`, names;
/// `current` are the `sub` and `sid` by which that site knows the browser's session, if any.
/// Without a hint of exactly this session nobody is signed out before a person has confirmed it.
#[must_use]
pub fn judge(
    params: &Params,
    hint: Option<&Hint>,
    site: Option<&Site>,
    current: Option<(&str, &str)>,
) -> Logout {
    let same_client = |id: &str| hint.is_none_or(|hint| hint.client_id == id);
    // A hint that is none of ours says nothing, and makes what stands beside it suspect.
    let hint_is_ours = hint.is_some() || params.find("id_token_hint").is_none();
    let consistent = params.well_formed().is_ok()
        && params.find("client_id").is_none_or(same_client)
        && hint_is_ours;
    let of_this_session = hint.zip(current).is_some_and(|(hint, (sub, sid))| {
        hint.sub == sub && hint.sid.as_deref().is_none_or(|hinted| hinted == sid)
    });
    // Without a live session there is nothing to be asked about.
    let ask = current.is_some() && !(of_this_session && consistent);
    let address = params.find("post_logout_redirect_uri").filter(|_| consistent);
    let known =
        site.and_then(Site::client).map_or(&[][..], |client| &client.post_logout_redirect_uris);
    let return_to = address.and_then(|address| registered(known, address));
    let state = params.find("state").map(str::to_owned);
    Logout { ask, return_to: return_to.map(|address| (address, state)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::community::site::tests::site;

    fn hint(sub: &str, sid: &str) -> Hint {
        Hint { client_id: "credentia".into(), sub: sub.into(), sid: Some(sid.into()) }
    }

    #[test]
    fn nobody_is_signed_out_unasked_without_a_hint_of_this_very_session() {
        let site = site("credentia");
        let mine = Some(("s", "i"));
        for (name, query, hint, current, ask) in [
            ("own hint", "", Some(hint("s", "i")), mine, false),
            ("no hint", "", None, mine, true),
            ("another person's", "", Some(hint("x", "i")), mine, true),
            ("another session's", "", Some(hint("s", "x")), mine, true),
            ("another client's", "client_id=payer", Some(hint("s", "i")), mine, true),
            ("twice", "state=1&state=2", Some(hint("s", "i")), mine, true),
            ("nobody signed in", "", None, None, false),
        ] {
            let judged =
                judge(&Params::parse(query.as_bytes()), hint.as_ref(), Some(&site), current);
            assert_eq!(judged.ask, ask, "{name}");
        }
    }

    #[test]
    fn the_browser_goes_only_to_an_address_that_the_identified_site_registered() {
        let site = site("credentia");
        let good = "post_logout_redirect_uri=https%3A%2F%2Fcredentia.example%2Fsigned-out";
        for (name, query, site, expected) in [
            ("registered", format!("{good}&state=x"), Some(&site), Some(Some("x"))),
            ("registered, no state", good.to_owned(), Some(&site), Some(None)),
            ("no site", good.to_owned(), None, None),
            (
                "elsewhere",
                "post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F".into(),
                Some(&site),
                None,
            ),
            ("contradiction", format!("{good}&client_id=payer"), Some(&site), None),
            (
                "forged hint",
                format!("{good}&client_id=credentia&id_token_hint=x"),
                Some(&site),
                None,
            ),
        ] {
            let hint = site.filter(|_| !name.starts_with("forged")).map(|_| hint("s", "i"));
            let judged = judge(&Params::parse(query.as_bytes()), hint.as_ref(), site, None);
            let found = judged.return_to.map(|(_, state)| state);
            assert_eq!(found.as_ref().map(Option::as_deref), expected, "{name}");
        }
    }
}
