//! Where bytes come from and go to: standard input and output, or files.
//!
//! A file that is written takes its name when all of it is there; until then it stands beside it, readable by its
//! owner only.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Stdout, Write};
use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic as _, WrapErr as _};
use tempfile::NamedTempFile;

use super::progress::Progress;
use crate::cli::StreamArgs;

/// Bytes read and written at once.
pub const CHUNK: usize = 256 << 10;

/// The input and the output of one command.
pub struct Streams {
    /// The input.
    pub input: BufReader<Counted>,
    /// The output.
    pub output: BufWriter<Sink>,
}

impl Streams {
    /// Opens what the command line names; `done` says in the progress what is done.
    ///
    /// # Errors
    /// A file cannot be read or made.
    pub fn open(args: &StreamArgs, done: &'static str) -> miette::Result<Self> {
        let (source, length): (Box<dyn Read>, _) = match &args.input {
            Some(path) => {
                let file = File::open(path)
                    .into_diagnostic()
                    .wrap_err_with(|| format!("{} cannot be read", path.display()))?;
                let length = file.metadata().ok().filter(|about| about.is_file());
                (Box::new(file), length.map(|about| about.len()))
            }
            None => (Box::new(io::stdin()), None),
        };
        let sink = match &args.output {
            Some(path) => Sink::beside(path)?,
            None => Sink::Stdout(io::stdout()),
        };
        let progress = Progress::new(done, length);
        Ok(Self {
            input: BufReader::with_capacity(CHUNK, Counted { source, progress }),
            output: BufWriter::with_capacity(CHUNK, sink),
        })
    }

    /// What of the input is there to be looked at, waiting until it is `length` bytes or the input ends.
    ///
    /// # Errors
    /// The input cannot be read.
    pub fn peek(&mut self, length: usize) -> miette::Result<Vec<u8>> {
        let mut first = Vec::new();
        (&mut self.input)
            .take(length as u64)
            .read_to_end(&mut first)
            .map_err(unreadable)?;
        let source: Box<dyn Read> = Box::new(io::empty());
        let rest = std::mem::replace(&mut self.input.get_mut().source, source);
        let buffered = self.input.buffer().to_vec();
        self.input.consume(buffered.len());
        let again = io::Cursor::new(first.clone())
            .chain(io::Cursor::new(buffered))
            .chain(rest);
        self.input.get_mut().source = Box::new(again);
        Ok(first)
    }

    /// Ends the output; a file takes its name.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn finish(self) -> miette::Result<()> {
        let Self { input, output } = self;
        let sink = output
            .into_inner()
            .map_err(|error| unwritable(error.into_error()))?;
        match sink {
            Sink::Stdout(mut stdout) => stdout.flush().map_err(unwritable)?,
            Sink::File { file, path } => {
                file.as_file().sync_all().map_err(unwritable)?;
                file.persist(&path)
                    .map_err(|error| unwritable(error.error))?;
            }
        }
        input.into_inner().progress.finish();
        Ok(())
    }
}

/// The input cannot be read.
pub fn unreadable(error: io::Error) -> miette::Report {
    miette::Report::from_err(error).wrap_err("the input cannot be read")
}

/// The output cannot be written.
pub fn unwritable(error: io::Error) -> miette::Report {
    miette::Report::from_err(error).wrap_err("the output cannot be written")
}

/// Where the output goes.
pub enum Sink {
    /// To standard output.
    Stdout(Stdout),
    /// To a file that takes its name in the end.
    File {
        /// The file beside it.
        file: NamedTempFile,
        /// The name that it takes.
        path: PathBuf,
    },
}

impl Sink {
    fn beside(path: &Path) -> miette::Result<Self> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let file = NamedTempFile::new_in(folder)
            .into_diagnostic()
            .wrap_err_with(|| format!("{} cannot be written", path.display()))?;
        Ok(Self::File {
            file,
            path: path.to_owned(),
        })
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}

/// An input whose bytes are counted.
pub struct Counted {
    source: Box<dyn Read>,
    progress: Progress,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}
