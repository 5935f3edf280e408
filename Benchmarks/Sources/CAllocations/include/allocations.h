#pragma once

/// How often this process has asked for memory so far, on all threads.
unsigned long zoetrope_allocations(void);
