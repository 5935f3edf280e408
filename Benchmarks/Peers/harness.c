#define _GNU_SOURCE
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST_PROCESSES = 16 };

// One side of the books: a bit for each frame, how many there are, and when the last one came.
struct column {
    atomic_uint_fast64_t count;
    atomic_uint_fast64_t completed_at;  // CLOCK_MONOTONIC in ns; 0 until count is all frames.
    atomic_uint_fast64_t *seen;
};

// Shared by all processes of a run.
struct books {
    atomic_uint ready;
    atomic_bool is_over;
    atomic_bool is_published[ADDRESSES];
    char addresses[ADDRESSES][ADDRESS_BYTES];
    int gate[2];  // A pipe: closing its end releases all who read from it, at once.
    _Alignas(64) struct column acknowledged;
    _Alignas(64) struct column finished;
};

static volatile sig_atomic_t is_interrupted;
static const char *process_name = "run";
static const char *contender_name = "";

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void nap(int milliseconds) {
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
}

void fail(const char *format, ...) {
    char sentence[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s: %s: %s\n", contender_name, process_name, sentence);
    _exit(1);
}

// --- What a process of a run calls -----------------------------------------------------------------------------------

void tell_ready(const struct job *job) { atomic_fetch_add(&job->books->ready, 1); }

void wait_for_start(const struct job *job) {
    char byte;
    tell_ready(job);
    require(read(job->books->gate[0], &byte, 1) == 0, "waiting for the start: %s", strerror(errno));
}

bool is_over(const struct job *job) { return atomic_load_explicit(&job->books->is_over, memory_order_relaxed); }

bool all_finished(const struct job *job) { return atomic_load(&job->books->finished.count) >= job->frames; }

void publish_address(const struct job *job, int which, const char *text) {
    snprintf(job->books->addresses[which], ADDRESS_BYTES, "%s", text);
    atomic_store(&job->books->is_published[which], true);
}

const char *address(const struct job *job, int which) {
    for (int waited = 0; !atomic_load(&job->books->is_published[which]); waited++) {
        require(waited < PATIENCE_SECONDS * 1000, "no address to connect to after %d s", PATIENCE_SECONDS);
        nap(1);
    }
    return job->books->addresses[which];
}

uint64_t frames_of_producer(const struct job *job, int producer) {
    return (job->frames + PRODUCERS - 1 - (uint64_t)producer) / PRODUCERS;
}

static void enter(const struct job *job, struct column *column, uint64_t number, const char *what) {
    require(number < job->frames, "frame %lu was %s, but there are %lu", number, what, job->frames);
    uint_fast64_t bit = (uint_fast64_t)1 << (number % 64);
    require(!(atomic_fetch_or(&column->seen[number / 64], bit) & bit), "frame %lu was %s twice", number, what);
    // Who enters the last one does so after everybody has entered the others.
    if (atomic_fetch_add(&column->count, 1) + 1 == job->frames) atomic_store(&column->completed_at, now());
}

void frame_acknowledged(const struct job *job, uint64_t number) {
    enter(job, &job->books->acknowledged, number, "acknowledged");
}

void frame_finished(const struct job *job, uint64_t number) {
    enter(job, &job->books->finished, number, "finished");
}

// --- The run ---------------------------------------------------------------------------------------------------------

struct process {
    pid_t pid;  // 0 when it has ended.
    char name[32];
};

struct run {
    struct job job;
    struct process processes[LARGEST_PROCESSES];
    size_t count;
};

static void end_all(struct run *run) {
    for (size_t index = 0; index < run->count; index++) {
        if (run->processes[index].pid) kill(run->processes[index].pid, SIGKILL);
    }
    while (wait(NULL) > 0 || errno == EINTR) {}
}

static void interrupt(int number) {
    (void)number;
    is_interrupted = 1;
}

static pid_t start(struct run *run, const char *name, void (*body)(const struct job *, int), int index) {
    pid_t parent = getpid(), pid = fork();
    if (pid) return pid;
    // Nobody outlives the program, however it ends.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    if (getppid() != parent) _exit(1);
    process_name = name;
    close(run->job.books->gate[1]);
    body(&run->job, index);
    _exit(0);
}

// Takes notice of processes that have ended. False when one of them failed, which has said why.
static bool reap(struct run *run, size_t *left) {
    bool ok = true;
    *left = 0;
    for (size_t index = 0; index < run->count; index++) {
        struct process *process = &run->processes[index];
        int status = 0;
        if (process->pid && waitpid(process->pid, &status, WNOHANG) == process->pid) {
            process->pid = 0;
            if (WIFSIGNALED(status)) {
                fprintf(stderr, "%s: %s ended by signal %d\n", contender_name, process->name, WTERMSIG(status));
            }
            ok = ok && status == 0;
        }
        if (process->pid) (*left)++;
    }
    return ok;
}

static bool is_complete(struct column *column) { return atomic_load(&column->completed_at) != 0; }

enum phase { CONNECTING, RUNNING, ENDING };

// Looks after the processes from the first to the last: all connected, released, all frames through, all ended.
// Returns when they were released, in ns, or 0 when the run failed.
static uint64_t supervise(struct run *run) {
    struct books *books = run->job.books;
    enum phase phase = CONNECTING;
    uint64_t started = 0, moved_at = now(), moved = 0;
    for (size_t left;; nap(10)) {
        if (!reap(run, &left) || is_interrupted) return 0;
        uint64_t acknowledged = atomic_load(&books->acknowledged.count), finished = atomic_load(&books->finished.count);
        uint64_t progress = acknowledged + finished + atomic_load(&books->ready) + (uint64_t)phase;
        if (progress != moved) moved = progress, moved_at = now();
        if (now() - moved_at > (uint64_t)PATIENCE_SECONDS * 1000000000) {
            fprintf(stderr, "%s: nothing moved for %d s: %u of %zu processes are ready, %lu frames acknowledged and %lu finished "
                    "of %lu\n", contender_name, PATIENCE_SECONDS, atomic_load(&books->ready), run->count, acknowledged,
                    finished, run->job.frames);
            return 0;
        }
        if (phase == CONNECTING && atomic_load(&books->ready) == run->count) {
            phase = RUNNING;
            started = now();
            close(books->gate[1]);
        } else if (phase == RUNNING && is_complete(&books->acknowledged) && is_complete(&books->finished)) {
            phase = ENDING;
            atomic_store(&books->is_over, true);
        } else if (left == 0) {
            if (phase == ENDING) return started;
            fprintf(stderr, "%s: all processes ended, but %lu frames are acknowledged and %lu finished of %lu\n",
                    contender_name, acknowledged, finished, run->job.frames);
            return 0;
        }
    }
}

static uint64_t run_all(struct run *run, void (*prepare)(const struct job *), const struct role *roles,
                        size_t role_count) {
    if (prepare) {
        // In a process of its own: client libraries have threads, which a fork would lose.
        int status;
        pid_t pid = fork();
        if (!pid) {
            process_name = "preparing";
            alarm(PATIENCE_SECONDS);
            prepare(&run->job);
            _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status) return 0;
    }
    for (size_t role = 0; role < role_count; role++) {
        for (int index = 0; index < roles[role].count; index++) {
            struct process *process = &run->processes[run->count++];
            snprintf(process->name, sizeof process->name, "%s %d", roles[role].name, index);
            process->pid = start(run, process->name, roles[role].run, index);
            if (process->pid < 0) {
                perror("fork");
                process->pid = 0;
                return 0;
            }
        }
    }
    return supervise(run);
}

static void report(const struct job *job, uint64_t started) {
    uint64_t acknowledged = atomic_load(&job->books->acknowledged.completed_at);
    uint64_t finished = atomic_load(&job->books->finished.completed_at);
    double seconds = (double)((acknowledged > finished ? acknowledged : finished) - started) / 1e9;
    printf("{\"contender\": \"%s\", \"frames\": %lu, \"size\": %zu, \"seconds\": %.6f, \"frames_per_second\": %.1f, "
           "\"transport\": \"%s\", \"sync\": \"%s\"}\n",
           job->contender, job->frames, job->size, seconds, (double)job->frames / seconds, job->transport, job->sync);
}

// --- The program -----------------------------------------------------------------------------------------------------

static void *shared(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED, "no shared memory: %s", strerror(errno));
    return memory;
}

static struct books *open_books(uint64_t frames) {
    struct books *books = shared(sizeof *books);
    books->acknowledged.seen = shared((frames / 64 + 1) * sizeof(uint_fast64_t));
    books->finished.seen = shared((frames / 64 + 1) * sizeof(uint_fast64_t));
    require(pipe(books->gate) == 0, "no pipe: %s", strerror(errno));
    return books;
}

static void remove_directory(const char *path) {
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        unlinkat(dirfd(directory), entry->d_name, 0);  // Refuses "." and "..".
    }
    if (directory) closedir(directory);
    rmdir(path);
}

int run_job(int argc, char **argv, const char *contender, const char *const *syncs,
            void (*prepare)(const struct job *), const struct role *roles, size_t role_count) {
    contender_name = contender;
    signal(SIGPIPE, SIG_IGN);
    // So that files and processes are cleared away then, too.
    signal(SIGTERM, interrupt);
    signal(SIGINT, interrupt);
    // Memory of large messages stays with the process: given back and taken again it would cost a page fault every 4 KiB.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);  // The most that glibc takes.
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    struct run run = {.job = read_options(argc, argv, contender, syncs)};
    run.job.books = open_books(run.job.frames);
    char directory[PATH_MAX];
    snprintf(directory, sizeof directory, "%s/run.XXXXXX", run.job.directory);
    require(mkdtemp(directory), "cannot make a directory in %s: %s", run.job.directory, strerror(errno));
    run.job.directory = directory;
    uint64_t started = run_all(&run, prepare, roles, role_count);
    end_all(&run);
    remove_directory(directory);
    if (!started) return 1;
    report(&run.job, started);
    return 0;
}
