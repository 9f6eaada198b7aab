//! The promises of [`Vault`], each a function over an opened vault; [`on`] makes them tests of one engine.

use std::collections::HashSet;
use std::sync::Arc;

use vault::{Error, Keep, Options, POINTERS, Segment, Stable, Vault};

/// Where a database for one test is, as often as it is asked for; the database goes with the value.
pub trait Place {
    /// The URL of the database.
    fn url(&self) -> String;

    /// Opens it.
    fn open(&self) -> Vault {
        Vault::open(&self.url(), &Options::default()).unwrap()
    }
}

/// A value to keep for `app`'s field `code`.
pub fn keep(app: &str, first: u64, sealed: &[u8]) -> Keep {
    Keep {
        app: app.into(),
        field: "code".into(),
        first,
        space: POINTERS,
        sealed: sealed.to_vec(),
    }
}

async fn values(vault: &Vault, app: &str, pointers: &[u64]) -> Vec<Option<Vec<u8>>> {
    let wanted = pointers.iter().map(|at| (app.to_owned(), *at)).collect();
    let rows = vault.bring(wanted).await.unwrap();
    rows.into_iter().map(|row| Some(row?.sealed)).collect()
}

pub async fn a_taken_identity_draws_the_next_and_both_rows_stand(place: impl Place) {
    let vault = place.open();
    let first = vault.keep(vec![keep("a", 7, b"one")]).await.unwrap();
    let second = vault.keep(vec![keep("a", 7, b"two")]).await.unwrap();
    assert_eq!(first, [7]);
    assert_ne!(second, [7]);
    let pointers = [7, second[0]];
    assert_eq!(
        values(&vault, "a", &pointers).await,
        [Some(b"one".to_vec()), Some(b"two".to_vec())]
    );
    assert_eq!(values(&vault, "b", &[7]).await, [None]);
}

pub async fn equal_rows_share_an_identity_within_a_batch_and_across(place: impl Place) {
    let vault = place.open();
    let twice = vec![
        keep("a", 7, b"one"),
        keep("a", 7, b"two"),
        keep("a", 7, b"one"),
    ];
    let kept = vault.keep(twice.clone()).await.unwrap();
    assert_eq!(kept[0], kept[2]);
    assert_ne!(kept[0], kept[1]);
    assert_eq!(vault.keep(twice).await.unwrap(), kept);
    let elsewhere = vault.keep(vec![keep("b", 7, b"two")]).await.unwrap();
    assert_eq!(elsewhere, [7]);
    let mut field = keep("a", 7, b"one");
    field.field = "other".into();
    assert!(!kept.contains(&vault.keep(vec![field]).await.unwrap()[0]));
}

pub async fn i11_what_was_kept_is_seen_by_another_opener_at_once(place: impl Place) {
    let vault = place.open();
    let rows = (0..100).map(|n| keep("a", n, &[n as u8; 9])).collect();
    let pointers = vault.keep(rows).await.unwrap();
    // The first is still open: nothing was flushed by closing it.
    let found = values(&place.open(), "a", &pointers).await;
    for (n, value) in found.into_iter().enumerate() {
        assert_eq!(value, Some(vec![n as u8; 9]));
    }
}

pub async fn a_batch_may_ask_for_one_pointer_many_times(place: impl Place) {
    let vault = place.open();
    vault.keep(vec![keep("a", 1, b"one")]).await.unwrap();
    let found = values(&vault, "a", &[1, 2, 1, 1]).await;
    let one = Some(b"one".to_vec());
    assert_eq!(found, [one.clone(), None, one.clone(), one]);
    assert!(vault.bring(Vec::new()).await.unwrap().is_empty());
    assert!(vault.keep(Vec::new()).await.unwrap().is_empty());
}

pub async fn writers_at_once_get_identities_of_their_own(place: impl Place) {
    let vault = Arc::new(place.open());
    let write = |n: u64| {
        let vault = Arc::clone(&vault);
        tokio::spawn(async move {
            let row = keep("a", n % 3, &n.to_be_bytes());
            let pointer = vault.keep(vec![row]).await.unwrap()[0];
            let found = values(&vault, "a", &[pointer]).await;
            assert_eq!(found, [Some(n.to_be_bytes().to_vec())]);
            pointer
        })
    };
    let tasks: Vec<_> = (0..100).map(write).collect();
    let mut seen = HashSet::new();
    for task in tasks {
        assert!(
            seen.insert(task.await.unwrap()),
            "an identity was given twice"
        );
    }
}

pub async fn equal_values_kept_by_two_nodes_at_once_share_one_identity(place: impl Place) {
    let nodes = [Arc::new(place.open()), Arc::new(place.open())];
    // Three values for each first identity, so that the nodes also meet while they draw on.
    let rows = |_| -> Vec<Keep> {
        let row = |n: u64| keep("a", n / 3, &n.to_be_bytes());
        (0..30).map(row).collect()
    };
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (vault, rows) = (Arc::clone(&nodes[task % 2]), rows(task));
            tokio::spawn(async move { vault.keep(rows).await.unwrap() })
        })
        .collect();
    let mut kept = HashSet::new();
    for task in tasks {
        kept.insert(task.await.unwrap());
    }
    assert_eq!(kept.len(), 1, "the same values got different identities");
    let pointers = kept.into_iter().next().unwrap();
    assert_eq!(pointers.iter().collect::<HashSet<_>>().len(), 30);
}

pub async fn identities_stay_in_the_space_of_their_shape(place: impl Place) {
    let vault = place.open();
    let in_space = |n: u8| Keep {
        space: 100..110,
        ..keep("a", 104, &[n])
    };
    let kept = vault.keep((0..10).map(in_space).collect()).await.unwrap();
    let kept: HashSet<u64> = kept.into_iter().collect();
    assert_eq!(kept, (100..110).collect());
}

pub async fn a_full_space_fails_its_own_request_alone(place: impl Place) {
    let vault = Arc::new(place.open());
    let in_space = |n: u8| Keep {
        space: 10..14,
        ..keep("a", 12, &[n])
    };
    vault.keep((0..4).map(in_space).collect()).await.unwrap();
    let full = Error::Full {
        app: "a".into(),
        field: "code".into(),
    };
    let task = |rows: Vec<Keep>| {
        let vault = Arc::clone(&vault);
        tokio::spawn(async move { vault.keep(rows).await })
    };
    let refused = task(vec![keep("a", 900, b"x"), in_space(9)]);
    let others: Vec<_> = (0..20).map(|n| task(vec![keep("a", n, b"y")])).collect();
    assert_eq!(refused.await.unwrap(), Err(full));
    for (n, other) in others.into_iter().enumerate() {
        let kept = other.await.unwrap().unwrap();
        assert_eq!(
            values(&vault, "a", &kept).await,
            [Some(b"y".to_vec())],
            "{n}"
        );
    }
    // A value that is there already still has its place.
    assert!(vault.keep(vec![in_space(3)]).await.is_ok());
}

pub async fn an_erased_value_is_gone_and_its_identity_is_never_given_again(place: impl Place) {
    let vault = place.open();
    let kept = vault
        .keep(vec![keep("a", 7, b"one"), keep("a", 8, b"two")])
        .await
        .unwrap();
    let wanted = |at: u64| ("a".to_owned(), at);
    let erased = vault
        .erase(vec![wanted(kept[0]), wanted(999), wanted(kept[0])])
        .await
        .unwrap();
    assert_eq!(erased.iter().filter(|erased| **erased).count(), 1);
    assert!(!erased[1]);
    assert_eq!(vault.erase(vec![wanted(kept[0])]).await.unwrap(), [false]);
    assert_eq!(
        values(&vault, "a", &kept).await,
        [None, Some(b"two".to_vec())]
    );
    for value in [b"one".as_slice(), b"three"] {
        let again = vault.keep(vec![keep("a", 7, value)]).await.unwrap();
        assert!(!kept.contains(&again[0]), "an erased identity came back");
    }
}

fn token(name: u8, sealed: &[u8]) -> Stable {
    Stable {
        app: "a".into(),
        name: [name; 20],
        sealed: sealed.to_vec(),
    }
}

async fn recalled(vault: &Vault, names: &[u8]) -> Vec<Option<Vec<u8>>> {
    let names = names.iter().map(|name| ("a".into(), [*name; 20]));
    vault.recall(names.collect()).await.unwrap()
}

pub async fn the_token_remembered_last_is_recalled(place: impl Place) {
    let vault = place.open();
    let tokens = vec![token(1, b"one"), token(2, b"two"), token(1, b"one again")];
    vault.remember(tokens).await.unwrap();
    vault.remember(vec![token(2, b"two again")]).await.unwrap();
    assert_eq!(
        recalled(&vault, &[2, 3, 1]).await,
        [
            Some(b"two again".to_vec()),
            None,
            Some(b"one again".to_vec())
        ]
    );
    let elsewhere = vault.recall(vec![("b".into(), [1; 20])]).await.unwrap();
    assert_eq!(elsewhere, [None]);
}

pub async fn the_oldest_tokens_go_beyond_the_bound(place: impl Place) {
    let vault = Vault::open(&place.url(), &Options { stable: 10 }).unwrap();
    for name in 0..40 {
        vault.remember(vec![token(name, &[name])]).await.unwrap();
        // Used again each time, so it is never the oldest.
        vault.remember(vec![token(0, b"kept")]).await.unwrap();
    }
    let found = recalled(&vault, &(0..40).collect::<Vec<u8>>()).await;
    assert_eq!(found[0], Some(b"kept".to_vec()));
    assert!(found[1..25].iter().all(Option::is_none));
    assert!(found[32..].iter().all(Option::is_some));
}

fn segment(fingerprint: u8, sealed: &[u8]) -> Segment {
    Segment {
        app: "a".into(),
        fingerprint: [fingerprint; 32],
        sealed: sealed.to_vec(),
    }
}

pub async fn every_segment_of_a_fingerprint_is_brought_once(place: impl Place) {
    let vault = place.open();
    let segments = vec![
        segment(1, b"one"),
        segment(2, b"two"),
        segment(1, b"one too"),
    ];
    vault.keep_segments(segments.clone()).await.unwrap();
    vault.keep_segments(segments).await.unwrap();
    let wanted = [1_u8, 9, 2, 1].map(|of| ("a".to_owned(), [of; 32]));
    let mut found = place.open().bring_segments(wanted.into()).await.unwrap();
    found.iter_mut().for_each(|candidates| candidates.sort());
    let both = vec![b"one".to_vec(), b"one too".to_vec()];
    assert_eq!(found, [both.clone(), vec![], vec![b"two".to_vec()], both]);
    let elsewhere = vault.bring_segments(vec![("b".into(), [1; 32])]).await;
    assert_eq!(elsewhere.unwrap(), [Vec::<Vec<u8>>::new()]);
}

/// Makes every promise a test of the engine whose databases `$place` makes, or keeps them all in one.
macro_rules! on {
    (@each $with:ident $($head:tt)*) => {
        crate::contract::$with! { $($head)* =>
            a_taken_identity_draws_the_next_and_both_rows_stand,
            equal_rows_share_an_identity_within_a_batch_and_across,
            i11_what_was_kept_is_seen_by_another_opener_at_once,
            a_batch_may_ask_for_one_pointer_many_times,
            writers_at_once_get_identities_of_their_own,
            equal_values_kept_by_two_nodes_at_once_share_one_identity,
            identities_stay_in_the_space_of_their_shape,
            a_full_space_fails_its_own_request_alone,
            an_erased_value_is_gone_and_its_identity_is_never_given_again,
            the_token_remembered_last_is_recalled,
            the_oldest_tokens_go_beyond_the_bound,
            every_segment_of_a_fingerprint_is_brought_once,
        }
    };
    (one after the other: $place:expr) => {
        crate::contract::on! { @each in_turn $place }
    };
    ($place:expr) => {
        crate::contract::on! { @each as_tests $place }
    };
}
pub(crate) use on;

macro_rules! as_tests {
    ($place:expr => $($promise:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            crate::contract::$promise($place).await;
        })+
    };
}
pub(crate) use as_tests;

macro_rules! in_turn {
    ($place:expr => $($promise:ident),+ $(,)?) => {
        $(
            println!("{}", stringify!($promise));
            crate::contract::$promise($place).await;
        )+
    };
}
pub(crate) use in_turn;
