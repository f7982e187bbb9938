//! In every history of two people, neither gets an account whose address the other has proved.

use core::time::Duration;

use super::*;

/// A person, with the mailbox, the password and the identity that are theirs alone.
struct Someone {
    email: &'static str,
    password: &'static str,
    subject: &'static str,
    sessions: Vec<ActiveSession>,
}

/// Numbers that repeat (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Returns the token of the last mail of a kind to this address.
fn mailed(auth: &Service, kind: &str, to: &str) -> Option<String> {
    let mail = auth.platform().mail.lock().unwrap();
    let theirs = |mail: &&crate::Message| mail.kind == kind && mail.to == to;
    let text = &mail.iter().rev().find(theirs)?.text;
    let token = text.split("token=").nth(1)?;
    Some(token.split_whitespace().next()?.to_owned())
}

fn act(auth: &Service, me: &mut Someone, other: &'static str, numbers: &mut Numbers) {
    let email = [me.email, other][numbers.below(2) as usize];
    let session = (!me.sessions.is_empty())
        .then(|| me.sessions[numbers.below(me.sessions.len() as u64) as usize].clone());
    // Google says which address is theirs; Spotify says what they have typed.
    let by_google = google(me.subject, me.email);
    let by_spotify = unverified(me.subject, email);
    let evidence = Evidence {
        session: session.as_ref(),
        password: Some(me.password),
        ..Evidence::default()
    };
    let mut entered = None;
    match (numbers.below(12), &session) {
        (0, _) => {
            let registration = crate::Registration {
                email,
                password: me.password,
                username: None,
                display_name: None,
                profile: None,
                token_format: TokenFormat::Opaque,
                replaces: &[],
            };
            let registered = at_once(auth.accounts().register(registration, client()));
            let tokens = registered.ok().and_then(|registered| registered.tokens);
            entered = tokens.map(|tokens| tokens.active().clone());
        }
        (1, _) => entered = login(auth, email, me.password).ok(),
        (2 | 3, _) => {
            let person = [by_google, by_spotify][numbers.below(2) as usize].clone();
            if let Ok(Exchange::SignedIn(tokens)) = arrive(auth, &person) {
                entered = Some(tokens.active().clone());
            }
        }
        (4, Some(session)) => {
            let person = [by_google, by_spotify][numbers.below(2) as usize].clone();
            let _ = link(auth, session, &person);
        }
        (5, Some(session)) => {
            let linked = at_once(auth.identities().list(session)).unwrap();
            if let Some(identity) = linked.first() {
                let _ = at_once(auth.identities().unlink(session, &identity.id, client()));
            }
        }
        (6, _) => {
            // Asked for by anybody, used by the owner of the mailbox.
            let _ = at_once(auth.accounts().forgot_password(email, client()));
            after_answer(auth);
            if let Some(token) = mailed(auth, "reset_password", me.email) {
                let _ = at_once(
                    auth.accounts()
                        .reset_password(&token, me.password, client()),
                );
            }
        }
        (7, Some(session)) => {
            let changed = auth
                .accounts()
                .change_email(session, email, evidence, client());
            let _ = at_once(changed);
        }
        (8, _) => {
            if let Some(token) = mailed(auth, "change_email", me.email) {
                let _ = at_once(auth.accounts().confirm_email(&token, evidence, client()));
            }
        }
        (9, _) => {
            if let Some(token) = mailed(auth, "verify_email", me.email) {
                let _ = at_once(auth.accounts().verify_email(&token, evidence, client()));
            }
        }
        (10, _) => {
            if let Some(token) = mailed(auth, "email_changed", me.email) {
                let _ = at_once(auth.accounts().undo_email(&token, client()));
            }
        }
        (11, Some(session)) => {
            let evidence = Evidence::default();
            let changed = auth
                .accounts()
                .change_password(session, evidence, me.password, client());
            entered = active_of(at_once(changed)).ok();
        }
        _ => auth
            .platform()
            .advance(Duration::from_secs(numbers.below(400))),
    }
    after_answer(auth);
    me.sessions.extend(entered);
}

/// The sessions of a person are in accounts whose address they have proved, or nobody has.
fn check(auth: &Service, me: &mut Someone, other: &str, seed: u64) {
    me.sessions.retain(|session| lives(auth, session));
    for session in &me.sessions {
        let user = member(auth, &session.user.id).account.user;
        let theirs = user.email_proved_at.is_some() && user.email.as_deref() == Some(other);
        assert!(
            !theirs,
            "{} is in the account of {other} (seed {seed})",
            me.email
        );
    }
}

#[test]
fn neither_of_two_people_gets_the_account_of_the_other() {
    let generous = [
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("CHANGES_PER_USER", "0"),
        ("MAILS_PER_ADDRESS", "0"),
        ("SIGN_INS_PER_USER", "0"),
        ("LINK_BY_VERIFIED_EMAIL", "all"),
    ];
    let mut meetings = 0;
    for seed in 1..=150 {
        let auth = service(&generous);
        let mut numbers = Numbers(u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15));
        let person = |email, password, subject| Someone {
            email,
            password,
            subject,
            sessions: Vec::new(),
        };
        let mut ada = person("ada@example.com", "the first long password", "1");
        let mut eve = person("eve@example.com", "the other long password", "2");
        for _ in 0..60 {
            let (me, other) = if numbers.below(2) == 0 {
                (&mut ada, eve.email)
            } else {
                (&mut eve, ada.email)
            };
            act(&auth, me, other, &mut numbers);
            check(&auth, &mut ada, "eve@example.com", seed);
            check(&auth, &mut eve, "ada@example.com", seed);
            let proved = |someone: &Someone| {
                let mut sessions = someone.sessions.iter();
                sessions.any(|session| session.user.email_proved_at.is_some())
            };
            meetings += usize::from(proved(&ada) && proved(&eve));
        }
    }
    assert!(
        meetings > 100,
        "only {meetings}: the histories lead nowhere"
    );
}
