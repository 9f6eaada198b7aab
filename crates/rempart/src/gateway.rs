//! One running gateway: everything wired, nothing decided here.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use border::{Border, Keys};
use console::Words;
use journal::Journal;
use keys::file::SystemChance;
use miette::{IntoDiagnostic as _, WrapErr as _};
use policy::{Plan, Source};
use practice::Practice;
use proxy::{Authority, Proxy, Shared};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::UpArgs;
use crate::demo::{self, Sides};
use crate::home::Home;
use crate::keeper::Keeper;
use crate::keyring::{self, Closed, Opened};
use crate::keys_command::Work;
use crate::keys_command::request::{Answer, Request};
use crate::recovery::{Lock, told};
use crate::root::Handed;
use crate::settings::{self, Settings};
use crate::subjects::Subjects;
use crate::through::Client;
use crate::{doctor, policies, up, vault_command, view};

/// A gateway that listens.
pub struct Gateway {
    home: Home,
    args: UpArgs,
    policies: Vec<PathBuf>,
    /// None while the root of trust is away.
    keyring: Arc<Mutex<Option<Opened>>>,
    subjects: Subjects,
    lock: Arc<Lock>,
    journal: Arc<Journal>,
    /// What the keys were last derived with, flags included.
    settings: Mutex<Settings>,
    shared: Arc<Shared>,
    read: Mutex<Vec<Source>>,
    proxy: SocketAddr,
    console: SocketAddr,
    territory: Vec<String>,
    practice: Option<Practice>,
    client: Client,
    /// What somebody should look at; the console shows it, too.
    warnings: Arc<Mutex<Vec<Words>>>,
    tasks: TaskTracker,
}

impl Gateway {
    /// Reads and checks everything, then listens.
    ///
    /// # Errors
    /// What keeps it from starting.
    pub async fn start(
        home: Home,
        mut settings: Settings,
        args: &UpArgs,
        handed: Handed,
        stop: CancellationToken,
    ) -> miette::Result<Self> {
        let folders = vec![args.policies.clone().unwrap_or_else(|| home.policies())];
        let practice = if args.demo {
            Some(demo::start(&home, &mut settings).await?)
        } else {
            None
        };
        let sources = sources(&folders, args.demo)?;
        let plan = Arc::new(policies::compile(&sources)?.plan);
        let lock = Arc::new(Lock::default());
        let keyring = match keyring::open_with(&home, &settings, &handed) {
            Ok(opened) => Some(renewed(opened)),
            Err(Closed::Away(error)) => {
                let why = told(&error);
                tracing::warn!(
                    why,
                    "the root of trust is away: everything on app hosts is refused until it answers"
                );
                lock.shut(why);
                None
            }
            Err(Closed::Wrong(error)) => return Err(error),
        };
        let keyring = Arc::new(Mutex::new(keyring));
        let subjects = Subjects::new(Arc::clone(&keyring));
        let border = {
            let mut opened = keyring.lock().unwrap_or_else(PoisonError::into_inner);
            border(&plan, opened.as_mut(), &subjects, &settings)?
        };
        let authority = Authority::open_or_create(&home.authority(), &hosts(&plan))
            .into_diagnostic()
            .wrap_err("the certificate authority cannot be used")?;
        let root_pem = authority.root_pem().to_owned();
        let vault = Arc::new(vault_command::open(&home, &settings)?);
        let journal = Arc::new(Journal::open(&home.journal()).into_diagnostic()?);
        let chance = SystemChance::new().into_diagnostic()?;
        let keeper = Keeper::new(vault, Arc::clone(&journal), subjects.clone(), chance);

        let console = tokio::net::TcpListener::bind(settings.listen.console)
            .await
            .into_diagnostic()
            .wrap_err_with(|| {
                format!("the console cannot listen on {}", settings.listen.console)
            })?;
        let console_address = console.local_addr().into_diagnostic()?;
        let wire = wire_settings(&settings, console_address);
        let bound = Proxy::bind(
            wire,
            Arc::new(border),
            Arc::new(authority),
            Arc::new(keeper.clone()),
        )
        .await
        .into_diagnostic()?;
        let (proxy_address, shared) = (bound.local_addr(), bound.shared());
        let tasks = TaskTracker::new();
        tasks.spawn(bound.run(stop.clone()));

        let client = Client::new(proxy_address, &root_pem).into_diagnostic()?;
        let sides = practice
            .as_ref()
            .map(|practice| Sides::new(practice, client.clone()));
        if let (Some(practice), None) = (&practice, lock.why()) {
            demo::register_examples(practice, &client).await?;
        }
        let shown = practice
            .as_ref()
            .zip(sides)
            .map(|(practice, sides)| (demo_words(practice, &home), sides));
        let warnings = Arc::new(Mutex::new(doctor::warnings(&home, &settings)));
        let view = view::Gateway {
            shared: Arc::clone(&shared),
            keeper,
            proxy: proxy_address,
            console: console_address,
            root_path: home.root_certificate(),
            root_pem,
            warnings: Arc::clone(&warnings),
            lock: Arc::clone(&lock),
            demo: shown,
        };
        tasks.spawn(async move {
            if let Err(error) =
                console::serve(console, Arc::new(view), stop.cancelled_owned()).await
            {
                tracing::error!(%error, "the console stopped");
            }
        });
        tasks.close();
        Ok(Self {
            args: args.clone(),
            policies: folders,
            keyring,
            subjects,
            journal,
            lock,
            shared,
            read: Mutex::new(with_settings(&home, sources)),
            home,
            proxy: proxy_address,
            console: console_address,
            territory: settings.territory.accept.clone(),
            settings: Mutex::new(settings),
            practice,
            client,
            warnings,
            tasks,
        })
    }

    /// Where the proxy listens.
    pub fn proxy(&self) -> SocketAddr {
        self.proxy
    }

    /// Where the console listens.
    pub fn console(&self) -> SocketAddr {
        self.console
    }

    /// What is watched for changes. Folders: an editor replaces files.
    pub fn watched(&self) -> Vec<PathBuf> {
        let settings = self.home.settings().parent().map(|folder| match folder {
            here if here.as_os_str().is_empty() => PathBuf::from("."),
            folder => PathBuf::from(folder),
        });
        self.policies.iter().cloned().chain(settings).collect()
    }

    /// Whether a change of this file may change what is in force. The vault and the journal stand beside the
    /// settings and are written all the time.
    pub fn concerns(&self, file: &Path) -> bool {
        let settings = file.file_name() == self.home.settings().file_name();
        settings || self.policies.iter().any(|from| file.starts_with(from))
    }

    /// Whether the keys are locked.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Opens the keyring where it is not, by the settings as they are now. The keys are in force after a reload.
    ///
    /// # Errors
    /// The root is still away, or something must be mended.
    pub async fn unlock(self: &Arc<Self>) -> Result<(), Closed> {
        let gateway = Arc::clone(self);
        let opened = tokio::task::spawn_blocking(move || {
            let settings = settings::read(gateway.home.settings())?;
            keyring::open_with(&gateway.home, &settings, &Handed::default()).map(renewed)
        });
        let opened = opened
            .await
            .map_err(|_| miette::miette!("opening the keyring broke off"))??;
        *self.keyring.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        self.lock.open();
        Ok(())
    }

    /// Makes up for what had to wait for the keys.
    pub async fn unlocked(&self) {
        if let Some(practice) = &self.practice
            && let Err(error) = demo::register_examples(practice, &self.client).await
        {
            tracing::warn!("the examples could not be registered: {error}");
        }
    }

    /// Reads policies and settings again and puts them in force; what is bad is told and changes nothing (I14).
    pub async fn reload(self: &Arc<Self>) {
        let gateway = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || gateway.try_reload()).await;
        match done {
            Ok(Ok(apps)) => tracing::info!(apps, "the policies were read again and are in force"),
            Ok(Err(error)) => tracing::error!("the old plan stays in force: {error:?}"),
            Err(_) => {
                tracing::error!("the old plan stays in force: reading the policies broke off")
            }
        }
    }

    /// As [`Gateway::reload`], where the policies' or the settings' text is another than the one last read.
    pub async fn reload_if_changed(self: &Arc<Self>) {
        let now = sources(&self.policies, self.args.demo)
            .map(|sources| with_settings(&self.home, sources));
        let changed = match &now {
            Ok(now) => *self.read.lock().unwrap_or_else(PoisonError::into_inner) != *now,
            Err(_) => true,
        };
        if changed {
            self.reload().await;
        }
    }

    /// Waits until what was under way has ended.
    pub async fn drained(&self) {
        self.tasks.wait().await;
    }

    fn try_reload(&self) -> miette::Result<usize> {
        let sources = sources(&self.policies, self.args.demo)?;
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) =
            with_settings(&self.home, sources.clone());
        let mut settings = up::with_flags(settings::read(self.home.settings())?, &self.args);
        if let Some(practice) = &self.practice {
            settings.upstream.resolve.insert(
                format!("{}:443", Practice::HOST),
                practice.address().to_string(),
            );
            settings
                .upstream
                .extra_roots
                .push(practice.authority_pem().to_owned());
        }
        let plan = Arc::new(policies::compile(&sources)?.plan);
        let mut keyring = self.keyring.lock().unwrap_or_else(PoisonError::into_inner);
        let border = border(&plan, keyring.as_mut(), &self.subjects, &settings)?;
        if keyring.is_none() {
            self.lock.mended();
        }
        self.shared
            .authority()
            .renew(&hosts(&plan))
            .into_diagnostic()?;
        self.shared
            .reconfigure(wire_settings(&settings, self.console))
            .into_diagnostic()?;
        self.shared.reload(Arc::new(border));
        *self.settings.lock().unwrap_or_else(PoisonError::into_inner) = settings;
        Ok(plan.apps.len())
    }

    /// Does what is asked of the keyring while the gateway runs; what it changes is in force when this returns. Waits
    /// for the disk: not for a thread that drives the runtime.
    ///
    /// # Errors
    /// Why it was not done.
    pub fn carry_out(&self, request: &Request) -> miette::Result<Answer> {
        let mut keyring = self.keyring.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = keyring.as_mut().ok_or_else(|| {
            miette::miette!(
                help = "bring the root of trust back first: `rempart doctor` says what is wrong with it",
                "the keys are locked"
            )
        })?;
        let plan = Arc::clone(self.shared.border().plan());
        let answer = Work {
            opened: &mut *opened,
            plan: &plan,
            journal: &self.journal,
        }
        .carry_out(request);
        // A change that failed half-way is in the keyring already: no key of before is used after it.
        let settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        if request.changes_keys() {
            self.shared.reload(Arc::new(border(
                &plan,
                Some(opened),
                &self.subjects,
                &settings,
            )?));
        }
        *self.warnings.lock().unwrap_or_else(PoisonError::into_inner) =
            doctor::warnings(&self.home, &settings);
        answer
    }

    /// Says where everything is: the first thing that an operator reads.
    ///
    /// # Errors
    /// The output's.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let root = self.home.root_certificate();
        let root = root.display();
        writeln!(out, "proxy    http://{}", self.proxy)?;
        writeln!(out, "console  http://{}", self.console)?;
        writeln!(out, "home     {}", self.home.folder().display())?;
        writeln!(out, "root     {root}  (also: rempart ca show)")?;
        writeln!(out, "\nTo trust the root:")?;
        writeln!(
            out,
            "  Debian    sudo cp {root} /usr/local/share/ca-certificates/rempart.crt && sudo update-ca-certificates"
        )?;
        writeln!(
            out,
            "  macOS     sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {root}"
        )?;
        writeln!(out, "  Windows   certutil -addstore -f Root {root}")?;
        writeln!(
            out,
            "  Firefox   Settings, Privacy & Security, View Certificates, Authorities, Import"
        )?;
        writeln!(
            out,
            "  curl      curl --proxy http://{} --cacert {root} https://…",
            self.proxy
        )?;
        let border = self.shared.border();
        if border.plan().apps.is_empty() {
            writeln!(
                out,
                "\nNo app is protected yet: put its policy file into {}",
                self.policies_folder()
            )?;
        } else {
            writeln!(out, "\nProtected:")?;
        }
        for app in &border.plan().apps {
            let hosts: Vec<String> = app.hosts.iter().map(ToString::to_string).collect();
            let operator = app.operator.as_ref().map_or_else(String::new, |operator| {
                let home = if self.territory.contains(&operator.jurisdiction) {
                    ", within the territory"
                } else {
                    ""
                };
                format!("{} ({}{home})", operator.name, operator.jurisdiction)
            });
            writeln!(out, "  {:<12} {:<32} {}", app.id, operator, hosts.join(" "))?;
        }
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        let locked = self.lock.warning();
        if locked.is_some() || !warnings.is_empty() {
            writeln!(out, "\nTo settle (rempart doctor says how):")?;
        }
        for warning in locked.iter().chain(warnings.iter()) {
            writeln!(out, "  {}", warning.en)?;
        }
        out.flush()
    }

    fn policies_folder(&self) -> String {
        self.policies
            .iter()
            .map(|folder| folder.display().to_string())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// The text of every policy in force.
fn sources(folders: &[PathBuf], demo: bool) -> miette::Result<Vec<Source>> {
    let mut sources = policies::read(folders)?;
    let practice = demo::policy();
    // A folder that holds the practice app's policy already says how it is protected.
    let there = sources
        .iter()
        .any(|source| source.text.contains(Practice::HOST));
    if demo && !there {
        sources.push(practice);
    }
    Ok(sources)
}

/// The settings' text counts as one more source of what is in force.
fn with_settings(home: &Home, mut sources: Vec<Source>) -> Vec<Source> {
    let text = std::fs::read_to_string(home.settings()).unwrap_or_default();
    sources.push(Source::new(home.settings().display().to_string(), text));
    sources
}

/// After a rotation of its root's key the keyring is wrapped anew. Where that fails it still opens as it did.
fn renewed(mut opened: Opened) -> Opened {
    match opened.renew_root() {
        Ok(false) => {}
        Ok(true) => {
            tracing::info!("the root's key has a new version: the keyring was wrapped anew")
        }
        Err(Closed::Away(error) | Closed::Wrong(error)) => {
            tracing::warn!(
                why = told(&error),
                "the keyring could not be wrapped anew; it opens as before"
            );
        }
    }
    opened
}

/// Makes sure that every field has a key, durably, before anything is sealed with it.
fn border(
    plan: &Arc<Plan>,
    keyring: Option<&mut Opened>,
    subjects: &Subjects,
    settings: &Settings,
) -> miette::Result<Border> {
    // The keyring may have changed: what was derived of it before is not used after it.
    subjects.forget();
    let signers = settings::signers(&settings.credentials, plan)?;
    let limits = settings.limits.border();
    let Some(keyring) = keyring else {
        let keys = Arc::new(Keys::away());
        return Ok(Border::signing(Arc::clone(plan), keys, limits, signers));
    };
    let fields = plan
        .apps
        .iter()
        .flat_map(|app| app.fields.iter().map(move |field| (&*app.id, &*field.name)));
    keyring.ensure(fields)?;
    let keys = Keys::derive(keyring.keyring()).into_diagnostic()?;
    let keys = keys.with_subjects(Arc::new(subjects.clone()));
    Ok(Border::signing(
        Arc::clone(plan),
        Arc::new(keys),
        limits,
        signers,
    ))
}

/// Each app's id and host patterns, as the authority takes them.
fn hosts(plan: &Plan) -> Vec<(String, Vec<String>)> {
    plan.apps
        .iter()
        .map(|app| {
            (
                app.id.clone(),
                app.hosts.iter().map(ToString::to_string).collect(),
            )
        })
        .collect()
}

fn wire_settings(settings: &Settings, console: SocketAddr) -> proxy::Settings {
    proxy::Settings {
        listen: settings.listen.proxy,
        own: vec![console],
        resolve: settings.upstream.resolve.clone().into_iter().collect(),
        extra_roots: settings.upstream.extra_roots.clone(),
        outside: match settings.outside {
            settings::Outside::Allow => proxy::Outside::Allow,
            settings::Outside::Block => proxy::Outside::Block,
        },
        held: settings.limits.held.0,
        ..proxy::Settings::default()
    }
}

fn demo_words(practice: &Practice, home: &Home) -> console::Demo {
    // As it was started: from a fresh build, no `rempart` stands on the PATH.
    let program = std::env::current_exe().unwrap_or_else(|_| "rempart".into());
    console::Demo {
        host: Practice::HOST.to_owned(),
        operator: Practice::OPERATOR.to_owned(),
        jurisdiction: Practice::JURISDICTION.to_owned(),
        address: practice.address(),
        authority_path: practice.authority_file().to_owned(),
        browse: vec![
            program.display().to_string(),
            "browse".to_owned(),
            "--home".to_owned(),
            home.folder().display().to_string(),
            format!("https://{}/", Practice::HOST),
        ],
    }
}
