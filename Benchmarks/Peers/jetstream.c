// NATS JetStream: one stream in files, two producers that publish asynchronously, one durable pull consumer, two workers.
//
// The server is started by whoever calls this; its configuration says what is on disk before a frame is acknowledged:
//
//     --sync default   the frame is written to its file, and so is in the page cache; fsync every two minutes
//     --sync always    sync_interval: always, fsync before each acknowledgement (nats-server 2.10 and later)
//
// As the manual says: asynchronous publishing with a bound on what is pending, batches when fetching, explicit
// acknowledgements with room for all that workers may hold. Acknowledgements of workers carry nothing, so there are no
// results here, which is in favour of JetStream.
#include <nats/nats.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

#define CHECK(call) check(#call, (call))

// Frames of a fetch. Measured with 50,000 bytes: 16 and 32 are best, 8 is a tenth slower, 160 a fifth.
enum { LARGEST_FETCH = 16 };

// A fetch returns earlier when something has come. One that ends while its messages are on their way is to be avoided:
// libnats 3.4.1 counts them in with the next one, and then returns more messages than its list has room for.
enum { FETCH_MILLISECONDS = 3000 };

static const int64_t patience_ms = PATIENCE_SECONDS * 1000;

static void check(const char *call, natsStatus status) {
    const char *more = nats_GetLastError(NULL);
    require(status == NATS_OK, "%s: %s (%s)", call, natsStatus_GetText(status), more ? more : "no more is known");
}

static natsConnection *connect_to_server(const struct job *job) {
    natsOptions *options;
    natsConnection *connection;
    CHECK(natsOptions_Create(&options));
    CHECK(natsOptions_SetURL(options, job->server));
    CHECK(natsOptions_SetAllowReconnect(options, false));
    // Large messages at full rate: 32 KiB, the default, is less than one frame.
    CHECK(natsOptions_SetIOBufSize(options, 1 << 20));
    CHECK(natsConnection_Connect(&connection, options));
    natsOptions_Destroy(options);
    return connection;
}

static void prepare(const struct job *job) {
    natsConnection *connection = connect_to_server(job);
    jsCtx *js;
    jsStreamConfig stream;
    jsConsumerConfig consumer;
    CHECK(natsConnection_JetStream(&js, connection, NULL));
    CHECK(jsStreamConfig_Init(&stream));
    stream.Name = "frames";
    stream.Subjects = (const char *[]){"frames.*"};
    stream.SubjectsLen = 1;
    stream.Storage = js_FileStorage;
    CHECK(js_AddStream(NULL, js, &stream, NULL, NULL));
    CHECK(jsConsumerConfig_Init(&consumer));
    consumer.Durable = "group";
    consumer.AckPolicy = js_AckExplicit;
    consumer.AckWait = patience_ms * 1000000;
    consumer.MaxAckPending = 2 * WORKERS * LARGEST_WINDOW;
    CHECK(js_AddConsumer(NULL, js, "frames", &consumer, NULL, NULL));
    jsCtx_Destroy(js);
    natsConnection_Destroy(connection);
    nats_Close();
}

static void note_acknowledgement(jsCtx *js, natsMsg *message, jsPubAck *ack, jsPubAckErr *error, void *closure) {
    (void)js;
    require(ack, "a frame was refused: %s", error ? error->ErrText : "no reason given");
    frame_acknowledged(closure, stamp_of(natsMsg_GetData(message)));
    natsMsg_Destroy(message);
}

static void produce(const struct job *job, int index) {
    natsConnection *connection = connect_to_server(job);
    jsCtx *js;
    jsOptions options;
    CHECK(jsOptions_Init(&options));
    options.PublishAsync.MaxPending = job->window;
    options.PublishAsync.StallWait = patience_ms;
    options.PublishAsync.AckHandler = note_acknowledgement;
    options.PublishAsync.AckHandlerClosure = (void *)job;
    CHECK(natsConnection_JetStream(&js, connection, &options));
    struct payloads *payloads = make_payloads(job);
    char subject[16];
    snprintf(subject, sizeof subject, "frames.%d", index);
    wait_for_start(job);
    for (uint64_t sequence = 0; sequence < frames_of_producer(job, index); sequence++) {
        // Copies the payload; waits while MaxPending are under way.
        CHECK(js_PublishAsync(js, subject, payload(payloads, job, index, sequence), (int)job->size, NULL));
    }
    CHECK(js_PublishAsyncComplete(js, NULL));
    jsCtx_Destroy(js);
    natsConnection_Destroy(connection);
    nats_Close();
}

// Handles what was fetched. Acknowledging is one small message a frame, gathered by the library into larger writes.
static void finish(const struct job *job, natsMsgList *fetched) {
    for (int index = 0; index < fetched->Count; index++) {
        natsMsg *message = fetched->Msgs[index];
        uint64_t number = read_frame(job, natsMsg_GetData(message), (size_t)natsMsg_GetDataLength(message));
        CHECK(natsMsg_Ack(message, NULL));
        frame_finished(job, number);
    }
    natsMsgList_Destroy(fetched);
}

static void consume(const struct job *job, int index) {
    (void)index;
    natsConnection *connection = connect_to_server(job);
    jsCtx *js;
    natsSubscription *subscription;
    jsSubOptions options;
    CHECK(natsConnection_JetStream(&js, connection, NULL));
    CHECK(jsSubOptions_Init(&options));
    options.Stream = "frames";
    options.Consumer = "group";
    CHECK(js_PullSubscribe(&subscription, js, "frames.*", "group", NULL, &options, NULL));
    int most = job->credit / 2 < LARGEST_FETCH ? (int)job->credit / 2 : LARGEST_FETCH;
    wait_for_start(job);
    while (!all_finished(job)) {
        natsMsgList fetched;
        natsStatus status = natsSubscription_Fetch(&fetched, subscription, most, FETCH_MILLISECONDS, NULL);
        if (status == NATS_TIMEOUT) continue;
        check("natsSubscription_Fetch", status);
        require(fetched.Count <= most, "libnats returned %d messages where %d were asked for", fetched.Count, most);
        finish(job, &fetched);
    }
    CHECK(natsConnection_FlushTimeout(connection, patience_ms));
    natsSubscription_Destroy(subscription);
    jsCtx_Destroy(js);
    natsConnection_Destroy(connection);
    nats_Close();
}

int main(int argc, char **argv) {
    static const char *const syncs[] = {"default", "always", NULL};
    static const struct role roles[] = {{"worker", WORKERS, consume}, {"producer", PRODUCERS, produce}};
    return run_job(argc, argv, "jetstream", syncs, prepare, roles, sizeof roles / sizeof *roles);
}
