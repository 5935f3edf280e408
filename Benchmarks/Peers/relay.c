#include "relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(call) require((call) != -1, #call ": %s", zmq_strerror(errno))

enum {
    MESSAGES_A_TURN = 64,
    IDENTITY_BYTES = 2,
    // Small answers are gathered: they go out when there are enough of them, or when nothing else came for so long. Sent one
    // by one they cost more wake-ups than the frames do.
    GATHER_MILLISECONDS = 1,
};

// --- Sockets ---------------------------------------------------------------------------------------------------------

void *open_context(void) {
    void *context = zmq_ctx_new();
    require(context, "zmq_ctx_new: %s", zmq_strerror(errno));
    // One I/O thread each is also libzmq's default: no process here has more than a gigabyte a second to move.
    CHECK(zmq_ctx_set(context, ZMQ_IO_THREADS, 1));
    return context;
}

static void *open_socket(void *context, int type) {
    void *socket = zmq_socket(context, type);
    require(socket, "zmq_socket: %s", zmq_strerror(errno));
    // No high-water marks: the windows bound what is under way.
    int linger = 0, idle = IDLE_MILLISECONDS, patience = PATIENCE_SECONDS * 1000, high_water = 0;
    CHECK(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger));
    CHECK(zmq_setsockopt(socket, ZMQ_RCVTIMEO, &idle, sizeof idle));
    CHECK(zmq_setsockopt(socket, ZMQ_SNDTIMEO, &patience, sizeof patience));
    CHECK(zmq_setsockopt(socket, ZMQ_SNDHWM, &high_water, sizeof high_water));
    CHECK(zmq_setsockopt(socket, ZMQ_RCVHWM, &high_water, sizeof high_water));
    return socket;
}

bool receive(void *socket, zmq_msg_t *message, int flags) {
    while (zmq_msg_recv(message, socket, flags) < 0) {
        if (errno == EAGAIN) return false;
        require(errno == EINTR, "zmq_msg_recv: %s", zmq_strerror(errno));
    }
    return true;
}

// False when nothing can be received within that time.
static bool await_any(zmq_pollitem_t *items, int count, long milliseconds) {
    int ready = zmq_poll(items, count, milliseconds);
    require(ready >= 0 || errno == EINTR, "zmq_poll: %s", zmq_strerror(errno));
    return ready > 0;
}

void send_bytes(void *socket, const void *bytes, size_t size, int flags) {
    CHECK(zmq_send(socket, bytes, size, flags));
}

void *connect_to_broker(const struct job *job, void *context, enum endpoint endpoint, enum kind kind, int index) {
    void *socket = open_socket(context, ZMQ_DEALER);
    char identity[IDENTITY_BYTES] = {(char)kind, (char)index};
    CHECK(zmq_setsockopt(socket, ZMQ_ROUTING_ID, identity, sizeof identity));
    CHECK(zmq_connect(socket, address(job, endpoint)));
    send_bytes(socket, "", 0, 0);
    int waited = 0;
    for (char byte; zmq_recv(socket, &byte, 1, 0) != 0; waited += IDLE_MILLISECONDS) {
        require(waited < PATIENCE_SECONDS * 1000, "the broker does not answer");
    }
    return socket;
}

// --- Producer --------------------------------------------------------------------------------------------------------

static void await_acknowledgement(const struct job *job, void *socket, int index, uint64_t sent, uint64_t *acknowledged) {
    uint64_t through;
    int size;
    while ((size = zmq_recv(socket, &through, sizeof through, 0)) < 0) {
        require(errno == EAGAIN || errno == EINTR, "zmq_recv: %s", zmq_strerror(errno));
    }
    require(size == sizeof through && through <= sent, "an acknowledgement that makes no sense");
    while (*acknowledged < through) frame_acknowledged(job, frame_number(index, (*acknowledged)++));
}

void produce(const struct job *job, int index) {
    void *context = open_context();
    void *socket = connect_to_broker(job, context, INGEST, PRODUCER, index);
    struct payloads *payloads = make_payloads(job);
    uint64_t sent = 0, acknowledged = 0, count = frames_of_producer(job, index);
    wait_for_start(job);
    while (acknowledged < count) {
        for (; sent < count && sent - acknowledged < job->window; sent++) {
            // No copy: nothing touches a payload before it is acknowledged, and so has left this process.
            zmq_msg_t message;
            CHECK(zmq_msg_init_data(&message, payload(payloads, job, index, sent), job->size, NULL, NULL));
            CHECK(zmq_msg_send(&message, socket, 0));
        }
        await_acknowledgement(job, socket, index, sent, &acknowledged);
    }
    zmq_close(socket);
    zmq_ctx_term(context);
}

// --- Worker ----------------------------------------------------------------------------------------------------------

void consume(const struct job *job, int index) {
    void *context = open_context();
    void *socket = connect_to_broker(job, context, WORK, WORKER, index);
    // Results are gathered until a quarter of the credit is used.
    size_t most = job->credit / 4, ready = 0;
    char *results = calloc(most, RESULT_BYTES);
    require(results, "no memory for results");
    zmq_msg_t message;
    zmq_msg_init(&message);
    wait_for_start(job);
    while (!is_over(job)) {
        if (!receive(socket, &message, ZMQ_DONTWAIT)) {
            zmq_pollitem_t item = {socket, 0, ZMQ_POLLIN, 0};
            bool is_quiet = !await_any(&item, 1, ready ? GATHER_MILLISECONDS : IDLE_MILLISECONDS);
            if (is_quiet && ready) send_bytes(socket, results, ready * RESULT_BYTES, 0), ready = 0;
            continue;
        }
        uint64_t number = read_frame(job, zmq_msg_data(&message), zmq_msg_size(&message));
        memcpy(results + ready * RESULT_BYTES, &number, sizeof number);
        frame_finished(job, number);
        if (++ready == most) send_bytes(socket, results, ready * RESULT_BYTES, 0), ready = 0;
    }
    zmq_msg_close(&message);
    free(results);
    zmq_close(socket);
    zmq_ctx_term(context);
}

// --- Broker ----------------------------------------------------------------------------------------------------------

struct broker {
    const struct job *job;
    void *ingest, *work;
    bool is_durable;
    // Frames that wait for a worker: a ring, bounded by the producers' windows.
    zmq_msg_t *waiting;
    uint32_t first, count, capacity;
    uint32_t credit[WORKERS];
    // How many frames of each producer have gone to a worker, are durable, and are acknowledged.
    uint64_t dispatched[PRODUCERS], durable[PRODUCERS], acknowledged[PRODUCERS];
};

static void bind_socket(const struct job *job, void *socket, enum endpoint which) {
    char wanted[ADDRESS_BYTES], bound[ADDRESS_BYTES];
    size_t size = sizeof bound;
    int mandatory = 1;
    CHECK(zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof mandatory));
    if (!strcmp(job->transport, "tcp")) {
        snprintf(wanted, sizeof wanted, "tcp://127.0.0.1:*");
    } else {
        int length = snprintf(wanted, sizeof wanted, "ipc://%s/%s", job->directory, which == INGEST ? "ingest" : "work");
        require(length < (int)sizeof wanted, "--directory is too long for a socket's name");
    }
    CHECK(zmq_bind(socket, wanted));
    CHECK(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &size));
    publish_address(job, which, bound);
}

static void send_to(void *socket, enum kind kind, int index, const void *bytes, size_t size) {
    char identity[IDENTITY_BYTES] = {(char)kind, (char)index};
    send_bytes(socket, identity, sizeof identity, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    send_bytes(socket, bytes, size, ZMQ_DONTWAIT);
}

// Hands over the message: its content is passed on, not copied.
static void pass_to(struct broker *broker, enum kind kind, int index, zmq_msg_t *message) {
    char identity[IDENTITY_BYTES] = {(char)kind, (char)index};
    send_bytes(broker->work, identity, sizeof identity, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    CHECK(zmq_msg_send(message, broker->work, ZMQ_DONTWAIT));
}

// The next frames go to whoever has most credit left.
static void dispatch(struct broker *broker) {
    while (broker->count) {
        int best = 0;
        for (int worker = 1; worker < WORKERS; worker++) {
            if (broker->credit[worker] > broker->credit[best]) best = worker;
        }
        if (!broker->credit[best]) return;
        zmq_msg_t *message = &broker->waiting[broker->first];
        int producer = producer_of(stamp_of(zmq_msg_data(message)));
        pass_to(broker, WORKER, best, message);
        broker->first = (broker->first + 1) % broker->capacity;
        broker->count--;
        broker->credit[best]--;
        broker->dispatched[producer]++;
    }
}

// Reads who a message is from. False when there is none.
static bool receive_identity(void *socket, char identity[IDENTITY_BYTES]) {
    int size = zmq_recv(socket, identity, IDENTITY_BYTES, ZMQ_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    require(size == IDENTITY_BYTES, "a message from a stranger");
    return true;
}

static bool take_frame(struct broker *broker) {
    char identity[IDENTITY_BYTES];
    if (!receive_identity(broker->ingest, identity)) return false;
    require(broker->count < broker->capacity, "producers send more than their windows allow");
    zmq_msg_t *message = &broker->waiting[(broker->first + broker->count) % broker->capacity];
    require(receive(broker->ingest, message, ZMQ_DONTWAIT), "half a message");
    if (zmq_msg_size(message) == 0) {
        send_to(broker->ingest, PRODUCER, identity[1], "", 0);
        return true;
    }
    if (broker->is_durable) {
        // The second reference to one and the same payload.
        zmq_msg_t copy;
        zmq_msg_init(&copy);
        CHECK(zmq_msg_copy(&copy, message));
        pass_to(broker, WRITER, 0, &copy);
    }
    broker->count++;
    dispatch(broker);
    return true;
}

static bool take_answer(struct broker *broker) {
    char identity[IDENTITY_BYTES];
    if (!receive_identity(broker->work, identity)) return false;
    zmq_msg_t message;
    zmq_msg_init(&message);
    require(receive(broker->work, &message, ZMQ_DONTWAIT), "half a message");
    size_t size = zmq_msg_size(&message);
    if (size == 0) {
        send_to(broker->work, (enum kind)identity[0], identity[1], "", 0);
    } else if (identity[0] == WRITER) {
        require(size == sizeof broker->durable, "a commit that makes no sense");
        memcpy(broker->durable, zmq_msg_data(&message), size);
    } else {
        require(identity[1] < WORKERS && size % RESULT_BYTES == 0, "results that make no sense");
        broker->credit[(int)identity[1]] += (uint32_t)(size / RESULT_BYTES);
        dispatch(broker);
    }
    zmq_msg_close(&message);
    return true;
}

// Acknowledgements are gathered until they free an eighth of a window. Returns whether some still wait.
static bool acknowledge(struct broker *broker, bool is_quiet) {
    bool is_waiting = false;
    for (int producer = 0; producer < PRODUCERS; producer++) {
        uint64_t through = broker->dispatched[producer];
        if (broker->is_durable && broker->durable[producer] < through) through = broker->durable[producer];
        uint64_t fresh = through - broker->acknowledged[producer];
        if (fresh > 0 && (is_quiet || fresh >= broker->job->window / 8)) {
            broker->acknowledged[producer] = through;
            send_to(broker->ingest, PRODUCER, producer, &through, sizeof through);
        } else if (fresh > 0) {
            is_waiting = true;
        }
    }
    return is_waiting;
}

static void serve(struct broker *broker) {
    zmq_pollitem_t items[] = {{broker->ingest, 0, ZMQ_POLLIN, 0}, {broker->work, 0, ZMQ_POLLIN, 0}};
    while (!is_over(broker->job)) {
        int moved = 0;
        for (int turn = 0; turn < MESSAGES_A_TURN && take_frame(broker); turn++) moved++;
        for (int turn = 0; turn < MESSAGES_A_TURN && take_answer(broker); turn++) moved++;
        bool is_waiting = acknowledge(broker, false);
        if (moved) continue;
        bool is_quiet = !await_any(items, 2, is_waiting ? GATHER_MILLISECONDS : IDLE_MILLISECONDS);
        if (is_quiet) acknowledge(broker, true);
    }
}

static void run_broker(const struct job *job, bool is_durable) {
    void *context = open_context();
    struct broker broker = {.job = job, .is_durable = is_durable, .capacity = PRODUCERS * job->window + 1};
    broker.waiting = calloc(broker.capacity, sizeof *broker.waiting);
    require(broker.waiting, "no memory for the queue");
    for (uint32_t slot = 0; slot < broker.capacity; slot++) zmq_msg_init(&broker.waiting[slot]);
    for (int worker = 0; worker < WORKERS; worker++) broker.credit[worker] = job->credit;
    broker.ingest = open_socket(context, ZMQ_ROUTER);
    broker.work = open_socket(context, ZMQ_ROUTER);
    bind_socket(job, broker.ingest, INGEST);
    bind_socket(job, broker.work, WORK);
    tell_ready(job);
    serve(&broker);
    for (uint32_t slot = 0; slot < broker.capacity; slot++) zmq_msg_close(&broker.waiting[slot]);
    free(broker.waiting);
    zmq_close(broker.ingest);
    zmq_close(broker.work);
    zmq_ctx_term(context);
}

void forward(const struct job *job, int index) {
    (void)index;
    run_broker(job, false);
}

void forward_durably(const struct job *job, int index) {
    (void)index;
    run_broker(job, true);
}
