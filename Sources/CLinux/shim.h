#pragma once
#include <malloc.h>
#include <unistd.h>
#include <sys/stat.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

/// Names the calling thread; longer names are cut to 15 bytes.
static inline void linux_name_this_thread(const char *name) {
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
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

/// Lets the process have as many files open as the system allows it at most; see getrlimit(2).
static inline void linux_raise_open_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}
