/* A disk that refuses, for tests: preloaded before the C library, it lets chosen calls on chosen files fail
 * as a control file says, which the test changes while the program runs. Nothing of this is in the program.
 *
 * The control file is mapped by both sides: what (1 sync, 2 write, 3 write that stops half way, 4 rename), how many
 * calls pass before the first that fails, the error, whether every later one fails too, how often one
 * failed, and a part of the path. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
    volatile uint32_t what, pass, error, sticky, hits, reserved;
    volatile char part[104];
};

static struct control *control(void) {
    static struct control *mapped;
    if (mapped == NULL) {
        const char *path = getenv("REFUSING_DISK");
        int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0) return NULL;
        void *at = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (at == MAP_FAILED) return NULL;
        mapped = at;
    }
    return mapped;
}

/* True if this call on the file of this path shall fail. */
static int refuses_path(const char *path) {
    struct control *c = control();
    if (strstr(path, (const char *)c->part) == NULL) return 0;
    if (c->pass > 0) {
        __sync_fetch_and_sub(&c->pass, 1);
        return 0;
    }
    /* of calls at once on several threads, one is the first */
    if (!c->sticky) return __sync_bool_compare_and_swap(&c->hits, 0, 1);
    __sync_fetch_and_add(&c->hits, 1);
    return 1;
}

/* True if this call on this open file shall fail. */
static int refuses(int fd, int is_sync) {
    struct control *c = control();
    if (c == NULL || c->what == 0 || c->what == 4 || (c->what == 1) != is_sync) return 0;
    char name[64], path[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(name, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return refuses_path(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int fd) {
    if (refuses(fd, 1)) { errno = (int)control()->error; return -1; }
    return REAL(fsync)(fd);
}

int fdatasync(int fd) {
    if (refuses(fd, 1)) { errno = (int)control()->error; return -1; }
    return REAL(fdatasync)(fd);
}

ssize_t write(int fd, const void *data, size_t size) {
    if (refuses(fd, 0)) {
        if (control()->what == 3 && size > 1) return REAL(write)(fd, data, size / 2);
        errno = (int)control()->error;
        return -1;
    }
    return REAL(write)(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    if (refuses(fd, 0)) {
        if (control()->what == 3 && size > 1) return REAL(pwrite)(fd, data, size / 2, at);
        errno = (int)control()->error;
        return -1;
    }
    return REAL(pwrite)(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    if (refuses(fd, 0)) {
        if (control()->what == 3 && size > 1) return REAL(pwrite64)(fd, data, size / 2, at);
        errno = (int)control()->error;
        return -1;
    }
    return REAL(pwrite64)(fd, data, size, at);
}

int rename(const char *from, const char *to) {
    struct control *c = control();
    if (c != NULL && c->what == 4 && refuses_path(to)) { errno = (int)c->error; return -1; }
    return REAL(rename)(from, to);
}
