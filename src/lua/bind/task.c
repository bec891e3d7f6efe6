/* task.c: long native loops on behalf of Lua: Ctrl-C and the progress bar.
 *
 * Ctrl-C. The core polls one flag. In our host the host's own SIGINT handler sets it (and
 * stops Lua code by a hook). In a stock lua5.4 there is nobody to set it, so a handler is
 * put in place while a native loop runs and the former one put back behind it, whatever
 * happens on the way: a task is a to-be-closed value.
 *
 * Progress. One line on stderr, only when that is a terminal; drawn at most ten times a
 * second, and only for what takes longer than half a second. A script that calls advance()
 * a thousand times wants one bar, not a thousand: mf._horizon(t_end) makes every task that
 * advances the time t a part of one bar from 0 to t_end, which then stays on the screen
 * between the calls; print() takes it away first, so that no text runs into it. Where stderr
 * is no terminal (a log, a batch system) a plain line comes every half minute of work. A notebook
 * gets "label <tab> fraction <tab> rest" lines through a pipe instead, and an empty one at the end. */
#include "bind.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define DRAW_AFTER 0.5 /* seconds: what is shorter shows no bar */
#define DRAW_EVERY 0.1
#define TELL_EVERY 30 /* seconds between plain lines; MEANFIELD_PROGRESS overrules it, 0: none */
#define PAUSE 5       /* seconds without a task: what comes then is another run               */

mf_flag mfl_interrupted;
bool mfl_host_has_handler, mfl_ended_well;
lua_State *(*mfl_host_runs)(lua_State *);

/* The screen is one, and so is what is known about it. */
static struct {
    bool silent, shown;
    double drawn;          /* when last                                    */
    double ticked;         /* when a task ticked last, if lines are told   */
    double horizon, since; /* t_end of mf._horizon, 0 without; when it was set */
    int pipe;              /* of mf._progress; 0: none                          */
} screen;

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- Ctrl-C ------------------------------------------------------------------------------ */

static struct sigaction former; /* SIGINT's action in a stock lua5.4, while a task runs */

static void on_interrupt(int signal_number) {
    (void)signal_number;
    atomic_store_explicit(&mfl_interrupted, 1, memory_order_relaxed);
}

/* Stock interpreter only. False if the handler is in place already (a task inside a task). */
static bool install_handler(void) {
    struct sigaction now, ours = {.sa_handler = on_interrupt};
    if (mfl_host_has_handler || sigaction(SIGINT, NULL, &now) != 0 ||
        now.sa_handler == on_interrupt || now.sa_handler == SIG_IGN)
        return false;
    former = now;
    atomic_store(&mfl_interrupted, 0);
    sigemptyset(&ours.sa_mask);
    return sigaction(SIGINT, &ours, NULL) == 0;
}

bool mfl_catch_interrupts(void) {
    return install_handler();
}

void mfl_release_interrupts(bool caught) {
    if (caught)
        sigaction(SIGINT, &former, NULL);
}

const mf_flag *mfl_stop(void) {
    return &mfl_interrupted;
}

void mfl_task_raise(lua_State *L, const char *where) {
    if (!mf_flag_is_set(&mfl_interrupted))
        return;
    /* Our host clears the flag itself, when the outermost call has returned: a pcall on the
     * way must not swallow the interrupt. A stock lua5.4 has nobody else to do it.         */
    int before = atomic_exchange(&mfl_interrupted, mfl_host_has_handler ? MFL_TOLD : 0);
    /* A loop after one that was interrupted is no cleaning up: the host's hook raises now. */
    if (before == MFL_TOLD && lua_gethook(L))
        lua_sethook(L, lua_gethook(L), LUA_MASKCOUNT, 1);
    luaL_error(L, "%s: interrupted", where);
}

/* ---- the line on the screen --------------------------------------------------------------- */

static bool utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "utf-8");
    }
    return false;
}

static bool can_draw(void) {
    const char *term = getenv("TERM");
    if (screen.pipe > 0)
        return !screen.silent;
    return !screen.silent && term && strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO);
}

void mfl_task_silence(void) {
    screen.silent = true;
}

void mfl_task_erase(void) {
    if (screen.shown && screen.pipe > 0)
        dprintf(screen.pipe, "\n");
    else if (screen.shown)
        fputs("\r\033[K", stderr);
    screen.shown = false;
}

/* 7 -> "0:07", 3725 -> "1:02:05". */
static void write_duration(char *out, size_t size, double s) {
    if (!(s < 1e7)) {
        snprintf(out, size, "--");
        return;
    }
    long whole = lround(s);
    if (whole >= 3600)
        snprintf(out, size, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(out, size, "%ld:%02ld", whole / 60, whole % 60);
}

/* 1432000, "steps" -> "1.43M steps/s". */
static void write_rate(char *out, size_t size, double rate, const char *unit) {
    const char *prefix = "";
    if (rate >= 1e6) {
        rate /= 1e6;
        prefix = "M";
    } else if (rate >= 1e4) {
        rate /= 1e3;
        prefix = "k";
    }
    snprintf(out, size, "%.3g%s %s/s", rate, prefix, unit);
}

/* A bar of `cells` cells, a fraction of them full. */
static void write_bar(char *out, size_t size, double fraction, int cells) {
    bool fine = utf8();
    const char *color = getenv("NO_COLOR");
    bool plain = color && *color;
    int full = (int)lround(fraction * cells);
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i <= cells && used < size; ++i) {
        if (!plain && (i == 0 || i == full || i == cells)) {
            const char *code = i == cells ? "\033[0m" : i < full ? "\033[36m" : "\033[2m";
            used += (size_t)snprintf(out + used, size - used, "%s", code);
        }
        if (i < cells && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s",
                                     i < full ? (fine ? "━" : "#") : (fine ? "─" : "-"));
    }
}

/* " t = 0.3 / 1   1.43M steps/s   ETA 0:07" into tail; returns the fraction done. */
static double write_tail(char *tail, size_t size, const mfl_task *task, double now, double at) {
    bool whole = screen.horizon > 0 && task->timed;
    double from = whole ? 0 : task->from, goal = whole ? screen.horizon : task->goal;
    double elapsed = at - (whole ? screen.since : task->start);
    double fraction = goal > from ? fmin(1, fmax(0, (now - from) / (goal - from))) : 1;
    double rate = (now - task->from) * task->units / fmax(at - task->start, 1e-9);
    char eta[32], speed[64];
    write_duration(eta, sizeof eta, fraction > 0 ? elapsed * (1 / fraction - 1) : HUGE_VAL);
    write_rate(speed, sizeof speed, rate, task->unit);
    snprintf(tail, size, " %s%.4g / %.4g   %s   ETA %s", task->timed ? "t = " : "", now, goal,
             speed, eta);
    return fraction;
}

/* A plain line, for who reads it later. */
static void tell(const mfl_task *task, double now, double at) {
    char tail[160];
    write_tail(tail, sizeof tail, task, now, at);
    fprintf(stderr, "%s%s\n", task->label, tail);
    screen.drawn = at;
}

static void draw(const mfl_task *task, double now, double at) {
    char bar[512], tail[160];
    struct winsize window = {0};
    int columns =
            ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col ? window.ws_col : 80;
    double fraction = write_tail(tail, sizeof tail, task, now, at);
    int cells = columns - 2 - (int)(strlen(tail) + strlen(task->label));
    screen.shown = true;
    screen.drawn = at;
    if (screen.pipe > 0) {
        dprintf(screen.pipe, "%s\t%.4f\t%s\n", task->label, fraction, tail + 1);
        return;
    }
    if (cells < 5) /* too narrow: a line that wraps could not be erased */
        snprintf(bar, sizeof bar, "%3.0f%%", 100 * fraction);
    else
        write_bar(bar, sizeof bar, fraction, cells > 40 ? 40 : cells);
    fprintf(stderr, "\r%s %s%s\033[K\r", task->label, bar, cells < 5 ? "" : tail);
    fflush(stderr);
}

/* ---- tasks ---------------------------------------------------------------------------------- */

/* Seconds between plain lines; 0 for none. */
static double tell_every(void) {
    const char *given = getenv("MEANFIELD_PROGRESS");
    double s = given && *given ? strtod(given, NULL) : TELL_EVERY;
    return s > 0 ? s : 0;
}

#define TASK_CLASS "meanfield.task"

void mfl_task_begin(mfl_task *task, const char *label, double from, double goal) {
    *task = (mfl_task){.label = label, .unit = "", .from = from, .goal = goal, .units = 1};
    task->start = seconds();
    task->draws = can_draw();
    task->tells = screen.silent || screen.pipe > 0 || isatty(STDERR_FILENO) ? 0 : tell_every();
    task->own_handler = install_handler();
}

static int task_close(lua_State *L) {
    mfl_task_end(luaL_checkudata(L, 1, TASK_CLASS));
    return 0;
}

/* Lua 5.4.4 keeps a pointer into the stack across the call of __close when lua_settop closes (its known
 * bug "lua_settop may use an invalid pointer to stack"): there must be room for that call from now on. */
void mfl_to_close(lua_State *L, int index) {
    index = lua_absindex(L, index);
    luaL_checkstack(L, 4 * LUA_MINSTACK, NULL);
    lua_toclose(L, index);
}

mfl_task *mfl_task_push(lua_State *L, const char *label, double from, double goal) {
    mfl_task *task = lua_newuserdatauv(L, sizeof *task, 0);
    *task = (mfl_task){.over = true};
    if (luaL_newmetatable(L, TASK_CLASS)) {
        lua_pushcfunction(L, task_close);
        lua_setfield(L, -2, "__close");
    }
    lua_setmetatable(L, -2);
    mfl_to_close(L, -1);
    mfl_task_begin(task, label, from, goal); /* last: from here on there is something to undo */
    return task;
}

void mfl_task_hold(mfl_task *task, bool *busy) {
    task->busy = busy;
    *busy = true;
}

void mfl_check_idle(lua_State *L, const char *class_name, bool busy) {
    if (busy)
        luaL_error(L, "this %s is busy: it cannot be used by a function that it calls itself",
                   class_name);
}

void mfl_task_time(mfl_task *task, const char *unit, double units) {
    task->timed = true;
    task->unit = unit;
    task->units = units;
}

bool mfl_task_tick(mfl_task *task, double now) {
    if (task->draws) {
        double at = seconds();
        double begun = screen.horizon > 0 && task->timed ? screen.since : task->start;
        if (at - begun >= DRAW_AFTER && at - screen.drawn >= DRAW_EVERY)
            draw(task, now, at);
    } else if (task->tells > 0) {
        double at = seconds();
        if (at - screen.ticked > PAUSE)
            screen.drawn = at;
        screen.ticked = at;
        if (at - screen.drawn >= task->tells)
            tell(task, now, at);
    }
    return mf_flag_is_set(&mfl_interrupted);
}

void mfl_task_end(mfl_task *task) {
    if (task->over)
        return;
    task->over = true;
    if (task->busy)
        *task->busy = false;
    if (!(screen.horizon > 0 && task->timed) || mf_flag_is_set(&mfl_interrupted))
        mfl_task_erase();
    if (task->own_handler)
        sigaction(SIGINT, &former, NULL);
}

/* ---- one bar for many calls ------------------------------------------------------------------ */

/* print as it was, behind the bar's back. */
static int print_below(lua_State *L) {
    mfl_task_erase();
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int horizon(lua_State *L) {
    double t_end = luaL_optnumber(L, 1, 0);
    mfl_task_erase();
    screen.horizon = t_end > 0 && isfinite(t_end) ? t_end : 0;
    screen.since = seconds();
    lua_getglobal(L, "print");
    if (can_draw() && lua_tocfunction(L, -1) != print_below) {
        lua_pushcclosure(L, print_below, 1);
        lua_setglobal(L, "print");
    }
    return 0;
}

/* mf._progress(descriptor): bars go there as lines, for a notebook to draw */
static int progress(lua_State *L) {
    screen.pipe = (int)luaL_checkinteger(L, 1);
    return 0;
}

void mfl_open_task(lua_State *L) {
    lua_pushcfunction(L, progress);
    lua_setfield(L, -2, "_progress");
    lua_pushcfunction(L, horizon);
    lua_setfield(L, -2, "_horizon");
}
