// Lets system calls on files of one directory fail, as a disk does. Loaded before the C library (LD_PRELOAD) by EveryFaultTest, which says in
// a file that both map which calls fail: kind, from which on, whether once or from then on, and with what.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum { NOTHING, WRITE, SYNC, NAME, READ };

struct faults {
    volatile int kind, first, lasting, error, seen;
};

static struct faults *faults;
static const char *directory;

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("TIDAL_FAULTS");
    directory = getenv("TIDAL_FAULTS_BELOW");
    int fd = file && directory ? open(file, O_RDWR) : -1;
    if (fd >= 0) {
        void *mapped = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        faults = mapped == MAP_FAILED ? NULL : mapped;
        close(fd);
    }
}

static int fails(int kind, const char *path) {
    if (!faults || faults->kind != kind || !path || strncmp(path, directory, strlen(directory))) {
        return 0;
    }
    int number = __sync_add_and_fetch(&faults->seen, 1);
    if (number < faults->first || (number > faults->first && !faults->lasting)) {
        return 0;
    }
    errno = faults->error;
    return 1;
}

static int fails_on(int kind, int fd) {
    char link[32], path[4096];
    if (!faults || faults->kind != kind) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    return fails(kind, path);
}

#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))
#define ON_FILE(kind, type, name, parameters, ...) \
    type name parameters { return fails_on(kind, fd) ? -1 : REAL(name)(__VA_ARGS__); }
#define ON_PATH(name, parameters, ...) \
    int name parameters { return fails(NAME, path) ? -1 : REAL(name)(__VA_ARGS__); }

ON_FILE(WRITE, ssize_t, write, (int fd, const void *from, size_t count), fd, from, count)
ON_FILE(WRITE, ssize_t, pwrite, (int fd, const void *from, size_t count, off_t at), fd, from, count, at)
ON_FILE(READ, ssize_t, pread, (int fd, void *to, size_t count, off_t at), fd, to, count, at)
ON_FILE(SYNC, int, fsync, (int fd), fd)
ON_FILE(SYNC, int, fdatasync, (int fd), fd)
ON_FILE(SYNC, int, sync_file_range, (int fd, off64_t at, off64_t count, unsigned int flags), fd, at, count, flags)
ON_FILE(NAME, int, ftruncate, (int fd, off_t length), fd, length)
ON_PATH(rename, (const char *path, const char *to), path, to)
ON_PATH(unlink, (const char *path), path)

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return flags & O_CREAT && fails(NAME, path) ? -1 : REAL(open)(path, flags, mode);
}
