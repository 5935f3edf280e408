/* Writes down what a process does to the files below POWERLOSS_ROOT, in the order in which it does so,
 * so that a test can build what a loss of power might have left of them.
 *
 *     cc -shared -fPIC -O1 -o shim.so shim.c -lpthread
 *     POWERLOSS_ROOT=/dir POWERLOSS_TRACE=/elsewhere/trace LD_PRELOAD=./shim.so program
 *
 * A record of the trace: kind (u8), flag (u8), bytes of the name (u16), file (u32), offset (u64), bytes
 * that follow behind the name (u32); little-endian. Each call is made and written down under one lock,
 * so that the order is one that could have been.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, SYNC, SYNC_DIRECTORY, RENAME, UNLINK, TRUNCATE, DIRECTORY, SAID };

#define FILES 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static char root[PATH_MAX];
static size_t root_length;
static uint32_t next_file = 1;
/* By descriptor: the file's number, 0 for others; whether each write waits for the disk. */
static uint32_t file_of[FILES];
static char is_synced[FILES];
static char is_directory[FILES];
/* By inode, the newest one last. */
static struct { ino_t inode; uint32_t file; } known[FILES];
static int known_count;


static void begin(void) {
    const char *path;
    if (trace >= 0 || trace == -2) return;
    path = getenv("POWERLOSS_TRACE");
    if (!path || !getenv("POWERLOSS_ROOT")) { trace = -2; return; }
    snprintf(root, sizeof root, "%s", getenv("POWERLOSS_ROOT"));
    root_length = strlen(root);
    trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

static void put(const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        ssize_t written = syscall(SYS_write, trace, next, count);
        if (written <= 0) _exit(99);
        next += written;
        count -= (size_t)written;
    }
}

static void note(int kind, int flag, const char *name, uint32_t file, uint64_t offset,
                 const void *bytes, uint32_t count) {
    unsigned char head[20];
    uint16_t name_count = name ? (uint16_t)strlen(name) : 0;
    head[0] = (unsigned char)kind;
    head[1] = (unsigned char)flag;
    memcpy(head + 2, &name_count, 2);
    memcpy(head + 4, &file, 4);
    memcpy(head + 8, &offset, 8);
    memcpy(head + 16, &count, 4);
    put(head, sizeof head);
    if (name_count) put(name, name_count);
    if (count) put(bytes, count);
}

/* The path below the root, or NULL. */
static const char *below(const char *path, char *buffer) {
    char joined[PATH_MAX];
    if (!path) return NULL;
    if (path[0] != '/') {
        char here[PATH_MAX / 2];
        if (!getcwd(here, sizeof here)) return NULL;
        snprintf(joined, sizeof joined, "%s/%s", here, path);
        path = joined;
    }
    if (strncmp(path, root, root_length) || (path[root_length] && path[root_length] != '/'))
        return NULL;
    snprintf(buffer, PATH_MAX, "%s", path[root_length] ? path + root_length + 1 : "");
    return buffer;
}

static uint32_t number_of(ino_t inode, int is_new) {
    for (int index = known_count - 1; index >= 0 && !is_new; index--)
        if (known[index].inode == inode) return known[index].file;
    if (known_count == FILES) _exit(98);
    known[known_count].inode = inode;
    known[known_count].file = next_file;
    known_count++;
    return next_file++;
}

static int opened(int descriptor, const char *path, int flags, int was_there) {
    char buffer[PATH_MAX];
    struct stat status;
    const char *name;
    if (descriptor < 0 || descriptor >= FILES) return descriptor;
    file_of[descriptor] = 0;
    is_directory[descriptor] = 0;
    name = trace >= 0 ? below(path, buffer) : NULL;
    if (!name || fstat(descriptor, &status)) return descriptor;
    if (S_ISDIR(status.st_mode)) {
        is_directory[descriptor] = 1;
        file_of[descriptor] = number_of(status.st_ino, 0);
        note(DIRECTORY, 0, name, file_of[descriptor], 0, NULL, 0);
        return descriptor;
    }
    if (!S_ISREG(status.st_mode)) return descriptor;
    file_of[descriptor] = number_of(status.st_ino, !was_there);
    is_synced[descriptor] = (flags & (O_DSYNC | O_SYNC)) != 0;
    if (!was_there) note(CREATE, 0, name, file_of[descriptor], 0, NULL, 0);
    if (was_there && (flags & O_TRUNC)) note(TRUNCATE, 0, NULL, file_of[descriptor], 0, NULL, 0);
    return descriptor;
}

static int open_any(int directory, const char *path, int flags, mode_t mode) {
    int was_there, descriptor;
    pthread_mutex_lock(&lock);
    begin();
    was_there = faccessat(directory, path, F_OK, 0) == 0;
    descriptor = (int)syscall(SYS_openat, directory, path, flags, mode);
    if (descriptor >= 0) {
        int saved = errno;
        opened(descriptor, directory == AT_FDCWD ? path : NULL, flags, was_there);
        errno = saved;
    }
    pthread_mutex_unlock(&lock);
    return descriptor;
}

#define MODE(flags, last) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list list; \
        va_start(list, last); \
        mode = va_arg(list, mode_t); \
        va_end(list); \
    }

int open(const char *path, int flags, ...) { MODE(flags, flags) return open_any(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, flags) return open_any(AT_FDCWD, path, flags, mode); }
int openat(int directory, const char *path, int flags, ...) {
    MODE(flags, flags)
    return open_any(directory, path, flags, mode);
}
int openat64(int directory, const char *path, int flags, ...) {
    MODE(flags, flags)
    return open_any(directory, path, flags, mode);
}
int creat(const char *path, mode_t mode) {
    return open_any(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int close(int descriptor) {
    pthread_mutex_lock(&lock);
    if (descriptor >= 0 && descriptor < FILES) file_of[descriptor] = 0, is_directory[descriptor] = 0;
    int result = (int)syscall(SYS_close, descriptor);
    pthread_mutex_unlock(&lock);
    return result;
}

static void wrote(int descriptor, uint64_t offset, const void *bytes, ssize_t count) {
    if (count <= 0 || trace < 0 || descriptor < 0 || descriptor >= FILES) return;
    if (descriptor == STDOUT_FILENO) note(SAID, 0, NULL, 0, 0, bytes, (uint32_t)count);
    if (!file_of[descriptor]) return;
    note(WRITE, is_synced[descriptor], NULL, file_of[descriptor], offset, bytes, (uint32_t)count);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    pthread_mutex_lock(&lock);
    begin();
    off_t offset = descriptor == STDOUT_FILENO ? 0 : lseek(descriptor, 0, SEEK_CUR);
    ssize_t result = syscall(SYS_write, descriptor, bytes, count);
    int saved = errno;
    wrote(descriptor, (uint64_t)offset, bytes, result);
    errno = saved;
    pthread_mutex_unlock(&lock);
    return result;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    pthread_mutex_lock(&lock);
    ssize_t result = syscall(SYS_pwrite64, descriptor, bytes, count, offset);
    int saved = errno;
    wrote(descriptor, (uint64_t)offset, bytes, result);
    errno = saved;
    pthread_mutex_unlock(&lock);
    return result;
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    return pwrite(descriptor, bytes, count, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    ssize_t sum = 0;
    for (int index = 0; index < count; index++) {
        ssize_t result = pwrite(descriptor, parts[index].iov_base, parts[index].iov_len, offset + sum);
        if (result < 0) return sum ? sum : -1;
        sum += result;
        if ((size_t)result < parts[index].iov_len) break;
    }
    return sum;
}
ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
    return pwritev(descriptor, parts, count, offset);
}
ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    ssize_t sum = 0;
    for (int index = 0; index < count; index++) {
        ssize_t result = write(descriptor, parts[index].iov_base, parts[index].iov_len);
        if (result < 0) return sum ? sum : -1;
        sum += result;
        if ((size_t)result < parts[index].iov_len) break;
    }
    return sum;
}

static int synced(int descriptor, long call) {
    pthread_mutex_lock(&lock);
    int result = (int)syscall(call, descriptor);
    int saved = errno;
    if (!result && trace >= 0 && descriptor >= 0 && descriptor < FILES && file_of[descriptor])
        note(is_directory[descriptor] ? SYNC_DIRECTORY : SYNC, 0, NULL, file_of[descriptor], 0, NULL, 0);
    errno = saved;
    pthread_mutex_unlock(&lock);
    return result;
}
int fsync(int descriptor) { return synced(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return synced(descriptor, SYS_fdatasync); }

int ftruncate(int descriptor, off_t length) {
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_ftruncate, descriptor, length);
    int saved = errno;
    if (!result && trace >= 0 && descriptor >= 0 && descriptor < FILES && file_of[descriptor])
        note(TRUNCATE, 0, NULL, file_of[descriptor], (uint64_t)length, NULL, 0);
    errno = saved;
    pthread_mutex_unlock(&lock);
    return result;
}
int ftruncate64(int descriptor, off64_t length) { return ftruncate(descriptor, length); }

int rename(const char *from, const char *to) {
    char first[PATH_MAX], second[PATH_MAX];
    pthread_mutex_lock(&lock);
    begin();
    int result = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    int saved = errno;
    if (!result && trace >= 0 && below(from, first) && below(to, second))
        note(RENAME, 0, first, 0, 0, second, (uint32_t)strlen(second));
    errno = saved;
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) {
    char buffer[PATH_MAX];
    pthread_mutex_lock(&lock);
    begin();
    int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    int saved = errno;
    if (!result && trace >= 0 && below(path, buffer)) note(UNLINK, 0, buffer, 0, 0, NULL, 0);
    errno = saved;
    pthread_mutex_unlock(&lock);
    return result;
}
