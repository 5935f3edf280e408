// The least that any design on libzmq and LMDB must do for a durable frame: the forwarder, and one process that writes.
//
// The broker sends each payload to a worker and to the writer, two references to one message. The writer receives while it
// commits: libzmq's I/O thread takes in what comes, the other thread puts what has come in the meantime, up to 16 MiB, into
// the next transaction. A frame is acknowledged when its transaction is through:
//
//     --sync full   mdb_txn_commit has written the pages, called fdatasync, and written the meta page with O_DSYNC
//     --sync none   mdb_txn_commit has written them to the page cache (MDB_NOSYNC); nothing waits for the disk
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay.h"

#define CHECK(call) check(#call, (call))

enum { COMMIT_BYTES = 16 << 20 };

struct writer {
    const struct job *job;
    void *socket;
    char path[512];
    MDB_env *environment;
    MDB_dbi log;
    uint64_t position;
    uint64_t durable[PRODUCERS];
    zmq_msg_t *batch;
    uint32_t capacity;  // Messages in `batch`; the producers' windows allow no more to be under way.
};

static void check(const char *call, int code) { require(code == 0, "%s: %s", call, mdb_strerror(code)); }

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
    for (uint32_t index = 0; index < count; index++) {
        zmq_msg_close(&writer->batch[index]);
        zmq_msg_init(&writer->batch[index]);
    }
}

// Takes what has come, up to COMMIT_BYTES, and waits for it when there is nothing. Returns how many; 0 after a while.
static uint32_t take(struct writer *writer) {
    uint32_t count = 0;
    for (size_t bytes = 0; bytes < COMMIT_BYTES && count < writer->capacity; count++) {
        if (!receive(writer->socket, &writer->batch[count], count ? ZMQ_DONTWAIT : 0)) break;
        bytes += zmq_msg_size(&writer->batch[count]);
    }
    return count;
}

static void archive(const struct job *job, int index) {
    void *context = open_context();
    struct writer writer = {.job = job, .capacity = PRODUCERS * job->window};
    writer.batch = calloc(writer.capacity, sizeof *writer.batch);
    require(writer.batch, "no memory for %u messages", writer.capacity);
    for (uint32_t slot = 0; slot < writer.capacity; slot++) zmq_msg_init(&writer.batch[slot]);
    snprintf(writer.path, sizeof writer.path, "%s/ceiling.mdb", job->directory);
    writer.socket = connect_to_broker(job, context, WORK, WRITER, index);
    open_log(&writer);
    tell_ready(job);
    while (!is_over(job)) {
        uint32_t count = take(&writer);
        if (!count) continue;
        commit(&writer, count);
        send_bytes(writer.socket, writer.durable, sizeof writer.durable, 0);
    }
    require(writer.position == job->frames, "%lu frames were stored of %lu", writer.position, job->frames);
    mdb_env_close(writer.environment);
    free(writer.batch);
    zmq_close(writer.socket);
    zmq_ctx_term(context);
}

int main(int argc, char **argv) {
    static const char *const syncs[] = {"full", "none", NULL};
    static const struct role roles[] = {
        {"broker", 1, forward_durably}, {"writer", 1, archive},
        {"worker", WORKERS, consume}, {"producer", PRODUCERS, produce},
    };
    return run_job(argc, argv, "ceiling", syncs, NULL, roles, sizeof roles / sizeof *roles);
}
