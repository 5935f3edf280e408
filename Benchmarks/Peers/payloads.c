#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "harness.h"

enum { STAMP_BYTES = 8 };  // The number of the frame, at the start of its payload.

struct payloads {
    char *bytes;
};

// splitmix64, from one seed for all: what follows the stamp is the same in every payload, so that a worker can check it.
static void fill(char *bytes, size_t size) {
    uint64_t state = 20240229;
    for (size_t at = 0; at < size; at += sizeof state) {
        uint64_t word = state += 0x9e3779b97f4a7c15;
        word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
        word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
        word ^= word >> 31;
        memcpy(bytes + at, &word, size - at < sizeof word ? size - at : sizeof word);
    }
}

struct payloads *make_payloads(const struct job *job) {
    struct payloads *payloads = malloc(sizeof *payloads);
    payloads->bytes = malloc(job->size * job->window);
    require(payloads->bytes, "no memory for %u payloads", job->window);
    for (uint32_t slot = 0; slot < job->window; slot++) fill(payloads->bytes + slot * job->size, job->size);
    return payloads;
}

void *payload(struct payloads *payloads, const struct job *job, int producer, uint64_t sequence) {
    char *bytes = payloads->bytes + sequence % job->window * job->size;
    uint64_t number = frame_number(producer, sequence);
    memcpy(bytes, &number, STAMP_BYTES);
    return bytes;
}

uint64_t stamp_of(const void *bytes) {
    uint64_t number;
    memcpy(&number, bytes, STAMP_BYTES);
    return number;
}

uint64_t read_frame(const struct job *job, const void *bytes, size_t size) {
    static uint64_t expected;
    if (!expected) {
        char *same = malloc(job->size);
        fill(same, job->size);
        expected = XXH3_64bits(same + STAMP_BYTES, job->size - STAMP_BYTES);
        free(same);
    }
    require(size == job->size, "a frame has %zu bytes in place of %zu", size, job->size);
    uint64_t hash = XXH3_64bits((const char *)bytes + STAMP_BYTES, size - STAMP_BYTES);
    require(hash == expected, "frame %lu came with other bytes than were sent", stamp_of(bytes));
    return stamp_of(bytes);
}
