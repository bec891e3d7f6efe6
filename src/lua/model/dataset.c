/* dataset.c: mf.distribution.dataset, a finite data set as a law. */
#include "core/model/dataset.h"

#include "core/base/checksum.h"
#include "distribution.h"
#include "lua/base/array.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const where = "mf.distribution.dataset";

enum { MOST_D = 10000000, SLICE = 1 << 18 /* numbers between two looks at Ctrl-C */ };

typedef struct {
    int order;
    uint64_t seed;
} dataset_options;

static const char *const order_names[] = {"shuffle", "cyclic", NULL};

const mfl_field mfl_dataset_fields[] = {
        {"x", MFL_ANY, .flags = MFL_REQUIRED, .aux = "an n x d array or a table of n rows",
         .text = "the examples, one a row, as mf.data.read gives them; n numbers: d = 1"},
        {"y", MFL_ANY, .flags = MFL_REQUIRED, .aux = "n numbers",
         .text = "their labels; one column of a table is one, too"},
        {"order", MFL_ENUM, offsetof(dataset_options, order), .aux = order_names,
         .text = "shuffle: a new random order in every epoch; cyclic: as they are"},
        {"seed", MFL_SEED, offsetof(dataset_options, seed), .flags = MFL_OPTIONAL,
         .text = "seed of the orders; default: that of the run"},
        MFL_END};

/* The userdata: behind it X, y and the deck of law:sample. */
typedef struct {
    mf_distribution law;
    mf_examples examples;
    double number[MF_DATASET_NUMBERS];
} dataset;

static const mfl_array *read_x(lua_State *L, size_t *d) {
    lua_getfield(L, 2, "x");
    const mfl_array *x = mfl_array_option(L, where, "x");
    *d = x->ndim == 2 ? x->cols : 1;
    if (x->rows < 1 || x->rows > MF_EXAMPLES_MAX || *d < 1 || *d > MOST_D)
        luaL_error(L, "%s: option 'x' must have 1 .. %I rows of 1 .. %d numbers, got %I x %I",
                   where, (lua_Integer)MF_EXAMPLES_MAX, MOST_D, (lua_Integer)x->rows,
                   (lua_Integer)*d);
    return x;
}

static const mfl_array *read_y(lua_State *L, size_t n) {
    lua_getfield(L, 2, "y");
    const mfl_array *y = mfl_array_option(L, where, "y");
    if (y->ndim == 2 && y->cols != 1)
        luaL_error(L, "%s: option 'y' must be one number for each example, got %I x %I", where,
                   (lua_Integer)y->rows, (lua_Integer)y->cols);
    if (y->rows != n)
        luaL_error(L, "%s: option 'x' has %I examples but 'y' has %I labels", where, (lua_Integer)n,
                   (lua_Integer)y->rows);
    return y;
}

/* Copies n rows of d numbers, all finite, and adds them to the checksum. */
static void copy(lua_State *L, const char *name, const double *from, size_t n, size_t d, double *to,
                 uint64_t *checksum) {
    mfl_task *task = mfl_task_push(L, "data set", 0, (double)(n * d));
    for (size_t at = 0; at < n * d && !mfl_task_tick(task, (double)at); at += SLICE) {
        size_t count = n * d - at < SLICE ? n * d - at : SLICE;
        for (size_t i = at; i < at + count; ++i)
            if (!isfinite(from[i]))
                mfl_error(L, "%s: option '%s': number %I of example %I must be finite, got %f",
                          where, name, (lua_Integer)(i % d) + 1, (lua_Integer)(i / d) + 1, from[i]);
        memcpy(to + at, from + at, count * sizeof *to);
        *checksum = mf_checksum_add(*checksum, to + at, count * sizeof *to);
    }
    mfl_task_end(task);
    mfl_task_raise(L, where);
    lua_pop(L, 1);
}

/* What the options at 2 say of the numbers, in the place of these. */
static void describe(lua_State *L, size_t n, size_t d) {
    lua_pushnil(L);
    lua_setfield(L, 2, "x");
    lua_pushnil(L);
    lua_setfield(L, 2, "y");
    lua_pushinteger(L, (lua_Integer)n);
    lua_setfield(L, 2, "n");
    lua_pushinteger(L, (lua_Integer)d);
    lua_setfield(L, 2, "d");
}

/* The checksum into the options of the law on top, once they are the law's own. */
static void describe_checksum(lua_State *L, uint64_t checksum) {
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, checksum);
    lua_getiuservalue(L, -1, 1);
    lua_pushstring(L, text);
    lua_setfield(L, -2, "checksum");
    lua_pop(L, 1);
}

int mfl_distribution_dataset(lua_State *L) {
    dataset_options o = {0};
    size_t d = 0;
    lua_settop(L, 1);
    mfl_options(L, where, 1, mfl_dataset_fields, &o); /* at 2 */
    const mfl_array *x = read_x(L, &d);               /* at 3 */
    size_t n = x->rows;
    const mfl_array *y = read_y(L, n); /* at 4 */
    mf_dataset set = {.n = n, .cyclic = o.order == 1, .seed = o.seed};
    set.has_seed = lua_getfield(L, 2, "seed") != LUA_TNIL;
    mf_distribution law = {.ops = &mf_law_dataset, .d = d, .numbers = MF_DATASET_NUMBERS};
    if (n > SIZE_MAX / 64 / (d + 2))
        return luaL_error(L, "%s: %I examples of %I numbers do not fit in memory", where,
                          (lua_Integer)n, (lua_Integer)d);
    describe(L, n, d);
    lua_pushvalue(L, 2);
    size_t deck = mf_dataset_deck_bytes(&set);
    dataset *s = (void *)mfl_distribution_push(L, sizeof *s + n * (d + 1) * sizeof(double) + deck);
    int at = lua_gettop(L);
    double *X = (double *)(void *)(s + 1);
    copy(L, "x", x->data, n, d, X, &set.checksum);
    copy(L, "y", y->data, n, 1, X + n * d, &set.checksum);
    mf_dataset_numbers(&set, s->number);
    s->examples = (mf_examples){n, X, X + n * d};
    law.number = s->number;
    law.examples = &s->examples;
    law.deck = (void *)(X + n * (d + 1));
    s->law = law;
    lua_settop(L, at);
    describe_checksum(L, set.checksum);
    return 1;
}
