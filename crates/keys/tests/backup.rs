//! What must hold of backups: enough pages bring back every key, fewer none, and what is wrong with a page is said.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use keys::backup::{Backup, BackupError, Block, Plan, Share, read_keyring, read_share};
use keys::file::{FileStore, Root};
use keys::{KeyId, Keyring, KeyringError, SubjectNames};
use proptest::prelude::*;
use support::Counter;

fn plan(threshold: u8, shares: u8) -> Plan {
    Plan {
        threshold,
        shares,
        made: "2026-11-24T11:45:00Z".to_owned(),
    }
}

/// A keyring with a destroyed epoch, a shredded subject and one that is not.
fn keyring(chance: &mut Counter) -> (Keyring, Vec<KeyId>, Vec<KeyId>) {
    let mut keyring = Keyring::create(chance);
    let old = keyring.start_epoch("crm", "name", chance).unwrap();
    let new = keyring.start_epoch("crm", "name", chance).unwrap();
    let names = SubjectNames::derive(&keyring.app_secret("crm", SubjectNames::PURPOSE), "crm");
    let mut subject = |identity: &[u8], keyring: &mut Keyring| {
        let name = names.name(identity);
        keyring
            .ensure_subject("crm", "name", name, chance)
            .unwrap()
            .0
    };
    let one = subject(b"41", &mut keyring);
    let two = subject(b"42", &mut keyring);
    keyring.destroy_epoch(old).unwrap();
    assert!(keyring.shred_subject("crm", names.name(b"42")));
    (keyring, vec![new, one], vec![old, two])
}

fn pages(keyring: &Keyring, plan: &Plan, chance: &mut Counter) -> Vec<String> {
    let backup = Backup::new(keyring, plan, chance).unwrap();
    backup.files().map(|(_, page)| page.to_owned()).collect()
}

fn shares(pages: &[String], which: &[usize]) -> Vec<Share> {
    which
        .iter()
        .map(|place| read_share(&pages[*place]).unwrap())
        .collect()
}

fn open(pages: &[String], which: &[usize]) -> Result<Keyring, BackupError> {
    read_keyring(&pages[which[0]])
        .unwrap()
        .open(&shares(pages, which))
}

#[test]
fn any_three_of_five_pages_give_every_key_back_and_two_give_none() {
    let mut chance = Counter(1);
    let (keyring, live, gone) = keyring(&mut chance);
    let pages = pages(&keyring, &plan(3, 5), &mut chance);
    assert_eq!(pages.len(), 5);
    for one in 0..5 {
        for two in (0..5).filter(|two| *two != one) {
            let error = open(&pages, &[one, two]).unwrap_err();
            assert_eq!(
                error,
                BackupError::TooFew {
                    given: 2,
                    threshold: 3
                }
            );
            for three in (0..5).filter(|three| *three != one && *three != two) {
                let back = open(&pages, &[one, two, three]).unwrap();
                for id in &live {
                    let (a, b) = (
                        keyring.field_secret(*id).unwrap(),
                        back.field_secret(*id).unwrap(),
                    );
                    assert_eq!(a.epoch.expose(), b.epoch.expose());
                    assert_eq!(
                        a.subject.map(|(name, secret)| (name, *secret.expose())),
                        b.subject.map(|(name, secret)| (name, *secret.expose()))
                    );
                }
                for id in &gone {
                    assert_eq!(
                        back.field_secret(*id).err(),
                        Some(KeyringError::Destroyed(*id))
                    );
                }
            }
        }
    }
    open(&pages, &[4, 3, 2, 1, 0]).unwrap();
}

#[test]
fn a_restored_keyring_is_written_down_whole_under_a_new_root() {
    let mut chance = Counter(2);
    let (keyring, live, gone) = keyring(&mut chance);
    let pages = pages(&keyring, &plan(2, 2), &mut chance);
    let mut back = open(&pages, &[0, 1]).unwrap();
    let home = tempfile::tempdir().unwrap();
    FileStore::adopt(home.path(), Root::KeyFile, &mut back, &mut chance).unwrap();
    let (_, back) = FileStore::open(home.path(), Root::KeyFile).unwrap();
    for id in live {
        back.field_secret(id).unwrap();
    }
    for id in gone {
        assert_eq!(
            back.field_secret(id).err(),
            Some(KeyringError::Destroyed(id))
        );
    }
    assert_eq!(back.subject_count(), keyring.subject_count());
}

#[test]
fn a_page_prints_on_eighty_columns_and_holds_no_secret_but_its_share() {
    let mut chance = Counter(3);
    let (keyring, ..) = keyring(&mut chance);
    let backup = Backup::new(&keyring, &plan(200, 255), &mut chance).unwrap();
    let (name, page) = backup.files().last().unwrap();
    assert_eq!(name, format!("rempart-{}-share-255.txt", backup.id()));
    for line in page.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(page.contains(backup.code()));
    let secret: String = keyring
        .secret()
        .expose()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert!(!page.contains(&secret));
    assert_eq!(
        format!("{backup:?} {:?}", read_share(page).unwrap()),
        format!(
            "Backup({0}, ‹255 pages›) Share(255 of backup {0}, ‹32 bytes›)",
            backup.id()
        )
    );
}

#[test]
fn what_is_wrong_with_typed_words_is_said_by_their_number() {
    let mut chance = Counter(4);
    let (keyring, ..) = keyring(&mut chance);
    let page = pages(&keyring, &plan(3, 5), &mut chance).remove(1);
    let begins = page.find("SHARE-----\n").unwrap() + 11;
    let ends = page.find("-----END REMPART SHARE").unwrap();
    let words: Vec<&str> = page[begins..ends]
        .split_whitespace()
        .filter(|word| !word.ends_with('.'))
        .collect();
    assert_eq!(words.len(), 32);
    let read = |words: &[&str]| Share::from_words(&words.join(" "));
    assert_eq!(read(&words).unwrap().number(), 2);
    let short: Vec<String> = words
        .iter()
        .map(|word| word.chars().take(4).collect::<String>().to_uppercase())
        .collect();
    assert_eq!(Share::from_words(&short.join("\n")).unwrap().threshold(), 3);

    for place in [0, 1, 2, 17, 31] {
        let mut typo = words.clone();
        typo[place] = "abandom";
        assert_eq!(
            read(&typo).unwrap_err(),
            BackupError::UnknownWord(place + 1)
        );
        typo[place] = if words[place] == "zoo" { "zone" } else { "zoo" };
        assert_eq!(read(&typo).unwrap_err(), BackupError::WrongWord(place + 1));
    }
    let mut swapped = words.clone();
    swapped.swap(20, 21);
    assert_eq!(read(&swapped).unwrap_err(), BackupError::SwappedWords(21));
    let mut several = words.clone();
    several[3] = "zoo";
    several[9] = "zebra";
    assert_eq!(read(&several).unwrap_err(), BackupError::WrongWords);
    assert_eq!(read(&words[1..]).unwrap_err(), BackupError::WordCount(31));
    assert_eq!(
        Share::from_words("").unwrap_err(),
        BackupError::WordCount(0)
    );
}

#[test]
fn pages_that_do_not_belong_together_are_told_apart() {
    let mut chance = Counter(5);
    let (keyring, ..) = keyring(&mut chance);
    let (one, two) = (
        pages(&keyring, &plan(2, 3), &mut chance),
        pages(&keyring, &plan(2, 3), &mut chance),
    );
    let block = |pages: &[String]| read_keyring(&pages[0]).unwrap();
    let mixed = vec![read_share(&one[0]).unwrap(), read_share(&two[1]).unwrap()];
    assert!(matches!(
        block(&one).open(&mixed).unwrap_err(),
        BackupError::OtherBackup { expected, found } if expected == block(&one).backup() && found == block(&two).backup()
    ));
    assert!(matches!(
        block(&two).open(&shares(&one, &[0, 1])).unwrap_err(),
        BackupError::OtherBackup { .. }
    ));
    assert_eq!(open(&one, &[1, 1]).unwrap_err(), BackupError::SameShare(2));
    assert_eq!(
        block(&one).open(&[]).unwrap_err(),
        BackupError::TooFew {
            given: 0,
            threshold: 2
        }
    );
}

#[test]
fn a_damaged_page_is_said_to_be_one_and_no_change_goes_unnoticed() {
    let mut chance = Counter(6);
    let (keyring, ..) = keyring(&mut chance);
    let pages = pages(&keyring, &plan(2, 2), &mut chance);
    let page = &pages[0];
    assert_eq!(read_share("").unwrap_err(), BackupError::NoShare);
    assert_eq!(read_keyring("").unwrap_err(), BackupError::NoKeyring);
    let crlf = page.replace('\n', "\r\n  ");
    assert_eq!(read_keyring(&crlf).unwrap(), read_keyring(page).unwrap());
    read_share(&crlf).unwrap();
    let begins = page.find("KEYRING-----\n").unwrap() + 13;
    let third = begins + 2 * 78 + 5;
    let mut damaged = page.clone().into_bytes();
    damaged[third] = if damaged[third] == b'A' { b'B' } else { b'A' };
    let damaged = String::from_utf8(damaged).unwrap();
    assert_eq!(read_keyring(&damaged).unwrap_err(), BackupError::Line(3));

    // Whoever rewrites the keyring's text with codes that fit cannot sign what it says.
    let block = read_keyring(page).unwrap();
    let changed = |from: &str, to: &str| -> Block {
        let text = serde_json::to_string(&block).unwrap();
        assert!(text.contains(from));
        serde_json::from_str(&text.replacen(from, to, 1)).unwrap()
    };
    let both = || shares(&pages, &[0, 1]);
    assert_eq!(
        changed("2026-11-24T11", "2026-11-24T12")
            .open(&both())
            .unwrap_err(),
        BackupError::WrongSecret
    );
    assert_eq!(
        changed("\"field\":\"name\"", "\"field\":\"nome\"")
            .open(&both())
            .unwrap_err(),
        BackupError::Keyring(KeyringError::Changed)
    );
    assert_eq!(
        changed("\"generation\":1", "\"generation\":2")
            .open(&both())
            .unwrap_err(),
        BackupError::Keyring(KeyringError::LogLine(2))
    );
}

#[test]
fn what_makes_no_backup_is_refused() {
    let mut chance = Counter(7);
    let (keyring, ..) = keyring(&mut chance);
    for (threshold, shares) in [(0, 5), (1, 5), (4, 3), (2, 0)] {
        assert_eq!(
            Backup::new(&keyring, &plan(threshold, shares), &mut chance).err(),
            Some(BackupError::Plan { threshold, shares })
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_shares_as_many_as_the_threshold_give_the_secret(
        seed: u64,
        threshold in 2_u8..9,
        more in 0_u8..6,
        order: u64,
    ) {
        let mut chance = Counter(seed);
        let keyring = Keyring::create(&mut chance);
        let mut pages = pages(&keyring, &plan(threshold, threshold + more), &mut chance);
        let mut order = Counter(order);
        pages.sort_by_cached_key(|_| {
            let mut key = [0; 4];
            keys::Chance::fill(&mut order, &mut key);
            key
        });
        pages.truncate(threshold.into());
        let all: Vec<usize> = (0..pages.len()).collect();
        let back = open(&pages, &all).unwrap();
        prop_assert_eq!(back.secret().expose(), keyring.secret().expose());
        prop_assert!(open(&pages, &all[1..]).is_err());
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in "(?s).{0,200}") {
        let _ = Share::from_words(&text);
        let page = format!("-----BEGIN REMPART KEYRING-----\n{text}\n-----END REMPART KEYRING-----");
        let _ = read_keyring(&page);
    }
}

#[test]
fn pages_of_version_1_open_for_ever() {
    let page = |number: u8| {
        let name = format!("rempart-f0999860-share-{number}.txt");
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/backup-1");
        std::fs::read_to_string(folder.join(name)).unwrap()
    };
    let pages = [page(3), page(1)];
    let back = open(&pages, &[0, 1]).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(
        hex(back.secret().expose()),
        "e60f6b239142c4477269103e18127fc93f50039909dec49d9e47d8e6cede222a"
    );
    let one = back.field_secret(KeyId(0x8061_60e7)).unwrap();
    assert_eq!(
        hex(one.epoch.expose()),
        "bcbfc40fe672a3f7ba03901c2f17c2179ef46967e2cf0e559d3596b3b23a54d8"
    );
    let (name, secret) = one.subject.unwrap();
    assert_eq!(name.to_string(), "c848856d55d4309858b86290e6573260");
    assert_eq!(
        hex(secret.expose()),
        "e7651c977890053d13b53d097b9f5972e6e08a7c9882e6a3fbfccc8cc72f9365"
    );
    let two = KeyId(0x8321_48c0);
    assert_eq!(
        back.field_secret(two).err(),
        Some(KeyringError::Destroyed(two))
    );
}
