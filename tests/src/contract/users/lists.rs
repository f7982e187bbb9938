//! Lists of new users.

use auth_core::storage::*;
use futures::executor::block_on;

use crate::contract::given::*;

/// A user who is refused because of a stored user or an earlier one in the list doesn't affect later ones.
pub(crate) fn many_users_are_stored_each_on_its_own(storage: &impl Storage) {
    use CreateUserOutcome::{Created, EmailTaken, IdTaken, UsernameTaken};
    create(storage, new_user(1, Some("ada@example.com"), Some("ada")));
    let mut whole = new_user(2, Some("bob@example.com"), Some("bob"));
    whole.user.disabled_at = Some(at(1));
    whole.user.email_proved_at = Some(at(3));
    whole.user.last_login_at = Some(at(2));
    whole.roles = names(&["user", "no such role", "admin"]);
    whole.search_terms = names(&["builder"]);
    // Has no effect here.
    whole.unless_role_assigned = Some("user".to_owned());
    let refused = |number, email, name| {
        let mut new = new_user(number, email, name);
        new.credentials[0].id = id(2000 + number);
        new.roles = names(&["superadmin"]);
        new.search_terms = names(&["refused"]);
        new
    };
    let users = vec![
        refused(3, Some("ada@example.com"), Some("eve")),
        whole.clone(),
        // Because of a user in the list.
        refused(2, Some("dan@example.com"), None),
        refused(3, Some("bob@example.com"), None),
        refused(3, None, Some("bob")),
        refused(1, None, None),
        // The keys of a refused user stay free.
        new_user(3, Some("dan@example.com"), Some("eve")),
        new_user(4, None, None),
        new_user(5, None, None),
    ];
    assert_eq!(
        block_on(storage.create_users(id(900), users, None)).unwrap(),
        [
            EmailTaken,
            Created,
            IdTaken,
            EmailTaken,
            UsernameTaken,
            IdTaken,
            Created,
            Created,
            Created
        ]
    );
    let member = |number| member(storage, number).unwrap();
    let bob = member(2);
    assert_eq!(bob.account.user, whole.user);
    assert!(bob.account.credentials == whole.credentials);
    assert_eq!(bob.roles, ["admin", "user"]);
    for number in [1, 3] {
        assert_eq!(member(number).account.credentials.len(), 1);
        assert_eq!(member(number).roles, ["user"]);
    }
    assert_eq!(listed(storage, &search("builder")), [2]);
    assert_eq!(listed(storage, &search("refused")), [0u64; 0]);
    assert_eq!(listed(storage, &everybody()), [1, 2, 3, 4, 5]);
    let again = vec![whole, new_user(6, None, None)];
    let again = block_on(storage.create_users(id(902), again, None));
    assert_eq!(again.unwrap(), [IdTaken, Created]);
    assert!(
        block_on(storage.create_users(id(901), vec![], None))
            .unwrap()
            .is_empty()
    );
}

/// The maximum of one call and of one page, with all their parts.
pub(crate) fn five_hundred_users_are_stored_at_once(storage: &impl Storage) {
    let users = (1..=500).map(|number| {
        let email = format!("{number}@example.com");
        let mut new = new_user(number, Some(&email), Some(&format!("name {number}")));
        new.credentials[0].id = id(10_000 + number);
        new.search_terms = vec![format!("term {number}"), format!("word {number}")];
        new
    });
    let outcomes = block_on(storage.create_users(id(900), users.collect(), None)).unwrap();
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), 500);
    let whole = |member: &UserDetails| {
        let credentials = &member.account.credentials;
        credentials.len() == 1
            && credentials[0].id == id(10_000 + number(member))
            && member.roles == ["user"]
    };
    for query in [everybody(), search("term ")] {
        let page = page(storage, query);
        assert!(page.users.iter().all(whole));
        let mut numbers: Vec<_> = page.users.iter().map(number).collect();
        numbers.sort();
        assert_eq!(numbers, (1..=500).collect::<Vec<_>>());
        assert!(page.next.is_none());
    }
    assert_eq!(listed(storage, &search("word 500")), [500]);
}

/// Of concurrent lists with the same addresses exactly one stores each address.
pub(crate) fn one_of_many_concurrent_lists_gets_each_key(storage: &(impl Storage + Sync)) {
    let outcomes = concurrently(|caller| {
        let caller = caller as u64;
        let users = (0..5).map(|number| {
            // Every list begins at another address.
            let email = format!("{}@example.com", (number + caller) % 5);
            new_user(1 + caller * 5 + number, Some(&email), None)
        });
        block_on(storage.create_users(id(900 + caller), users.collect(), None)).unwrap()
    })
    .concat();
    assert_eq!(times(&outcomes, CreateUserOutcome::Created), 5);
    let refused = times(&outcomes, CreateUserOutcome::EmailTaken);
    assert_eq!(refused, 5 * (CALLERS - 1));
    assert_eq!(listed(storage, &everybody()).len(), 5);
}

/// A list is stored in one transaction, and in another one if somebody is known. None fails unless a rare key is taken, so that
/// a server reports no errors with addresses. `transactions` returns how many there were, and how many failed.
pub fn a_list_takes_few_transactions(
    storage: &impl Storage,
    transactions: impl Fn() -> (usize, usize),
) {
    use CreateUserOutcome::{Created, EmailTaken, IdTaken, UsernameTaken};
    let create = |call, users| block_on(storage.create_users(id(call), users, None)).unwrap();
    let (ada, bob) = (Some("ada@example.com"), Some("bob"));
    let new = vec![new_user(1, ada, None), new_user(2, None, bob)];
    assert_eq!(create(900, new.clone()), [Created, Created]);
    assert_eq!(transactions(), (1, 0));
    // A repeated call changes nothing.
    assert_eq!(create(900, new), [Created, Created]);
    assert_eq!(transactions(), (3, 0));
    let known_address = vec![new_user(3, None, Some("carl")), new_user(4, ada, None)];
    assert_eq!(create(901, known_address), [Created, EmailTaken]);
    let known_name = vec![new_user(5, Some("dan@example.com"), bob)];
    assert_eq!(create(902, known_name), [UsernameTaken]);
    assert_eq!(transactions(), (7, 0));
    let eve = Some("eve@example.com");
    let twice = vec![new_user(6, eve, None), new_user(7, eve, None)];
    assert_eq!(create(903, twice), [Created, EmailTaken]);
    assert_eq!(transactions(), (8, 0));
    let known_id = vec![
        new_user(1, Some("fay@example.com"), None),
        new_user(8, None, None),
    ];
    assert_eq!(create(904, known_id), [IdTaken, Created]);
    assert_eq!(transactions(), (10, 1));
    // Without keys, the identifier tells that the call is a repeated one.
    assert_eq!(create(905, vec![new_user(9, None, None)]), [Created]);
    assert_eq!(create(905, vec![new_user(9, None, None)]), [Created]);
    assert_eq!(transactions(), (13, 2));
    assert_eq!(listed(storage, &everybody()), [1, 2, 3, 6, 8, 9]);
}

/// Stores a list of one user with an address. Returns whether nobody had it.
pub fn a_list_of_one(storage: &impl Storage, number: u64) -> bool {
    let user = new_user(number, Some(&format!("{number}@example.com")), None);
    let outcomes = block_on(storage.create_users(id(900 + number), vec![user], None));
    outcomes.unwrap() == [CreateUserOutcome::Created]
}
