/* process.h: what a process that runs points of a sweep changes about itself. */
#ifndef MFL_PROCESS_H
#define MFL_PROCESS_H

#include "lua/bind/bind.h"

/* One thread, no progress bar, no input. */
void mfl_become_worker(void);

#endif
