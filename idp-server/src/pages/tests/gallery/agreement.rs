//! The pages of the agreement step.

use std::sync::LazyLock;

use idp_core::community::agreement::{Agreement, AgreementText};

use super::{EVIL, Rendered, USUAL, Words, at, rendered, site};
use crate::pages::*;

static USUAL_TEXT: LazyLock<Agreement> = LazyLock::new(|| {
    published(include_str!("../../../../../config/agreements/subscriber-2026-11.txt"))
});
static HOSTILE_TEXT: LazyLock<Agreement> = LazyLock::new(|| {
    published(&format!("# {EVIL} \u{202e}x\n\n{EVIL}\n\n## {EVIL}\n- {EVIL}\n- </article>"))
});

fn published(source: &str) -> Agreement {
    Agreement {
        id: "agr_1".parse().unwrap(),
        code: "subscriber".parse().unwrap(),
        version: "2026-11".parse().unwrap(),
        text: AgreementText::read(source).unwrap(),
        published_at: at(-300),
        superseded_at: None,
    }
}

/// The text, for pages of other areas that show it.
pub(super) fn view(words: &Words) -> AgreementView<'static> {
    AgreementView::of(if words.site == USUAL.site { &USUAL_TEXT } else { &HOSTILE_TEXT })
}

pub(super) fn pages(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let text = if words.site == USUAL.site { &USUAL_TEXT } else { &HOSTILE_TEXT };
    let asked = AgreementPage {
        frame,
        handle: "h4ndl3",
        form_token: words.token,
        answer_token: words.token,
        site: site(words),
        person: words.user_id,
        agreement: AgreementView::of(text),
    };
    let declined = AgreementDeclinedPage {
        frame,
        handle: "h4ndl3",
        form_token: words.token,
        site: site(words),
        person: words.user_id,
    };
    let listed = |accepted_at: Option<_>, superseded| ListedAgreement {
        id: "agr_1",
        title: text.text.title(),
        version: "2026-11",
        accepted_at,
        superseded,
    };
    let nav = AccountNav { area: Area::Agreements, has_questions: false };
    let list = |due, accepted, done| AgreementsPage { frame, nav, due, accepted, done };
    let hash = text.text.hash().to_string();
    let one = |accepted_at, answer_token| AccountAgreementPage {
        frame,
        nav,
        id: "agr_1",
        hash: &hash,
        agreement: AgreementView::of(text),
        accepted_at,
        answer_token,
    };
    let (now, before) = (Some(at(0)), Some(at(-9_000)));
    vec![
        rendered("agreement", &asked),
        rendered("agreement-declined", &declined),
        rendered(
            "account-agreements",
            &list(vec![listed(None, false)], vec![listed(before, true)], false),
        ),
        rendered("account-agreements-done", &list(vec![], vec![listed(now, false)], true)),
        rendered("account-agreements-none", &list(vec![], vec![], false)),
        rendered("account-agreement", &one(now, None)),
        rendered("account-agreement-due", &one(None, Some(words.token))),
    ]
}
