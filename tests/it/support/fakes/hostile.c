/* A program that stands in the engine's place and tries to get out of a run's sandbox by system calls. Each
 * attempt has a process of its own and one line in results.txt: stopped, killed or ESCAPED. Arguments: a
 * folder of canaries outside, the process id of the server, the port of a listener, then the batch words. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <grp.h>
#include <sched.h>
#include <unistd.h>

static const char *outside;
static pid_t server;
static int port;
static FILE *results;
static char self[4096];

static char *at(const char *name) {
    static char path[2][4096];
    static int which;
    which ^= 1;
    snprintf(path[which], sizeof path[which], "%s/%s", outside, name);
    return path[which];
}
static char *proc(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "/proc/%d/%s", server, name);
    return path;
}
static int opens(const char *path, int flags) { return open(path, flags, 0644) >= 0; }
static int reads(const char *path) {
    char byte;
    int file = open(path, O_RDONLY);
    return file >= 0 && read(file, &byte, 1) == 1;
}
static int writes(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT, 0644);
    return file >= 0 && write(file, "x", 1) == 1;
}
static int lists(const char *path) { return opendir(path) != NULL; }
static int talks(int family, int type, int protocol) { return socket(family, type, protocol) >= 0; }
static int permitted(long result) { return result >= 0 || (errno != EPERM && errno != ENOSYS && errno != EACCES); }

static int connects_tcp(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int s = socket(AF_INET, SOCK_STREAM, 0);
    return s >= 0 && connect(s, (void *)&a, sizeof a) == 0;
}
static int connects_unix(const char *path, int abstract) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    strncpy(a.sun_path + abstract, path, sizeof a.sun_path - 2);
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    return s >= 0 && connect(s, (void *)&a, sizeof a) == 0;
}
static int copies(const char *name) {
    char buffer[65536];
    ssize_t n;
    int in = open(self, O_RDONLY), out = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    while ((n = read(in, buffer, sizeof buffer)) > 0)
        if (write(out, buffer, n) != n) return 0;
    close(in);
    return close(out) == 0;
}
static int copies_and_executes(void) {
    char *words[] = {"own", "--answer", NULL}, *none[] = {NULL};
    if (!copies("./own")) return 0;
    execve("./own", words, none);
    return 0;
}
static int executes(const char *path) {
    char *words[] = {(char *)path, "--answer", NULL}, *none[] = {NULL};
    execve(path, words, none);
    return 0;
}
static int executes_memory(void) {
    int file = syscall(SYS_memfd_create, "x", 0);
    return file >= 0;
}
static int reads_memory(void) {
    char there[8], here[8];
    struct iovec l = {here, 8}, r = {there, 8};
    return permitted(syscall(SYS_process_vm_readv, server, &l, 1, &r, 1, 0));
}
static int writes_memory(void) {
    char here[8] = {0};
    struct iovec l = {here, 8}, r = {here, 8};
    return permitted(syscall(SYS_process_vm_writev, server, &l, 1, &r, 1, 0));
}
static int takes_capabilities(void) {
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2];
    memset(d, 0xff, sizeof d);
    d[1].effective = d[1].permitted = d[1].inheritable = 0x1ff;
    return syscall(SYS_capset, &h, d) == 0;
}
static int has_capabilities(void) {
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2] = {{0}};
    return syscall(SYS_capget, &h, d) != 0 || d[0].effective || d[0].permitted || d[1].effective || d[1].permitted;
}
static int raises_limit(void) {
    struct rlimit l;
    getrlimit(RLIMIT_NOFILE, &l);
    l.rlim_cur = l.rlim_max += 1;
    return setrlimit(RLIMIT_NOFILE, &l) == 0;
}
static int limits_server(void) {
    struct rlimit l = {3, 3};
    return syscall(SYS_prlimit64, server, RLIMIT_NOFILE, &l, NULL) == 0;
}
static int reads_limits_of_server(void) {
    struct rlimit l;
    return syscall(SYS_prlimit64, server, RLIMIT_NOFILE, NULL, &l) == 0;
}
static int pins_server(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    return sched_setaffinity(server, sizeof set, &set) == 0;
}
static int inherits(void) {
    for (int fd = 3; fd < 1024; fd++)
        if (fd != fileno(results) && fcntl(fd, F_GETFD) >= 0) return 1;
    return 0;
}
static int knows_settings(void) {
    extern char **environ;
    for (char **e = environ; *e; e++)
        if (!strncmp(*e, "SS_", 3) || strstr(*e, "KEY") || strstr(*e, "SECRET")) return 1;
    return 0;
}
static int link_and_write(void) {
    if (symlink(outside, "out") != 0) return 0;
    return writes("out/canary.txt") || writes("out/new.txt");
}
static int hard_link(void) { return link(at("canary.txt"), "canary-link") == 0; }
static int clones3(void) {
    struct { unsigned long long flags, pidfd, child, parent, exit, stack, size, tls; } a = {.flags = 0x10000000, .exit = SIGCHLD};
    long pid = syscall(SYS_clone3, &a, sizeof a);
    if (pid == 0) _exit(0);
    return pid > 0;
}
static int clones(unsigned long flags) {
    long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) _exit(0);
    return pid > 0;
}
static int by_pidfd(void) {
    int fd = syscall(SYS_pidfd_open, server, 0);
    return fd >= 0 && syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0;
}
static int takes_descriptor(void) {
    int fd = syscall(SYS_pidfd_open, server, 0);
    return permitted(syscall(SYS_pidfd_getfd, fd < 0 ? 0 : fd, 0, 0));
}
static int changes_mode(void) {
    struct stat before, after;
    if (stat(at("canary.txt"), &before) != 0) return 0;
    chmod(at("canary.txt"), 0777);
    syscall(SYS_fchmodat, AT_FDCWD, at("canary.txt"), 0777);
    syscall(452, AT_FDCWD, at("canary.txt"), 0777, 0);
    stat(at("canary.txt"), &after);
    return before.st_mode != after.st_mode;
}
static int changes_mode_of_engine(void) {
    struct stat before, after;
    int file = open(self, O_RDONLY);
    if (file < 0 || fstat(file, &before) != 0) return 0;
    fchmod(file, 04777);
    fstat(file, &after);
    return before.st_mode != after.st_mode;
}
static int changes_times(void) {
    struct timespec t[2] = {{1, 0}, {1, 0}};
    return utimensat(AT_FDCWD, at("canary.txt"), t, 0) == 0;
}
/* Calls on the engine's program, which can be opened, but must not be changed. */
static int engine(void) { return open(self, O_RDONLY); }
static int changes_times_of_engine(void) {
    struct timespec t[2] = {{1, 0}, {1, 0}};
    struct stat before, after;
    int file = engine();
    if (file < 0 || fstat(file, &before) != 0) return 0;
    futimens(file, t);
    syscall(SYS_utimensat, file, NULL, t, 0);
    syscall(SYS_utimensat, file, NULL, NULL, 0);
    syscall(SYS_utimensat, file, "", t, AT_EMPTY_PATH);
    fstat(file, &after);
    return before.st_mtim.tv_sec != after.st_mtim.tv_sec || before.st_atim.tv_sec != after.st_atim.tv_sec ||
           before.st_ctim.tv_sec != after.st_ctim.tv_sec || before.st_ctim.tv_nsec != after.st_ctim.tv_nsec;
}
static int asks_engine(unsigned long request) {
    long value[32] = {7};
    return permitted(ioctl(engine(), request, value));
}
static int commands_engine(int command, long value) { return permitted(fcntl(engine(), command, value)); }
static int owner_of_engine(void) {
    struct stat before, after;
    int file = engine();
    if (file < 0 || fstat(file, &before) != 0) return 0;
    return fchown(file, before.st_uid, before.st_gid) == 0 || fstat(file, &after) != 0 ||
           syscall(SYS_fchownat, file, "", before.st_uid, before.st_gid, AT_EMPTY_PATH) == 0;
}
static int attribute_of_engine(void) { return syscall(SYS_fsetxattr, engine(), "user.x", "1", 1, 0) == 0; }
static int reads_attribute(const char *path) {
    char value[64];
    return syscall(SYS_getxattr, path, "user.canary", value, sizeof value) >= 0 || errno == ENODATA;
}
static int lists_attributes(const char *path) {
    char names[256];
    return syscall(SYS_listxattr, path, names, sizeof names) >= 0;
}
static int lists_mounts(void) {
    struct { unsigned int size, spare; unsigned long long mount, last; } all = {24, 0, ~0ULL, 0};
    unsigned long long found[16];
    return syscall(458, &all, found, 16, 0) >= 0;
}
static int describes_mount(void) {
    struct { unsigned int size, spare; unsigned long long mount, what; } asked = {24, 0, ~0ULL, 0x3f};
    char found[4096];
    return permitted(syscall(457, &asked, found, sizeof found, 0));
}
/* The kernel sends this signal to the owner of a pipe that can be read; the server would end. */
static int signals_by_owner(void) {
    int ends[2];
    if (pipe(ends) != 0) return 0;
    fcntl(ends[0], F_SETOWN, server);
    fcntl(ends[0], 10 /* F_SETSIG */, SIGTERM);
    fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK);
    if (write(ends[1], "x", 1) != 1) return 0;
    usleep(100000);
    return 0; /* the test looks whether the server lives */
}
static int by_group_or_user(int which) {
    return setpriority(which, 0, 19) == 0 || setpriority(which, server, 19) == 0 || setpriority(which, getuid(), 19) == 0;
}
static int disk_by_group_or_user(int which) {
    return syscall(SYS_ioprio_set, which, 0, 0x6007) == 0 || syscall(SYS_ioprio_set, which, getuid(), 0x6007) == 0;
}
static int schedules_server(void) {
    struct sched_param p = {0};
    struct { unsigned size, policy; unsigned long long flags; int nice; unsigned priority; unsigned long long a, b, c; } a = {48, 3};
    return sched_setscheduler(server, 3, &p) == 0 || sched_setscheduler(server, 5, &p) == 0 ||
           sched_setparam(server, &p) == 0 || syscall(SYS_sched_setattr, server, &a, 0) == 0;
}
static int moves_pages(void) {
    unsigned long nodes = 1;
    return permitted(syscall(SYS_migrate_pages, server, 8, &nodes, &nodes)) ||
           permitted(syscall(SYS_move_pages, server, 0, NULL, NULL, NULL, 0));
}
static int limits_by_number(void) {
    struct rlimit l = {3, 3};
    for (int resource = 0; resource < 16; resource++)
        if (syscall(SYS_prlimit64, server, resource, &l, NULL) == 0) return 1;
    return 0;
}
static int traces(void) {
    for (int request = 0x4200; request < 0x4210; request++)
        if (permitted(ptrace(request, server, 0, 0))) return 1;
    for (int request = 0; request < 25; request++)
        if (permitted(ptrace(request, server, 0, 0))) return 1;
    return 0;
}
static int executes_descriptor(void) {
    char *words[] = {"own", "--answer", NULL}, *none[] = {NULL};
    if (!copies("./own")) return 0;
    syscall(SYS_execveat, open("./own", O_RDONLY), "", words, none, AT_EMPTY_PATH);
    return 0;
}
static int executes_script(void) {
    int out = open("./own.sh", O_WRONLY | O_CREAT | O_TRUNC, 0755);
    char text[4200], *words[] = {"own.sh", NULL}, *none[] = {NULL};
    int length = snprintf(text, sizeof text, "#!%s --answer\n", self);
    if (write(out, text, length) != length) return 0;
    close(out);
    execve("./own.sh", words, none);
    return 0;
}
#ifdef __x86_64__
static int by_32_bits(void) {
    long result;
    /* getpid of the 32-bit table */
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
    return result > 0;
}
static int by_x32(void) { return syscall(0x40000000 | SYS_getpid) > 0; }
#endif

static void tell(const char *name, pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    const char *end = WIFSIGNALED(status) ? "killed" : WEXITSTATUS(status) == 0 ? "stopped" : "ESCAPED";
    fprintf(results, "%s: %s\n", name, end);
}

#define TRY(name, expression)              \
    do {                                   \
        fflush(results);                   \
        pid_t child = fork();              \
        if (child == 0) {                  \
            alarm(5);                      \
            _exit((expression) ? 42 : 0);  \
        }                                  \
        tell(name, child);                 \
    } while (0)

static void files(void) {
    TRY("read /etc/shadow", reads("/etc/shadow"));
    TRY("read /root", lists("/root"));
    TRY("read the run's specification", reads("../spec.json"));
    TRY("list the run's folder", lists(".."));
    TRY("read another job's file", reads(at("canary.txt")));
    TRY("list another job's folder", lists(outside));
    TRY("read the store", reads(at("store.sqlite3")));
    TRY("write the store", opens(at("store.sqlite3"), O_WRONLY));
    TRY("read by /proc/self/cwd", lists("/proc/self/cwd/../.."));
    TRY("read by /proc/self/root", reads("/proc/self/root/etc/shadow"));
    TRY("write another job's file", writes(at("canary.txt")));
    TRY("make a file outside", writes(at("new.txt")));
    TRY("make a folder outside", mkdir(at("folder"), 0755) == 0);
    TRY("remove a file outside", unlink(at("canary.txt")) == 0);
    TRY("remove a folder outside", rmdir(at("empty")) == 0);
    TRY("rename a file outside", rename(at("canary.txt"), at("moved.txt")) == 0);
    TRY("move a file outwards", writes("inner") && rename("inner", at("inner")) == 0);
    TRY("take a file inwards", rename(at("canary.txt"), "taken") == 0);
    TRY("cut a file outside", truncate(at("canary.txt"), 0) == 0);
    TRY("write through a symbolic link", link_and_write());
    TRY("hard link inwards", hard_link());
    TRY("hard link outwards", writes("inner2") && link("inner2", at("inner2")) == 0);
    TRY("symbolic link outside", symlink("/etc/shadow", at("link")) == 0);
    TRY("fifo outside", mkfifo(at("fifo"), 0600) == 0);
    TRY("device in the folder", mknod("disk", S_IFBLK | 0600, 0x0800) == 0);
    TRY("character device in the folder", mknod("mem", S_IFCHR | 0600, 0x0101) == 0);
    TRY("write /tmp", writes("/tmp/stata-service-escape"));
    TRY("write /var/tmp", writes("/var/tmp/stata-service-escape"));
    TRY("write /dev/shm", writes("/dev/shm/stata-service-escape"));
    TRY("write the home folder", writes("/root/stata-service-escape"));
    TRY("write /etc", writes("/etc/stata-service-escape"));
    TRY("write the engine's folder", opens(self, O_WRONLY));
    TRY("unnamed file outside", open(outside, O_TMPFILE | O_WRONLY, 0600) >= 0);
    TRY("mode of a file outside", changes_mode());
    TRY("mode of the engine", changes_mode_of_engine());
    TRY("owner of a file outside", chown(at("canary.txt"), 1, 1) == 0);
    TRY("owner without following", lchown(at("canary.txt"), 1, 1) == 0);
    TRY("times of a file outside", changes_times());
    TRY("times of the engine by its descriptor", changes_times_of_engine());
    TRY("owner of the engine by its descriptor", owner_of_engine());
    TRY("attribute of the engine by its descriptor", attribute_of_engine());
    TRY("flags of the engine", asks_engine(0x40086602));
    TRY("extended flags of the engine", asks_engine(0x401C5820));
    TRY("generation of the engine", asks_engine(0x40087602) || asks_engine(0x40047602));
    TRY("seal the engine by verity", asks_engine(0x40806685));
    TRY("encrypt the engine's folder", asks_engine(0x800C6613));
    TRY("subvolume of the engine's folder", asks_engine(0x5000940E) || asks_engine(0x50009401));
    TRY("pin the engine's blocks", asks_engine(0x4004F50D));
    TRY("lease on the engine", commands_engine(1024 /* F_SETLEASE */, F_RDLCK));
    TRY("notification of the engine's folder", commands_engine(1026 /* F_NOTIFY */, 2));
    TRY("hint on the engine's blocks", commands_engine(1036, (long)&port) || commands_engine(1038, (long)&port));
    TRY("attribute of a file outside", syscall(SYS_setxattr, at("canary.txt"), "user.x", "1", 1, 0) == 0);
    TRY("attribute by the newer call", syscall(463, AT_FDCWD, at("canary.txt"), 0, "user.x", NULL, 0) == 0);
    TRY("read an attribute of a file outside", reads_attribute(at("canary.txt")));
    TRY("list the attributes of a file outside", lists_attributes(at("canary.txt")));
    TRY("list the attributes of a file that cannot be opened", lists_attributes("/etc/shadow"));
    TRY("handle of a file", permitted(syscall(SYS_name_to_handle_at, AT_FDCWD, "/etc/shadow", NULL, NULL, 0)));
    TRY("file by its handle", permitted(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDONLY)));
    TRY("watch a folder", permitted(syscall(SYS_inotify_init1, 0)));
    TRY("watch a file system", permitted(syscall(SYS_fanotify_init, 0, O_RDONLY)));
    TRY("read the kernel's memory", reads("/dev/mem"));
    TRY("read the kernel's messages", reads("/dev/kmsg"));
    TRY("read a disk", reads("/dev/sda") || reads("/dev/vda"));
    TRY("write a setting of the kernel", opens("/proc/sys/kernel/core_pattern", O_WRONLY));
    TRY("write below /sys", opens("/sys/power/state", O_WRONLY));
    TRY("leave the control group", opens("/sys/fs/cgroup/cgroup.procs", O_WRONLY) || opens("/sys/fs/cgroup/unified/cgroup.procs", O_WRONLY));
}
static void processes(void) {
    TRY("environment of the server", reads(proc("environ")));
    TRY("memory of the server", opens(proc("mem"), O_RDWR));
    TRY("maps of the server", reads(proc("maps")));
    TRY("descriptors of the server", lists(proc("fd")));
    TRY("root folder of the server", reads(proc("root/etc/shadow")));
    TRY("folder of the server", lists(proc("cwd")));
    TRY("score of the server", opens(proc("oom_score_adj"), O_WRONLY));
    TRY("environment of the first process", reads("/proc/1/environ"));
    TRY("kill the server", kill(server, 0) == 0);
    TRY("kill the launcher", kill(getsid(0), 0) == 0 && getsid(0) != getpid());
    TRY("kill the first process", kill(1, 0) == 0);
    TRY("signal a thread of the server", syscall(SYS_tgkill, server, server, 0) == 0);
    TRY("queue a signal", sigqueue(server, 0, (union sigval){0}) == 0);
    TRY("signal by descriptor", by_pidfd());
    TRY("trace the server", permitted(ptrace(PTRACE_ATTACH, server, 0, 0)));
    TRY("seize the server", permitted(ptrace(PTRACE_SEIZE, server, 0, 0)));
    TRY("read memory of the server", reads_memory());
    TRY("write memory of the server", writes_memory());
    TRY("take a descriptor", takes_descriptor());
    TRY("compare with the server", permitted(syscall(SYS_kcmp, getpid(), server, 0, 0, 0)));
    TRY("advise on memory", permitted(syscall(SYS_process_madvise, 0, NULL, 0, 0, 0)));
    TRY("limits of the server", limits_server());
    TRY("read limits of the server", reads_limits_of_server());
    TRY("priority of the server", setpriority(PRIO_PROCESS, server, 19) == 0);
    TRY("priority of the disk", syscall(SYS_ioprio_set, 1, server, 0x6007) == 0);
    TRY("processors of the server", pins_server());
    TRY("priority of the group", by_group_or_user(PRIO_PGRP));
    TRY("priority of the user", by_group_or_user(PRIO_USER));
    TRY("priority of a fourth kind", permitted(setpriority(3, 0, 19)));
    TRY("priority of the disk for the group", disk_by_group_or_user(2));
    TRY("priority of the disk for the user", disk_by_group_or_user(3));
    TRY("schedule the server", schedules_server());
    TRY("pages of the server", moves_pages());
    TRY("reap the server", permitted(syscall(448, -1, 0)));
    TRY("every limit of the server", limits_by_number());
    TRY("every request of ptrace", traces());
    TRY("signal by the owner of a pipe", signals_by_owner());
    TRY("signal a thread by its number", syscall(SYS_tkill, server, 0) == 0);
    TRY("own program by descriptor", executes_descriptor());
    TRY("own script with the engine as interpreter", executes_script());
    TRY("descriptors that were left open", inherits());
    TRY("settings in the environment", knows_settings());
    TRY("raise a limit", raises_limit());
    TRY("another user", setuid(1234) == 0);
    TRY("another group", setgid(1234) == 0);
    TRY("groups of others", setgroups(0, NULL) == 0);
    TRY("capabilities that are left", has_capabilities());
    TRY("capabilities again", takes_capabilities());
    TRY("privileges again", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
    TRY("no filter any more", prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2);
    TRY("own program", copies_and_executes());
    TRY("program of the system", executes("/bin/sh") || executes("/usr/bin/env"));
    TRY("program in memory", executes_memory());
}
static void network(void) {
    TRY("connect over TCP", connects_tcp());
    TRY("TCP", talks(AF_INET, SOCK_STREAM, 0));
    TRY("TCP over IPv6", talks(AF_INET6, SOCK_STREAM, 0));
    TRY("UDP", talks(AF_INET, SOCK_DGRAM, 0));
    TRY("raw packets", talks(AF_PACKET, SOCK_RAW, 0));
    TRY("raw IP", talks(AF_INET, SOCK_RAW, 1));
    TRY("netlink", talks(AF_NETLINK, SOCK_RAW, 0));
    TRY("virtual machine's socket", talks(40, SOCK_STREAM, 0));
    TRY("kernel's cryptography", talks(38, SOCK_SEQPACKET, 0));
    TRY("control socket", connects_unix(at("control.sock"), 0));
    TRY("abstract socket", connects_unix("stata-service-escape", 1));
}
static void kernel(void) {
    TRY("mount", permitted(mount("none", "/mnt", "tmpfs", 0, NULL)));
    TRY("unmount", permitted(umount2("/proc", MNT_DETACH)));
    TRY("pivot the root", permitted(syscall(SYS_pivot_root, ".", ".")));
    TRY("change the root", permitted(chroot(".")));
    TRY("open a mount tree", permitted(syscall(SYS_open_tree, AT_FDCWD, "/", 1)));
    TRY("move a mount", permitted(syscall(SYS_move_mount, 0, "", 0, "", 0)));
    TRY("open a file system", permitted(syscall(SYS_fsopen, "tmpfs", 0)));
    TRY("attributes of a mount", permitted(syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, NULL, 0)));
    TRY("list the mounts", lists_mounts());
    TRY("describe a mount", describes_mount());
    TRY("user namespace", permitted(unshare(CLONE_NEWUSER)));
    TRY("mount namespace", permitted(unshare(CLONE_NEWNS)));
    TRY("network namespace", permitted(unshare(CLONE_NEWNET)));
    TRY("namespace by clone", clones(CLONE_NEWUSER));
    TRY("process namespace by clone", clones(CLONE_NEWPID));
    TRY("namespace by clone3", clones3());
    TRY("enter a namespace", permitted(setns(0, 0)));
    TRY("keyring", permitted(syscall(SYS_keyctl, 0, -3, 1)));
    TRY("add a key", permitted(syscall(SYS_add_key, "user", "x", "x", 1, -3)));
    TRY("ask for a key", permitted(syscall(SYS_request_key, "user", "x", NULL, -3)));
    TRY("bpf", permitted(syscall(SYS_bpf, 0, NULL, 0)));
    TRY("performance events", permitted(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)));
    TRY("page faults", permitted(syscall(SYS_userfaultfd, 0)));
    TRY("io_uring", permitted(syscall(SYS_io_uring_setup, 1, NULL)));
    TRY("load a module", permitted(syscall(SYS_init_module, NULL, 0, "")));
    TRY("load a module from a file", permitted(syscall(SYS_finit_module, -1, "", 0)));
    TRY("another kernel", permitted(syscall(SYS_kexec_load, 0, 0, NULL, 0)));
    TRY("reboot", permitted(syscall(SYS_reboot, 0, 0, 0, NULL)));
    TRY("swap", permitted(syscall(SYS_swapon, "own", 0)));
    TRY("accounting", permitted(syscall(SYS_acct, NULL)));
    TRY("quota", permitted(syscall(SYS_quotactl, 0, NULL, 0, NULL)));
    TRY("name of the host", permitted(syscall(SYS_sethostname, "x", 9999)));
    TRY("clock", permitted(syscall(SYS_clock_settime, 0, NULL)));
    TRY("adjust the clock", permitted(syscall(SYS_adjtimex, NULL)));
    TRY("kernel's log", permitted(syscall(SYS_syslog, 3, NULL, 0)));
    TRY("type into the terminal", permitted(ioctl(0, 0x5412, "x")));
    TRY("shared memory", permitted(syscall(SYS_shmget, 0x55535345, 4096, 0600 | 01000)));
    TRY("semaphores", permitted(syscall(SYS_semget, 0x55535345, 1, 0600 | 01000)));
    TRY("messages", permitted(syscall(SYS_msgget, 0x55535345, 0600 | 01000)));
    TRY("message queue", permitted(syscall(SYS_mq_open, "stata-service-escape", O_CREAT | O_RDWR, 0600, NULL)));
    TRY("secret memory", permitted(syscall(447, 0)));
#ifdef __x86_64__
    TRY("ports", permitted(syscall(SYS_iopl, 3)));
    TRY("segments", permitted(syscall(SYS_modify_ldt, 0, NULL, 0)));
    TRY("calls of 32 bits", by_32_bits());
    TRY("calls of x32", by_x32());
#endif
}

/* Leaves everything behind by which a process is known, and stays. */
static void hide(void) {
    if (fork() != 0) return;
    setsid();
    if (fork() != 0) _exit(0);
    clearenv();
    prctl(PR_SET_PDEATHSIG, 0);
    prctl(PR_SET_NAME, "kworker/9:9");
    signal(SIGTERM, SIG_IGN);
    for (int fd = 0; fd < 64; fd++) close(fd);
    if (chdir("/") != 0) _exit(1);
    for (;;) pause();
}
static void bomb(const char *kind) {
    if (!strcmp(kind, "forks")) {
        for (int i = 0; i < 3000; i++)
            if (fork() == 0) { setsid(); for (;;) pause(); }
        for (;;) pause();
    }
    if (!strcmp(kind, "memory")) {
        for (;;) {
            char *p = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
            if (p == MAP_FAILED) break;
            memset(p, 1, 8 << 20);
        }
    }
    if (!strcmp(kind, "disk")) {
        static char block[1 << 20];
        memset(block, 'x', sizeof block);
        for (int i = 0; i < 200; i++) {
            char name[32];
            snprintf(name, sizeof name, "fill%d", i);
            int file = open(name, O_WRONLY | O_CREAT, 0644);
            if (file < 0 || write(file, block, sizeof block) < 0) break;
            close(file);
        }
        for (;;) pause();
    }
    /* Names that take no bytes, and bytes that have many names. */
    if (!strcmp(kind, "links") || !strcmp(kind, "names")) {
        static char block[1 << 20];
        int file = open("one", O_WRONLY | O_CREAT, 0644);
        if (file < 0 || write(file, block, sizeof block) < 0) return;
        for (int i = 0; i < 2000; i++) {
            char name[32];
            snprintf(name, sizeof name, "name%d", i);
            if (!strcmp(kind, "names") ? link("one", name) : symlink("nowhere", name)) break;
        }
        for (;;) pause();
    }
    if (!strcmp(kind, "spin")) for (;;) {}
}

int main(int count, char **words) {
    if (count > 1 && !strcmp(words[1], "--answer")) return 42;
    if (count < 5) return 2;
    outside = words[1];
    server = atoi(words[2]);
    port = atoi(words[3]);
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) self[n] = 0;
    if (!strcmp(words[4], "probe")) {
        /* What harms nothing where there is no sandbox. */
        results = fopen("results.txt", "we");
        TRY("connect over TCP", connects_tcp());
        TRY("UDP", talks(AF_INET, SOCK_DGRAM, 0));
        TRY("list another job's folder", lists(outside));
        TRY("signal by descriptor", by_pidfd());
        TRY("list the attributes of a file outside", lists_attributes(outside));
        TRY("own program", copies_and_executes());
        TRY("own program by descriptor", executes_descriptor());
        TRY("times of the engine by its descriptor", changes_times_of_engine());
        TRY("lease on the engine", commands_engine(1024 /* F_SETLEASE */, F_RDLCK));
        fclose(results);
        return 0;
    }
    if (!strcmp(words[4], "loader")) {
        /* The loader maps a program of the work folder, which cannot be executed by its path. */
        const char *loaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"};
        char *inner[] = {"loader", "./loaded", words[1], words[2], words[3], "all", NULL}, *none[] = {NULL};
        if (!copies("./loaded")) return 4;
        for (int i = 0; i < 2; i++) execve(loaders[i], inner, none);
        return 5;
    }
    if (strcmp(words[4], "all")) {
        if (!strcmp(words[4], "hide")) hide();
        else bomb(words[4]);
        return 0;
    }
    results = fopen("results.txt", "we");
    if (!results) return 3;
    files();
    processes();
    network();
    kernel();
    fclose(results);
    return 0;
}
