//! An nginx of one test: a server that nobody here wrote.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::authority::{Leaf, write};
use crate::wait::until;

/// A running nginx; it ends, by its id, with its value.
pub struct Nginx {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    /// Starts an nginx that shows `leaf`, speaks HTTP/2 and HTTP/1.1, serves `files` and hands `/app/` to the plain
    /// origin at `behind`.
    ///
    /// # Panics
    /// Where it does not come up.
    #[must_use]
    pub fn start(leaf: &Leaf, files: &[(&str, &[u8])], behind: SocketAddr) -> Self {
        let folder = TempDir::with_prefix("rempart-nginx-").expect("a folder");
        let path = folder.path();
        fs::create_dir(path.join("www")).expect("a folder for files");
        for (name, bytes) in files {
            fs::write(path.join("www").join(name), bytes).expect("a file is written");
        }
        open_to_workers(path);
        let (chain, key) = write(leaf, path);
        // nginx takes no port 0: the system's choice is asked for first, and taken a moment later.
        let address = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port");
        let configuration = format!(
            "daemon off; master_process off; worker_processes 1; pid {0}/pid; error_log {0}/error warn;\n\
             events {{ worker_connections 256; }}\n\
             http {{\n  access_log off; client_body_temp_path {0}/body; proxy_temp_path {0}/proxy;\n\
             fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s; client_max_body_size 0;\n\
             types {{ text/html html; text/csv csv; application/json json; }} default_type application/octet-stream;\n\
             gzip on; gzip_types application/json text/csv; gzip_min_length 1;\n\
             server {{ listen {1} ssl http2; ssl_certificate {2}; ssl_certificate_key {3}; root {0}/www;\n\
             location /app/ {{ proxy_pass http://{4}/; proxy_http_version 1.1; proxy_request_buffering off; }} }}\n}}\n",
            path.display(),
            address,
            chain.display(),
            key.display(),
            behind,
        );
        fs::write(path.join("nginx.conf"), configuration).expect("a configuration is written");
        let program = if Path::new("/usr/sbin/nginx").is_file() {
            "/usr/sbin/nginx"
        } else {
            "nginx"
        };
        let mut child = Command::new(program)
            .arg("-c")
            .arg(path.join("nginx.conf"))
            .arg("-p")
            .arg(path)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .spawn()
            .expect("nginx starts");
        until(10, "nginx listens", || {
            assert!(
                child.try_wait().expect("it can be waited for").is_none(),
                "nginx ended at once"
            );
            TcpStream::connect(address).ok()
        });
        Self {
            child,
            address,
            _folder: folder,
        }
    }
}

/// Lets a worker of another user read the folder, where the tests run as root.
fn open_to_workers(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
