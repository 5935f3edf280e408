// Producers, broker and workers over libzmq, as the forwarder and the ceiling have them.
//
// Every peer is a DEALER whose routing id says what it is: its kind (`enum kind`) and its index. An empty message is a
// greeting, and is answered by one. The rest:
//
//     producer  -> broker      a payload
//     broker    -> producer    how many of its frames are acknowledged in all (u64)
//     broker    -> worker      a payload, as it came
//     worker    -> broker      results, RESULT_BYTES each, as many as are ready
//     broker    -> writer      a payload, as it came
//     writer    -> broker      how many frames of each producer are durable in all (PRODUCERS x u64)
#pragma once

#include <zmq.h>

#include "harness.h"

enum kind { PRODUCER = 'p', WORKER = 'w', WRITER = 'a' };
enum endpoint { INGEST, WORK };

void produce(const struct job *job, int index);
void consume(const struct job *job, int index);
// Acknowledges a frame when it is on its way to a worker.
void forward(const struct job *job, int index);
// Acknowledges a frame when it is on its way to a worker and the writer has said that it is durable.
void forward_durably(const struct job *job, int index);

// A DEALER that has greeted the broker and was answered.
void *connect_to_broker(const struct job *job, void *context, enum endpoint endpoint, enum kind kind, int index);
void *open_context(void);
// True when a message was received; false when none is there (`ZMQ_DONTWAIT`) or none came within IDLE_MILLISECONDS.
bool receive(void *socket, zmq_msg_t *message, int flags);
void send_bytes(void *socket, const void *bytes, size_t size, int flags);
