/* process.c: mf.sweep's machinery: forked workers, a lock on a folder, progress.
 *
 * Every point of a sweep runs in a process of its own, forked from the script at the
 * moment of the call: it sees all that the script has made, costs no start-up, cannot
 * disturb another point, and may crash. It hands back one string through a pipe. What
 * a string means, which points are left to do and where results are kept is decided
 * in lua/meanfield/sweep.lua. Native code in a worker runs on one thread.            */
#define _GNU_SOURCE /* pipe2, dladdr */
#include "core/base/parallel.h"
#include "lua/bind/bind.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS_MAX = 1024, READ_SIZE = 1 << 16 };

/* ---- pool: forked workers --------------------------------------------------------- */

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

/* What a process that runs points changes about itself. */
static void become_worker(void) {
    mfl_task_silence();
    mf_threads_set(1);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
}

/* The child's whole life: calls the function on top of the stack but one with the string
 * on top, and writes the string that it returns. It is a process group of its own, which
 * Ctrl-C does not reach and the parent kills; it dies with its parent. It leaves without
 * running anybody's exit handlers or finalizers: they belong to the parent.            */
static _Noreturn void child(lua_State *L, pid_t parent, int fd) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    signal(SIGINT, SIG_DFL);
    become_worker();
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

/* ---- lock: one writer for a folder --------------------------------------------------- */

/* fd + 1, so that a zeroed payload is a closed one. */
typedef struct {
    int fd_plus_one;
} lock;

static void lock_close(void *payload) {
    lock *l = payload;
    if (l->fd_plus_one)
        close(l->fd_plus_one - 1);
    l->fd_plus_one = 0;
}

static const mfl_class lock_class = {"mf.process.lock",
                                     "Holds a folder against other runs until it is closed.", NULL,
                                     NULL, lock_close};

/* Makes the folder and those above it. False, with errno, if that fails. */
static bool make_folders(char *path) {
    for (char *slash = path + 1; (slash = strchr(slash, '/')); ++slash) {
        *slash = '\0';
        bool ok = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
        if (!ok)
            return false;
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST;
}

/* nil, message: the folder cannot be made or another run holds it. A file system that
 * knows no locks on folders is no error: then only one run at a time is the user's care. */
static int process_lock(lua_State *L) {
    char path[4096];
    size_t n;
    const char *given = luaL_checklstring(L, 1, &n);
    luaL_argcheck(L, n > 0 && n < sizeof path, 1, "expected a path");
    memcpy(path, given, n + 1);
    lua_pushnil(L);
    lock *l = mfl_new(L, &lock_class, sizeof *l);
    if (make_folders(path))
        l->fd_plus_one = 1 + open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *message = NULL;
    if (!l->fd_plus_one)
        message = strerror(errno);
    else if (flock(l->fd_plus_one - 1, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        message = "in use by another run";
    if (!message)
        return 1;
    lua_pushnil(L);
    lua_pushfstring(L, "%s: %s", given, message);
    return 2;
}

/* ---- task: progress and Ctrl-C for a loop written in Lua --------------------------------- */

typedef struct {
    mfl_task task;
    bool open;
} progress;

static void progress_close(void *payload) {
    progress *t = payload;
    if (t->open)
        mfl_task_end(&t->task);
    t->open = false;
}

static int progress_tick(lua_State *L) {
    progress *t = mfl_check(L, 1, "mf.process.task");
    if (t->open && mfl_task_tick(&t->task, luaL_checknumber(L, 2))) {
        progress_close(t);
        mfl_task_raise(L, "mf.sweep");
    }
    return 0;
}

static int progress_say(lua_State *L) {
    mfl_check(L, 1, "mf.process.task");
    mfl_task_erase();
    fputs(luaL_checkstring(L, 2), stderr);
    return 0;
}

static const mfl_fn progress_methods[] = {
        {"say", progress_say, "task:say(text)", "Writes text on stderr, in place of the bar.",
         NULL},
        {"tick", progress_tick, "task:tick(done)",
         "Redraws the bar if it is time to; raises \"interrupted\" after Ctrl-C.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_class progress_class = {"mf.process.task",
                                         "A progress bar that listens to Ctrl-C.", progress_methods,
                                         NULL, progress_close};

static int process_task(lua_State *L) {
    double goal = luaL_checknumber(L, 1);
    lua_pushnil(L);
    progress *t = mfl_new(L, &progress_class, sizeof *t);
    mfl_task_begin(L, &t->task, "sweep", 0, goal);
    t->open = true;
    return 1;
}

/* ---- small tools ---------------------------------------------------------------------------- */

static int process_become_worker(lua_State *L) {
    (void)L;
    become_worker();
    return 0;
}

/* Under Open MPI's mpirun; 0 otherwise. */
static int mpi_rank(void) {
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    return rank ? atoi(rank) : 0;
}

static int process_rank(lua_State *L) {
    lua_pushinteger(L, mpi_rank());
    return 1;
}

static int process_home(lua_State *L) {
    char path[4096];
    Dl_info info;
    /* For the host dladdr gives argv[0], which need not be a path. */
    bool in_module = dladdr((const void *)(uintptr_t)process_home, &info) && info.dli_fname &&
                     strstr(info.dli_fname, ".so");
    if (!realpath(in_module ? info.dli_fname : "/proc/self/exe", path))
        return luaL_error(L, "mf.process.home: %s", strerror(errno));
    *strrchr(path, '/') = '\0';
    lua_pushstring(L, path);
    return 1;
}

/* FNV-1a, finished by a multiplicative mix: enough to find damage and tell versions apart. */
static int process_hash(lua_State *L) {
    size_t n;
    const char *s = luaL_checklstring(L, 1, &n);
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; ++i)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    h = (h ^ h >> 32) * 0xd6e8feb86659fd93u;
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, h ^ h >> 32);
    lua_pushstring(L, text);
    return 1;
}

static const mfl_fn process_functions[] = {
        {"pool", process_pool, "mf.process.pool(workers, work)",
         "A pool of forked workers for the function work(text) -> text.", NULL},
        {"lock", process_lock, "mf.process.lock(folder)",
         "Makes the folder if need be and holds it against other runs; nil and a message if that "
         "fails.",
         NULL},
        {"task", process_task, "mf.process.task(goal)",
         "A progress bar from 0 to goal for a loop written in Lua.", NULL},
        {"become_worker", process_become_worker, "mf.process.become_worker()",
         "Makes this process one that runs points: one thread, no progress bar, no input.", NULL},
        {"home", process_home, "mf.process.home()",
         "The folder of the file that holds the native code.", NULL},
        {"rank", process_rank, "mf.process.rank()",
         "Rank of this process under mpirun, 0 otherwise. Only rank 0 prints and writes files.",
         NULL},
        {"hash", process_hash, "mf.process.hash(text)",
         "64-bit checksum of a string as 16 hexadecimal digits.", NULL},
        {NULL, NULL, NULL, NULL, NULL}};

/* ---- mf.sweep ---------------------------------------------------------------------------------- */

typedef struct {
    size_t workers;
    const char *out, *name, *tag;
} sweep_options;

static const mfl_field sweep_fields[] = {
        {"workers", MFL_COUNT, offsetof(sweep_options, workers), .flags = MFL_OPTIONAL, .low = 1,
         .high = WORKERS_MAX, .text = "processes at a time; default: mf.threads()"},
        {"out", MFL_STRING, offsetof(sweep_options, out), .flags = MFL_OPTIONAL,
         .text = "folder that keeps finished points; default: the folder of the running "
                 "experiment; without one nothing is kept"},
        {"name", MFL_STRING, offsetof(sweep_options, name), .aux = "sweep",
         .text = "finished points are kept in out/name.points"},
        {"tag", MFL_STRING, offsetof(sweep_options, tag), .aux = "",
         .text = "points kept under another tag are not reused: change it when fn changes in a way "
                 "that its text and its captured values do not show"},
        MFL_END};

static int sweep(lua_State *L) {
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    sweep_options options;
    mfl_options(L, "mf.sweep", 3, sweep_fields, &options);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "meanfield.run.sweep");
    lua_call(L, 1, 1);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -4);
    lua_call(L, 3, 2);
    return 2;
}

static const mfl_fn sweep_functions[] = {
        {"sweep", sweep, "mf.sweep(points, fn, {...})",
         "Runs fn(point) for every point of a list (numbers, strings or tables of them) in "
         "processes of their own and returns the list of results, in the order of the points: "
         "numbers, strings, booleans or tables of them. A point that fails is reported on stderr "
         "with its traceback and has the result false; the second value lists the failures "
         "{index=, point=, message=}. Finished points are kept at once and skipped on a rerun, as "
         "long as fn's text and the values it captures are the same. Results do not depend on "
         "the number of workers: math.random is seeded by the point. Started by mpirun, the "
         "points are spread over the ranks (docs/sweep.md).",
         sweep_fields},
        {NULL, NULL, NULL, NULL, NULL}};

/* Under mpirun only rank 0 speaks (lua/meanfield/ranks.lua). */
static void silence_other_ranks(void) {
    int null = mpi_rank() > 0 ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
    if (null >= 0)
        dup2(null, STDOUT_FILENO);
}

void mfl_open_process(lua_State *L) {
    silence_other_ranks();
    mfl_class_register(L, &pool_class);
    mfl_class_register(L, &lock_class);
    mfl_class_register(L, &progress_class);
    mfl_functions(L, "mf", sweep_functions);
    lua_newtable(L);
    mfl_functions(L, "mf.process", process_functions);
    lua_setfield(L, -2, "process");
}
