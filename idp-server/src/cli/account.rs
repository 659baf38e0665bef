//! `hilum account`: the help desk.

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand, ValueEnum};
use idp_core::{
    authentication::{
        email_change::NotChanged, lockout::Lockout, mailed_code::CodePurpose, secret_questions,
    },
    community::subscriber::{AccountRules, EmailAddress, Standing},
    mail::{Helper, shortened},
    secret::SecretDigest,
};

use super::{
    ConfigFile, Failure,
    database::{block_on, failed, open},
    office::{post, rules},
    operator::operator,
};
use crate::{
    clock,
    config::Config,
    help_desk::{Desk, Refusal},
    mail::Post,
    random::Random,
    store::{
        AnyConn, Database, StoreError, factor, factor_reset, lockout, mailed_code,
        secret_questions as questions, self_help, session, subscriber,
    },
};

/// Help people who cannot sign in.
#[derive(Debug, Subcommand)]
pub(super) enum Account {
    /// Have mail go to another address
    ///
    /// The new mailbox gets a link and a code that works for 24 hours; from then on it is in use. The
    /// earlier mailbox is told, and can stop it or take it back for 72 hours.
    ChangeEmail {
        #[command(flatten)]
        for_whom: ForWhom,
        /// The new address
        #[arg(value_name = "ADDRESS")]
        address: EmailAddress,
        #[command(flatten)]
        check: Check,
    },
    /// Make a code for a new password, to be handed over in person
    ///
    /// It is shown once, works for 24 hours, and is not enough by itself: whoever uses it also types
    /// a code from the mailbox on file. The person is told by mail.
    IssueCode {
        #[command(flatten)]
        for_whom: ForWhom,
        #[command(flatten)]
        check: Check,
    },
    /// Stop the removal of a lost second factor
    KeepFactor {
        #[command(flatten)]
        for_whom: ForWhom,
        #[command(flatten)]
        check: Check,
    },
    /// Remove all second factors of somebody who has lost them, after 24 hours
    ///
    /// The person is told by mail at once and at the end, and can stop it.
    ResetFactor {
        #[command(flatten)]
        for_whom: ForWhom,
        #[command(flatten)]
        check: Check,
    },
    /// Show how an account stands
    Show {
        #[command(flatten)]
        for_whom: ForWhom,
    },
    /// Take off a lock before its time, and open self-help again
    Unlock {
        #[command(flatten)]
        for_whom: ForWhom,
        #[command(flatten)]
        check: Check,
    },
}

/// Whose account.
#[derive(Args, Debug)]
pub(super) struct ForWhom {
    #[command(flatten)]
    config: ConfigFile,
    /// The User ID
    #[arg(value_name = "USER_ID")]
    user_id: String,
}

/// How somebody made sure who is asking.
#[derive(Args, Debug)]
pub(super) struct Check {
    /// How you made sure who is asking, for the audit record
    #[arg(long, value_name = "TEXT")]
    checked: String,
    /// On whose behalf you act
    #[arg(long = "as", value_name = "WHO", value_enum, default_value_t = As::Support)]
    acting: As,
}

/// On whose behalf.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum As {
    /// An Administrator of the person's organization
    Administrator,
    /// Hilum's help desk
    Support,
}

impl Account {
    pub(super) fn run(self) -> Result<(), Failure> {
        match self {
            Self::ChangeEmail { for_whom, address, check } => {
                for_whom.help(&check, Deed::ChangeEmail(address))
            }
            Self::IssueCode { for_whom, check } => for_whom.help(&check, Deed::IssueCode),
            Self::KeepFactor { for_whom, check } => for_whom.help(&check, Deed::KeepFactor),
            Self::ResetFactor { for_whom, check } => for_whom.help(&check, Deed::ResetFactor),
            Self::Show { for_whom } => {
                let config = for_whom.config.load()?;
                block_on(show(&config, for_whom.user_id))
            }
            Self::Unlock { for_whom, check } => for_whom.help(&check, Deed::Unlock),
        }
    }
}

/// What is done for somebody.
#[derive(Clone, Debug)]
enum Deed {
    ChangeEmail(EmailAddress),
    IssueCode,
    KeepFactor,
    ResetFactor,
    Unlock,
}

impl ForWhom {
    fn help(self, check: &Check, deed: Deed) -> Result<(), Failure> {
        let checked = check.checked.trim();
        if checked.is_empty() || checked.chars().any(char::is_control) {
            return Err(Failure::new(
                "--checked must say in one line how you made sure who is asking",
                "Nothing was changed.",
            ));
        }
        let config = self.config.load()?;
        let desk = Desk {
            actor: operator(),
            helper: match check.acting {
                As::Administrator => Helper::Administrator,
                As::Support => Helper::Support,
            },
            checked: checked.to_owned(),
            now: clock::clock(&config.clock).now(),
            rules: rules(&config),
        };
        block_on(help(&config, desk, self.user_id, deed))
    }
}

async fn help(config: &Config, desk: Desk, user_id: String, deed: Deed) -> Result<(), Failure> {
    let (db, post, random) = (open(config)?, post(config)?, Random::new());
    let said = db
        .write(move |conn| carry_out(conn, &desk, (&post, &random), &user_id, &deed))
        .await
        .map_err(|error| failed(&error))?;
    match said {
        Ok(said) => {
            println!("{said}");
            Ok(())
        }
        Err(refusal) => Err(refused(refusal)),
    }
}

fn carry_out(
    conn: &mut AnyConn,
    desk: &Desk,
    (post, random): (&Post, &Random),
    user_id: &str,
    deed: &Deed,
) -> Result<Result<String, Refusal>, StoreError> {
    Ok(match deed {
        Deed::ChangeEmail(new) => desk.change_email(conn, (post, random), user_id, new)?.map(|()| {
            "A link and a code are on their way to the new address, unless it is somebody else's. \
             It is in use when the person has typed the code, within 24 hours; the earlier address \
             is told."
                .to_owned()
        }),
        Deed::IssueCode => desk.issue_code(conn, post, random, user_id)?.map(|code| {
            let code = code.shown();
            format!(
                "{code}\nHand it over in person. It works once, for 24 hours, at the end of \
                 \"Forgot your password?\", together with a code that is mailed to the account."
            )
        }),
        Deed::KeepFactor => desk
            .cancel_factor_reset(conn, post, random, user_id)?
            .map(|()| "The second factor stays; the person is told by mail.".to_owned()),
        Deed::ResetFactor => desk.request_factor_reset(conn, post, random, user_id)?.map(|due| {
            format!(
                "All second factors are removed at {} unless the person stops it; they are told by \
                 mail now and then.",
                written(due)
            )
        }),
        Deed::Unlock => desk
            .unlock(conn, random, user_id)?
            .map(|()| "The lock is off, and self-help is open again.".to_owned()),
    })
}

fn refused(refusal: Refusal) -> Failure {
    let (what, next) = match refusal {
        Refusal::Account(standing) => (
            format!("the account is {}", named(standing)),
            "Decide that first; nothing was changed.",
        ),
        Refusal::Address(NotChanged::Same) => {
            ("it is the address that the account has".to_owned(), "Nothing was changed.")
        }
        Refusal::Address(NotChanged::UndoOpen) => (
            "the address was changed less than 72 hours ago, and the earlier mailbox can still take \
             that back"
                .to_owned(),
            "Wait until then; nothing was changed.",
        ),
        Refusal::Address(NotChanged::Taken | NotChanged::WrongCode) => {
            ("the address cannot be used".to_owned(), "Nothing was changed.")
        }
        Refusal::Address(NotChanged::TooMany) | Refusal::TooManyCodes => (
            "too many codes were made for this person in the last hour".to_owned(),
            "Wait an hour; nothing was changed.",
        ),
        Refusal::AtOnce => (
            "somebody else asked for the same at the same moment".to_owned(),
            "`hilum account show` tells how it stands.",
        ),
        Refusal::NoMailbox => (
            "the account has no e-mail address, and the rest is proved by mail".to_owned(),
            "Give the person one with `hilum account change-email`; nothing was changed.",
        ),
        Refusal::Nothing => ("there is nothing of the kind".to_owned(), "Nothing was changed."),
        Refusal::Unknown => {
            ("nobody has this User ID".to_owned(), "Check its spelling; nothing was changed.")
        }
        Refusal::Waiting => (
            "a removal waits already".to_owned(),
            "`hilum account show` tells since when; nothing was changed.",
        ),
    };
    Failure::new(what, next)
}

const fn named(standing: Standing) -> &'static str {
    match standing {
        Standing::Active => "active",
        Standing::Closed => "closed",
        Standing::Dormant => "dormant",
        Standing::Suspended => "suspended",
        Standing::Terminated => "terminated",
    }
}

async fn show(config: &Config, user_id: String) -> Result<(), Failure> {
    let db: Database = open(config)?;
    let (now, rules) = (clock::clock(&config.clock).now(), rules(config));
    let lines = db
        .write(move |conn| stand(conn, &user_id, &rules, now))
        .await
        .map_err(|error| failed(&error))?;
    let Some(lines) = lines else { return Err(refused(Refusal::Unknown)) };
    for (label, value) in lines {
        println!("{label:<16} {value}");
    }
    Ok(())
}

/// How an account stands, line by line.
fn stand(
    conn: &mut AnyConn,
    user_id: &str,
    rules: &AccountRules,
    now: DateTime<Utc>,
) -> Result<Option<Vec<(&'static str, String)>>, StoreError> {
    let name = user_id.trim().to_ascii_lowercase();
    let Some(account) = subscriber::for_sign_in(conn, &name)? else { return Ok(None) };
    let person = account.subscriber;
    let digest = SecretDigest::of(&name);
    let lock = match lockout::load_for_update(conn, &digest, now)? {
        Lockout::Locked { until } if now < until => format!("until {}", written(until)),
        Lockout::Locked { .. } => "none".to_owned(),
        Lockout::Open { failures, .. } => format!("none, {failures} failures in a row"),
    };
    let closed = self_help::wrong_answers(conn, &digest)? >= secret_questions::TRIES;
    let own = questions::find(conn, &person.id)?.map_or(0, |own| own.questions.len());
    let self_help = if closed { "closed: needs a code" } else { "open" };
    let code = mailed_code::find(conn, &person.id, CodePurpose::ResetHandedOver)?;
    let code = code.filter(|code| code.used_at.is_none() && now < code.expires_at);
    let reset = factor_reset::waiting(conn, &person.id)?;
    let at = |at: Option<DateTime<Utc>>| at.map_or_else(|| "never".to_owned(), written);
    Ok(Some(vec![
        ("User ID", person.user_id.to_string()),
        ("name", person.name()),
        ("account", named(person.standing(rules, now)).to_owned()),
        ("last sign-in", at(person.last_sign_in_at)),
        ("e-mail", person.email.as_ref().map_or_else(|| "none".to_owned(), shortened)),
        ("lock", lock),
        ("secret questions", format!("{own}, self-help {self_help}")),
        (
            "code handed over",
            code.map_or("none".to_owned(), |code| {
                format!("works until {}", written(code.expires_at))
            }),
        ),
        ("second factors", factor::of_subscriber(conn, &person.id)?.len().to_string()),
        (
            "factor removal",
            reset.map_or("none".to_owned(), |reset| format!("at {}", written(reset.due_at))),
        ),
        ("sessions", session::live_of_subscriber(conn, &person.id, now)?.len().to_string()),
    ]))
}

pub(super) fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
