#pragma once
#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>
#include <sys/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

/// Names the calling thread; longer names are cut to 15 bytes.
static inline void linux_name_this_thread(const char *name) {
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

/// Begins to write a stretch of a file to the disk, without waiting for it; see sync_file_range(2).
static inline void linux_start_writing(int file, off_t offset, off_t count) {
    (void)syscall(SYS_sync_file_range, file, offset, count, 2u /* SYNC_FILE_RANGE_WRITE */);
}

/// Makes stdout give out each line when it ends.
static inline void linux_line_buffer_stdout(void) { (void)setvbuf(stdout, NULL, _IOLBF, 0); }

/// Gives out what stdout still has; 0 when it took everything ever written to it, 1 when it did not,
/// 2 when it is a pipe or socket whose reader may have had enough.
static inline int linux_finish_stdout(void) {
    struct stat file;
    if (fflush(stdout) == 0 && !ferror(stdout)) return 0;
    if (fstat(STDOUT_FILENO, &file) != 0) return 1;
    return S_ISFIFO(file.st_mode) || S_ISSOCK(file.st_mode) ? 2 : 1;
}

/// Has malloc keep what is freed, up to 256 MiB, and take payloads of up to 32 MiB from its heaps.
///
/// Payloads come and go all the time. By default their memory goes back to the system at once, and each
/// page of it costs a fault, and zeros, when it is wanted again; see mallopt(3).
static inline void linux_keep_freed_memory(void) {
    (void)mallopt(M_TRIM_THRESHOLD, 256 << 20);
    (void)mallopt(M_TOP_PAD, 16 << 20);
    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

/// Gives what malloc keeps back to the system; a millisecond or more. See malloc_trim(3).
static inline void linux_return_freed_memory(void) { (void)malloc_trim(0); }

/// Lets the process have as many files open as the system allows it at most; see getrlimit(2).
static inline void linux_raise_open_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/// Makes memory that other processes can open by its descriptor, and that can neither shrink nor grow;
/// see memfd_create(2). -1 when there is none.
static inline int linux_create_memory(size_t byte_count) {
    int descriptor = (int)syscall(SYS_memfd_create, "zoetrope", 1u | 2u); // MFD_CLOEXEC | MFD_ALLOW_SEALING
    if (descriptor < 0) return -1;
    // F_ADD_SEALS: F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW
    if (ftruncate(descriptor, (off_t)byte_count) == 0 && fcntl(descriptor, 1033, 1 | 2 | 4) == 0) return descriptor;
    close(descriptor);
    return -1;
}

/// Opens memory of another process, which cannot shrink under the reader's hands; -1 when that is not so.
///
/// Where the path leads elsewhere nothing is opened: closing a second descriptor of one of this process's
/// own files would drop the locks that it has on it; see fcntl_locking(2).
static inline int linux_open_memory(const char *path, int writable, size_t *byte_count) {
    static const char name[] = "/memfd:zoetrope";
    char target[sizeof name];
    if (readlink(path, target, sizeof target) < (ssize_t)(sizeof name - 1)) return -1;
    if (memcmp(target, name, sizeof name - 1) != 0) return -1;
    int descriptor = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return -1;
    struct stat file;
    int seals = fcntl(descriptor, 1034); // F_GET_SEALS; fails for whatever is no memory
    if (seals >= 0 && (seals & 2) && fstat(descriptor, &file) == 0 && file.st_size > 0) {
        *byte_count = (size_t)file.st_size;
        return descriptor;
    }
    close(descriptor);
    return -1;
}

/// Whether the system gives a page only while it can promise it (vm.overcommit_memory is 2): memory that was
/// made could then be missing when it is written to, which ends the process.
static inline int linux_commits_strictly(void) {
    FILE *file = fopen("/proc/sys/vm/overcommit_memory", "re");
    if (!file) return 0;
    int value = fgetc(file);
    (void)fclose(file);
    return value == '2';
}

/// Maps memory to be shared; NULL when that fails.
static inline void *linux_map_memory(int descriptor, size_t byte_count, int writable) {
    int protection = PROT_READ | (writable ? PROT_WRITE : 0);
    void *start = mmap(NULL, byte_count, protection, MAP_SHARED, descriptor, 0);
    return start == MAP_FAILED ? NULL : start;
}

/// Gives the pages of a stretch of shared memory back to the system; they are zeros when used again.
static inline void linux_discard_memory(void *start, size_t byte_count) {
    (void)madvise(start, byte_count, 9); // MADV_REMOVE
}

/// Reads a number that another process may write.
static inline unsigned linux_load(const unsigned *number) { return __atomic_load_n(number, __ATOMIC_ACQUIRE); }

/// Writes a number that another process may read, behind everything written before.
static inline void linux_store(unsigned *number, unsigned value) { __atomic_store_n(number, value, __ATOMIC_RELEASE); }

/// As munmap(2), close(2) and getpid(2).
static inline void linux_unmap(void *start, size_t byte_count) { (void)munmap(start, byte_count); }
static inline void linux_close(int descriptor) { (void)close(descriptor); }
static inline int linux_process_id(void) { return (int)getpid(); }
