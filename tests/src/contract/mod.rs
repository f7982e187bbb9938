//! The storage contract kit: checks the guarantees of `wit/` on any storage.
//!
//! [`contract_tests!`](crate::contract_tests) turns each check into a test. Concurrent callers are threads.

mod audit;
mod credentials;
mod documents;
mod events;
mod given;
mod grounds;
mod identities;
mod maintenance;
mod one_time_secrets;
pub mod overlapping;
mod rate_limits;
mod roles;
mod sessions;
mod signing_keys;
mod users;

use auth_core::storage::Storage;

pub use users::{a_list_of_one, a_list_takes_few_transactions};

/// Registers the checks of each module. An unlisted check is dead code, which the lints refuse.
macro_rules! kit {
    ($($module:ident { $($check:ident)* })*) => {
        $($(
            #[doc = concat!("Checks `", stringify!($check), "`.")]
            pub fn $check(storage: &(impl Storage + Sync)) {
                $module::$check(storage);
            }
        )*)*

        /// Creates one test of each check of the kit; the argument is an expression that creates empty storage. With
        /// `ignored` and a reason before it, `cargo test` runs them only if it is asked to.
        #[macro_export]
        macro_rules! contract_tests {
            (ignored $reason:literal, $storage:expr) => {
                $($(
                    #[test]
                    #[ignore = $reason]
                    fn $check() {
                        $crate::contract::$check(&$storage);
                    }
                )*)*
            };
            ($storage:expr) => {
                $($(
                    #[test]
                    fn $check() {
                        $crate::contract::$check(&$storage);
                    }
                )*)*
            };
        }
    };
}

kit! {
    users {
        a_user_is_found_by_every_key
        a_taken_key_stores_nothing
        the_first_reason_to_refuse_a_user_counts
        one_of_many_concurrent_users_gets_the_key
        one_of_many_concurrent_users_gets_the_identifier
        nobody_is_created_where_the_role_is_held
        one_of_many_concurrent_users_is_the_first_holder
        many_users_are_stored_each_on_its_own
        five_hundred_users_are_stored_at_once
        one_of_many_concurrent_lists_gets_each_key
        keys_are_compared_byte_by_byte
        a_member_comes_with_credentials_roles_and_permissions
        users_are_listed_in_every_order
        users_are_listed_by_the_size_of_a_time
        users_are_listed_by_the_bytes_of_a_key
        the_last_page_of_users_says_so
        users_are_listed_by_each_filter
        filters_list_many_as_they_list_few
        a_walk_lists_everybody_once_whoever_comes_and_goes
        a_search_finds_addresses_then_user_names_then_terms
        a_search_takes_every_character_as_it_is
        a_search_keeps_to_the_filters_and_to_its_own_order
        a_walk_through_a_search_lists_everybody_once_whoever_comes_and_goes
        a_change_of_a_user_is_all_or_nothing
        a_key_stays_with_its_address
        a_change_uses_up_its_secret
        a_change_voids_later_secrets
        one_of_many_concurrent_changes_wins
        a_change_to_a_taken_key_stores_nothing
        one_of_many_concurrent_changes_gets_the_key
        a_change_replaces_the_terms
        the_last_holder_keeps_the_role
        who_does_not_hold_the_role_is_not_hindered
        of_two_concurrent_last_holders_one_stays
        of_many_concurrent_holders_one_stays
        a_deleted_user_leaves_nothing
        one_of_many_concurrent_deletions_finds_the_user
        the_last_holder_is_not_deleted
    }
    credentials {
        a_secret_is_replaced_only_if_it_is_the_expected_one
        one_of_many_concurrent_replacements_wins
        the_most_work_of_each_kind_stays
        a_counter_only_moves_forward
        one_of_many_concurrent_counters_is_accepted
        one_of_many_concurrent_uses_of_a_credential_wins
    }
    identities {
        an_identity_finds_its_user
        a_taken_identity_stores_nothing
        many_identities_are_stored_each_once
        an_identity_is_linked_and_unlinked
        an_identity_is_used_while_it_is_there
        tokens_are_replaced_only_if_they_are_the_expected_ones
        a_deleted_user_leaves_no_identity
        users_are_listed_by_their_provider
        a_session_rests_on_its_identity
        one_of_many_concurrent_users_gets_the_identity
        one_of_many_concurrent_links_wins
        an_unlinked_identity_is_not_used
        one_of_many_concurrent_token_replacements_wins
    }
    sessions {
        a_session_comes_with_its_user_roles_and_permissions
        an_inactive_user_gets_no_session
        a_session_rests_on_its_credential
        a_single_session_ends_the_others
        a_session_takes_the_place_of_others
        a_session_is_continued_once
        a_refresh_token_is_rotated_once_and_replayed_within_the_grace_window
        a_late_copy_is_told_when_its_successor_is_used_up
        a_reused_refresh_token_ends_the_family
        without_a_grace_window_nothing_is_replayed
        a_refresh_token_ends_with_its_time_and_its_session
        one_of_many_concurrent_rotations_wins_and_the_others_get_its_successor
        a_used_token_is_recognised_by_the_session_that_it_names
        a_family_takes_the_same_room_however_often_it_is_refreshed
        a_used_token_that_names_no_session_is_recognised_by_its_row
        a_revoked_session_stays_revoked
        a_session_rests_on_the_one_it_was_started_from
        all_sessions_but_one_are_revoked
        a_session_is_found_by_its_token_and_listed_while_it_lasts
        last_seen_only_moves_forward
    }
    one_time_secrets {
        a_one_time_secret_is_used_once
        a_digest_is_stored_once
        one_of_many_concurrent_secrets_is_stored
        one_of_many_concurrent_uses_of_a_secret_wins
    }
    roles {
        the_built_in_roles_and_permissions_are_there
        a_role_is_stored_with_its_permissions
        a_renamed_role_stays_with_those_who_have_it
        a_renamed_permission_stays_with_its_roles
        a_role_is_changed_only_by_who_has_seen_it
        a_permission_is_changed_only_by_who_has_seen_it
        a_taken_role_name_stores_nothing
        a_taken_permission_name_stores_nothing
        a_built_in_role_keeps_its_name
        a_built_in_permission_keeps_its_name
        one_of_many_concurrent_roles_wins
        one_of_many_concurrent_permissions_wins
        a_deleted_role_is_taken_from_everybody
        a_deleted_permission_is_taken_from_every_role
    }
    grounds {
        a_standing_is_made_of_all_roles
        a_standing_is_that_of_many_holders
        a_decision_is_carried_out_only_on_its_grounds
        of_concurrent_decisions_about_each_other_one_is_carried_out
        of_concurrent_new_holders_one_is_created
    }
    audit {
        an_event_is_stored_and_counted_once
        no_concurrent_event_is_lost_or_counted_twice
        events_are_listed_newest_first
        events_are_listed_by_each_filter
        an_event_outlives_what_it_names
    }
    events {
        an_event_is_stored_with_the_change_it_tells_of
        a_decision_without_its_grounds_stores_no_event
        a_refused_call_stores_no_event
        of_many_concurrent_calls_the_winner_stores_its_event
        a_stored_event_hinders_no_change
    }
    signing_keys {
        one_key_signs
        a_key_of_another_algorithm_retires
        a_key_of_an_emergency_ends_all_others
        one_of_many_concurrent_keys_wins
    }
    rate_limits {
        counting_loses_nothing
        an_exceeded_limit_spares_those_after_it
        eight_limits_are_counted_in_one_call
        limits_are_cleared_by_prefix
    }
    documents {
        a_document_is_found_by_its_name
        one_of_many_concurrent_documents_stays
    }
    maintenance {
        purging_takes_what_has_ended
        purging_takes_expired_documents
        the_first_fingerprint_stays
        one_of_many_concurrent_fingerprints_stays
        keys_of_today_stay
        purged_events_stay_counted
    }
}
