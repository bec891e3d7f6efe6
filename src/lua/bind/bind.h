/* bind.h: the border between Lua and the core.
 *
 * Bindings translate and check; they hold no mathematics. Three tables describe all
 * that a user can see, and everything is driven by them: reading options, defaults,
 * range checks, error texts, help(), the API reference and the provenance record.
 *   mfl_field   one named option (or argument-table entry) of a constructor or method
 *   mfl_fn      one function or method, with its signature and its text
 *   mfl_class   one kind of userdata: methods, properties, how it prints
 *
 * Ownership. A workspace *is* its userdata (mfl_new with its true size): nothing to
 * free. A handle (file, library object) is a userdata made closed and with its
 * metatable first, then opened; its class has `close`, which must be idempotent and
 * serves as both __gc and __close. No memory is ever owned by a C local while a
 * luaL_ or lua_ call that can throw runs.                                          */
#ifndef MFL_BIND_H
#define MFL_BIND_H

#include "core/base/status.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- options ---------------------------------------------------------------- */

typedef enum {
    MFL_NUMBER,  /* double                                                        */
    MFL_COUNT,   /* size_t; an integer in [low, high]                             */
    MFL_DIM,     /* double: an integer in [low, high], or math.huge with MFL_INF  */
    MFL_SEED,    /* uint64_t: any integer >= 0                                    */
    MFL_BOOLEAN, /* bool                                                          */
    MFL_ENUM,    /* int: index into the names in `aux`                            */
    MFL_STRING,  /* const char *: anchored by the option table                    */
    MFL_OBJECT,  /* void *: payload of a userdata of the class named in `aux`     */
    MFL_TABLE,   /* not read: a table                                             */
    MFL_RANGE,   /* not read: {low, high} with low < high                         */
    MFL_ANY      /* not read: the binding takes it from the filled table itself   */
} mfl_type;

enum {
    MFL_REQUIRED = 1,  /* no default: leaving it out is an error      */
    MFL_OPEN_LOW = 2,  /* low itself is not allowed                   */
    MFL_OPEN_HIGH = 4, /* high itself is not allowed                  */
    MFL_INF = 8,       /* infinity is allowed (NaN never is)          */
    MFL_OPTIONAL = 16  /* no default and not required: stays untouched */
};

typedef struct {
    const char *name;
    mfl_type type;
    size_t offset; /* of the value in the struct that mfl_options fills   */
    unsigned flags;
    double low, high; /* range of numbers                              */
    double fallback;  /* default: number, count, boolean, enum index   */
    const void *aux;  /* MFL_ENUM: const char *const[] ending in NULL; MFL_OBJECT: class name;
                         MFL_STRING: default; MFL_ANY, MFL_TABLE and a string without default:
                         what is expected, in words */
    const char *text; /* one line for help; units and equation included */
} mfl_field;

/* The largest magnitude and the smallest factor that options take: squares, and their products with a third
 * number, stay finite.                                                                                  */
#define MFL_LARGE 1e100
#define MFL_SMALL 1e-100

/* Ends a field table. */
#define MFL_END                                                                                    \
    { .name = NULL }

/* Reads the table at `index` (absent or nil counts as empty) into `out` by `fields`.
 * Strict: an unknown key is an error that names the nearest known one. Pushes a NEW
 * table with every option, defaults filled in; the caller's table is not changed.
 * `where` is the function's public name ("mf.sgd"), used in errors:
 *     mf.sgd: option 'N' must be an integer in [1, inf), got -3                    */
void mfl_options(lua_State *L, const char *where, int index, const mfl_field *fields, void *out);

/* Raises "where: option 'name' must be <expected>, got <value at index>". */
int mfl_option_error(lua_State *L, const char *where, const char *name, const char *expected,
                     int index);

/* Pushes how a value reads in an error message: 3, 'abc', nil, a table, an mf.sgd. */
const char *mfl_push_shown(lua_State *L, int index);

/* lua_pushfstring and luaL_error for numbers that may be NaN, which the C library may print as -nan. */
const char *mfl_format(lua_State *L, const char *format, ...);
int mfl_error(lua_State *L, const char *format, ...);

/* The string at arg as a path: not empty, and without the NUL at which C would cut it. */
const char *mfl_path(lua_State *L, int arg);

/* ---- functions and classes ---------------------------------------------------- */

typedef struct {
    const char *name;
    lua_CFunction fn;
    const char *signature;   /* "sgd:advance(t)"; NULL only for metamethods         */
    const char *text;        /* what it does, returns, raises; equation where it has one */
    const mfl_field *fields; /* of its option table, or NULL                         */
} mfl_fn;

/* A read-only property: fn is called with the object at index 1 and pushes one value. */
typedef struct {
    const char *name;
    lua_CFunction fn;
    const char *text;
} mfl_property;

typedef struct {
    const char *name;               /* "mf.sgd": __name, and the key for help            */
    const char *text;               /* one paragraph                                     */
    const mfl_fn *methods;          /* ends with name NULL; "__xyz" go to the metatable   */
    const mfl_property *properties; /* ends with name NULL; may be NULL                   */
    void (*close)(void *payload);   /* handles only: idempotent; serves __gc and __close  */
} mfl_class;

/* Registers a class once (idempotent). Every object answers `.options`, a copy of the
 * table that mfl_options pushed, and tostring(), unless the class defines its own.        */
void mfl_class_register(lua_State *L, const mfl_class *class);

/* Adds methods that another file holds to a registered class (never __index). */
void mfl_class_methods(lua_State *L, const char *class_name, const mfl_fn *methods);

/* New object of `size` bytes, 64-byte aligned and zeroed; pops the option table on top
 * of the stack (nil is allowed) and keeps a copy, so that everything it names stays alive.
 * Pushes the userdata, returns its payload. One extra user value (index 2) is free for
 * the binding. */
void *mfl_new(lua_State *L, const mfl_class *class, size_t size);

/* Payload of the object at arg, or an argument error naming the expected class. */
void *mfl_check(lua_State *L, int arg, const char *class_name);
void *mfl_test(lua_State *L, int arg, const char *class_name); /* NULL if not */

/* Adds functions to the table on top of the stack and records their documentation
 * under `prefix` ("mf.distribution").                                               */
void mfl_functions(lua_State *L, const char *prefix, const mfl_fn *functions);

/* Makes the table on top of the stack callable: t(...) calls fn(...), and the table itself
 * is documented as prefix.name. For constructors that have companions: mf.array(...) beside
 * mf.array.zeros(...).                                                              */
void mfl_callable(lua_State *L, const char *prefix, const mfl_fn *fn);

/* Raises the Lua error for a negative status: "where: text", or what a function raised that the core
 * asked through mfl_ask. Statuses >= 0 return.                                                  */
void mfl_status(lua_State *L, const char *where, mf_status status, const mf_error *err);

/* ---- functions that the core asks ---------------------------------------------------- */

/* Lua for a callback that the core calls where nothing may be thrown: a coroutine of its own, anchored by the
 * table that mfl_asker_push pushes. In it the core's thread, which is the one that runs Lua, is called back. */
typedef struct {
    lua_State *L;
    bool busy;
} mfl_asker;

mfl_asker *mfl_asker_push(lua_State *L);

/* Calls body, with the table at index 1 and `context` at 2, protected; returns its integer, a status. What it
 * raises becomes MF_ERAISED, with the text in err, and is kept for mfl_status. Ctrl-C stops Lua in it.     */
mf_status mfl_ask(mfl_asker *, lua_CFunction body, void *context, mf_error *err);

/* ---- long loops ----------------------------------------------------------------- */

/* A native loop on behalf of Lua, in slices of some milliseconds:
 *     mfl_task *task = mfl_task_push(L, "sgd", from, goal);    (one more value on the stack)
 *     mfl_task_time(task, "steps", 1 / eps);       (if from, goal and x are times t)
 *     mfl_task_hold(task, &box->busy);             (if Lua may be called on the way)
 *     while (x < goal) { ... advance one slice, passing mfl_stop() ...;
 *                        if (mfl_task_tick(task, x)) break; }
 *     mfl_task_end(task);
 *     mfl_task_raise(L, "sgd:advance");            (raises "interrupted" if it was)
 * The task draws the progress bar (terminal only, at most 10 times a second) and makes
 * Ctrl-C set the flag, in our host and in a stock lua5.4 alike. It is a to-be-closed value:
 * an error thrown by whatever is called on the way ends it as well.                      */
typedef struct {
    const char *label, *unit; /* of the rate: "steps" is shown as steps/s          */
    double from, goal, units; /* units done while x grows by one                   */
    double start;             /* seconds                                           */
    double tells;             /* seconds between plain lines; 0 for none           */
    bool timed;               /* x is the time t: part of the bar of mf._horizon() */
    bool draws, own_handler, over;
    bool *busy; /* set while the task runs; NULL: nothing is held    */
} mfl_task;

/* Tells mf.file.watch's function that this file will be read. */
void mfl_tell_read(lua_State *L, const char *path);

/* lua_toclose, safe for lua_settop and lua_pop with up to 40 more values: the only way to it. */
void mfl_to_close(lua_State *L, int index);

mfl_task *mfl_task_push(lua_State *L, const char *label, double from, double goal);
void mfl_task_time(mfl_task *task, const char *unit, double units);
void mfl_task_hold(mfl_task *task, bool *busy);
bool mfl_task_tick(mfl_task *task, double now); /* true: stop */
void mfl_task_end(mfl_task *task);              /* idempotent */
void mfl_task_raise(lua_State *L, const char *where);

/* The same for an owner that has a close of its own and ends the task there. */
void mfl_task_begin(mfl_task *task, const char *label, double from, double goal);

/* Raises if the object is at work: a callback that it called has called it. */
void mfl_check_idle(lua_State *L, const char *class_name, bool busy);

/* ---- long calls that outlive their process (keep.c) ------------------------------- */

/* Before the first step of a call on the object at index 1, whose arguments are the whole stack.
 * True: an earlier process has done this call, and the object is where it left it. Pushes two
 * values: lists of what the call had seen until then and how much, or nil and nil. The object may
 * have another workspace afterwards: look at it again.                                        */
bool mfl_keep_begin(lua_State *L, const char *method);

/* Between two slices. lists: stack index of what has been seen so far (0: none). */
void mfl_keep_tick(lua_State *L, mfl_task *task, int lists, lua_Integer seen);

/* After the last step. */
void mfl_keep_end(lua_State *L, int lists);

void mfl_task_silence(void); /* no bar from this process, ever (workers)      */
void mfl_task_erase(void);   /* takes a bar left by mf._horizon off the screen */

const mf_flag *mfl_stop(void);    /* the flag handed to the core          */
extern mf_flag mfl_interrupted;   /* set by signal handlers               */
enum { MFL_TOLD = 2 };            /* its value once an error has told Lua of the interrupt */
extern bool mfl_host_has_handler; /* the host handles SIGINT by itself     */
extern bool mfl_ended_well;       /* the host has run its script without an error */

/* The host's note of the coroutine that runs: returns the one before. NULL in a stock lua5.4. */
extern lua_State *(*mfl_host_runs)(lua_State *);

/* ---- modules --------------------------------------------------------------------- */

/* Each binding file has one opener, called with the module table `mf` on top of the
 * stack: it registers its classes and adds its functions. The list is in module.c.   */
#define MFL_MODULES(X)                                                                             \
    X(options)                                                                                     \
    X(array)                                                                                       \
    X(rng)                                                                                         \
    X(activation)                                                                                  \
    X(loss)                                                                                        \
    X(schedule)                                                                                    \
    X(distribution)                                                                                \
    X(number)                                                                                      \
    X(init)                                                                                        \
    X(measure)                                                                                     \
    X(transport)                                                                                   \
    X(potential)                                                                                   \
    X(pde)                                                                                         \
    X(fluctuations)                                                                                \
    X(grid)                                                                                        \
    X(jko)                                                                                         \
    X(saved)                                                                                       \
    X(sgd)                                                                                         \
    X(optimum)                                                                                     \
    X(gibbs)                                                                                       \
    X(stability)                                                                                   \
    X(rest)                                                                                        \
    X(prove)                                                                                       \
    X(store)                                                                                       \
    X(table)                                                                                       \
    X(data)                                                                                        \
    X(runtime)                                                                                     \
    X(locale)                                                                                      \
    X(bench)                                                                                       \
    X(process)                                                                                     \
    X(pool)                                                                                        \
    X(file)                                                                                        \
    X(terminal)                                                                                    \
    X(bar)                                                                                         \
    X(descend)                                                                                     \
    X(task)                                                                                        \
    X(keep)

#define X(name) void mfl_open_##name(lua_State *L);
MFL_MODULES(X)
#undef X

/* Makes require find "meanfield.native" and the Lua modules beside this code (idempotent). */
void mfl_add_searcher(lua_State *L);

#endif
