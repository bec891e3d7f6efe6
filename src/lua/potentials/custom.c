/* custom.c: mf.potential.custom, a feature map in Lua. */
#include "core/potentials/custom.h"

#include "lua/base/array.h"
#include "potential.h"

#include <math.h>
#include <string.h>

static const char *const where = "mf.potential.custom";

static const char *const space_names[] = {"free", "plain", "affine", NULL};
static const mf_space *const spaces[] = {&mf_space_free, &mf_space_plain, &mf_space_affine};

typedef struct {
    size_t dim, rank;
    double risk0;
    int space;
} custom_options;

const mfl_field mfl_custom_fields[] = {
        {"dim", MFL_COUNT, offsetof(custom_options, dim), .flags = MFL_REQUIRED, .low = 1,
         .high = 1e6, .text = "coordinates of theta"},
        {"rank", MFL_COUNT, offsetof(custom_options, rank), .flags = MFL_REQUIRED, .low = 1,
         .high = 1e7, .text = "length of f"},
        {"features", MFL_ANY, .flags = MFL_REQUIRED, .aux = "a function theta -> f",
         .text = "from an n x dim array, a point a row, to the n x rank array of f at them; for "
                 "all "
                 "particles at once"},
        {"gradient", MFL_ANY, .flags = MFL_REQUIRED, .aux = "a function theta, g -> gradients",
         .text = "from such an array and a vector g of rank numbers to the n x dim array of the "
                 "gradients of <g, f>; held against differences of the features when it is first "
                 "used"},
        {"b", MFL_ANY, .flags = MFL_REQUIRED, .aux = "rank numbers",
         .text = "V(theta) = <b, f(theta)>"},
        {"risk0", MFL_NUMBER, offsetof(custom_options, risk0), .flags = MFL_OPTIONAL,
         .low = -HUGE_VAL, .high = HUGE_VAL,
         .text = "R without neurons; default |b|^2, so that R = |b + m|^2"},
        {"space", MFL_ENUM, offsetof(custom_options, space), .aux = space_names,
         .text = "of theta: free: dim coordinates; plain: w; affine: (w, a, b), both with the laws "
                 "of mf.init and the measures of mf.sgd"},
        MFL_END};

/* ---- questions: in the function's own coroutine ---------------------------------------------- */

enum { FEATURES = 3, GRADIENT }; /* in the asker's table */

static void push_points(lua_State *L, const mf_custom_question *q) {
    double *x = mfl_array_matrix(L, q->n, q->dim)->data;
    for (size_t j = 0; j < q->n; ++j)
        for (size_t c = 0; c < q->dim; ++c)
            x[j * q->dim + c] = q->theta[c * q->ld + j];
}

/* The answer on top of the stack as rows, which stay there; a vector is good for one column. */
static const double *check_answer(lua_State *L, const mf_custom_question *q) {
    const char *name = q->g ? "gradient" : "features";
    size_t columns = q->g ? q->dim : q->rank;
    if (!lua_istable(L, -1) && !mfl_array_test(L, -1))
        luaL_error(L, "%s: %s must return an mf.array or a table, got %s", where, name,
                   mfl_push_shown(L, -1));
    const mfl_array *a = mfl_array_option(L, where, name);
    size_t got = a->ndim == 2 ? a->cols : 1;
    if (a->rows != q->n || got != columns)
        luaL_error(L, "%s: %s must return n x %s = %I x %I numbers, got %I x %I", where, name,
                   q->g ? "dim" : "rank", (lua_Integer)q->n, (lua_Integer)columns,
                   (lua_Integer)a->rows, (lua_Integer)got);
    return a->data;
}

typedef struct {
    const mf_custom_question *question;
    mf_error *err;
} request;

/* The table of the asker at 1, the request at 2. */
static int answer(lua_State *L) {
    const request *r = lua_touserdata(L, 2);
    const mf_custom_question *q = r->question;
    lua_rawgeti(L, 1, q->g ? GRADIENT : FEATURES);
    push_points(L, q);
    if (q->g)
        memcpy(mfl_array_vector(L, q->rank)->data, q->g, q->rank * sizeof *q->g);
    lua_call(L, q->g ? 2 : 1, 1);
    lua_pushinteger(L, mf_custom_take(q, check_answer(L, q), r->err));
    return 1;
}

static mf_status ask(void *context, const mf_custom_question *q, mf_error *err) {
    request r = {q, err};
    return mfl_ask(context, answer, &r, err);
}

/* ---- constructor ------------------------------------------------------------------------------ */

/* The option `name` of the table at 2 into the asker's table at 3. */
static void keep_function(lua_State *L, const char *name, int slot) {
    if (lua_getfield(L, 2, name) != LUA_TFUNCTION)
        mfl_option_error(L, where, name, "a function", -1);
    lua_rawseti(L, 3, slot);
}

/* b, on the stack; the default of risk0. */
static const double *read_b(lua_State *L, custom_options *o) {
    lua_getfield(L, 2, "b");
    const mfl_array *b = mfl_array_option(L, where, "b");
    double square = 0;
    if (b->rows * b->cols != o->rank)
        luaL_error(L, "%s: option 'b' must have rank = %I numbers, got %I", where,
                   (lua_Integer)o->rank, (lua_Integer)(b->rows * b->cols));
    for (size_t k = 0; k < o->rank; ++k) {
        if (!isfinite(b->data[k]))
            mfl_error(L, "%s: option 'b': number %I must be finite, got %f", where,
                      (lua_Integer)k + 1, b->data[k]);
        square += b->data[k] * b->data[k];
    }
    o->risk0 = isnan(o->risk0) ? square : o->risk0;
    lua_pushnumber(L, o->risk0);
    lua_setfield(L, 2, "risk0");
    return b->data;
}

int mfl_potential_custom(lua_State *L) {
    custom_options o = {.risk0 = NAN};
    mf_error err = {MF_OK, ""};
    lua_settop(L, 1);
    mfl_options(L, where, 1, mfl_custom_fields, &o); /* at 2 */
    mfl_asker *asker = mfl_asker_push(L);            /* its table at 3 */
    keep_function(L, "features", FEATURES);
    keep_function(L, "gradient", GRADIENT);
    const mf_space *space = spaces[o.space];
    if (!mf_space_fits(space, o.dim))
        return luaL_error(L, "%s: option 'dim' must be at least %I in space '%s', got %I", where,
                          (lua_Integer)mf_space_least_dim(space), space->name, (lua_Integer)o.dim);
    const double *b = read_b(L, &o); /* at 4 */
    lua_pushvalue(L, 2);
    mf_potential **box = mfl_potential_push(L); /* at 5, closed */
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, 5, 2);
    mf_custom_spec spec = {o.dim, o.rank, space, o.risk0, b, ask, asker};
    mfl_status(L, where, mf_custom_new(&spec, box, &err), &err);
    lua_settop(L, 5);
    return 1;
}
