#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static bool is_one_of(const char *word, const char *const *words) {
    for (; *words; words++) {
        if (!strcmp(word, *words)) return true;
    }
    return false;
}

static uint64_t number_option(const char *name, const char *text, uint64_t least, uint64_t most) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    require(!errno && end != text && !*end && *text != '-' && value >= least && value <= most,
            "--%s wants a number from %lu to %lu, not '%s'", name, least, most, text);
    return value;
}

static uint32_t frames_within(uint64_t bytes, size_t size) {
    uint64_t frames = bytes / size;
    return (uint32_t)(frames < SMALLEST_WINDOW ? SMALLEST_WINDOW : frames > LARGEST_WINDOW ? LARGEST_WINDOW : frames);
}

struct job read_options(int argc, char **argv, const char *contender, const char *const *syncs) {
    static const struct option options[] = {
        {"frames", required_argument, NULL, 'f'}, {"size", required_argument, NULL, 's'},
        {"window", required_argument, NULL, 'w'}, {"transport", required_argument, NULL, 't'},
        {"sync", required_argument, NULL, 'y'},   {"directory", required_argument, NULL, 'd'},
        {"server", required_argument, NULL, 'a'}, {"credit", required_argument, NULL, 'c'},
        {NULL, 0, NULL, 0},
    };
    struct job job = {.contender = contender, .transport = "tcp", .sync = syncs[0], .directory = ".", .server = "",
                      .frames = 10000, .size = 50000};
    uint64_t window_bytes = 16 << 20, credit_bytes = 16 << 20;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'f': job.frames = number_option("frames", optarg, PRODUCERS, 1ull << 32); break;
        case 's': job.size = number_option("size", optarg, 16, 64 << 20); break;
        case 'w': window_bytes = number_option("window", optarg, 1, 1 << 30); break;
        case 'c': credit_bytes = number_option("credit", optarg, 1, 1 << 30); break;
        case 't': job.transport = optarg; break;
        case 'y': job.sync = optarg; break;
        case 'd': job.directory = optarg; break;
        case 'a': job.server = optarg; break;
        default:
            fprintf(stderr, "usage: %s [--frames N] [--size BYTES] [--window BYTES] [--credit BYTES]\n"
                            "       [--transport tcp|ipc] [--sync WORD] [--directory DIR] [--server ADDRESS]\n", contender);
            exit(2);
        }
    }
    require(is_one_of(job.transport, (const char *const[]){"tcp", "ipc", NULL}), "no such transport: %s", job.transport);
    require(is_one_of(job.sync, syncs), "no such --sync here: %s", job.sync);
    job.window = frames_within(window_bytes, job.size);
    job.credit = frames_within(credit_bytes, job.size);
    return job;
}
