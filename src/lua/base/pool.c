/* pool.c: mf.process.pool: forked workers, for sweeps.
 *
 * Every point of a sweep runs in a process of its own, forked from the script at the
 * moment of the call: it sees all that the script has made, costs no start-up, cannot
 * disturb another point, and may crash. It hands back one string through a pipe. What
 * a string means and which points are left to do is decided in lua/meanfield/run/sweep.lua.
 * Native code in a worker runs on one thread.                                        */
#define _GNU_SOURCE /* pipe2 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS_MAX = 1024, READ_SIZE = 1 << 16 };

/* One running child and what it has written so far. pid == 0: free. */
typedef struct {
    pid_t pid;
    int fd;
    lua_Integer job; /* the caller's number for it */
    char *text;
    size_t used, size;
} worker;

typedef struct {
    size_t workers, busy;
    pid_t owner; /* a forked copy of this pool must not touch its siblings */
    worker *worker;
    struct pollfd *poll;
} pool;

static const mfl_class pool_class;

static void release(pool *p, worker *w) {
    close(w->fd);
    free(w->text);
    *w = (worker){0};
    --p->busy;
}

static void pool_close(void *payload) {
    pool *p = payload;
    if (p->owner != getpid())
        return;
    for (size_t i = 0; i < p->workers; ++i)
        if (p->worker[i].pid)
            kill(-p->worker[i].pid, SIGKILL); /* with all that it has started */
    for (size_t i = 0; i < p->workers; ++i)
        if (p->worker[i].pid) {
            while (waitpid(p->worker[i].pid, NULL, 0) < 0 && errno == EINTR)
                ;
            release(p, &p->worker[i]);
        }
    free(p->worker);
    free(p->poll);
    *p = (pool){0};
}

static int process_pool(lua_State *L) {
    lua_Integer workers = luaL_checkinteger(L, 1);
    luaL_argcheck(L, workers >= 1 && workers <= WORKERS_MAX, 1, "expected 1 .. 1024 workers");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_pushnil(L);
    pool *p = mfl_new(L, &pool_class, sizeof *p);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, -2, 2);
    p->owner = getpid();
    p->worker = calloc((size_t)workers, sizeof *p->worker);
    p->poll = calloc((size_t)workers, sizeof *p->poll);
    if (!p->worker || !p->poll)
        return luaL_error(L, "mf.process.pool: out of memory");
    p->workers = (size_t)workers;
    return 1;
}

static bool write_all(int fd, const char *text, size_t n) {
    while (n) {
        ssize_t written = write(fd, text, n);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            text += written;
            n -= (size_t)written;
        }
    }
    return true;
}

/* SIGTERM in a worker, which the kernel sends when its parent is gone, however it died: the
 * worker leads its process group, so nothing that it has started stays behind.           */
static void end_group(int signal_number) {
    (void)signal_number;
    kill(0, SIGKILL);
}

/* The child's whole life: calls the function on top of the stack but one with the string
 * on top, and writes the string that it returns. It is a process group of its own, which
 * Ctrl-C does not reach and the parent kills; the group dies with its parent. It leaves without
 * running anybody's exit handlers or finalizers: they belong to the parent.            */
static _Noreturn void child(lua_State *L, pid_t parent, int fd) {
    setpgid(0, 0);
    signal(SIGTERM, end_group);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    signal(SIGINT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    mfl_become_worker();
    bool ok = lua_pcall(L, 1, 1, 0) == LUA_OK;
    size_t n = 0;
    const char *text = lua_tolstring(L, -1, &n);
    fflush(NULL);
    if (!ok || !text || !write_all(fd, text, n))
        _exit(1);
    _exit(0);
}

static int pool_start(lua_State *L) {
    pool *p = mfl_check(L, 1, "mf.process.pool");
    lua_Integer job = luaL_checkinteger(L, 2);
    luaL_checkstring(L, 3);
    lua_getiuservalue(L, 1, 2);
    lua_pushvalue(L, 3);
    luaL_argcheck(L, p->busy < p->workers, 1, "no free worker");
    worker *w = p->worker;
    while (w->pid)
        ++w;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return luaL_error(L, "pool:start: no pipe: %s", strerror(errno));
    fflush(NULL); /* or the child would write the parent's pending output again */
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        child(L, parent, ends[1]);
    int error = errno;
    if (pid > 0)
        setpgid(pid, pid); /* whoever comes first */
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return luaL_error(L, "pool:start: no process: %s", strerror(error));
    }
    *w = (worker){.pid = pid, .fd = ends[0], .job = job};
    ++p->busy;
    return 0;
}

/* Reads what is there. 1: more may come; 0: end; -1: out of memory. */
static int drain(worker *w) {
    if (w->size - w->used < READ_SIZE) {
        size_t size = 2 * w->size + READ_SIZE;
        char *text = realloc(w->text, size);
        if (!text)
            return -1;
        w->text = text;
        w->size = size;
    }
    ssize_t n = read(w->fd, w->text + w->used, w->size - w->used);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    w->used += (size_t)n;
    return n > 0;
}

/* The first worker that has come to its end, or NULL. */
static worker *finished(lua_State *L, pool *p) {
    for (size_t i = 0; i < p->workers; ++i)
        if (p->poll[i].revents) {
            int more = drain(&p->worker[i]);
            if (more < 0)
                luaL_error(L, "pool:next: out of memory");
            if (!more)
                return &p->worker[i];
        }
    return NULL;
}

/* Pushes job and text, or job, nil and how the worker died; frees the worker. */
static int push_result(lua_State *L, pool *p, worker *w) {
    int status = 0;
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
        ;
    bool ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    lua_pushinteger(L, w->job);
    if (ok)
        lua_pushlstring(L, w->text ? w->text : "", w->used);
    else
        lua_pushnil(L);
    release(p, w);
    if (ok)
        return 2;
    if (WIFSIGNALED(status))
        lua_pushfstring(L, "killed by signal %d (%s)", WTERMSIG(status),
                        strsignal(WTERMSIG(status)));
    else
        lua_pushfstring(L, "exited with code %d", WEXITSTATUS(status));
    return 3;
}

static int pool_next(lua_State *L) {
    pool *p = mfl_check(L, 1, "mf.process.pool");
    double seconds = luaL_checknumber(L, 2);
    luaL_argcheck(L, seconds >= 0 && seconds < 1e6, 2, "expected seconds in [0, 1e6)");
    for (size_t i = 0; i < p->workers; ++i)
        p->poll[i] = (struct pollfd){p->worker[i].pid ? p->worker[i].fd : -1, POLLIN, 0};
    if (poll(p->poll, p->workers, (int)(seconds * 1e3)) <= 0)
        return 0;
    worker *w = finished(L, p);
    return w ? push_result(L, p, w) : 0;
}

static int pool_free(lua_State *L) {
    const pool *p = mfl_check(L, 1, "mf.process.pool");
    lua_pushinteger(L, (lua_Integer)(p->workers - p->busy));
    return 1;
}

static const mfl_fn pool_methods[] = {
        {"start", pool_start, "pool:start(job, text)",
         "Forks a worker that calls work(text) and hands back the string it returns. Needs "
         "pool.free > 0.",
         NULL},
        {"next", pool_next, "pool:next(seconds)",
         "Waits at most so long for a worker to end: returns its job and string; or its job, "
         "nil and how it died; or nothing. May return early with nothing.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property pool_properties[] = {
        {"free", pool_free, "Number of workers that could be started now."}, {NULL, NULL, NULL}};

static const mfl_class pool_class = {
        "mf.process.pool", "Forked workers, one for each running job. Closing it kills them.",
        pool_methods, pool_properties, pool_close};

static const mfl_fn pool_functions[] = {
        {"pool", process_pool, "mf.process.pool(workers, work)",
         "A pool of forked workers for the function work(text) -> text.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_pool(lua_State *L) {
    mfl_class_register(L, &pool_class);
    luaL_getsubtable(L, -1, "process");
    mfl_functions(L, "mf.process", pool_functions);
}
