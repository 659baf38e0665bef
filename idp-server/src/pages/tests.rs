//! What holds for every page. The pages are rendered once with a usual and once with a hostile
//! community, and also written to `target/pages/`, where they can be looked at (see `gallery`).

mod gallery;
mod news;
mod ways_back;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use gallery::{Rendered, hostile, spanish, usual};

/// The hooks that people's scripts and the conformance suite rely on (`conformance.md`).
const HOOKS: &[(&str, &[&str])] = &[
    ("account", &["id=\"sign-out\"", "href=\"/account\" aria-current=\"page\""]),
    (
        "account-password",
        &[
            "name=\"current_password\" type=\"password\" autocomplete=\"current-password\"",
            "name=\"new_password\" type=\"password\" autocomplete=\"new-password\"",
            "name=\"new_password_again\"",
            "id=\"password-submit\"",
        ],
    ),
    (
        "account-sessions",
        &["action=\"/account/sessions/ses_2/end\"", "action=\"/account/sessions/end-others\""],
    ),
    (
        "affiliation",
        &["id=\"affiliation-aff_1\"", "name=\"affiliation\" value=\"aff_1\"", "/switch\""],
    ),
    ("affiliation-many", &["name=\"find\"", "id=\"affiliation-aff_40\"", "method=\"get\""]),
    ("agreement", &["id=\"agreement-accept\"", "id=\"agreement-decline\"", "/agreement\""]),
    ("agreement-declined", &["id=\"agreement-again\"", "/cancel\""]),
    ("error-redirect-uri", &["invalid_request", "redirect_uri", "id=\"reference\""]),
    ("enrol-app", &["name=\"code\"", "id=\"text-key\"", "id=\"enrol-submit\""]),
    ("factor-email", &["id=\"factor-send\""]),
    ("factor-totp", &["name=\"code\"", "autocomplete=\"one-time-code\"", "id=\"factor-submit\""]),
    (
        "forgot-code",
        &[
            "name=\"code\"",
            "inputmode=\"numeric\"",
            "autocomplete=\"one-time-code\"",
            "id=\"code-again\"",
        ],
    ),
    ("forgot-new", &["name=\"password\"", "name=\"repeated\"", "autocomplete=\"new-password\""]),
    (
        "forgot-password",
        &["name=\"username\"", "name=\"solution\"", "id=\"challenge-new\"", "<noscript>"],
    ),
    ("form-post", &["id=\"form-post\"", "name=\"code\"", "src=\"/assets/form-post.js?v="]),
    ("notice", &["id=\"consent-allow\"", "id=\"consent-deny\"", "/notice\"", "/cancel\""]),
    ("refusal-role", &["role_required", "id=\"reference\"", "/cancel\""]),
    (
        "sign-in",
        &[
            "name=\"username\"",
            "autocomplete=\"username webauthn\"",
            "name=\"password\"",
            "autocomplete=\"current-password\"",
            "id=\"login-submit\"",
            "/password\"",
            "/cancel\"",
        ],
    ),
    ("sign-out", &["id=\"logout-confirm\"", "action=\"/sign-out\""]),
    ("signed-out", &["logged out"]),
];

fn every_page() -> Vec<Rendered> {
    usual().into_iter().chain(hostile()).chain(spanish()).collect()
}

/// The names of the elements that begin in `html`, in order.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).filter_map(|rest| rest.split(['>', ' ', '\n', '/']).next()).collect()
}

/// The values of an attribute, in order.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let opening = format!(" {attribute}=\"");
    html.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The names of all attributes: what is left of each tag when the quoted values are gone.
fn attributes(html: &str) -> Vec<&str> {
    let tags = html.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    tags.flat_map(|tag| tag.split('"').step_by(2).flat_map(str::split_whitespace)).collect()
}

#[test]
fn the_gallery_is_written_for_looking_at() {
    gallery::write().expect("target/pages can be written");
}

#[test]
fn every_page_has_a_language_a_title_a_heading_a_skip_link_and_one_main() {
    for Rendered { name, html } in every_page() {
        let tags = tags(&html);
        let count = |wanted: &str| tags.iter().filter(|tag| **tag == wanted).count();
        assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\""), "{name}");
        for element in ["title", "h1", "main", "header", "footer"] {
            assert_eq!(count(element), 1, "{name}: {element}");
        }
        assert!(html.contains(" · Hilum</title>"), "{name}");
        let first_link = html.find("<a ").map(|at| &html[at..]);
        assert!(
            first_link.is_some_and(|link| link.starts_with("<a class=\"skip\" href=\"#main\">")),
            "{name}"
        );
        assert!(html.contains("href=\"tel:18005550142\""), "{name}: support phone");
    }
}

/// The text of every name in a catalogue: `sign_in.title`.
fn catalogue(source: &str) -> BTreeMap<String, String> {
    let sections: toml::Table = source.parse().expect("is TOML");
    let texts = |(section, texts): (String, toml::Value)| {
        let texts = texts.as_table().expect("is a section").clone();
        texts.into_iter().map(move |(key, text)| {
            (format!("{section}.{key}"), text.as_str().expect("is a text").to_owned())
        })
    };
    sections.into_iter().flat_map(texts).collect()
}

#[test]
fn the_spanish_catalogue_has_every_text_that_the_english_one_has() {
    let spanish = catalogue(include_str!("../../messages/es.toml"));
    let english = catalogue(include_str!("../../messages/en.toml"));
    let missing: Vec<_> = english.keys().filter(|name| !spanish.contains_key(*name)).collect();
    assert!(missing.is_empty(), "not in es.toml: {missing:?}");
}

#[test]
fn spanish_has_one_word_for_one_thing() {
    let retired = ["User ID", "funciones", "servicio de ayuda", "Social Security", "cifras"];
    for (name, text) in catalogue(include_str!("../../messages/es.toml")) {
        for word in retired {
            assert!(!text.contains(word), "{name}: see the head of es.toml about {word:?}");
        }
    }
}

#[test]
fn a_page_in_spanish_says_so_and_has_no_english_in_it() {
    let spanish_texts = catalogue(include_str!("../../messages/es.toml"));
    // Short ones are words of both languages, and what is filled in belongs to nobody's language.
    let says_enough = |text: &String| text.len() > 15 && !text.contains('{');
    let english: Vec<(String, String)> = catalogue(include_str!("../../messages/en.toml"))
        .into_iter()
        .filter(|(name, text)| {
            says_enough(text) && spanish_texts.get(name).is_some_and(|spanish| spanish != text)
        })
        .collect();
    for Rendered { name, html } in spanish() {
        assert!(html.contains("<html lang=\"es\">"), "{name}");
        for (key, text) in &english {
            assert!(!html.contains(text), "{name}: {key} is in English");
        }
    }
}

#[test]
fn every_page_obeys_a_policy_without_inline_script_or_style_or_foreign_files() {
    for Rendered { name, html } in every_page() {
        assert!(!tags(&html).contains(&"style") && !html.contains(" style=\""), "{name}");
        for attribute in attributes(&html) {
            assert!(!attribute.starts_with("on"), "{name}: {attribute}");
        }
        for source in values(&html, "src") {
            assert!(source.starts_with("/assets/"), "{name}: {source}");
        }
        let scripts = html.split("<script").skip(1);
        for script in scripts {
            assert!(script.starts_with(" src=\"/assets/"), "{name}");
            assert!(script.contains("defer></script>"), "{name}");
        }
    }
}

#[test]
fn markup_in_data_is_shown_as_text() {
    for Rendered { name, html } in hostile() {
        for element in tags(&html) {
            assert!(!["img/src", "b", "svg"].contains(&element), "{name}: {element}");
        }
        assert!(!html.contains(gallery::EVIL), "{name}");
        assert!(!html.contains("\" autofocus onfocus"), "{name}");
        for link in values(&html, "href") {
            assert!(!link.trim_start().starts_with("javascript:"), "{name}: {link}");
        }
    }
}

#[test]
fn every_post_to_ourselves_carries_the_form_token() {
    for Rendered { name, html } in every_page() {
        for form in html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            let to_a_site = form.contains("id=\"form-post\"");
            let is_post = form.contains("method=\"post\"");
            assert_eq!(
                form.contains("<input type=\"hidden\" name=\"form_token\" value=\""),
                is_post && !to_a_site,
                "{name}: {form}"
            );
            assert!(form.contains("type=\"submit\""), "{name}: works without scripts");
        }
    }
}

#[test]
fn the_hooks_of_the_pages_are_stable() {
    let pages: BTreeMap<_, _> = usual().into_iter().map(|page| (page.name, page.html)).collect();
    for (name, hooks) in HOOKS {
        for hook in *hooks {
            assert!(pages[*name].contains(hook), "{name}: {hook}");
        }
    }
}

#[test]
fn identifiers_are_unique_and_what_refers_to_them_finds_them() {
    for Rendered { name, html } in every_page() {
        let ids = values(&html, "id");
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: {ids:?}");
        let references = ["for", "aria-describedby", "aria-labelledby"];
        let anchors = values(&html, "href").into_iter().filter_map(|link| link.strip_prefix('#'));
        let referred = references.into_iter().flat_map(|it| values(&html, it));
        for id in referred.flat_map(str::split_whitespace).chain(anchors) {
            assert!(unique.contains(&id), "{name}: {id}");
        }
    }
}

#[test]
fn every_input_that_people_fill_has_a_label() {
    for Rendered { name, html } in every_page() {
        let labelled = values(&html, "for");
        for input in html.split("<input").skip(1).filter_map(|rest| rest.split('>').next()) {
            let hidden = input.contains("type=\"hidden\"");
            let named = values(input, "id").iter().any(|id| labelled.contains(id));
            assert!(hidden || named, "{name}: {input}");
        }
    }
}

#[test]
fn a_problem_is_said_in_the_title_and_tied_to_its_field() {
    let pages: BTreeMap<_, _> = usual().into_iter().map(|page| (page.name, page.html)).collect();
    for (name, html) in &pages {
        let problem = html.contains("id=\"problem\"") || name.starts_with("error-");
        let titled = html.contains("<title>Error: ");
        assert!(!problem || titled, "{name}");
    }
    let missing = &pages["sign-in-missing"];
    assert!(missing.contains("aria-invalid=\"true\" aria-describedby=\"password-problem\""));
    assert!(missing.contains("id=\"password-problem\"") && missing.contains("href=\"#password\""));
}

#[test]
fn an_error_page_leads_nowhere_but_to_support() {
    for Rendered { name, html } in every_page() {
        if name.starts_with("error-") {
            assert!(!html.contains("<form"), "{name}");
            for link in values(&html, "href") {
                let ours = ["#main", "tel:", "mailto:", "/assets/"];
                assert!(ours.iter().any(|start| link.starts_with(start)), "{name}: {link}");
            }
        }
    }
}

#[test]
fn a_refused_sign_in_keeps_the_user_id_and_never_the_password() {
    let pages: BTreeMap<_, _> = usual().into_iter().map(|page| (page.name, page.html)).collect();
    let refused = &pages["sign-in-refused"];
    assert!(refused.contains("value=\"practitioner\""));
    let password = refused.split("id=\"password\"").nth(1).and_then(|rest| rest.split('>').next());
    assert!(password.is_some_and(|input| !input.contains("value=")));
}

#[test]
fn every_text_of_the_catalogue_is_used() {
    // That every text which is used exists is proved by the compiler.
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources: Vec<String> = ["templates", "src/pages", "src/http"]
        .into_iter()
        .flat_map(|folder| texts(&root.join(folder)))
        .collect();
    // A section may have a short name in its file: `words`, or its own.
    let uses = |source: &String, section: &str, key: &str| {
        let short = source.contains(&format!("text.{section}"))
            && ["words", section].iter().any(|name| mentions(source, &format!("{name}.{key}")));
        short || mentions(source, &format!("text.{section}.{key}"))
    };
    let catalogue: toml::Table = include_str!("../../messages/en.toml").parse().expect("is TOML");
    for (section, texts) in &catalogue {
        for key in texts.as_table().expect("is a section").keys() {
            let used = sources.iter().any(|source| uses(source, section, key));
            assert!(used, "{section}.{key} is shown nowhere");
        }
    }
}

/// Every file under this folder, except tests.
fn texts(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("is a folder").map(|entry| entry.expect("is there"));
    let paths = entries.map(|entry| entry.path()).filter(|path| !path.ends_with("tests"));
    paths
        .flat_map(|path| match path.is_dir() {
            true => texts(&path),
            false => vec![fs::read_to_string(&path).expect("is text")],
        })
        .collect()
}

/// Whether `source` has this path and not only a longer one.
fn mentions(source: &str, path: &str) -> bool {
    let longer = |c: char| c.is_alphanumeric() || c == '_';
    source.match_indices(path).any(|(at, _)| !source[at + path.len()..].starts_with(longer))
}
