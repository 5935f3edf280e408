// Redis Streams: one stream, two producers with pipelined XADD, one consumer group of two workers.
//
// The server is started by whoever calls this; its configuration says what is on disk before a frame is acknowledged:
//
//     --sync everysec   the frame is written to the append-only file, and so is in the page cache; fsync every second
//     --sync always     fsync before the replies of each turn of the server's event loop
//
// The stream itself is memory. What all workers have done with is trimmed from it, so that memory stays bounded; the store
// is the append-only file, which keeps everything (rewriting it is switched off).
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "harness.h"

static void check_context(redisContext *context) {
    require(context && !context->err, "redis: %s", context ? context->errstr : "no memory");
}

// `--server` is HOST:PORT, or the path of a socket for the transport ipc.
static redisContext *connect_to_server(const struct job *job) {
    struct timeval patience = {PATIENCE_SECONDS, 0};
    redisContext *context;
    if (strcmp(job->transport, "tcp")) {
        context = redisConnectUnixWithTimeout(job->server, patience);
    } else {
        char host[128];
        int port = 0;
        require(sscanf(job->server, "%127[^:]:%d", host, &port) == 2, "--server wants HOST:PORT");
        context = redisConnectWithTimeout(host, port, patience);
    }
    check_context(context);
    require(redisSetTimeout(context, patience) == REDIS_OK, "redisSetTimeout: %s", strerror(errno));
    // Keep the buffer between replies, as hiredis says for large ones.
    context->reader->maxbuf = 0;
    return context;
}

static redisReply *next_reply(redisContext *context) {
    void *reply = NULL;
    if (redisGetReply(context, &reply) != REDIS_OK) check_context(context);
    require(reply, "redis: the connection is gone");
    require(((redisReply *)reply)->type != REDIS_REPLY_ERROR, "redis: %s", ((redisReply *)reply)->str);
    return reply;
}

static void prepare(const struct job *job) {
    redisContext *context = connect_to_server(job);
    redisAppendCommand(context, "XGROUP CREATE frames group 0 MKSTREAM");
    freeReplyObject(next_reply(context));
    redisFree(context);
}

// --- Producer --------------------------------------------------------------------------------------------------------

static void add(const struct job *job, redisContext *context, const void *bytes) {
    const char *words[] = {"XADD", "frames", "*", "f", bytes};
    const size_t sizes[] = {4, 6, 1, 1, job->size};
    redisAppendCommandArgv(context, 5, words, sizes);
    for (int done = 0; !done;) {
        if (redisBufferWrite(context, &done) != REDIS_OK) check_context(context);
    }
}

// Replies that are there already; false when none is.
static bool take_reply(redisContext *context) {
    void *reply = NULL;
    if (redisGetReplyFromReader(context, &reply) != REDIS_OK) check_context(context);
    if (!reply) return false;
    require(((redisReply *)reply)->type != REDIS_REPLY_ERROR, "redis: %s", ((redisReply *)reply)->str);
    freeReplyObject(reply);
    return true;
}

static void produce(const struct job *job, int index) {
    redisContext *context = connect_to_server(job);
    struct payloads *payloads = make_payloads(job);
    uint64_t sent = 0, acknowledged = 0, count = frames_of_producer(job, index);
    wait_for_start(job);
    while (acknowledged < count) {
        for (; sent < count && sent - acknowledged < job->window; sent++) {
            add(job, context, payload(payloads, job, index, sent));
        }
        // Replies come in the order of the commands. Wait for one, and take what came with it.
        freeReplyObject(next_reply(context));
        do frame_acknowledged(job, frame_number(index, acknowledged++));
        while (take_reply(context));
    }
    redisFree(context);
}

// --- Worker ----------------------------------------------------------------------------------------------------------

// The entries of a reply to XREADGROUP on one stream: [[stream, [[id, [field, value]], ...]]].
static redisReply *entries_of(redisReply *reply) {
    if (reply->type == REDIS_REPLY_NIL) return NULL;
    require(reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 && reply->element[0]->elements == 2,
            "a reply to XREADGROUP that makes no sense");
    return reply->element[0]->element[1];
}

static void append_acknowledgement(redisContext *context, redisReply *entries) {
    size_t count = entries->elements;
    const char **words = calloc(count + 3, sizeof *words);
    size_t *sizes = calloc(count + 3, sizeof *sizes);
    require(words && sizes, "no memory for %zu words", count);
    words[0] = "XACK", words[1] = "frames", words[2] = "group";
    for (size_t index = 0; index < count; index++) words[index + 3] = entries->element[index]->element[0]->str;
    for (size_t index = 0; index < count + 3; index++) sizes[index] = strlen(words[index]);
    redisAppendCommandArgv(context, (int)count + 3, words, sizes);
    // Entries are handed out in the order of their ids: what is older than this batch is with a worker already.
    redisAppendCommand(context, "XTRIM frames MINID ~ %s", words[3]);
    free(words);
    free(sizes);
}

static void read_entries(const struct job *job, redisReply *entries, uint64_t *numbers) {
    for (size_t index = 0; index < entries->elements; index++) {
        redisReply *fields = entries->element[index]->element[1];
        require(fields->type == REDIS_REPLY_ARRAY && fields->elements == 2, "an entry was trimmed before it was read");
        numbers[index] = read_frame(job, fields->element[1]->str, fields->element[1]->len);
    }
}

static void consume(const struct job *job, int index) {
    redisContext *context = connect_to_server(job);
    // A batch is half the credit at most: the reply is one piece of memory at the server and here.
    uint32_t most = job->credit / 2;
    uint64_t *numbers = calloc(most, sizeof *numbers);
    size_t count = 0;  // How many of the batch before are read and not yet acknowledged.
    wait_for_start(job);
    while (!all_finished(job)) {
        redisAppendCommand(context, "XREADGROUP GROUP group worker-%d COUNT %u BLOCK %d STREAMS frames >", index, most,
                           IDLE_MILLISECONDS);
        if (count) {
            // One round trip a batch: XACK and XTRIM of the batch before went ahead of XREADGROUP.
            freeReplyObject(next_reply(context));
            freeReplyObject(next_reply(context));
            for (size_t done = 0; done < count; done++) frame_finished(job, numbers[done]);
        }
        redisReply *reply = next_reply(context), *entries = entries_of(reply);
        count = entries ? entries->elements : 0;
        if (count) {
            read_entries(job, entries, numbers);
            append_acknowledgement(context, entries);
        }
        freeReplyObject(reply);
    }
    free(numbers);
    redisFree(context);
}

int main(int argc, char **argv) {
    static const char *const syncs[] = {"everysec", "always", NULL};
    static const struct role roles[] = {{"worker", WORKERS, consume}, {"producer", PRODUCERS, produce}};
    return run_job(argc, argv, "redis", syncs, prepare, roles, sizeof roles / sizeof *roles);
}
