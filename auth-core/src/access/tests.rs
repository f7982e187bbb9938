//! Tests of the access decisions, by vectors and properties.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde::Deserialize;

use super::*;
use crate::storage::Role;

/// Test vectors on which every implementation of these decisions agrees.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    covers: Vec<Cover>,
    decisions: Vec<Decision>,
    outranks: Vec<Ranking>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cover {
    held: String,
    wanted: String,
    covers: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    roles: Vec<String>,
    permissions: Vec<String>,
    question: Question,
    allowed: bool,
}

/// Whether the first user outranks the second.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ranking {
    one: Ranked,
    other: Ranked,
    outranks: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ranked {
    rank: u64,
    roles: Vec<String>,
    permissions: Vec<String>,
}

impl Ranked {
    fn holder(&self) -> Holder<'_> {
        Holder {
            roles: &self.roles,
            permissions: &self.permissions,
            rank: self.rank,
        }
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../tests/vectors/access.json")).unwrap()
}

#[test]
fn covering_is_as_the_vectors_have_it() {
    for case in vectors().covers {
        assert_eq!(covers(&case.held, &case.wanted), case.covers, "{case:?}");
    }
}

#[test]
fn decisions_are_as_the_vectors_have_them() {
    for case in vectors().decisions {
        let holder = Holder {
            roles: &case.roles,
            permissions: &case.permissions,
            rank: 0,
        };
        assert_eq!(case.question.decide(&holder), case.allowed, "{case:?}");
    }
}

/// V8.2.2: equals never administer each other.
#[test]
fn ranking_is_as_the_vectors_have_it() {
    for case in vectors().outranks {
        let (one, other) = (case.one.holder(), case.other.holder());
        assert_eq!(one.outranks(&other), case.outranks, "{case:?}");
        assert!(!case.outranks || !other.outranks(&one), "{case:?}");
    }
}

#[test]
fn a_question_asks_one_thing() {
    for text in [
        r#"{}"#,
        r#"{"permission": "a:b", "role": "admin"}"#,
        r#"{"permission": ["a:b"]}"#,
        r#"{"any_role": "admin"}"#,
        r#"{"anyRole": ["admin"]}"#,
        r#""permission""#,
    ] {
        assert!(serde_json::from_str::<Question>(text).is_err(), "{text}");
    }
}

#[test]
fn built_in_roles_are_ranked() {
    let ranks = BUILT_IN_ROLES.map(built_in_rank);
    assert_eq!(ranks, [1000, 500, 100, 0, 0, 0].map(Some));
    assert!(BUILT_IN_ROLES.into_iter().all(is_role_name));
    assert_eq!(built_in_rank("editor"), None);
    assert_eq!(built_in_rank("Admin"), None);
}

/// Roles and permissions, separated by blanks, and a rank: the highest of the built-in roles, or of the others.
struct Person(Vec<String>, Vec<String>, u64);

impl Person {
    fn new(roles: &str, permissions: &str) -> Self {
        Self::ranked(roles, permissions, 0)
    }

    fn ranked(roles: &str, permissions: &str, rank: u64) -> Self {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let mut person = Self(names(roles), names(permissions), rank);
        person.rise();
        person
    }

    /// Raises the rank to that of the built-in roles.
    fn rise(&mut self) {
        let built_in = self.0.iter().filter_map(|role| built_in_rank(role)).max();
        self.2 = self.2.max(built_in.unwrap_or(0));
    }

    fn holder(&self) -> Holder<'_> {
        Holder {
            roles: &self.0,
            permissions: &self.1,
            rank: self.2,
        }
    }
}

fn role_of(name: &str, permissions: &[String], rank: u64) -> Role {
    Role {
        id: String::new(),
        name: name.to_owned(),
        description: String::new(),
        built_in: built_in_rank(name).is_some(),
        rank: built_in_rank(name).unwrap_or(rank),
        permissions: permissions.to_vec(),
        updated_at: crate::Timestamp::default(),
    }
}

#[test]
fn superadmins_administer_their_peers() {
    let one = Person::new("superadmin", "");
    let peer = Person::new("user superadmin", "NONE");
    let admin = Person::new("admin", "*");
    assert!(one.holder().may_administer(&peer.holder()));
    assert!(!admin.holder().may_administer(&one.holder()));
    assert!(!admin.holder().may_administer(&admin.holder()));
}

#[test]
fn roles_are_granted_from_above() {
    // The numbers are the ranks of the person and of the role.
    for (roles, permissions, own, role, granted, rank, allowed) in [
        ("superadmin", "", 0, "superadmin", "*", 0, true),
        ("superadmin", "", 0, "editor", "posts:* *", 999, true),
        ("superadmin", "", 0, "editor", "", 1000, false),
        ("admin", "*", 0, "superadmin", "", 0, false),
        ("admin", "*", 0, "admin", "", 0, false),
        ("admin", "*", 0, "director", "", 500, false),
        ("admin", "*", 0, "director", "", 499, true),
        ("admin", "users:read", 0, "moderator", "users:read", 0, true),
        (
            "admin",
            "users:read",
            0,
            "moderator",
            "users:write",
            0,
            false,
        ),
        (
            "moderator",
            "users:read",
            0,
            "moderator",
            "users:read",
            0,
            false,
        ),
        ("editor", "*", 99, "moderator", "users:read", 0, false),
        ("editor", "*", 101, "moderator", "users:read", 0, true),
        ("editor", "*", 0, "user", "", 0, false),
        ("editor", "*", 1, "user", "", 0, true),
        (
            "editor",
            "posts:*",
            5,
            "writer",
            "posts:write posts:*",
            4,
            true,
        ),
        (
            "editor",
            "posts:*",
            5,
            "writer",
            "posts:write *:write",
            4,
            false,
        ),
        ("superadmin", "", 0, "editor", "posts", 0, false),
        ("superadmin", "", 0, "Editor", "", 0, false),
    ] {
        let granted = Person::new("", granted).1;
        let person = Person::ranked(roles, permissions, own);
        let role = role_of(role, &granted, rank);
        assert_eq!(person.holder().may_grant(&role), allowed, "{role:?}");
    }
}

/// Names of permissions with few different segments, so that they match often.
fn permission() -> impl Strategy<Value = String> {
    let segment = || select(vec!["*", "a", "b", "c"]);
    prop_oneof![
        1 => Just("*".to_owned()),
        12 => (segment(), segment()).prop_map(|(resource, action)| format!("{resource}:{action}")),
    ]
}

/// All valid permission names.
fn any_permission() -> impl Strategy<Value = String> {
    r"\*|([a-z0-9_.-]{1,64}|\*):([a-z0-9_.-]{1,64}|\*)"
}

fn malformed() -> impl Strategy<Value = String> {
    let near = select(vec![
        "", ":", "a", "a:", ":b", "a:b:c", "A:b", "a:b ", "**", "a*:b",
    ]);
    prop_oneof![near.prop_map(str::to_owned), any::<String>()]
        .prop_filter("a name", |name| !is_permission_name(name))
}

fn stored_permission() -> impl Strategy<Value = String> {
    prop_oneof![9 => permission(), 1 => malformed()]
}

fn role() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(BUILT_IN_ROLES.to_vec()).prop_map(str::to_owned),
        2 => "[a-c]",
        1 => any::<String>(),
    ]
}

/// Ranks around those of the built-in roles.
fn rank() -> impl Strategy<Value = u64> {
    select(vec![0, 1, 99, 100, 101, 499, 500, 501, 999])
}

prop_compose! {
    fn person()(
        roles in vec(role(), 0..3),
        permissions in vec(stored_permission(), 0..4),
        rank in rank(),
    ) -> Person {
        let mut person = Person(roles, permissions, rank);
        person.rise();
        person
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.holder().fmt(f)
    }
}

fn question() -> impl Strategy<Value = Question> {
    prop_oneof![
        stored_permission().prop_map(Question::Permission),
        role().prop_map(Question::Role),
        vec(role(), 0..3).prop_map(Question::AnyRole),
        vec(role(), 0..3).prop_map(Question::AllRoles),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn covering_is_reflexive(name in any_permission()) {
        prop_assert!(is_permission_name(&name));
        prop_assert!(covers(&name, &name));
        prop_assert!(covers("*", &name) && covers("*:*", &name));
    }

    #[test]
    fn covering_is_transitive(one in permission(), two in permission(), three in permission()) {
        if covers(&one, &two) && covers(&two, &three) {
            prop_assert!(covers(&one, &three));
        }
    }

    #[test]
    fn a_wildcard_is_covered_by_a_wildcard_alone(held in permission(), resource in "[a-c]", action in "[a-c]") {
        let wild = |at| held == "*" || held.split(':').nth(at) == Some("*");
        let (any_resource, any_action) = (format!("*:{action}"), format!("{resource}:*"));
        prop_assert!(!covers(&held, &any_resource) || wild(0));
        prop_assert!(!covers(&held, &any_action) || wild(1));
        prop_assert_eq!(covers(&held, "*"), wild(0) && wild(1));
        prop_assert_eq!(covers(&held, "*:*"), wild(0) && wild(1));
    }

    #[test]
    fn what_is_no_name_gives_nothing(name in malformed(), other in stored_permission(), mut person in person()) {
        prop_assert!(!covers(&name, &other) && !covers(&other, &name) && !covers(&name, &name));
        prop_assert!(!person.holder().has_permission(&name));
        let role = role_of("editor", std::slice::from_ref(&name), 0);
        prop_assert!(!person.holder().may_grant(&role));
        let before = person.holder().has_permission(&other);
        person.1.push(name);
        prop_assert_eq!(person.holder().has_permission(&other), before);
    }

    #[test]
    fn who_has_nothing_is_denied(question in question()) {
        let asks_for_nothing = question == Question::AllRoles(Vec::new());
        prop_assert_eq!(question.decide(&Person::new("", "").holder()), asks_for_nothing);
    }

    #[test]
    fn what_is_allowed_is_held(person in person(), wanted in permission()) {
        if person.holder().has_permission(&wanted) && !person.holder().is_superadmin() {
            prop_assert!(person.1.iter().any(|held| covers(held, &wanted)));
        }
    }

    #[test]
    fn more_never_takes_away(
        person in person(),
        roles in vec(role(), 0..3),
        permissions in vec(stored_permission(), 0..3),
        question in question(),
        granted in vec(permission(), 0..2),
        role in role(),
        rank in rank(),
    ) {
        let (roles, permissions) = ([&*roles, &*person.0].concat(), [&*permissions, &*person.1].concat());
        let mut more = Person(roles, permissions, person.2);
        more.rise();
        let (less, more) = (person.holder(), more.holder());
        prop_assert!(!question.decide(&less) || question.decide(&more));
        let role = role_of(&role, &granted, rank);
        prop_assert!(!less.may_grant(&role) || more.may_grant(&role));
        prop_assert!(!less.outranks(&more));
    }

    #[test]
    fn outranking_is_a_strict_order(one in person(), two in person(), three in person()) {
        let (one, two, three) = (one.holder(), two.holder(), three.holder());
        prop_assert!(!one.outranks(&one));
        prop_assert!(!(one.outranks(&two) && two.outranks(&one)));
        if one.outranks(&two) && two.outranks(&three) {
            prop_assert!(one.outranks(&three));
        }
    }

    #[test]
    fn outranking_goes_by_what_is_held(one in person(), two in person(), wanted in permission()) {
        let (one, two) = (one.holder(), two.holder());
        if one.outranks(&two) {
            prop_assert!(one.rank > two.rank);
            prop_assert!(one.has_permission(&wanted) || !two.has_permission(&wanted));
        }
    }

    #[test]
    fn nobody_grants_what_he_does_not_hold(
        person in person(),
        role in role(),
        granted in vec(stored_permission(), 0..3),
        rank in rank(),
        wanted in permission(),
    ) {
        let holder = person.holder();
        let role = role_of(&role, &granted, rank);
        if holder.may_grant(&role) {
            prop_assert!(granted.iter().all(|name| holder.has_permission(name)));
            // Granting the role to themselves gives them nothing new either.
            let mut after = Person([&*person.0, &[role.name]].concat(), [&*person.1, &*granted].concat(), person.2);
            after.rise();
            let after = after.holder();
            prop_assert_eq!(holder.has_permission(&wanted), after.has_permission(&wanted));
            prop_assert_eq!(holder.rank, after.rank);
            prop_assert!(!after.outranks(&holder));
        }
    }

    #[test]
    fn superadmins_pass_everything(
        mut person in person(),
        other in person(),
        permissions in vec(any_permission(), 0..3),
        roles in vec("[a-z][a-z0-9_.-]{0,63}", 1..3),
    ) {
        person.0.push(SUPERADMIN.to_owned());
        person.rise();
        let holder = person.holder();
        prop_assert!(permissions.iter().all(|name| holder.has_permission(name)));
        prop_assert!(holder.may_administer(&other.holder()));
        prop_assert!(!other.holder().outranks(&holder));
        for role in BUILT_IN_ROLES.into_iter().chain(roles.iter().map(String::as_str)) {
            prop_assert!(is_role_name(role) && holder.has_role(role));
            prop_assert!(holder.may_grant(&role_of(role, &permissions, 999)));
        }
        prop_assert!(Question::AnyRole(roles.clone()).decide(&holder));
        prop_assert!(Question::AllRoles(roles).decide(&holder));
    }

    #[test]
    fn implying_is_transitive(one in role(), two in role(), three in role()) {
        prop_assert_eq!(implies(&one, &one), is_role_name(&one));
        if implies(&one, &two) && implies(&two, &three) {
            prop_assert!(implies(&one, &three));
            prop_assert!(built_in_rank(&one) >= built_in_rank(&three));
        }
    }
}
