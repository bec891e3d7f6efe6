/* call.c: calls that Ctrl-C can stop, wherever they are.
 *
 * A signal handler may hardly touch a Lua state; it may set a hook, which then raises the
 * error from inside the interpreter. A hook belongs to one coroutine, so the handler has to
 * know the running one: coroutine.resume and .wrap are replaced by versions that record it.
 * Native loops poll mfl_interrupted instead.
 *
 * SIGTERM and SIGHUP, by which batch systems and terminals end a program, stop it in the same way, so
 * that its states are kept; the program then ends with 128 + n, and so it does after a Ctrl-C.
 *
 * Flag and hook stay until the outermost call has returned. So a pcall in the script cannot
 * swallow the interrupt: after the first error, the hook's or a native loop's, 10,000 instructions may run, enough for
 * __close and other cleaning up, and then every single one raises the error again.         */
#include "host.h"
#include "lua/bind/bind.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#define CLEANUP_INSTRUCTIONS 10000
#define PATIENCE 1 /* seconds: a second Ctrl-C later than this, still unanswered, kills */

static lua_State *volatile running; /* NULL: no Lua code runs */
static volatile time_t asked;       /* when Ctrl-C came first */
static bool warned;                 /* the first error has been raised */
static bool interrupted;            /* by which the last call has ended */

static volatile sig_atomic_t terminated; /* SIGTERM or SIGHUP, or 0 */

static bool in_background; /* started with SIGINT ignored: the terminal's is for others */

static time_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static void stop(lua_State *L, lua_Debug *ar) {
    (void)ar;
    if (!mf_flag_is_set(&mfl_interrupted)) { /* a coroutine that slept meanwhile */
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    bool told = !warned && atomic_load(&mfl_interrupted) == MFL_TOLD; /* a native loop was first */
    lua_sethook(L, stop, LUA_MASKCOUNT, warned ? 1 : CLEANUP_INSTRUCTIONS);
    warned = true;
    if (!told)
        luaL_error(L, "interrupted!");
}

static void on_interrupt(int signal_number, siginfo_t *info, void *context) {
    lua_State *L = running;
    (void)context;
    if (signal_number == SIGINT && in_background && info->si_code > 0)
        return; /* by a key, not by kill(2) */
    if (signal_number != SIGINT)
        terminated = signal_number;
    if (!L && terminated) { /* at the prompt there is nothing to be saved */
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    if (L && mf_flag_is_set(&mfl_interrupted) && now() - asked > PATIENCE) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
    }
    if (!mf_flag_is_set(&mfl_interrupted)) {
        asked = now();
        atomic_store(&mfl_interrupted, 1);
    }
    /* A second signal at once, as timeout(1) sends, leaves the time to clean up. */
    if (L && lua_gethook(L) != stop)
        lua_sethook(L, stop, LUA_MASKCOUNT, 1);
}

bool host_take_interrupt(void) {
    return atomic_exchange(&mfl_interrupted, 0) != 0;
}

int host_terminated(void) {
    return terminated;
}

int host_ended_by(void) {
    return terminated ? terminated : interrupted ? SIGINT : 0;
}

/* ---- coroutines ------------------------------------------------------------------------ */

/* The interrupt goes on in L when a coroutine that L resumed has come back, by an error of it perhaps. */
static void back_to(lua_State *L) {
    running = L;
    if (L && mf_flag_is_set(&mfl_interrupted) && lua_gethook(L) != stop)
        lua_sethook(L, stop, LUA_MASKCOUNT, warned ? CLEANUP_INSTRUCTIONS : 1);
}

/* L, one that is not resumed but called by the core, runs, or is back. */
static lua_State *runs(lua_State *L) {
    lua_State *before = running;
    back_to(L);
    return before;
}

/* coroutine.resume: upvalue 1 is Lua's own. */
static int resume(lua_State *L) {
    lua_State *co = lua_tothread(L, 1);
    lua_CFunction original = lua_tocfunction(L, lua_upvalueindex(1));
    if (!co)
        return original(L); /* raises the argument error */
    running = co;
    int n = original(L); /* errors of the coroutine come back as values */
    back_to(L);
    return n;
}

/* What coroutine.wrap returns: upvalue 1 is the coroutine. */
static int wrapped(lua_State *L) {
    lua_State *co = lua_tothread(L, lua_upvalueindex(1));
    int n = lua_gettop(L), results = 0;
    if (!lua_checkstack(co, n))
        return luaL_error(L, "too many arguments to resume");
    lua_xmove(L, co, n);
    running = co;
    int status = lua_resume(co, L, n, &results);
    back_to(L);
    if (status == LUA_OK || status == LUA_YIELD) {
        luaL_checkstack(L, results, "too many results to resume");
        lua_xmove(co, L, results);
        return results;
    }
    if (lua_status(co) > LUA_YIELD) /* failed while running: close its variables */
        status = lua_resetthread(co);
    lua_xmove(co, L, 1);
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

static int wrap(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, wrapped, 1);
    return 1;
}

void host_handle_interrupts(lua_State *L) {
    struct sigaction former, ours = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO};
    lua_getglobal(L, LUA_COLIBNAME);
    lua_getfield(L, -1, "resume");
    lua_pushcclosure(L, resume, 1);
    lua_setfield(L, -2, "resume");
    lua_pushcfunction(L, wrap);
    lua_setfield(L, -2, "wrap");
    lua_pop(L, 1);
    mfl_host_has_handler = true;
    mfl_host_runs = runs;
    /* Started in the background by a shell without job control: Ctrl-C is for others, but
     * kill -INT is for us, as for lua5.4.                                                */
    in_background = sigaction(SIGINT, NULL, &former) == 0 && former.sa_handler == SIG_IGN;
    sigemptyset(&ours.sa_mask); /* no SA_RESTART: a blocked read must return */
    sigaction(SIGINT, &ours, NULL);
    static const int ends[] = {SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; ++i)
        if (sigaction(ends[i], NULL, &former) == 0 && former.sa_handler != SIG_IGN) /* nohup */
            sigaction(ends[i], &ours, NULL);
}

/* ---- calls ------------------------------------------------------------------------------- */

#define EXPLAIN "meanfield.explain" /* in the registry: the function given to host.explain */

/* Whether that function knows a better text for the message at 1; pushed. */
static bool push_explained(lua_State *L) {
    if (lua_getfield(L, LUA_REGISTRYINDEX, EXPLAIN) != LUA_TFUNCTION)
        return false;
    lua_pushvalue(L, 1);
    return lua_pcall(L, 1, 1, 0) == LUA_OK && lua_isstring(L, -1);
}

/* Message handler: the error as a string, with a traceback unless it is explained. */
static int with_traceback(lua_State *L) {
    const char *message = lua_tostring(L, 1);
    if (message && push_explained(L))
        return 1;
    if (!message) {
        if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
            return 1;
        message = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    luaL_traceback(L, L, message, 1);
    return 1;
}

int host_call(lua_State *L, int n, int results) {
    int base = lua_gettop(L) - n;
    lua_pushcfunction(L, with_traceback);
    lua_insert(L, base);
    atomic_store(&mfl_interrupted, 0);
    warned = false;
    running = L;
    int status = lua_pcall(L, n, results, base);
    running = NULL;
    interrupted = host_take_interrupt();
    if (interrupted)
        lua_sethook(L, NULL, 0, 0);
    interrupted = interrupted && status != LUA_OK;
    lua_remove(L, base);
    return status;
}

/* ---- for Lua: a loop that runs code of others, as the prompt does ------------------------------ */

/* host.idle(f): runs f; an interrupt meanwhile stops nothing but what host.call runs. */
static int module_idle(lua_State *L) {
    lua_State *former = running;
    luaL_checktype(L, 1, LUA_TFUNCTION);
    running = NULL;
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    running = former;
    return status == LUA_OK ? lua_gettop(L) : lua_error(L);
}

/* host.call(f, ...) -> true and what f returns, or false and the message with a traceback. */
static int module_call(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (running)
        return luaL_error(L, "host.call: only inside host.idle");
    int status = host_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    mfl_task_erase();
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    return lua_gettop(L);
}

/* host.terminated() -> true if SIGTERM or SIGHUP has asked the program to end */
static int module_terminated(lua_State *L) {
    lua_pushboolean(L, host_terminated() != 0);
    return 1;
}

/* host.explain(f): an error's message for which f(message) is a text is that text, without a traceback. */
static int module_explain(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, EXPLAIN);
    return 0;
}

static int open_module(lua_State *L) {
    static const luaL_Reg functions[] = {{"idle", module_idle},
                                         {"call", module_call},
                                         {"terminated", module_terminated},
                                         {"explain", module_explain},
                                         {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}

void host_open_module(lua_State *L) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, open_module);
    lua_setfield(L, -2, "meanfield.host");
    lua_pop(L, 1);
}

int host_report(lua_State *L, const char *name, int status) {
    if (status == LUA_OK)
        return status;
    mfl_task_erase();
    const char *message = lua_tostring(L, -1);
    fflush(stdout);
    if (name)
        fprintf(stderr, "%s: ", name);
    fprintf(stderr, "%s\n", message ? message : "(error without a message)");
    lua_pop(L, 1);
    return status;
}
