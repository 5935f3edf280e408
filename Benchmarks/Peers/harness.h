// What all contenders share: the job, the processes, the release of all at once, the clock, and the books.
//
// The job is the same for all: 2 producers send FRAMES frames of SIZE bytes, each with a bounded number of bytes not yet
// acknowledged; each frame is stored, and handed to exactly one of 2 workers, who reads every byte of it.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PRODUCERS = 2,
    WORKERS = 2,
    RESULT_BYTES = 200,  // What a worker answers for a frame, where a contender knows such a thing.
    PATIENCE_SECONDS = 60,  // Longest wait for anything; after it a run fails with a sentence.
    IDLE_MILLISECONDS = 100,  // How often who waits looks whether the run is over.
    LARGEST_WINDOW = 1024,
    SMALLEST_WINDOW = 4,
};

struct books;

struct job {
    const char *contender;
    const char *transport;  // "tcp" or "ipc".
    const char *sync;       // What is on disk before a frame is acknowledged; the words are the contender's own.
    const char *directory;  // Where sockets and files of this run go; removed at its end.
    const char *server;     // Address of the server, for contenders that have one.
    uint64_t frames;
    size_t size;
    uint32_t window;  // Frames a producer may have under way; the same for all contenders.
    uint32_t credit;  // Frames a worker may hold or have on their way to it.
    struct books *books;
};

// One kind of process. Those that `serve` go on until `is_over`; the others return when their part is done.
struct role {
    const char *name;
    int count;
    void (*run)(const struct job *job, int index);
};

// Reads the options, runs `prepare` (may be NULL) in a process of its own and then all roles, each process in its own,
// checks the books and prints the line of result. Returns the exit code of the program.
int run_job(int argc, char **argv, const char *contender, const char *const *syncs,
            void (*prepare)(const struct job *job), const struct role *roles, size_t role_count);

// The job that the options ask for; `syncs` ends with NULL, and its first word is the default.
struct job read_options(int argc, char **argv, const char *contender, const char *const *syncs);

// Says what is wrong, and ends this process and with it the run.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The same unless `ok`.
#define require(ok, ...) ((ok) ? (void)0 : fail(__VA_ARGS__))

// Tells that this process is connected, or serves. Every process does so once.
void tell_ready(const struct job *job);
// The same, and waits until all are ready. The clock begins when this returns.
void wait_for_start(const struct job *job);
bool is_over(const struct job *job);
bool all_finished(const struct job *job);

// A word from whoever binds an address to all who connect to it; waits until it is there.
enum { ADDRESSES = 2, ADDRESS_BYTES = 160 };
void publish_address(const struct job *job, int which, const char *address);
const char *address(const struct job *job, int which);

// Frames are numbered 0 ..< job->frames; producer p has p, p + PRODUCERS, p + 2 * PRODUCERS and so on.
uint64_t frames_of_producer(const struct job *job, int producer);
static inline uint64_t frame_number(int producer, uint64_t sequence) { return sequence * PRODUCERS + (uint64_t)producer; }
static inline int producer_of(uint64_t number) { return (int)(number % PRODUCERS); }

// Payloads of one producer, made before the clock: as many as its window has frames, so that none is touched while it is
// under way. Only the first bytes, the frame's number, change from frame to frame.
struct payloads;
struct payloads *make_payloads(const struct job *job);
void *payload(struct payloads *payloads, const struct job *job, int producer, uint64_t sequence);

// Reads the whole payload, checks it (XXH3-64) and returns the frame's number.
uint64_t read_frame(const struct job *job, const void *bytes, size_t size);
uint64_t stamp_of(const void *bytes);

// The books: every frame is acknowledged to its producer once, and finished by a worker once.
void frame_acknowledged(const struct job *job, uint64_t number);
void frame_finished(const struct job *job, uint64_t number);
