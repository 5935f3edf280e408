// The least that any design on libzmq and LMDB must do for a durable frame: the forwarder, and one process that writes.
//
// The broker sends each payload to a worker and to the writer, two references to one message. The writer receives on one
// thread and commits on another: a transaction covers what has come in while the one before was written, up to 16 MiB.
// A frame is acknowledged when its transaction is through:
//
//     --sync full   mdb_txn_commit has written the pages, called fdatasync, and written the meta page with O_DSYNC
//     --sync none   mdb_txn_commit has written them to the page cache (MDB_NOSYNC); nothing waits for the disk
#define _GNU_SOURCE
#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay.h"

#define CHECK(call) check(#call, (call))

enum { COMMIT_BYTES = 16 << 20 };

// What was received and is not in a transaction yet: a ring, bounded by the producers' windows.
struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    zmq_msg_t *messages;
    uint32_t first, count, capacity;
};

struct writer {
    const struct job *job;
    void *context;
    struct inbox inbox;
    char path[512];
    MDB_env *environment;
    MDB_dbi log;
    uint64_t position;
    uint64_t durable[PRODUCERS];
    zmq_msg_t *batch;
};

static void check(const char *call, int code) { require(code == 0, "%s: %s", call, mdb_strerror(code)); }

// --- Receiving -------------------------------------------------------------------------------------------------------

static void put(struct inbox *inbox, zmq_msg_t *message) {
    pthread_mutex_lock(&inbox->lock);
    require(inbox->count < inbox->capacity, "the broker sends more than the producers' windows allow");
    zmq_msg_move(&inbox->messages[(inbox->first + inbox->count) % inbox->capacity], message);
    if (inbox->count++ == 0) pthread_cond_signal(&inbox->filled);
    pthread_mutex_unlock(&inbox->lock);
}

// Takes what is there, up to COMMIT_BYTES and at least one. Returns how many; 0 when nothing came for a while.
static uint32_t take(struct inbox *inbox, zmq_msg_t *batch) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 1;
    uint32_t taken = 0;
    pthread_mutex_lock(&inbox->lock);
    if (!inbox->count) pthread_cond_timedwait(&inbox->filled, &inbox->lock, &deadline);
    for (size_t bytes = 0; inbox->count && (!taken || bytes < COMMIT_BYTES); taken++) {
        zmq_msg_t *message = &inbox->messages[inbox->first];
        bytes += zmq_msg_size(message);
        zmq_msg_move(&batch[taken], message);
        inbox->first = (inbox->first + 1) % inbox->capacity;
        inbox->count--;
    }
    pthread_mutex_unlock(&inbox->lock);
    return taken;
}

// --- Committing ------------------------------------------------------------------------------------------------------

static void open_log(struct writer *writer) {
    const struct job *job = writer->job;
    // A frame takes whole pages, and a few more hold the keys.
    size_t map_size = ((size_t)64 << 20) + job->frames * (job->size + 8192);
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (strcmp(job->sync, "none") ? 0 : MDB_NOSYNC);
    MDB_txn *transaction;
    CHECK(mdb_env_create(&writer->environment));
    CHECK(mdb_env_set_mapsize(writer->environment, map_size / 4096 * 4096));
    CHECK(mdb_env_set_maxdbs(writer->environment, 1));
    CHECK(mdb_env_open(writer->environment, writer->path, flags, 0644));
    CHECK(mdb_txn_begin(writer->environment, NULL, 0, &transaction));
    CHECK(mdb_dbi_open(transaction, "log", MDB_CREATE, &writer->log));
    CHECK(mdb_txn_commit(transaction));
}

static void commit(struct writer *writer, uint32_t count) {
    MDB_txn *transaction;
    CHECK(mdb_txn_begin(writer->environment, NULL, 0, &transaction));
    for (uint32_t index = 0; index < count; index++) {
        zmq_msg_t *message = &writer->batch[index];
        uint64_t big_endian = __builtin_bswap64(writer->position++);
        MDB_val key = {sizeof big_endian, &big_endian}, value = {zmq_msg_size(message), NULL};
        CHECK(mdb_put(transaction, writer->log, &key, &value, MDB_APPEND | MDB_RESERVE));
        memcpy(value.mv_data, zmq_msg_data(message), value.mv_size);
        writer->durable[producer_of(stamp_of(value.mv_data))]++;
    }
    CHECK(mdb_txn_commit(transaction));
    for (uint32_t index = 0; index < count; index++) zmq_msg_close(&writer->batch[index]), zmq_msg_init(&writer->batch[index]);
}

// The committing thread tells the broker on a socket of its own, so that no thread has to wake another for it.
static void *commit_all(void *argument) {
    struct writer *writer = argument;
    void *socket = connect_to_broker(writer->job, writer->context, WORK, COMMITTER, 0);
    open_log(writer);
    tell_ready(writer->job);
    while (!is_over(writer->job)) {
        uint32_t count = take(&writer->inbox, writer->batch);
        if (!count) continue;
        commit(writer, count);
        send_bytes(socket, writer->durable, sizeof writer->durable, 0);
    }
    require(writer->position == writer->job->frames, "%lu frames were stored of %lu", writer->position, writer->job->frames);
    mdb_env_close(writer->environment);
    zmq_close(socket);
    return NULL;
}

static zmq_msg_t *empty_messages(uint32_t count) {
    zmq_msg_t *messages = calloc(count, sizeof *messages);
    require(messages, "no memory for %u messages", count);
    for (uint32_t index = 0; index < count; index++) zmq_msg_init(&messages[index]);
    return messages;
}

static void archive(const struct job *job, int index) {
    struct writer writer = {.job = job, .context = open_context()};
    writer.inbox = (struct inbox){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0, 0, PRODUCERS * job->window};
    writer.inbox.messages = empty_messages(writer.inbox.capacity);
    writer.batch = empty_messages(writer.inbox.capacity);
    snprintf(writer.path, sizeof writer.path, "%s/ceiling.mdb", job->directory);
    void *socket = connect_to_broker(job, writer.context, WORK, WRITER, index);
    pthread_t committing;
    CHECK(pthread_create(&committing, NULL, commit_all, &writer));
    zmq_msg_t message;
    zmq_msg_init(&message);
    while (!is_over(job)) {
        if (receive(socket, &message, 0)) put(&writer.inbox, &message);
    }
    zmq_msg_close(&message);
    CHECK(pthread_join(committing, NULL));
    zmq_close(socket);
    zmq_ctx_term(writer.context);
}

int main(int argc, char **argv) {
    static const char *const syncs[] = {"full", "none", NULL};
    static const struct role roles[] = {
        {"broker", 1, forward_durably}, {"writer", 1, archive}, {"worker", WORKERS, consume}, {"producer", PRODUCERS, produce},
    };
    return run_job(argc, argv, "ceiling", syncs, NULL, roles, sizeof roles / sizeof *roles);
}
