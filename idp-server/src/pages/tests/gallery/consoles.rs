//! What all consoles share, and where each begins.

use idp_core::community::organization_life::Suspension;

use super::{Rendered, Words, rendered};
use crate::pages::*;

pub(super) fn pages(frame: Frame<'static>, words: &'static Words) -> Vec<Rendered> {
    let [clinic, hospital, ..] = words.organizations;
    let fields = [("form_token", words.token), ("name", words.organizations[0])];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let nav = OrganizationNav { id: "org_7q2m", name: clinic, area: OrganizationArea::Home };
    vec![
        rendered(
            "consoles",
            &ConsolesPage {
                frame,
                organizations: vec![
                    (clinic, "/organization/org_7q2m".to_owned()),
                    (hospital, "/organization/org_9x4k".to_owned()),
                ],
                support: true,
            },
        ),
        rendered(
            "consoles-none",
            &ConsolesPage { frame, organizations: Vec::new(), support: false },
        ),
        rendered(
            "kept-form",
            &KeptFormPage { frame, action: "/organization/org_7q2m/people", fields: &fields },
        ),
        rendered(
            "organization-home",
            &OrganizationHomePage {
                frame,
                nav,
                form_token: words.token,
                stopped: Some(Suspension::NoTaxId),
                attention: OrganizationAttention {
                    alone: true,
                    unconfirmed: true,
                    review: Some(ReviewAhead { overdue: true, due_at: super::at(90), waiting: 7 }),
                    without_factor: 100,
                    dormant_soon: 3,
                    requests: 2,
                    systems: 1,
                },
                confirmed_at: super::at(-9000),
                confirmed: true,
            },
        ),
        rendered(
            "organization-sites",
            &OrganizationSitesPage {
                frame,
                nav: OrganizationNav { area: OrganizationArea::Sites, ..nav },
                form_token: words.token,
                sites: vec![
                    SwitchableSite { id: "credentia", name: words.site, on: true },
                    SwitchableSite { id: "payer", name: words.site, on: false },
                ],
                done: true,
            },
        ),
        rendered(
            "support-home",
            &SupportHomePage {
                frame,
                nav: SupportNav { area: SupportArea::Home },
                queues: [
                    "new-tickets",
                    "tickets",
                    "registrations",
                    "notary",
                    "tax-ids",
                    "promotions",
                ]
                .into_iter()
                .zip([0, 100, 3, 1, 2, 4])
                .map(|(id, waiting)| QueueView { id, address: "/support/tickets", waiting })
                .collect(),
            },
        ),
    ]
}
