//! I11 for the vault: what `keep` answered is there for whoever opens the file next, without an orderly close.

use vault::{Keep, Vault};

#[tokio::test]
async fn i11_kept_rows_are_seen_by_another_opener_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("vault.db").display());
    let vault = Vault::open(&url).unwrap();
    let rows: Vec<Keep> = (0..50)
        .map(|n| Keep {
            app: "app".into(),
            field: "f".into(),
            first: n,
            sealed: vec![n as u8; 9],
        })
        .collect();
    let identities = vault.keep(rows).await.unwrap();

    // The first vault is still open: nothing was flushed by closing it.
    let other = Vault::open(&url).unwrap();
    let wanted = identities
        .iter()
        .map(|pointer| ("app".to_owned(), *pointer))
        .collect();
    let found = other.bring(wanted).await.unwrap();
    assert!(found.iter().enumerate().all(|(n, row)| {
        row.as_ref()
            .is_some_and(|row| row.sealed == vec![n as u8; 9])
    }));
}

#[tokio::test]
async fn many_writers_at_once_each_get_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("vault.db").display());
    let vault = std::sync::Arc::new(Vault::open(&url).unwrap());
    let tasks: Vec<_> = (0..100u64)
        .map(|n| {
            let vault = vault.clone();
            tokio::spawn(async move {
                let row = Keep {
                    app: "app".into(),
                    field: "f".into(),
                    first: n % 3,
                    sealed: n.to_be_bytes().to_vec(),
                };
                let pointer = vault.keep(vec![row]).await.unwrap()[0];
                let row = vault
                    .bring(vec![("app".into(), pointer)])
                    .await
                    .unwrap()
                    .remove(0);
                assert_eq!(row.unwrap().sealed, n.to_be_bytes());
                pointer
            })
        })
        .collect();
    let mut seen = std::collections::HashSet::new();
    for task in tasks {
        assert!(
            seen.insert(task.await.unwrap()),
            "an identity was given twice"
        );
    }
}

#[test]
fn an_unknown_engine_is_refused_with_the_form() {
    let error = Vault::open("redis://x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`redis://x` names no vault: the form is sqlite:PATH"
    );
}
