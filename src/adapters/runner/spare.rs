//! A launcher that is started before it is needed: making a process and loading this program take longer than all
//! else that a launcher does before its engine starts. It waits for one run, and ends when the server does.
//!
//! The server hands over the run's lock and the file for messages as open descriptors, so that the lock is held
//! without a gap: anyone who finds it busy knows that the attempt lives.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::orphans;

/// The argument of `exec-run` that makes a launcher wait.
pub(super) const WAIT: &str = "--wait";

/// A waiting launcher.
#[derive(Debug)]
pub(super) struct Spare {
    /// Taken when it gets its run.
    waiting: Option<(Child, UnixStream)>,
}

impl Spare {
    /// Starts one.
    ///
    /// # Errors
    /// Any I/O error.
    pub(super) fn start(program: &Path) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new(program);
        command.arg("exec-run").arg(WAIT).env_clear().current_dir("/");
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::piped()).stderr(Stdio::null());
        let child = orphans::spawn(&mut command)?;
        Ok(Self { waiting: Some((child, ours)) })
    }

    /// Gives it a run; `None` where it has died meanwhile, and then it has nothing of the run.
    pub(super) fn give(mut self, spec: &Path, lock: &File, messages: &File) -> Option<Child> {
        let (mut child, socket) = self.waiting.take()?;
        // the end of the path is what it starts the run by
        let path = [spec.as_os_str().as_bytes(), b"\0"].concat();
        let sent = send(&socket, &path, [lock.as_raw_fd(), messages.as_raw_fd()]);
        if sent.is_ok_and(|sent| sent == path.len()) {
            return Some(child);
        }
        // What has no whole path started nothing. It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        orphans::collected(&child);
        None
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        if let Some((mut child, socket)) = self.waiting.take() {
            drop(socket);
            // The end of the socket ends it, but not where it is stopped. It has nothing of a run.
            let _ = child.kill();
            let _ = child.wait();
            orphans::collected(&child);
        }
    }
}

/// The launcher's side: waits on standard input for a run and arranges standard input and error as a launcher
/// finds them; `None` when the server ends first.
///
/// # Errors
/// Any I/O error.
pub(super) fn wait_for_run() -> io::Result<Option<PathBuf>> {
    // SAFETY: standard input is this process's own and is used by nothing else yet.
    let mut socket = unsafe { UnixStream::from_raw_fd(0) };
    let mut head = [0; 4096];
    let (read, given) = receive(&socket, &mut head)?;
    let mut path = head[..read].to_vec();
    while read > 0 && path.last() != Some(&0) {
        match socket.read(&mut head)? {
            0 => return Ok(None),
            more => path.extend_from_slice(&head[..more]),
        }
    }
    // the number stays taken until the lock replaces it
    std::mem::forget(socket);
    let (Some([lock, messages]), Some(0)) = (given, path.pop()) else { return Ok(None) };
    rustix::stdio::dup2_stdin(&lock)?;
    rustix::stdio::dup2_stderr(&messages)?;
    Ok(Some(PathBuf::from(OsString::from_vec(path))))
}

/// Room for two descriptors of an ancillary message, aligned as its header must be.
#[repr(C, align(8))]
struct Ancillary([u8; 64]);

fn message(part: &mut libc::iovec, ancillary: &mut Ancillary) -> libc::msghdr {
    // SAFETY: a message header of zeros is a valid empty one.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = ancillary.0.as_mut_ptr().cast();
    message
}

const DESCRIPTORS: u32 = size_of::<[RawFd; 2]>() as u32;

/// Sends bytes with two descriptors (unix(7), `SCM_RIGHTS`); returns how many bytes went.
fn send(socket: &UnixStream, bytes: &[u8], descriptors: [RawFd; 2]) -> io::Result<usize> {
    let mut ancillary = Ancillary([0; 64]);
    let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut message = message(&mut part, &mut ancillary);
    // SAFETY: the control buffer has room for one header with two descriptors; the kernel only reads.
    let sent = unsafe {
        message.msg_controllen = libc::CMSG_SPACE(DESCRIPTORS) as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(DESCRIPTORS) as _;
        std::ptr::write_unaligned(libc::CMSG_DATA(header).cast::<[RawFd; 2]>(), descriptors);
        libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL)
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Receives bytes and, with the first of them, two descriptors.
fn receive(socket: &UnixStream, buffer: &mut [u8]) -> io::Result<(usize, Option<[OwnedFd; 2]>)> {
    let mut ancillary = Ancillary([0; 64]);
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let mut message = message(&mut part, &mut ancillary);
    message.msg_controllen = size_of::<Ancillary>() as _;
    let read = loop {
        // SAFETY: bytes and control message go to buffers of the stated sizes.
        let read = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
        match usize::try_from(read) {
            Ok(read) => break read,
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    };
    // SAFETY: walks what the kernel wrote; descriptors that it made are owned by nobody else.
    let given = unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        let is_pair = !header.is_null()
            && (*header).cmsg_level == libc::SOL_SOCKET
            && (*header).cmsg_type == libc::SCM_RIGHTS
            && (*header).cmsg_len as usize == libc::CMSG_LEN(DESCRIPTORS) as usize;
        is_pair.then(|| {
            let raw = std::ptr::read_unaligned(libc::CMSG_DATA(header).cast::<[RawFd; 2]>());
            raw.map(|descriptor| OwnedFd::from_raw_fd(descriptor))
        })
    };
    Ok((read, given))
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    #[test]
    fn a_path_goes_over_with_two_open_files() {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let mut files = [tempfile::tempfile().expect("a file"), tempfile::tempfile().expect("a file")];
        files[1].write_all(b"second").expect("written");
        let sent = send(&ours, b"/some/path", [files[0].as_raw_fd(), files[1].as_raw_fd()]).expect("sent");
        assert_eq!(sent, 10);
        let mut buffer = [0; 64];
        let (read, given) = receive(&theirs, &mut buffer).expect("received");
        assert_eq!(&buffer[..read], b"/some/path");
        let [_, second] = given.expect("both files");
        let mut second = File::from(second);
        second.rewind().expect("a file");
        assert_eq!(io::read_to_string(second).expect("reads"), "second");
        drop(ours);
        let (read, given) = receive(&theirs, &mut buffer).expect("the end");
        assert!(read == 0 && given.is_none(), "the end of the server brings nothing");
    }
}
