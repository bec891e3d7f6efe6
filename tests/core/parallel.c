/* parallel.c: every chunk runs once: any number of threads, nested, concurrent, forked.
 * A deadlock ends in an alarm.                                                          */
#include "core/base/parallel.h"
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNKS = 100, INNER = 7, ROUNDS = 2000 };

typedef struct {
    atomic_int runs[CHUNKS];
    atomic_int inner;
} tally;

static void count(void *context, size_t chunk) {
    tally *t = context;
    atomic_fetch_add(&t->runs[chunk], 1);
}

static void count_inner(void *context, size_t chunk) {
    tally *t = context;
    atomic_fetch_add(&t->inner, (int)chunk + 1);
}

static void nest(void *context, size_t chunk) {
    count(context, chunk);
    mf_parallel(INNER, count_inner, context);
}

static bool each_once(void (*body)(void *, size_t), size_t chunks, int inner) {
    static _Thread_local tally t;
    for (size_t i = 0; i < CHUNKS; ++i)
        atomic_store(&t.runs[i], 0);
    atomic_store(&t.inner, 0);
    mf_parallel(chunks, body, &t);
    for (size_t i = 0; i < CHUNKS; ++i)
        if (atomic_load(&t.runs[i]) != (i < chunks))
            return false;
    return atomic_load(&t.inner) == inner;
}

static void *caller(void *ok) {
    for (int round = 0; round < ROUNDS; ++round)
        if (!each_once(count, CHUNKS, 0))
            atomic_store((atomic_bool *)ok, false);
    return NULL;
}

static void concurrent_calls(void) {
    pthread_t threads[3];
    atomic_bool ok = true;
    for (int i = 0; i < 3; ++i)
        if (pthread_create(&threads[i], NULL, caller, &ok) != 0)
            abort();
    for (int i = 0; i < 3; ++i)
        pthread_join(threads[i], NULL);
    expect(atomic_load(&ok), "calls from several threads run every chunk once");
}

/* Children of a process with sleeping workers have none, and start their own. */
static void forked(void) {
    for (int i = 0; i < 20; ++i) {
        pid_t child = fork();
        if (child == 0)
            _exit(each_once(count, CHUNKS, 0) && each_once(nest, 5, 5 * 28) ? 0 : 1);
        int status = 0;
        waitpid(child, &status, 0);
        expect(status == 0, "a child made by fork runs every chunk once");
        expect(each_once(count, CHUNKS, 0), "so does its parent afterwards");
    }
}

int main(void) {
    alarm(120);
    for (size_t threads = 1; threads <= 8; ++threads) {
        mf_threads_set(threads);
        expect(mf_threads() == threads, "mf_threads is what was set");
        for (size_t chunks = 0; chunks <= CHUNKS; ++chunks)
            expect(each_once(count, chunks, 0), "every chunk runs once");
    }
    mf_threads_set(4);
    for (int round = 0; round < ROUNDS; ++round)
        expect(each_once(nest, 9, 9 * 28), "nested calls run every chunk once");
    concurrent_calls();
    forked();
    return verdict();
}
