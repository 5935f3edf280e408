#pragma once
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>

/// Names the calling thread; longer names are cut to 15 bytes.
static inline void linux_name_this_thread(const char *name) {
    (void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

/// Makes stdout give out each line when it ends.
static inline void linux_line_buffer_stdout(void) { (void)setvbuf(stdout, NULL, _IOLBF, 0); }
