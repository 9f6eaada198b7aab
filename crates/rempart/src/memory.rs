//! The memory of this process: locked, so that no key is written to swap, and in no core dump.
//!
//! All of it and not the keys alone (`docs/adr/0014`): values in the clear, the messages' own keys and what the TLS
//! library holds stand on the same heap and stacks. What a hibernating machine, its hypervisor or its administrator
//! reads, nothing here prevents.

use rustix::io::Errno;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};

/// The bit of the capability to lock memory (capabilities(7)).
const CAP_IPC_LOCK: u32 = 14;

/// What an operator does where memory was not locked.
pub const REMEDY: &str =
    "allow it: LimitMEMLOCK=infinity in the systemd unit, `ulimit -l unlimited`, or CAP_IPC_LOCK";

/// Why memory was not locked. Everything works, but the system may write keys and values to swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unlocked {
    /// The limit would sooner or later refuse memory to a process that locks all it has.
    #[error("the memory is not locked: the limit of locked memory is {0} bytes")]
    Limit(u64),
    /// The system would not.
    #[error("the memory is not locked: the system refused ({0})")]
    Refused(Errno),
}

/// Switches core dumps off, keeps other processes of the same user from reading this one's memory, and locks what it
/// has and will have, page by page as it is used.
///
/// # Errors
/// [`Unlocked`] where the limit or the system does not allow it.
pub fn keep_private() -> Result<(), Unlocked> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if setrlimit(Resource::Core, none).is_err()
        || set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err()
    {
        tracing::warn!("the system would not switch core dumps off");
    }
    if let Some(limit) = limit() {
        return Err(Unlocked::Limit(limit));
    }
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .map_err(Unlocked::Refused)
}

/// Says that memory was not locked, and what to do.
pub fn warn(kept: Result<(), Unlocked>) {
    if let Err(unlocked) = kept {
        tracing::warn!(remedy = REMEDY, "{unlocked}; keys may be written to swap");
    }
}

/// The limit of what this process may lock in bytes, once it is raised as far as it goes; nothing where there is
/// none.
fn limit() -> Option<u64> {
    if may_lock_without_limit().unwrap_or(false) {
        return None;
    }
    let maximum = getrlimit(Resource::Memlock).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    if setrlimit(Resource::Memlock, raised).is_ok() {
        return maximum;
    }
    getrlimit(Resource::Memlock).current
}

/// Whether this process has the capability to lock memory; nothing where the system does not say.
fn may_lock_without_limit() -> Option<bool> {
    let effective = u64::from_str_radix(&status(std::process::id(), "CapEff:")?, 16).ok()?;
    Some(effective >> CAP_IPC_LOCK & 1 == 1)
}

/// How many kilobytes of memory a process has locked; nothing where the system does not say.
pub fn locked_by(pid: u32) -> Option<u64> {
    let locked = status(pid, "VmLck:")?;
    locked.strip_suffix("kB")?.trim_end().parse().ok()
}

/// What `/proc` says of a process behind this name.
fn status(pid: u32, name: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::dumpable_behavior;

    #[test]
    fn i12_memory_is_locked_where_it_may_be_and_in_no_core_dump() {
        let kept = keep_private();
        let held = vec![7_u8; 1 << 20];
        let locked = locked_by(std::process::id()).unwrap();
        match kept {
            Ok(()) => assert!(locked >= 1024, "{locked} kB of {}", held.len()),
            Err(_) => assert_eq!(locked, 0),
        }
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }

    #[test]
    fn a_process_that_is_not_there_has_nothing_locked() {
        assert_eq!(locked_by(u32::MAX), None);
    }
}
