/* parallel.c: a small pool of workers that share out numbered chunks.
 *
 * One job at a time: its generation number wakes the workers, an atomic counter deals
 * the chunks, a second one counts those done. Workers spin for a moment between jobs,
 * since native loops post one every few microseconds, and then sleep. A child made by
 * fork() has no workers and starts its own.                                          */
#define _GNU_SOURCE /* sched_getaffinity */
#include "parallel.h"
#include "library.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SPINS = 4000 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    size_t wanted; /* threads asked for; 0: not yet decided         */
    size_t alive;  /* workers started, besides the calling thread    */
    bool full;     /* no address space for more workers          */
    bool busy;     /* a job runs: nested and concurrent calls go serial */
    atomic_uint generation;
    /* the job */
    void (*body)(void *, size_t);
    void *context;
    size_t chunks;
    size_t helpers; /* workers that may join this job */
    atomic_size_t next, inside;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void take_chunks(void) {
    for (;;) {
        size_t chunk = atomic_fetch_add_explicit(&pool.next, 1, memory_order_relaxed);
        if (chunk >= pool.chunks)
            return;
        pool.body(pool.context, chunk);
    }
}

static void *worker(void *argument) {
    size_t me = (size_t)(uintptr_t)argument;
    unsigned seen = 0;
    for (;;) {
        for (int spin = 0; spin < SPINS && atomic_load(&pool.generation) == seen; ++spin)
            relax();
        pthread_mutex_lock(&pool.lock);
        while (atomic_load(&pool.generation) == seen)
            pthread_cond_wait(&pool.wake, &pool.lock);
        seen = atomic_load(&pool.generation);
        bool joins = pool.busy && me < pool.helpers;
        if (joins)
            atomic_fetch_add(&pool.inside, 1);
        pthread_mutex_unlock(&pool.lock);
        if (joins) {
            take_chunks();
            atomic_fetch_sub(&pool.inside, 1);
        }
    }
    return NULL;
}

static void forget_workers(void) {
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pool.alive = 0;
    pool.busy = false;
    atomic_store(&pool.generation, 0);
    atomic_store(&pool.inside, 0);
}

/* With the lock held. */
static void start_workers(size_t count) {
    static bool registered; /* children inherit the registration */
    if (!registered)
        registered = pthread_atfork(NULL, NULL, forget_workers) == 0;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    while (pool.alive < count && !pool.full) {
        pthread_t thread;
        pool.full = !mf_library_reserve(pool.alive + 2); /* this thread and the next one */
        if (pool.full ||
            pthread_create(&thread, &attributes, worker, (void *)(uintptr_t)pool.alive) != 0)
            break; /* fewer threads give the same result, later */
        ++pool.alive;
    }
    pthread_attr_destroy(&attributes);
}

void mf_threads_set(size_t threads) {
    pthread_mutex_lock(&pool.lock);
    pool.wanted = threads < 1 ? 1 : threads > MF_THREADS_MAX ? MF_THREADS_MAX : threads;
    pthread_mutex_unlock(&pool.lock);
}

size_t mf_threads(void) {
    pthread_mutex_lock(&pool.lock);
    if (!pool.wanted) {
        cpu_set_t set;
        int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
        pool.wanted = cpus < 1 ? 1 : (size_t)cpus;
    }
    size_t wanted = pool.wanted;
    pthread_mutex_unlock(&pool.lock);
    return wanted;
}

void mf_parallel(size_t chunks, void (*body)(void *context, size_t chunk), void *context) {
    size_t threads = mf_threads();
    if (threads > chunks)
        threads = chunks;
    bool mine = false;
    if (threads > 1) {
        pthread_mutex_lock(&pool.lock);
        mine = !pool.busy;
        if (mine) {
            start_workers(threads - 1);
            pool.busy = true;
            pool.body = body;
            pool.context = context;
            pool.chunks = chunks;
            pool.helpers = threads - 1;
            atomic_store(&pool.next, 0);
            atomic_fetch_add(&pool.generation, 1);
            pthread_cond_broadcast(&pool.wake);
        }
        pthread_mutex_unlock(&pool.lock);
    }
    if (!mine) {
        for (size_t chunk = 0; chunk < chunks; ++chunk)
            body(context, chunk);
        return;
    }
    take_chunks();
    /* No worker may join any more; those inside still finish their chunk. The pool stays
     * busy until they have, so that a call from such a chunk, or from another thread, goes
     * serial instead of replacing the job under their hands.                            */
    pthread_mutex_lock(&pool.lock);
    pool.helpers = 0;
    pthread_mutex_unlock(&pool.lock);
    for (int spin = 0; atomic_load(&pool.inside) != 0; ++spin)
        if (spin < SPINS)
            relax();
        else
            sched_yield();
    pthread_mutex_lock(&pool.lock);
    pool.busy = false;
    pthread_mutex_unlock(&pool.lock);
}
