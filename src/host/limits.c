/* limits.c: says what is wrong where OpenBLAS would not.
 *
 * As soon as it is loaded, before main, OpenBLAS starts threads and maps a buffer for each.
 * Where the system allows no thread it raises SIGINT; where it gives no memory it asks again
 * for ever. Both are looked at here, in .preinit_array, which runs before any library: no C
 * library to speak of, so system calls and nothing else.                                  */
#define _GNU_SOURCE /* syscall */
#include "core/base/library.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EARLY static __attribute__((no_sanitize("address", "thread", "undefined")))

EARLY _Noreturn void stop(const char *text, size_t size) {
    syscall(SYS_write, 2, text, size);
    for (;;)
        syscall(SYS_exit_group, 1);
}

#define STOP(text) stop(text, sizeof(text) - 1)

EARLY int is_limited(int resource) {
    struct rlimit limit = {0, 0};
    return syscall(SYS_prlimit64, 0, resource, 0, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

/* A process that ends at once counts as a thread does. */
EARLY int can_start(void) {
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        syscall(SYS_exit_group, 0);
    if (pid < 0)
        return errno != EAGAIN;
    syscall(SYS_wait4, pid, 0, 0, 0);
    return 1;
}

EARLY int can_map(size_t size) {
    long at =
            syscall(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == -1)
        return errno != ENOMEM;
    syscall(SYS_munmap, at, size);
    return 1;
}

EARLY void look_at_limits(void) {
    if (is_limited(RLIMIT_NPROC) && !can_start())
        STOP("meanfield: the system allows no more processes or threads (see ulimit -u)\n");
    if (is_limited(RLIMIT_AS) && !can_map((size_t)2 * MF_BLAS_BUFFER))
        STOP("meanfield: too little address space for OpenBLAS: raise ulimit -v to 1000000 at "
             "least\n");
}

__attribute__((section(".preinit_array"), used)) static void (*const early)(void) = look_at_limits;
