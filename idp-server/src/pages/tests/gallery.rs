//! Every page, filled with a usual and with a hostile community, and in Spanish.
//!
//! `cargo test -p idp-server pages` leaves them in `target/pages/`; serve that folder
//! (`python3 -m http.server`) and open `usual/sign-in.html`.

mod account;
mod agreement;
mod consoles;
mod desk;
mod leaving;
mod organization;
mod people;
mod register;

use std::path::PathBuf;
use std::{fs, io};

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};

use super::ways_back;
use crate::pages::*;

/// Must not come out as it went in, in any place of any page.
pub(super) const EVIL: &str = "<img src=x onerror=alert(1)>";

pub(super) struct Rendered {
    pub(super) name: &'static str,
    pub(super) html: String,
}

/// The words that differ between the two communities.
struct Words {
    site: &'static str,
    policy: &'static str,
    person: &'static str,
    user_id: &'static str,
    email: &'static str,
    organizations: [&'static str; 4],
    user_agents: [&'static str; 3],
    value: &'static str,
    description: &'static str,
    token: &'static str,
}

const USUAL: Words = Words {
    site: "Credentia",
    policy: "https://credentia.example/privacy",
    person: "Ana Rivera",
    user_id: "practitioner",
    email: "ana.rivera@cedarfalls.example",
    organizations: [
        "Cedar Falls Family Medicine",
        "Harborview Regional Hospital",
        "Northwest Billing Partners",
        "Sound Pediatrics",
    ],
    user_agents: [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1",
        "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    ],
    value: "SplxlOBeZQQYbYS6WxSbIA",
    description: "redirect_uri is not registered for this client",
    token: "Zk3v9QmT7cB1xH0eZk3v9QmT7cB1xH0e",
};

const HOSTILE: Words = Words {
    site: "<img src=x onerror=alert(1)>\"' autofocus onfocus=alert(1) {{ site }} \u{202e}evil\u{202c} \
           TheMostWonderfullyLongUnbrokenNameOfAParticipatingSiteThatAnybodyEverRegisteredWithUs",
    policy: " javascript:alert(document.cookie)//https://",
    person: "</p></main><img src=x onerror=alert(1)>&amp;\u{0}\u{1f469}\u{200d}\u{2695}\u{fe0f} Ñandú",
    user_id: "\" autofocus onfocus=alert(1) x=\"<img src=x onerror=alert(1)>",
    email: "\"><img src=x onerror=alert(1)>@evil.example?cc=all@evil.example&subject=x",
    organizations: [
        "<img src=x onerror=alert(1)></button></form>",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftsklinikum",
        "عيادة الشفاء \u{202e}Clinic\"onclick=alert(1)",
        "A & B <b>Partners</b> {site} {{ site }}",
    ],
    user_agents: ["<img src=x onerror=alert(1)> Firefox/1", "", "curl"],
    value: "\"><img src=x onerror=alert(1)><script>alert(1)</script>",
    description: "<img src=x onerror=alert(1)> redirect_uri \"x\"",
    token: "\"><img src=x onerror=alert(1)>",
};

pub(super) fn usual() -> Vec<Rendered> {
    pages(&USUAL, Messages::english())
}

pub(super) fn hostile() -> Vec<Rendered> {
    pages(&HOSTILE, Messages::english())
}

pub(super) fn spanish() -> Vec<Rendered> {
    pages(&USUAL, Messages::for_language("es").expect("there is Spanish"))
}

/// Writes all pages and the assets to `target/pages/`.
pub(super) fn write() -> io::Result<()> {
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/pages");
    fs::create_dir_all(target.join("assets"))?;
    for asset in ASSETS.all() {
        fs::write(target.join("assets").join(asset.name), asset.bytes)?;
    }
    for (folder, pages) in [("usual", usual()), ("hostile", hostile()), ("spanish", spanish())] {
        fs::create_dir_all(target.join(folder))?;
        for Rendered { name, html } in pages {
            fs::write(target.join(folder).join(format!("{name}.html")), html)?;
        }
    }
    Ok(())
}

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_000_000) + TimeDelta::hours(hours)
}

fn pages(words: &'static Words, text: &'static Messages) -> Vec<Rendered> {
    let frame = Frame::new(
        text,
        Support {
            phone: "1-800-555-0142",
            email: Some("support@hilum.example"),
            address: "1 Harbor Street, Olympia WA 98501",
        },
    );
    let hostile_frame =
        Frame { support: Support { email: Some(words.email), ..frame.support }, ..frame };
    let frame = if words.site == USUAL.site { frame } else { hostile_frame };
    [
        sign_on(frame, words),
        factors(frame, words),
        choices(frame, words),
        refusals(frame, words),
        errors(frame, words),
        own(frame, words),
        account::pages(frame, words),
        agreement::pages(frame, words),
        consoles::pages(frame, words),
        desk::pages(frame, words),
        leaving::pages(frame, words),
        organization::pages(frame, words),
        register::pages(frame, words),
        ways_back::pages(frame, words.user_id),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn rendered(name: &'static str, page: &impl Template) -> Rendered {
    Rendered { name, html: page.render().expect(name) }
}

fn site(words: &'static Words) -> SiteView<'static> {
    SiteView {
        name: words.site,
        logo_uri: Some(words.policy),
        policy_uri: Some(words.policy),
        tos_uri: Some(words.policy),
    }
}

fn sign_in(frame: Frame<'static>, words: &'static Words) -> SignInPage<'static> {
    SignInPage {
        frame,
        handle: "h4ndl3",
        form_token: words.token,
        site: Some(site(words)),
        user_id: words.user_id,
        passkeys: true,
        passkey_first: false,
        reason: None,
        problem: None,
        challenge: None,
    }
}

fn factor(
    frame: Frame<'static>,
    words: &'static Words,
    way: FactorWay,
    problem: Option<FactorProblem>,
) -> FactorPage<'static> {
    let all = [FactorWay::Passkey, FactorWay::Totp, FactorWay::Email, FactorWay::Recovery];
    FactorPage {
        frame,
        handle: "h4ndl3",
        form_token: words.token,
        site: Some(site(words)),
        person: words.user_id,
        way,
        others: all.into_iter().filter(|other| *other != way).collect(),
        may_remember: true,
        mailbox: Some(words.email),
        sent: false,
        before_enrolment: false,
        problem,
    }
}

fn enrol(
    frame: Frame<'static>,
    words: &'static Words,
    choice: EnrolChoice<'static>,
    problem: Option<EnrolProblem>,
) -> EnrolPage<'static> {
    let place = EnrolPlace::SignOn { handle: "h4ndl3", site: Some(site(words)) };
    EnrolPage {
        frame,
        base: "/sign-on/h4ndl3/enrol",
        form_token: words.token,
        place,
        person: words.user_id,
        choice,
        name: words.person,
        problem,
    }
}

/// Second factors: asked for, set up, looked after.
fn factors(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let refused = Some(FactorProblem::Refused { lock_minutes: 10 });
    let app = EnrolChoice::App { qr: "", key: "GEZD GNBV GY3T QOJQ" };
    let open = EnrolChoice::Open { app: true, passkey: true };
    let at = DateTime::UNIX_EPOCH;
    let held = |id, name, passkey| FactorView {
        id,
        name,
        passkey,
        added_at: at,
        last_used_at: passkey.then_some(at),
    };
    let security = |may_change| SecurityPage {
        frame,
        nav: AccountNav { area: Area::Security, has_questions: true },
        form_token: words.token,
        may_change,
        may_enrol: true,
        passkeys: true,
        factors: vec![held("fac_1", words.person, true), held("fac_2", words.value, false)],
        recovery_codes: 7,
        browsers: vec![RememberedView { user_agent: words.user_agents[0], since: at, until: at }],
        done: may_change.then_some(SecurityDone::Removed),
    };
    let none = SecurityPage {
        may_enrol: false,
        factors: vec![],
        recovery_codes: 0,
        browsers: vec![],
        ..security(false)
    };
    vec![
        rendered("factor-totp", &factor(frame, words, FactorWay::Totp, None)),
        rendered("factor-totp-refused", &factor(frame, words, FactorWay::Totp, refused)),
        rendered("factor-passkey", &factor(frame, words, FactorWay::Passkey, None)),
        rendered("factor-recovery", &factor(frame, words, FactorWay::Recovery, None)),
        rendered("factor-email", &factor(frame, words, FactorWay::Email, None)),
        rendered(
            "factor-email-sent",
            &FactorPage { sent: true, ..factor(frame, words, FactorWay::Email, None) },
        ),
        rendered("enrol", &enrol(frame, words, open, None)),
        rendered("enrol-app", &enrol(frame, words, app, None)),
        rendered("enrol-app-wrong", &enrol(frame, words, app, Some(EnrolProblem::Wrong))),
        rendered("enrol-passkey", &enrol(frame, words, EnrolChoice::Passkey, None)),
        rendered(
            "enrol-account",
            &EnrolPage {
                place: EnrolPlace::Account,
                base: "/account/security",
                ..enrol(frame, words, app, None)
            },
        ),
        rendered(
            "recovery-codes",
            &RecoveryCodesPage {
                frame,
                codes: (0..10).map(|n| format!("ABCD{n}-EFGHJ")).collect(),
                person: words.user_id,
                after_enrolment: true,
                next: "/sign-on/h4ndl3",
            },
        ),
        rendered("security", &security(true)),
        rendered("security-look", &security(false)),
        rendered("security-none", &none),
    ]
}

fn sign_on(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let page = || sign_in(frame, words);
    let problem = |problem| SignInPage { problem: Some(problem), ..page() };
    let missing = SignInProblem::Missing { user_id: true, password: true };
    vec![
        rendered("sign-in", &SignInPage { user_id: "", ..page() }),
        rendered("sign-in-passkey-first", &SignInPage { passkey_first: true, ..page() }),
        rendered("sign-in-account", &SignInPage { site: None, ..page() }),
        rendered("sign-in-again", &SignInPage { reason: Some(SignInReason::AskedAgain), ..page() }),
        rendered(
            "sign-in-switched",
            &SignInPage { reason: Some(SignInReason::Switched), ..page() },
        ),
        rendered("sign-in-refused", &problem(SignInProblem::Refused { lock_minutes: 10 })),
        rendered("sign-in-missing", &SignInPage { user_id: "", ..problem(missing) }),
        rendered("sign-in-busy", &problem(SignInProblem::Busy)),
        rendered("sign-in-throttled", &problem(SignInProblem::Throttled)),
        rendered(
            "sign-in-challenged",
            &SignInPage {
                challenge: Some(ways_back::challenge(Some(ChallengeProblem::Due))),
                ..problem(SignInProblem::Challenge)
            },
        ),
        rendered("sign-in-form-expired", &problem(SignInProblem::FormExpired)),
        rendered(
            "form-post",
            &FormPostPage {
                frame,
                action: "https://credentia.example/callback?a=1&b=\"2",
                site: words.site,
                fields: vec![("code", words.value), ("state", words.token), ("submit", "x")],
            },
        ),
        rendered(
            "switch-person",
            &SwitchPersonPage {
                frame,
                handle: "h4ndl3",
                form_token: words.token,
                site: Some(site(words)),
                person: words.user_id,
                may_stay: true,
            },
        ),
    ]
}

fn choices(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let ids: Vec<String> = (1..=40).map(|number| format!("aff_{number}")).collect();
    let choice = |number: usize| AffiliationChoice {
        id: &ids[number],
        organization: words.organizations[number % 4],
        roles: [
            vec!["licensed-practitioner"],
            vec!["billing-specialist", "office-manager"],
            vec![],
            vec!["unknown-role"],
        ][number % 4]
            .clone(),
        tax_ids: [
            vec!["91-1234567"],
            vec!["91-7654321", "20-1112223"],
            vec!["***-**-1234"],
            vec![],
        ][number % 4]
            .clone(),
        administrator: number % 3 == 1,
        last_used: number == 1,
    };
    let page = |count, find| AffiliationPage {
        frame,
        handle: "h4ndl3",
        form_token: words.token,
        site: site(words),
        person: words.user_id,
        choices: (0..count).map(choice).collect(),
        find,
        unknown_choice: false,
    };
    vec![
        rendered("affiliation", &page(4, None)),
        rendered("affiliation-unknown", &AffiliationPage { unknown_choice: true, ..page(2, None) }),
        rendered("affiliation-many", &page(40, None)),
        rendered("affiliation-found", &page(40, Some("cedar"))),
        rendered("affiliation-not-found", &page(40, Some(words.value))),
        rendered(
            "notice",
            &NoticePage {
                frame,
                handle: "h4ndl3",
                form_token: words.token,
                confirm_token: words.token,
                site: site(words),
                person: words.user_id,
                organization: Some(words.organizations[0]),
                received: [
                    ("openid", None),
                    ("profile", Some(words.person)),
                    ("email", Some(words.email)),
                    ("affiliations", Some(words.organizations[0])),
                    ("tax_ids", None),
                    ("npi", Some("1999999984")),
                    ("login_history", None),
                    ("offline_access", None),
                    (words.value, None),
                ]
                .map(|(scope, value)| Received { scope, value })
                .to_vec(),
                seen_before: false,
            },
        ),
    ]
}

fn refusals(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let page = |reason| RefusalPage {
        frame,
        handle: "h4ndl3",
        form_token: words.token,
        site: site(words),
        person: words.user_id,
        reference: "7K3M-Q2XP",
        reason,
    };
    let roles = vec!["licensed-practitioner", "credentialing-manager", words.value];
    vec![
        rendered("refusal-administrator", &page(RefusalReason::AdministratorRequired)),
        rendered("refusal-affiliation", &page(RefusalReason::AffiliationRequired)),
        rendered("refusal-agreement", &page(RefusalReason::AgreementRequired)),
        rendered("refusal-assurance", &page(RefusalReason::AssuranceUnmet)),
        rendered("refusal-role", &page(RefusalReason::RoleRequired(roles))),
        rendered("refusal-site", &page(RefusalReason::SiteNotEnabled)),
    ]
}

fn errors(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let page = |status, problem| ErrorPage { frame, status, reference: "7K3M-Q2XP", problem };
    let request = ProtocolError {
        code: "invalid_request",
        description: words.description,
        site: Some(words.site),
    };
    let unknown = ProtocolError { site: None, ..request };
    vec![
        rendered("error-redirect-uri", &page(400, Problem::SiteRequest(request))),
        rendered("error-client", &page(400, Problem::SiteRequest(unknown))),
        rendered("error-interrupted", &page(400, Problem::Interrupted)),
        rendered("error-method", &page(405, Problem::Method)),
        rendered("error-not-allowed", &page(403, Problem::NotAllowed)),
        rendered("error-not-understood", &page(413, Problem::NotUnderstood)),
        rendered("error-throttled", &page(429, Problem::Throttled)),
        rendered("error-unavailable", &page(503, Problem::Unavailable)),
        rendered("error-unexpected", &page(500, Problem::Unexpected)),
        rendered("not-found", &NotFoundPage { frame }),
        rendered(
            "form-expired",
            &FormExpiredPage { frame, start_again: StartAgain::SignOn("h4ndl3") },
        ),
        rendered(
            "form-expired-account",
            &FormExpiredPage { frame, start_again: StartAgain::Account(Area::Sessions) },
        ),
    ]
}

fn own(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    vec![
        rendered("home", &HomePage { frame, signed_in_as: None }),
        rendered("home-signed-in", &HomePage { frame, signed_in_as: Some(words.user_id) }),
    ]
}
