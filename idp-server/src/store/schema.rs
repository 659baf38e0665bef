//! The tables, as both databases have them. See `migrations/` for what their columns mean.

diesel::table! {
    access_request (id) {
        id -> Text,
        organization_id -> Text,
        asked_at -> BigInt,
        state -> Text,
        answered_at -> Nullable<BigInt>,
        details -> Text,
    }
}

diesel::table! {
    access_ending (id) {
        id -> Text,
        organization_id -> Nullable<Text>,
        subscriber_id -> Nullable<Text>,
        cause -> Text,
        ended_at -> BigInt,
    }
}

diesel::table! {
    access_ending_notice (ending_id, site_id, session_id) {
        ending_id -> Text,
        site_id -> Text,
        session_id -> Text,
        message_id -> Nullable<Text>,
    }
}

diesel::table! {
    affiliation (id) {
        id -> Text,
        subscriber_id -> Text,
        organization_id -> Text,
        status -> Text,
        roles -> Text,
        role_details -> Text,
        administrator -> Bool,
        access_level -> Text,
        tax_id_subset -> Nullable<Text>,
        since -> Text,
        ended_at -> Nullable<BigInt>,
        proposed_at -> Nullable<BigInt>,
        sort_key -> Text,
        proposed_to -> Nullable<Text>,
        given_key -> Text,
        user_key -> Text,
        reviewed_at -> Nullable<BigInt>,
        reviewed_by -> Nullable<Text>,
    }
}

diesel::table! {
    agreement (id) {
        id -> Text,
        code -> Text,
        version -> Text,
        text -> Text,
        text_hash -> Binary,
        published_at -> BigInt,
        superseded_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    agreement_acceptance (subscriber_id, agreement_id) {
        subscriber_id -> Text,
        agreement_id -> Text,
        text_hash -> Binary,
        accepted_at -> BigInt,
        session_id -> Text,
        address -> Text,
    }
}

diesel::table! {
    audit_event (id) {
        id -> Text,
        at -> BigInt,
        kind -> Text,
        actor -> Text,
        organization_id -> Nullable<Text>,
        subject -> Nullable<Text>,
        session_id -> Nullable<Text>,
        site_id -> Nullable<Text>,
        address -> Nullable<Text>,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    audit_head (position) {
        position -> BigInt,
        chain_hash -> Binary,
        sealed_at -> BigInt,
        kid -> Text,
        signature -> Binary,
    }
}

diesel::table! {
    audit_pending (event_id) {
        event_id -> Text,
    }
}

diesel::table! {
    audit_seal (position) {
        position -> BigInt,
        event_id -> Text,
        event_hash -> Binary,
        chain_hash -> Binary,
    }
}

diesel::table! {
    caller_check (id) {
        id -> Text,
        subscriber_id -> Text,
        purpose -> Text,
        checked_by -> Text,
        checked_at -> BigInt,
        answers -> Text,
        counts_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    catalog_version (name) {
        name -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    code_hour (subscriber_id, purpose) {
        subscriber_id -> Text,
        purpose -> Text,
        began_at -> BigInt,
        failures -> BigInt,
        issued -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    factor (id) {
        id -> Text,
        subscriber_id -> Text,
        kind -> Text,
        name -> Text,
        added_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        sealed_seed -> Nullable<Binary>,
        last_step -> Nullable<BigInt>,
        credential_id -> Nullable<Binary>,
        credential -> Nullable<Text>,
        sign_count -> Nullable<BigInt>,
        verifies_person -> Nullable<Bool>,
    }
}

diesel::table! {
    email_change (id) {
        id -> Text,
        subscriber_id -> Text,
        old_email -> Nullable<Text>,
        old_normalized -> Nullable<Text>,
        new_email -> Text,
        state -> Text,
        requested_at -> BigInt,
        expires_at -> BigInt,
        changed_at -> Nullable<BigInt>,
        undo_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    factor_reset (id) {
        id -> Text,
        subscriber_id -> Text,
        helper -> Text,
        checked -> Text,
        state -> Text,
        requested_at -> BigInt,
        due_at -> BigInt,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    known_browser (subscriber_id, browser_digest) {
        subscriber_id -> Text,
        browser_digest -> Binary,
        first_at -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    lease (name) {
        name -> Text,
        holder -> Text,
        held_until -> BigInt,
    }
}

diesel::table! {
    letter_count (of_digest) {
        of_digest -> Binary,
        began_at -> BigInt,
        letters -> BigInt,
    }
}

diesel::table! {
    lockout (name_digest) {
        name_digest -> Binary,
        failures -> BigInt,
        factor_failures -> BigInt,
        locked_until -> Nullable<BigInt>,
        updated_at -> BigInt,
    }
}

diesel::table! {
    mailed_code (subscriber_id, purpose, slot) {
        subscriber_id -> Text,
        purpose -> Text,
        slot -> Text,
        digest -> Binary,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        failures -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    meta (key) {
        key -> Text,
        value -> Text,
    }
}

diesel::table! {
    nomination (id) {
        id -> Text,
        organization_id -> Text,
        affiliation_id -> Text,
        subscriber_id -> Text,
        user_id -> Text,
        email -> Text,
        email_normalized -> Text,
        npi -> Nullable<Text>,
        nominated_by -> Nullable<Text>,
        nominated_at -> BigInt,
        state -> Text,
        settled_at -> Nullable<BigInt>,
        link_digest -> Nullable<Binary>,
        code_digest -> Nullable<Binary>,
        code_made_at -> Nullable<BigInt>,
        failures -> BigInt,
        codes -> BigInt,
        roster_id -> Nullable<Text>,
        details -> Text,
    }
}

diesel::table! {
    offer_to_nobody (id) {
        id -> Text,
        organization_id -> Text,
        subscriber_id -> Text,
        proposed_to -> Text,
        proposed_at -> BigInt,
        offered -> Text,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    organization (id) {
        id -> Text,
        name -> Text,
        parent_id -> Nullable<Text>,
        npi -> Nullable<Text>,
        status -> Text,
        demo -> Bool,
        updated_at -> BigInt,
        suspended_for -> Nullable<Text>,
        closing_asked_by -> Nullable<Text>,
        closing_asked_at -> Nullable<BigInt>,
        confirmed_at -> Nullable<BigInt>,
        address -> Nullable<Text>,
        phone -> Nullable<Text>,
        name_key -> Text,
        dissolving -> Bool,
        people_reviewed_at -> BigInt,
    }
}

diesel::table! {
    organization_site (organization_id, site_id) {
        organization_id -> Text,
        site_id -> Text,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        kind -> Text,
        site_id -> Nullable<Text>,
        session_id -> Nullable<Text>,
        payload -> Text,
        created_at -> BigInt,
        due_at -> BigInt,
        attempts -> BigInt,
        state -> Text,
        delivered_at -> Nullable<BigInt>,
        last_status -> Nullable<Text>,
        leased_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    promotion (id) {
        id -> Text,
        organization_id -> Text,
        affiliation_id -> Text,
        subscriber_id -> Text,
        state -> Text,
        proposed_at -> BigInt,
        moved_at -> BigInt,
        settled_at -> Nullable<BigInt>,
        details -> Text,
        notary_reference -> Nullable<Text>,
    }
}

diesel::table! {
    recovery_code (digest) {
        digest -> Binary,
        subscriber_id -> Text,
        made_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    reminder (topic, about) {
        topic -> Text,
        about -> Text,
        told_at -> BigInt,
    }
}

diesel::table! {
    roster_import (id) {
        id -> Text,
        organization_id -> Text,
        uploaded_by -> Text,
        uploaded_at -> BigInt,
        file -> Nullable<Binary>,
        imported_at -> Nullable<BigInt>,
        summary -> Nullable<Text>,
        applied -> Nullable<Text>,
        undone_at -> Nullable<BigInt>,
        taken_back -> Nullable<Text>,
    }
}

diesel::table! {
    secret_questions (subscriber_id) {
        subscriber_id -> Text,
        questions -> Text,
        answers_hash -> Text,
        set_at -> BigInt,
    }
}

diesel::table! {
    registration (id) {
        id -> Text,
        stage -> Text,
        started_at -> BigInt,
        moved_at -> BigInt,
        email_normalized -> Text,
        registrant -> Nullable<Text>,
        organization_id -> Nullable<Text>,
        fingerprint -> Nullable<Binary>,
        notary_reference -> Nullable<Text>,
        document -> Binary,
        name_key -> Text,
        registrant_key -> Text,
    }
}

diesel::table! {
    release_log (grant_id) {
        grant_id -> Text,
        subscriber_id -> Text,
        site_id -> Text,
        affiliation_id -> Nullable<Text>,
        scopes -> Text,
        claims -> Text,
        released_at -> BigInt,
    }
}

diesel::table! {
    remembered_browser (digest) {
        digest -> Binary,
        subscriber_id -> Text,
        since -> BigInt,
        until -> BigInt,
        user_agent -> Text,
    }
}

diesel::table! {
    self_help (name_digest) {
        name_digest -> Binary,
        wrong_answers -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    session (id) {
        id -> Text,
        cookie_digest -> Binary,
        subscriber_id -> Text,
        started_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        end_cause -> Nullable<Text>,
        proofs -> Text,
        previous_sign_in_at -> Nullable<BigInt>,
        address -> Text,
        user_agent -> Text,
        last_seen_at -> BigInt,
    }
}

diesel::table! {
    signing_key (kid) {
        kid -> Text,
        algorithm -> Text,
        #[sql_name = "use"]
        use_ -> Text,
        state -> Text,
        since -> BigInt,
        sealed -> Nullable<Binary>,
        public_jwk -> Text,
    }
}

diesel::table! {
    site (id) {
        id -> Text,
        document -> Text,
        status -> Text,
        updated_at -> BigInt,
        entity_id -> Nullable<Text>,
    }
}

diesel::table! {
    site_grant (id) {
        id -> Text,
        session_id -> Text,
        site_id -> Text,
        subscriber_id -> Text,
        affiliation_id -> Nullable<Text>,
        scopes -> Text,
        claims -> Text,
        nonce -> Nullable<Text>,
        acr -> Text,
        auth_time -> BigInt,
        generation -> BigInt,
        code_digest -> Binary,
        issued_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        end_cause -> Nullable<Text>,
        name_id -> Nullable<Text>,
    }
}

diesel::table! {
    site_visit (subscriber_id, site_id) {
        subscriber_id -> Text,
        site_id -> Text,
        first_at -> BigInt,
    }
}

diesel::table! {
    staff (subscriber_id) {
        subscriber_id -> Text,
        rank -> Text,
        since -> BigInt,
    }
}

diesel::table! {
    subscriber (id) {
        id -> Text,
        user_id -> Text,
        given_name -> Text,
        family_name -> Text,
        email -> Nullable<Text>,
        email_normalized -> Nullable<Text>,
        email_verified -> Bool,
        phone_number -> Nullable<Text>,
        phone_number_verified -> Bool,
        npi -> Nullable<Text>,
        profile -> Text,
        status -> Text,
        activated_at -> BigInt,
        last_sign_in_at -> Nullable<BigInt>,
        previous_sign_in_at -> Nullable<BigInt>,
        password_hash -> Nullable<Text>,
        password_changed_at -> Nullable<BigInt>,
        demo -> Bool,
        updated_at -> BigInt,
        suspended_by -> Nullable<Text>,
        mailbox_proved_at -> Nullable<BigInt>,
        name_key -> Text,
    }
}

diesel::table! {
    system_client (id) {
        id -> Text,
        organization_id -> Text,
        name -> Text,
        document -> Text,
        ends_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    further_number (id) {
        id -> Text,
        organization_id -> Text,
        asked_by -> Text,
        asked_at -> BigInt,
        #[sql_name = "type"]
        type_ -> Text,
        value -> Nullable<Text>,
        sealed -> Nullable<Binary>,
        fingerprint -> Binary,
    }
}

diesel::table! {
    tax_id (id) {
        id -> Text,
        organization_id -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        value -> Nullable<Text>,
        sealed -> Nullable<Binary>,
        fingerprint -> Binary,
        is_primary -> Bool,
    }
}

diesel::table! {
    tax_id_claim (tax_id_id) {
        tax_id_id -> Text,
        organization_id -> Text,
        registration_id -> Text,
        stage -> Text,
        opened_at -> BigInt,
        answer_due_at -> BigInt,
        document -> Text,
    }
}

diesel::table! {
    tax_id_place (fingerprint) {
        fingerprint -> Binary,
        touched_at -> BigInt,
    }
}

diesel::table! {
    tax_id_representative (tax_id_id, organization_id) {
        tax_id_id -> Text,
        organization_id -> Text,
    }
}

diesel::table! {
    tax_id_reservation (fingerprint) {
        fingerprint -> Binary,
        registration_id -> Text,
        until -> BigInt,
    }
}

diesel::table! {
    ticket (id) {
        id -> Text,
        kind -> Text,
        state -> Text,
        assignee_id -> Nullable<Text>,
        subscriber_id -> Nullable<Text>,
        email -> Nullable<Text>,
        language -> Nullable<Text>,
        organization_id -> Nullable<Text>,
        regarding -> Nullable<Text>,
        details -> Text,
        link_digest -> Nullable<Binary>,
        opened_at -> BigInt,
        settled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    ticket_message (ticket_id, number) {
        ticket_id -> Text,
        number -> BigInt,
        author_id -> Nullable<Text>,
        said_at -> BigInt,
        text -> Text,
    }
}

diesel::joinable!(access_ending_notice -> access_ending (ending_id));
diesel::joinable!(agreement_acceptance -> agreement (agreement_id));
diesel::joinable!(session -> subscriber (subscriber_id));
diesel::joinable!(site_grant -> session (session_id));
diesel::joinable!(staff -> subscriber (subscriber_id));

diesel::allow_tables_to_appear_in_same_query!(access_ending, access_ending_notice, outbox);
diesel::allow_tables_to_appear_in_same_query!(
    affiliation,
    factor,
    organization,
    release_log,
    session,
    site_grant,
    staff,
    subscriber,
    tax_id,
    tax_id_claim,
    tax_id_representative,
);
diesel::allow_tables_to_appear_in_same_query!(organization, system_client);
diesel::allow_tables_to_appear_in_same_query!(system_client, tax_id);
diesel::allow_tables_to_appear_in_same_query!(agreement, agreement_acceptance);
diesel::allow_tables_to_appear_in_same_query!(audit_event, audit_pending, audit_seal);
diesel::allow_tables_to_appear_in_same_query!(ticket, ticket_message);
