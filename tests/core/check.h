/* check.h: what a test of the core in C needs: expect() and its verdict at the end.
 * One program for each file of this folder; core_spec.lua builds and runs them all.  */
#ifndef MF_CHECK_H
#define MF_CHECK_H

#include <stdbool.h>
#include <stdio.h>

static int failures;

static void expect(bool ok, const char *claim) {
    if (!ok && ++failures <= 20)
        printf("not ok: %s\n", claim);
}

/* The last line of main. */
static int verdict(void) {
    puts(failures ? "failed" : "ok");
    return failures != 0;
}

#endif
