// What bare libzmq can do: producers -> broker -> workers, and nothing stored.
//
// The broker passes on references and never copies a payload. A frame is acknowledged when it is on its way to a worker;
// nothing is on disk, ever.
#include "relay.h"

int main(int argc, char **argv) {
    static const char *const syncs[] = {"off", NULL};
    static const struct role roles[] = {
        {"broker", 1, forward}, {"worker", WORKERS, consume}, {"producer", PRODUCERS, produce},
    };
    return run_job(argc, argv, "forwarder", syncs, NULL, roles, sizeof roles / sizeof *roles);
}
