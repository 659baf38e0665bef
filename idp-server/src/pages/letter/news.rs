//! What each piece of news says: a subject, what happened, and what to do next.
//!
//! Nobody is named in a sentence. Names stand beside them as facts, so that a sentence reads well
//! whatever somebody is called, and still does when a name is not known any more.

use idp_core::community::{
    news::{News, Recipient},
    tax_id_registry::{Ground, dialogue::Answer},
    told::Told,
};

use crate::pages::messages::{Messages, News as Words};

/// Subject, what happened, what to do next.
pub(super) fn words(text: &'static Messages, told: &Told) -> [&'static str; 3] {
    let words = &text.news;
    let office = matches!(told.letter.to, Recipient::AdministratorsOf(_));
    let registers = matches!(told.letter.to, Recipient::Registrant(_));
    let print_next = if registers {
        words.notary_instructions_registrant_next
    } else {
        words.notary_instructions_next
    };
    match &told.letter.news {
        News::AccessAskedFor { .. } => {
            [words.access_asked_for_subject, words.access_asked_for, words.access_asked_for_next]
        }
        News::AccessDeclined => {
            [words.access_declined_subject, words.access_declined, words.access_declined_next]
        }
        News::AccountDormant => {
            [words.account_dormant_subject, words.account_dormant, words.account_dormant_next]
        }
        News::AccountEnded => {
            [words.account_ended_subject, words.account_ended, words.account_ended_next]
        }
        News::AccountReactivated => [
            words.account_reactivated_subject,
            words.account_reactivated,
            words.account_reactivated_next,
        ],
        News::AccountResumed => {
            [words.account_resumed_subject, words.account_resumed, words.account_resumed_next]
        }
        News::AccountResumedDormant => [
            words.account_resumed_dormant_subject,
            words.account_resumed_dormant,
            words.account_dormant_next,
        ],
        News::AccountSuspended => {
            [words.account_suspended_subject, words.account_suspended, words.account_suspended_next]
        }
        News::AdministratorAdded { .. } => [
            words.administrator_added_subject,
            words.administrator_added,
            words.administrator_added_next,
        ],
        News::AdministratorRemoved { .. } if office => [
            words.administrator_removed_subject,
            words.administrator_removed,
            words.administrator_removed_next,
        ],
        News::AdministratorRemoved { .. } => [
            words.administrator_removed_self_subject,
            words.administrator_removed_self,
            words.administrator_removed_self_next,
        ],
        News::AffiliationAccepted { .. } => [
            words.affiliation_accepted_subject,
            words.affiliation_accepted,
            words.affiliation_accepted_next,
        ],
        News::AffiliationDeclined { .. } => [
            words.affiliation_declined_subject,
            words.affiliation_declined,
            words.affiliation_declined_next,
        ],
        News::AffiliationEnded { .. } => {
            [words.affiliation_ended_subject, words.affiliation_ended, words.affiliation_ended_next]
        }
        News::AffiliationProposed { .. } => [
            words.affiliation_proposed_subject,
            words.affiliation_proposed,
            words.affiliation_proposed_next,
        ],
        News::AffiliationResumed { .. } => [
            words.affiliation_resumed_subject,
            words.affiliation_resumed,
            words.affiliation_resumed_next,
        ],
        News::AffiliationSuspended { .. } => [
            words.affiliation_suspended_subject,
            words.affiliation_suspended,
            words.affiliation_suspended_next,
        ],
        News::CallerRefused => {
            [words.caller_refused_subject, words.caller_refused, words.caller_refused_next]
        }
        News::ContactShown => {
            [words.contact_shown_subject, words.contact_shown, words.contact_shown_next]
        }
        News::DormancyAhead { .. } => {
            [words.dormancy_ahead_subject, words.dormancy_ahead, words.dormancy_ahead_next]
        }
        News::DutiesDue => [words.duties_due_subject, words.duties_due, words.duties_due_next],
        News::FirstCodeMade { .. } => {
            [words.first_code_made_subject, words.first_code_made, words.first_code_made_next]
        }
        News::Nominated { .. } => [words.nominated_subject, words.nominated, words.nominated_next],
        News::NominationCodeDied { .. } => [
            words.nomination_code_died_subject,
            words.nomination_code_died,
            words.nomination_code_died_next,
        ],
        News::NominationExpired { .. } if !office => [
            words.first_code_expired_subject,
            words.first_code_expired,
            words.first_code_expired_next,
        ],
        News::NominationExpired { .. } => [
            words.nomination_expired_subject,
            words.nomination_expired,
            words.nomination_expired_next,
        ],
        News::NominationWanted => {
            [words.nomination_wanted_subject, words.nomination_wanted, words.nomination_wanted_next]
        }
        News::NominationWithdrawn => [
            words.nomination_withdrawn_subject,
            words.nomination_withdrawn,
            words.nomination_withdrawn_next,
        ],
        News::NomineeActivated { .. } => {
            [words.nominee_activated_subject, words.nominee_activated, words.nominee_activated_next]
        }
        News::NotaryFormRefused { .. } => [
            words.notary_refused_subject,
            words.notary_refused,
            if registers {
                words.notary_refused_registrant_next
            } else {
                words.notary_refused_next
            },
        ],
        News::NotaryInstructions { .. } => {
            [words.notary_instructions_subject, words.notary_instructions, print_next]
        }
        News::NotaryReminder { .. } => {
            [words.notary_reminder_subject, words.notary_reminder, print_next]
        }
        News::OneAdministratorOnly => [
            words.one_administrator_only_subject,
            words.one_administrator_only,
            words.one_administrator_only_next,
        ],
        News::OrganizationChanged => [
            words.organization_changed_subject,
            words.organization_changed,
            words.organization_changed_next,
        ],
        News::OrganizationClosed => [
            words.organization_closed_subject,
            words.organization_closed,
            words.organization_closed_next,
        ],
        News::OrganizationClosing => [
            words.organization_closing_subject,
            words.organization_closing,
            words.organization_closing_next,
        ],
        News::OrganizationStays => [
            words.organization_stays_subject,
            words.organization_stays,
            words.organization_stays_next,
        ],
        News::OrganizationResumed => [
            words.organization_resumed_subject,
            words.organization_resumed,
            words.organization_resumed_next,
        ],
        News::OrganizationSuspended => [
            words.organization_suspended_subject,
            words.organization_suspended,
            words.organization_suspended_next,
        ],
        News::PartAdded => [words.part_added_subject, words.part_added, words.part_added_next],
        News::PasswordIsOld => {
            [words.password_is_old_subject, words.password_is_old, words.password_is_old_next]
        }
        News::PeopleReviewDue { .. } => {
            [words.people_review_due_subject, words.people_review_due, words.people_review_due_next]
        }
        News::PleaseConfirm => {
            [words.please_confirm_subject, words.please_confirm, words.please_confirm_next]
        }
        News::PromotionOffered { .. } => {
            [words.promotion_offered_subject, words.promotion_offered, words.promotion_offered_next]
        }
        News::PromotionOver { .. } => {
            [words.promotion_over_subject, words.promotion_over, words.promotion_over_next]
        }
        News::PromotionProposed { .. } => [
            words.promotion_proposed_subject,
            words.promotion_proposed,
            words.promotion_proposed_next,
        ],
        News::ReactivationBegun => [
            words.reactivation_begun_subject,
            words.reactivation_begun,
            words.reactivation_begun_next,
        ],
        News::RegistrationApproved { .. } if told.link.is_some() => [
            words.registration_approved_subject,
            words.registration_approved,
            words.registration_approved_next,
        ],
        News::RegistrationApproved { .. } => [
            words.registration_approved_account_subject,
            words.registration_approved_account,
            words.registration_approved_account_next,
        ],
        News::RegistrationBegun { .. } => [
            words.registration_begun_subject,
            words.registration_begun,
            words.registration_begun_next,
        ],
        News::RegistrationInReview => [
            words.registration_in_review_subject,
            words.registration_in_review,
            words.registration_in_review_next,
        ],
        News::RegistrationRejected { .. } => [
            words.registration_rejected_subject,
            words.registration_rejected,
            words.registration_rejected_next,
        ],
        News::RepresentationBegun { .. } => [
            words.representation_begun_subject,
            words.representation_begun,
            words.representation_begun_next,
        ],
        News::RepresentationEnded { .. } if told.details.owner.is_some() => [
            words.representation_ended_subject,
            words.representation_ended,
            words.representation_ended_next,
        ],
        News::RepresentationEnded { .. } => [
            words.representation_ended_owner_subject,
            words.representation_ended_owner,
            words.representation_ended_owner_next,
        ],
        News::RightsChanged { .. } => {
            [words.rights_changed_subject, words.rights_changed, words.rights_changed_next]
        }
        News::SubscriberGone { .. } => {
            [words.subscriber_gone_subject, words.subscriber_gone, words.subscriber_gone_next]
        }
        News::SubscriberLeft { .. } => {
            [words.subscriber_left_subject, words.subscriber_left, words.subscriber_left_next]
        }
        News::SystemCreated { .. } => {
            [words.system_created_subject, words.system_created, words.system_created_next]
        }
        News::SystemEnded { .. } => {
            [words.system_ended_subject, words.system_ended, words.system_ended_next]
        }
        News::SystemEndsSoon { .. } => {
            [words.system_ends_soon_subject, words.system_ends_soon, words.system_ends_soon_next]
        }
        News::SystemSetUp { .. } => {
            [words.system_set_up_subject, words.system_set_up, words.system_set_up_next]
        }
        News::TaxIdAccepted => {
            [words.tax_id_accepted_subject, words.tax_id_accepted, words.tax_id_accepted_next]
        }
        News::TaxIdAnswerDue { .. } => {
            [words.tax_id_answer_due_subject, words.tax_id_answer_due, words.tax_id_answer_due_next]
        }
        News::TaxIdAskedFor => {
            [words.tax_id_asked_for_subject, words.tax_id_asked_for, words.tax_id_asked_for_next]
        }
        News::TaxIdAskedAbout { answer } => {
            [words.tax_id_asked_about_subject, asked(words, *answer), words.tax_id_asked_about_next]
        }
        News::TaxIdClaimWithdrawn => [
            words.tax_id_claim_withdrawn_subject,
            words.tax_id_claim_withdrawn,
            words.tax_id_claim_withdrawn_next,
        ],
        News::TaxIdClaimed { ground, .. } => {
            [words.tax_id_claimed_subject, claimed(words, *ground), words.tax_id_claimed_next]
        }
        News::TaxIdKept if office => {
            [words.tax_id_kept_subject, words.tax_id_kept, words.tax_id_kept_next]
        }
        News::TaxIdKept => [
            words.tax_id_kept_registrant_subject,
            words.tax_id_kept_registrant,
            words.tax_id_kept_registrant_next,
        ],
        News::TaxIdRefused { .. } => {
            [words.tax_id_refused_subject, words.tax_id_refused, words.tax_id_refused_next]
        }
        News::TaxIdReleased => {
            [words.tax_id_released_subject, words.tax_id_released, words.tax_id_released_next]
        }
        News::TaxIdReserved { .. } => {
            [words.tax_id_reserved_subject, words.tax_id_reserved, words.tax_id_reserved_next]
        }
        News::TaxIdTakenMeanwhile => [
            words.tax_id_taken_meanwhile_subject,
            words.tax_id_taken_meanwhile,
            words.tax_id_taken_meanwhile_next,
        ],
        News::TelephoneChanged => {
            [words.telephone_changed_subject, words.telephone_changed, words.telephone_changed_next]
        }
        News::TicketAnswered => {
            [words.ticket_answered_subject, words.ticket_answered, words.ticket_answered_next]
        }
        News::TicketAskedBack => {
            [words.ticket_asked_back_subject, words.ticket_asked_back, words.ticket_asked_back_next]
        }
        News::TicketOpened => {
            [words.ticket_opened_subject, words.ticket_opened, words.ticket_opened_next]
        }
        News::TicketResolved => {
            [words.ticket_resolved_subject, words.ticket_resolved, words.ticket_resolved_next]
        }
        News::Welcome => [words.welcome_subject, words.welcome, words.welcome_next],
    }
}

/// What somebody who types a number that is taken said about it.
const fn asked(words: &Words, answer: Answer) -> &'static str {
    match answer {
        Answer::Left => words.asked_left,
        Answer::OurOwn => words.asked_our_own,
        Answer::StillThere => words.asked_still_there,
        Answer::TypedAnother => words.asked_other,
        Answer::TypedTheSame => words.asked_same,
        Answer::Unknown => words.asked_unknown,
        Answer::WorksForUs => words.asked_works_for_us,
    }
}

/// Why somebody asks for a number.
const fn claimed(words: &Words, ground: Ground) -> &'static str {
    match ground {
        Ground::Disputed => words.claimed_disputed,
        Ground::NobodyLeft => words.claimed_nobody_left,
        Ground::WorksForUs => words.claimed_works_for_us,
    }
}
