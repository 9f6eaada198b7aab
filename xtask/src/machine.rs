//! What the tests need of a machine. Only what is missing is installed, and it is said.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::chore::{Chore, Failed, cache, output};

/// A program, and the Debian package that brings it.
struct Tool {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

const TOOLS: [Tool; 10] = [
    Tool {
        program: "c++",
        package: "g++",
        why: "libFuzzer and the content codings are C and C++",
    },
    Tool {
        program: "curl",
        package: "curl",
        why: "a client",
    },
    Tool {
        program: "python3",
        package: "python3",
        why: "two clients, and the opener of the token vectors",
    },
    Tool {
        program: "nginx",
        package: "nginx-light",
        why: "an origin",
    },
    Tool {
        program: "nghttp",
        package: "nghttp2-client",
        why: "a client",
    },
    Tool {
        program: "chromium",
        package: "chromium",
        why: "a client",
    },
    Tool {
        program: "chromedriver",
        package: "chromium-driver",
        why: "drives chromium",
    },
    Tool {
        program: "certutil",
        package: "libnss3-tools",
        why: "gives chromium our root as a fleet's would",
    },
    Tool {
        program: "softhsm2-util",
        package: "softhsm2",
        why: "a PKCS#11 token",
    },
    Tool {
        program: "postgres",
        package: "postgresql-15",
        why: "the vault's second engine",
    },
];

/// Where Debian puts programs that no user calls by name.
const ASIDE: [(&str, &str); 2] = [
    ("nginx", "/usr/sbin/nginx"),
    ("postgres", "/usr/lib/postgresql/15/bin/postgres"),
];

/// The database that the package of PostgreSQL makes and starts when it is installed.
const MAIN_CLUSTER: &str = "/etc/postgresql/15/main";

const PYTHON_MODULES: &str = "requests httpx[http2] websockets>=15 cryptography boto3>=1.36 grpcio protobuf google-resumable-media tuspy";
const PYTHON_CHECK: &str = "import requests, httpx, h2, websockets, cryptography, boto3, grpc, google.protobuf, \
     google.resumable_media, tusclient";

/// Installs what is missing for the tests.
///
/// # Errors
/// Where something is missing that cannot be installed.
pub fn prepare(chore: &mut Chore) -> Result<(), Failed> {
    chore.check("machine", "what the tests need is installed", || {
        let missing: Vec<&Tool> = TOOLS.iter().filter(|tool| !has(tool.program)).collect();
        if !missing.is_empty() {
            for tool in &missing {
                println!("missing: {} ({})", tool.program, tool.why);
            }
            install(&missing.iter().map(|tool| tool.package).collect::<Vec<_>>())?;
        }
        if !has("node") {
            return Err(Failed::new(
                "node is missing: install Node.js 20 or later, then try again",
            ));
        }
        python()?;
        println!("all there");
        Ok(0)
    })
}

/// Whether `program` is on the path.
pub fn has(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    }) || ASIDE
        .iter()
        .any(|(name, path)| *name == program && Path::new(path).is_file())
}

/// Whether cargo has this subcommand.
pub fn has_cargo(subcommand: &str) -> bool {
    Command::new("cargo")
        .args([subcommand, "--version"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn install(packages: &[&str]) -> Result<(), Failed> {
    if !has("apt-get") {
        return Err(Failed::new(format!(
            "install what brings these, then try again: {}",
            packages.join(" ")
        )));
    }
    println!("installing: {}", packages.join(" "));
    apt(&["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    let had_cluster = Path::new(MAIN_CLUSTER).exists();
    apt(&arguments)?;
    if !had_cluster && Path::new(MAIN_CLUSTER).exists() {
        // The tests make databases of their own; no service is to stay behind for them.
        output(&mut administrator(
            "pg_dropcluster",
            &["--stop", "15", "main"],
        ))?;
    }
    Ok(())
}

fn apt(arguments: &[&str]) -> Result<(), Failed> {
    output(administrator("apt-get", arguments).env("DEBIAN_FRONTEND", "noninteractive")).map(|_| ())
}

/// A command as the administrator, who we may be already.
fn administrator(program: &str, arguments: &[&str]) -> Command {
    let are = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut command = Command::new(if are { program } else { "sudo" });
    if !are {
        command.arg(program);
    }
    command.args(arguments);
    command
}

/// The Python with the modules that the tests import, in an environment of its own in the user's cache.
///
/// # Errors
/// Where it cannot be made.
pub fn python() -> Result<PathBuf, Failed> {
    let folder = cache().join("python");
    let python = folder.join("bin").join("python");
    std::fs::create_dir_all(cache())?;
    // Two clones may come at once: the second waits, and finds it done.
    let lock = std::fs::File::create(cache().join("python.lock"))?;
    lock.lock()?;
    if imports(&python) {
        return Ok(python);
    }
    println!(
        "installing for Python, in {}: {PYTHON_MODULES}",
        folder.display()
    );
    if make(&folder).is_err() {
        install(&["python3-venv"])?;
        make(&folder)?;
    }
    output(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(PYTHON_MODULES.split(' ')),
    )?;
    if imports(&python) {
        Ok(python)
    } else {
        Err(Failed::new(format!(
            "{} cannot: {PYTHON_CHECK}",
            python.display()
        )))
    }
}

fn make(folder: &Path) -> Result<(), Failed> {
    output(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(folder),
    )
    .map(|_| ())
}

fn imports(python: &Path) -> bool {
    output(Command::new(python).args(["-c", PYTHON_CHECK])).is_ok()
}
