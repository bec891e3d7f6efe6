/* measure.c: mf.measure, the weighted atoms that SGD, PDE and optima all are. */
#include "measure.h"

#include "core/measure/density.h"
#include "lua/base/array.h"
#include "lua/model/distribution.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const mfl_class measure_class;

/* ---- spaces by name ------------------------------------------------------------------ */

/* The registry's list of spaces in the order in which they came: [i] and [name] -> descriptor. */
#define SPACES "meanfield.spaces"

void mfl_space_register(lua_State *L, const mf_space *space) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, SPACES);
    if (lua_getfield(L, -1, space->name) == LUA_TNIL) {
        lua_pushlightuserdata(L, (void *)(uintptr_t)space);
        lua_pushvalue(L, -1);
        lua_setfield(L, -4, space->name);
        lua_rawseti(L, -3, (lua_Integer)lua_rawlen(L, -3) + 1);
    }
    lua_pop(L, 2);
}

const mf_space *mfl_space_find(lua_State *L, const char *name) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, SPACES);
    lua_getfield(L, -1, name);
    const mf_space *space = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return space;
}

/* The space of fixed dimension whose coordinates are functions of full weights in `source`, or NULL. */
static const mf_space *find_reduced(lua_State *L, const mf_space *source) {
    const mf_space *found = NULL;
    luaL_getsubtable(L, LUA_REGISTRYINDEX, SPACES);
    for (lua_Integer i = 1; !found && lua_rawgeti(L, -1, i) != LUA_TNIL; ++i) {
        const mf_space *space = lua_touserdata(L, -1);
        found = space->source == source && mf_space_dim(space) ? space : NULL;
        lua_pop(L, 1);
    }
    lua_pop(L, found ? 1 : 2);
    return found;
}

/* Pushes "'free', 'plain' or ...". */
static const char *push_space_names(lua_State *L) {
    luaL_Buffer out;
    luaL_getsubtable(L, LUA_REGISTRYINDEX, SPACES);
    lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
    int list = lua_gettop(L);
    luaL_buffinit(L, &out);
    for (lua_Integer i = 1; i <= n; ++i) {
        lua_rawgeti(L, list, i);
        const mf_space *space = lua_touserdata(L, -1);
        lua_pop(L, 1);
        luaL_addstring(&out, i == 1 ? "'" : i < n ? ", '" : " or '");
        luaL_addstring(&out, space->name);
        luaL_addchar(&out, '\'');
    }
    luaL_pushresult(&out);
    lua_remove(L, list);
    return lua_tostring(L, -1);
}

/* ---- memory -------------------------------------------------------------------------- */

const mf_measure *mfl_measure_new(lua_State *L, const mf_space *space, size_t n, size_t dim,
                                  double **x, double **weight) {
    if (n == 0 || dim == 0 || n > (SIZE_MAX / sizeof(double) - 4096) / (dim + 1))
        luaL_error(L, "mf.measure: %I atoms of %I coordinates do not fit in memory", (lua_Integer)n,
                   (lua_Integer)dim);
    size_t head = (sizeof(mf_measure) + 63) & ~(size_t)63;
    lua_pushnil(L);
    char *block = mfl_new(L, &measure_class, head + (n * dim + (weight ? n : 0)) * sizeof(double));
    double *numbers = (double *)(void *)(block + head);
    *x = numbers;
    if (weight)
        *weight = numbers + n * dim;
    mf_measure *m = (mf_measure *)(void *)block;
    *m = (mf_measure){space, n, dim, n, numbers, weight ? numbers + n * dim : NULL};
    return m;
}

const mf_measure *mfl_measure_check(lua_State *L, int arg) {
    return mfl_check(L, arg, MFL_MEASURE);
}

const mf_measure *mfl_measure_test(lua_State *L, int arg) {
    return mfl_test(L, arg, MFL_MEASURE);
}

/* ---- construction ----------------------------------------------------------------- */

typedef struct {
    const char *space;
} measure_options;

static const mfl_field measure_fields[] = {
        {"x", MFL_ANY, .flags = MFL_REQUIRED, .aux = "an mf.array or table of numbers or rows",
         .text = "atoms: n numbers, or n rows of coordinates"},
        {"weights", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "an array or table of n numbers >= 0",
         .text = "masses, normalised to total 1; default equal"},
        {"space", MFL_STRING, offsetof(measure_options, space), .aux = "free",
         .text = "what the coordinates mean: free, length, plain, affine, or a potential's space "
                 "(radial, "
                 "two_radius, relu)"},
        MFL_END};

/* Turns mf.measure(array) into mf.measure{ x = array }. */
static void wrap_array(lua_State *L) {
    if (mfl_array_test(L, 1)) {
        lua_createtable(L, 0, 1);
        lua_insert(L, 1);
        lua_setfield(L, 1, "x");
    }
}

/* Replaces the option's value on top of the stack by a contiguous array. */
static const mfl_array *convert_option(lua_State *L, const char *name) {
    if (!mfl_array_test(L, -1) && !lua_istable(L, -1))
        mfl_option_error(L, "mf.measure", name, "an mf.array or a table", -1);
    return mfl_array_convert(L, lua_gettop(L));
}

static void check_atom(lua_State *L, const char *where, bool radius, size_t c, size_t j,
                       double value) {
    if (radius ? !(value >= 0) : !isfinite(value))
        mfl_error(L, "%s: coordinate %I of atom %I must be %s, got %f", where, (lua_Integer)c + 1,
                  (lua_Integer)j + 1, radius ? "in [0, inf]" : "finite", value);
}

/* Copies weights >= 0 of positive sum, normalised to 1. */
static void copy_weights(lua_State *L, const double *given, size_t n, double *weight) {
    double total = 0;
    for (size_t j = 0; j < n; ++j) {
        if (!(given[j] >= 0) || isinf(given[j]))
            mfl_error(L, "mf.measure: option 'weights': number %I must be finite and >= 0, got %f",
                      (lua_Integer)j + 1, given[j]);
        total += given[j];
    }
    if (!(total > 0) || isinf(total))
        luaL_error(L, "mf.measure: option 'weights' must have a positive, finite sum");
    for (size_t j = 0; j < n; ++j)
        weight[j] = given[j] / total;
}

static int measure_new(lua_State *L) {
    measure_options o = {NULL};
    lua_settop(L, 1);
    wrap_array(L);
    mfl_options(L, "mf.measure", 1, measure_fields, &o);
    lua_getfield(L, 2, "x");
    const mfl_array *a = convert_option(L, "x"), *w = NULL;
    size_t n = a->rows, dim = a->ndim == 1 ? 1 : a->cols;
    const mf_space *space = mfl_space_find(L, o.space);
    if (!space) {
        lua_getfield(L, 2, "space");
        mfl_option_error(L, "mf.measure", "space", push_space_names(L), -2);
    }
    if (n == 0 || dim == 0)
        return luaL_error(L, "mf.measure: option 'x' must hold at least one atom");
    if (!mf_space_fits(space, dim))
        return luaL_error(L,
                          "mf.measure: option 'x' must have %s%I coordinates an atom in space "
                          "'%s', got %I",
                          mf_space_dim(space) ? "" : "at least ",
                          (lua_Integer)mf_space_least_dim(space), space->name, (lua_Integer)dim);
    if (lua_getfield(L, 2, "weights") != LUA_TNIL) {
        w = convert_option(L, "weights");
        if (w->ndim != 1 || w->rows != n)
            return luaL_error(L,
                              "mf.measure: option 'weights' must be a vector of %I numbers, as "
                              "'x' has atoms, got %I",
                              (lua_Integer)n, (lua_Integer)w->rows);
    }
    double *x, *weight = NULL;
    mfl_measure_new(L, space, n, dim, &x, w ? &weight : NULL);
    for (size_t j = 0; j < n; ++j)
        for (size_t c = 0; c < dim; ++c) {
            check_atom(L, "mf.measure: option 'x'", mf_space_is_radius(space, dim, c), c, j,
                       a->data[j * dim + c]);
            x[c * n + j] = a->data[j * dim + c];
        }
    if (w)
        copy_weights(L, w->data, n, weight);
    return 1;
}

/* ---- coordinates ------------------------------------------------------------------- */

/* Coordinate from an argument: a name, a number, or nothing where there is only one. */
static size_t check_coordinate(lua_State *L, const mf_measure *m, int arg) {
    char name[32];
    if (lua_isnoneornil(L, arg)) {
        luaL_argcheck(L, m->dim == 1, arg, "which coordinate? (a name or a number)");
        return 0;
    }
    if (lua_type(L, arg) == LUA_TNUMBER) {
        lua_Integer c = luaL_checkinteger(L, arg);
        luaL_argcheck(L, c >= 1 && (size_t)c <= m->dim, arg, "no such coordinate");
        return (size_t)c - 1;
    }
    const char *wanted = luaL_checkstring(L, arg);
    for (size_t c = 0; c < m->dim; ++c) {
        mf_space_coordinate_name(m->space, m->dim, c, name);
        if (strcmp(name, wanted) == 0)
            return c;
    }
    mf_space_coordinate_name(m->space, m->dim, 0, name);
    luaL_error(L, "mf.measure: no coordinate '%s' in space '%s' (the first is '%s', there are %I)",
               wanted, m->space->name, name, (lua_Integer)m->dim);
    return 0;
}

static int measure_atoms(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    mfl_array *a = mfl_array_matrix(L, m->n, m->dim);
    for (size_t j = 0; j < m->n; ++j)
        for (size_t c = 0; c < m->dim; ++c)
            a->data[j * m->dim + c] = m->x[c * m->ld + j];
    return 1;
}

/* A new measure of other coordinates with the weights of m. */
static double *push_same_weights(lua_State *L, const mf_measure *m, const mf_space *space,
                                 size_t dim) {
    double *x, *weight = NULL;
    mfl_measure_new(L, space, m->n, dim, &x, m->weight ? &weight : NULL);
    if (weight)
        memcpy(weight, m->weight, m->n * sizeof *weight);
    return x;
}

static int measure_coordinate(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    size_t c = check_coordinate(L, m, 2);
    memcpy(mfl_array_vector(L, m->n)->data, m->x + c * m->ld, m->n * sizeof(double));
    return 1;
}

static int measure_marginal(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    size_t c = check_coordinate(L, m, 2);
    const mf_space *alone =
            mf_space_is_radius(m->space, m->dim, c) ? &mf_space_length : &mf_space_free;
    const mf_space *space = mf_space_dim(m->space) == 1 ? m->space : alone;
    memcpy(push_same_weights(L, m, space, 1), m->x + c * m->ld, m->n * sizeof(double));
    return 1;
}

static int measure_weights(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    mfl_array *a = mfl_array_vector(L, m->n);
    for (size_t j = 0; j < m->n; ++j)
        a->data[j] = mf_measure_weight(m, j);
    return 1;
}

/* ---- functions of atoms -------------------------------------------------------------- */

/* Calls the function at index 2 with the coordinates of atom j, for `results` values. */
static void call_with_atom(lua_State *L, const mf_measure *m, size_t j, int results) {
    luaL_argcheck(L, m->dim < 100000 && lua_checkstack(L, (int)m->dim + 2), 1,
                  "too many coordinates for a function call");
    lua_pushvalue(L, 2);
    for (size_t c = 0; c < m->dim; ++c)
        lua_pushnumber(L, m->x[c * m->ld + j]);
    lua_call(L, (int)m->dim, results);
}

static double check_result(lua_State *L, int index, const char *where) {
    if (lua_type(L, index) != LUA_TNUMBER || isnan(lua_tonumber(L, index)))
        mfl_error(L, "%s: the function must return a number, got %s", where,
                  luaL_tolstring(L, index, NULL));
    return lua_tonumber(L, index);
}

static double mean_of_function(lua_State *L, const mf_measure *m) {
    double sum = 0;
    for (size_t j = 0; j < m->n; ++j) {
        call_with_atom(L, m, j, 1);
        double weight = mf_measure_weight(m, j), value = check_result(L, -1, "mf.measure:mean");
        sum += weight > 0 ? weight * value : 0;
        lua_pop(L, 1);
    }
    return sum;
}

static int push_moments(lua_State *L, double (*moment)(const mf_measure *, size_t)) {
    const mf_measure *m = mfl_measure_check(L, 1);
    if (lua_isnoneornil(L, 2) && m->dim > 1) {
        mfl_array *all = mfl_array_vector(L, m->dim);
        for (size_t c = 0; c < m->dim; ++c)
            all->data[c] = moment(m, c);
    } else {
        lua_pushnumber(L, moment(m, check_coordinate(L, m, 2)));
    }
    return 1;
}

static int measure_mean(lua_State *L) {
    if (!lua_isfunction(L, 2))
        return push_moments(L, mf_measure_mean);
    lua_pushnumber(L, mean_of_function(L, mfl_measure_check(L, 1)));
    return 1;
}

static int measure_std(lua_State *L) {
    return push_moments(L, mf_measure_std);
}

static int measure_push(lua_State *L) {
    const char *where = "mf.measure:push";
    const mf_measure *m = mfl_measure_check(L, 1);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    const char *name = luaL_optstring(L, 3, "free");
    const mf_space *space = mfl_space_find(L, name);
    if (!space)
        luaL_argerror(L, 3, lua_pushfstring(L, "expected %s", push_space_names(L)));
    lua_settop(L, 3);
    call_with_atom(L, m, 0, LUA_MULTRET); /* how many coordinates come out? */
    size_t dim = (size_t)lua_gettop(L) - 3;
    if (!mf_space_fits(space, dim))
        return luaL_error(L, "%s: the function must return %I coordinates, got %I values", where,
                          (lua_Integer)mf_space_least_dim(space), (lua_Integer)dim);
    lua_settop(L, 3);
    double *x = push_same_weights(L, m, space, dim);
    for (size_t j = 0; j < m->n; ++j) {
        call_with_atom(L, m, j, LUA_MULTRET); /* dim may be beyond what Lua can be asked for */
        if ((size_t)lua_gettop(L) - 4 != dim)
            return luaL_error(L, "%s: the function returned %I values for atom 1, %d for atom %I",
                              where, (lua_Integer)dim, lua_gettop(L) - 4, (lua_Integer)j + 1);
        for (size_t c = 0; c < dim; ++c) {
            x[c * m->n + j] = check_result(L, 5 + (int)c, where);
            check_atom(L, where, mf_space_is_radius(space, dim, c), c, j, x[c * m->n + j]);
        }
        lua_settop(L, 4);
    }
    return 1;
}

typedef struct {
    uint64_t seed;
} sample_options;

static const mfl_field sample_fields[] = {
        {"seed", MFL_SEED, offsetof(sample_options, seed), .fallback = 1, .text = "of the draws"},
        MFL_END};

static int measure_sample(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    lua_Integer n = luaL_checkinteger(L, 2);
    luaL_argcheck(L, n >= 1, 2, "a number of atoms >= 1 expected");
    sample_options o = {1};
    double *x;
    lua_settop(L, 3);
    mfl_options(L, "mf.measure:sample", 3, sample_fields, &o);
    mfl_measure_new(L, m->space, (size_t)n, m->dim, &x, NULL);
    double *uniforms = mfl_array_vector(L, (size_t)n)->data;
    size_t *index = lua_newuserdatauv(L, (size_t)n * sizeof *index, 0);
    mf_atom *cumulated = lua_newuserdatauv(L, m->n * sizeof *cumulated, 0);
    mf_measure_sample(m, (mf_key){o.seed, MF_STREAM_USER}, (size_t)n, uniforms, cumulated, index);
    for (size_t c = 0; c < m->dim; ++c)
        for (size_t i = 0; i < (size_t)n; ++i)
            x[c * (size_t)n + i] = m->x[c * m->ld + index[i]];
    lua_settop(L, 5);
    return 1;
}

/* ---- quantiles -------------------------------------------------------------------------- */

/* Pushes a userdata holding the sorted atoms of one coordinate, with room for more. */
static mf_atom *push_sorted(lua_State *L, const mf_measure *m, size_t c) {
    mf_atom *sorted = lua_newuserdatauv(L, m->n * sizeof *sorted, 0);
    mf_measure_sort(m, c, sorted);
    return sorted;
}

/* fn of the number, or of every element of the array or table, at 2; coordinate at 3. */
static int push_each(lua_State *L, double (*fn)(const mf_atom *, size_t, double), double low,
                     double high, const char *expected) {
    const mf_measure *m = mfl_measure_check(L, 1);
    bool scalar = lua_type(L, 2) == LUA_TNUMBER;
    size_t n;
    lua_settop(L, 3);
    const double *at = mfl_array_doubles(L, 2, &n);
    for (size_t i = 0; i < n; ++i)
        luaL_argcheck(L, at[i] >= low && at[i] <= high, 2, expected);
    mf_atom *atoms = push_sorted(L, m, check_coordinate(L, m, 3));
    mf_atoms_cumulate(atoms, m->n);
    mfl_array *out = mfl_array_vector(L, n);
    for (size_t i = 0; i < n; ++i)
        out->data[i] = fn(atoms, m->n, at[i]);
    if (scalar)
        lua_pushnumber(L, out->data[0]);
    return 1;
}

static int measure_quantile(lua_State *L) {
    return push_each(L, mf_atoms_quantile, 0, 1, "a probability in [0, 1] expected");
}

static int measure_cdf(lua_State *L) {
    return push_each(L, mf_atoms_cdf, -HUGE_VAL, HUGE_VAL, "NaN is no place");
}

/* ---- histograms and densities ----------------------------------------------------------- */

typedef struct {
    size_t bins, points;
    bool density;
    double bandwidth;
} histogram_options;

static const mfl_field histogram_fields[] = {
        {"bins", MFL_COUNT, offsetof(histogram_options, bins), .low = 1, .high = 1e7,
         .fallback = 40, .text = "number of bins"},
        {"range", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "{low, high}",
         .text = "interval covered; default: all finite atoms"},
        {"density", MFL_BOOLEAN, offsetof(histogram_options, density), .fallback = 1,
         .text = "heights as mass per length; false: as mass"},
        {"coordinate", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a name or a number",
         .text = "which coordinate, where there is more than one"},
        MFL_END};

static const mfl_field density_fields[] = {
        {"points", MFL_COUNT, offsetof(histogram_options, points), .low = 8, .high = 1e7,
         .fallback = 401,
         .text = "number of points of the curve, made odd: edges and centres of cells"},
        {"bandwidth", MFL_NUMBER, offsetof(histogram_options, bandwidth), .high = HUGE_VAL,
         .text = "standard deviation of the Gaussian in place of every atom; 0: between "
                 "neighbours"},
        {"range", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "{low, high}",
         .text = "interval drawn; default: all of the density"},
        {"coordinate", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "a name or a number",
         .text = "which coordinate, where there is more than one"},
        MFL_END};

/* The option 'range' of the table at 3, if there is one. */
static bool read_range(lua_State *L, const char *where, double *low, double *high) {
    const char *expected = "{low, high}, finite and low < high";
    int kind = lua_getfield(L, 3, "range");
    if (kind == LUA_TNIL) {
        lua_pop(L, 1);
        return false;
    }
    if (kind != LUA_TTABLE && !mfl_array_test(L, -1))
        mfl_option_error(L, where, "range", expected, -1);
    lua_geti(L, -1, 1);
    lua_geti(L, -2, 2);
    bool numbers = lua_type(L, -1) == LUA_TNUMBER && lua_type(L, -2) == LUA_TNUMBER;
    *low = lua_tonumber(L, -2);
    *high = lua_tonumber(L, -1);
    const char *low_text = mfl_push_shown(L, -2), *high_text = mfl_push_shown(L, -2);
    if (!numbers || !(*low < *high) || isinf(*low) || isinf(*high))
        luaL_error(L, "%s: option 'range' must be %s, got {%s, %s}", where, expected, low_text,
                   high_text);
    lua_pop(L, 5);
    return true;
}

/* How far apart ends must be so that the edges of so many bins differ, and 1 over a bin's width
 * is finite. */
static double least_width(double low, double high, size_t bins) {
    double most = fmax(fabs(low), fabs(high));
    return (double)bins * fmax(8 * DBL_EPSILON * most, 1e-290);
}

static bool is_wide(double low, double high, size_t bins) {
    return high / 2 - low / 2 > least_width(low, high, bins) / 2;
}

/* From the first to the last finite atom; some width around a single place, or around places that
 * bins could not tell apart. */
static void default_range(lua_State *L, const char *where, const mf_atom *sorted, size_t n,
                          size_t bins, double *low, double *high) {
    while (n > 1 && isinf(sorted[n - 1].x))
        --n;
    *low = sorted[0].x;
    *high = sorted[n - 1].x;
    if (isinf(*high))
        luaL_error(L, "%s: all mass is at infinity; option 'range' is needed", where);
    if (!is_wide(*low, *high, bins)) {
        double width = fmax(1e-3 * fabs(*high), 2 * least_width(*low, *high, bins));
        width = *high == 0 && *low == 0 ? 0.5 : width;
        *low = fmax(*low - width, -DBL_MAX);
        *high = fmin(*high + width, DBL_MAX);
    }
}

/* Edge i of equal bins; both ends exactly. */
static double edge_of(double low, double high, size_t i, size_t bins) {
    double share = (double)i / (double)bins;
    if (i == bins)
        return high;
    return isfinite((high - low) * (double)bins) ? low + (high - low) * (double)i / (double)bins
                                                 : low * (1 - share) + high * share;
}

static int measure_histogram(lua_State *L) {
    const char *where = "mf.measure:histogram";
    const mf_measure *m = mfl_measure_check(L, 1);
    histogram_options o = {.bins = 40, .density = true};
    double low, high, inside = 0;
    lua_settop(L, 2);
    mfl_options(L, where, 2, histogram_fields, &o); /* at 3 */
    lua_getfield(L, 3, "coordinate");
    const mf_atom *sorted = push_sorted(L, m, check_coordinate(L, m, 4));
    if (!read_range(L, where, &low, &high))
        default_range(L, where, sorted, m->n, o.bins, &low, &high);
    else if (!is_wide(low, high, o.bins))
        return mfl_error(L, "%s: option 'range' is too narrow for %I bins: {%f, %f}", where,
                         (lua_Integer)o.bins, low, high);
    double *edge = mfl_array_vector(L, o.bins + 1)->data;
    double *mass = mfl_array_vector(L, o.bins)->data;
    for (size_t i = 0; i <= o.bins; ++i)
        edge[i] = edge_of(low, high, i, o.bins);
    mf_atoms_histogram(sorted, m->n, o.bins, edge, mass);
    for (size_t i = 0; i < o.bins; ++i) {
        inside += mass[i];
        if (o.density) /* halves: the width of a bin may overflow */
            mass[i] = mass[i] / 2 / (edge[i + 1] / 2 - edge[i] / 2);
    }
    lua_pushnumber(L, fmax(1 - inside, 0));
    return 3;
}

/* Pushes { {x=, mass=}, ... }. */
static void push_lumps(lua_State *L, const mf_atom *lumps, size_t n) {
    lua_createtable(L, n < 1000 ? (int)n : 1000, 0);
    for (size_t i = 0; i < n; ++i) {
        lua_createtable(L, 0, 2);
        lua_pushnumber(L, lumps[i].x);
        lua_setfield(L, -2, "x");
        lua_pushnumber(L, lumps[i].weight);
        lua_setfield(L, -2, "mass");
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static int measure_density(lua_State *L) {
    const char *where = "mf.measure:density";
    const mf_measure *m = mfl_measure_check(L, 1);
    histogram_options o = {.points = 401};
    mf_density_spec spec = {-HUGE_VAL, NAN, NAN, 0, 0, mfl_stop()};
    size_t n_lumps;
    lua_settop(L, 2);
    mfl_options(L, where, 2, density_fields, &o); /* at 3 */
    lua_getfield(L, 3, "coordinate");
    size_t c = check_coordinate(L, m, 4);
    read_range(L, where, &spec.low, &spec.high);
    spec.floor = mf_space_is_radius(m->space, m->dim, c) ? 0 : -HUGE_VAL;
    if (spec.high <= spec.floor)
        mfl_error(L, "%s: option 'range' ends at %f, where no radius is", where, spec.high);
    if (spec.low < spec.floor)
        spec.low = spec.floor;
    spec.bandwidth = o.bandwidth;
    spec.cells = o.points / 2;
    mf_atom *sorted = push_sorted(L, m, c);
    mf_atom *work = lua_newuserdatauv(L, (m->n + 4) * sizeof *work, 0);
    size_t n = mf_atoms_split(sorted, m->n, &spec, work, &n_lumps);
    push_lumps(L, work, n_lumps);
    double *x = mfl_array_vector(L, n ? 2 * spec.cells + 1 : 0)->data;
    double *p = mfl_array_vector(L, n ? 2 * spec.cells + 1 : 0)->data;
    mfl_task *task = mfl_task_push(L, "density", 0, 1);
    if (n)
        mf_atoms_density(sorted, n, &spec, work, x, p);
    mfl_task_end(task);
    mfl_task_raise(L, where);
    lua_pop(L, 1);
    lua_rotate(L, -3, 2);
    return 3;
}

/* ---- reductions to radii ------------------------------------------------------------------- */

static int measure_radius(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    mf_error err = {0};
    double *r = push_same_weights(L, m, mfl_space_find(L, "radial"), 1);
    mfl_status(L, "mf.measure:radius", mf_measure_radius(m, r, &err), &err);
    return 1;
}

typedef struct {
    size_t s0;
} radii_options;

static const mfl_field radii_fields[] = {
        {"s0", MFL_COUNT, offsetof(radii_options, s0), .flags = MFL_REQUIRED, .low = 1, .high = 1e9,
         .text = "dimension of the subspace V"},
        {"basis", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "an mf.array of s0 orthonormal rows",
         .text = "rows that span V; default: the first s0 coordinates"},
        MFL_END};

/* The option 'basis' of the table at 3 (left on the stack), s0 x d, or NULL. */
static const double *read_basis(lua_State *L, const char *where, size_t s0, size_t d) {
    if (lua_getfield(L, 3, "basis") == LUA_TNIL)
        return NULL;
    if (!mfl_array_test(L, -1) && !lua_istable(L, -1))
        mfl_option_error(L, where, "basis", "an mf.array or table of rows", -1);
    const mfl_array *basis = mfl_array_convert(L, lua_gettop(L));
    if (basis->ndim != 2 || basis->rows != s0 || basis->cols != d)
        luaL_error(L, "%s: option 'basis' must be %I x %I", where, (lua_Integer)s0, (lua_Integer)d);
    return basis->data;
}

static int measure_radii(lua_State *L) {
    const char *where = "mf.measure:radii";
    const mf_measure *m = mfl_measure_check(L, 1);
    mf_error err = {0};
    radii_options o = {0};
    lua_settop(L, 2);
    mfl_options(L, where, 2, radii_fields, &o); /* at 3 */
    const mf_space *space = find_reduced(L, m->space);
    if (!space)
        return luaL_error(L, "%s: a measure in space '%s' has no weights to project", where,
                          m->space->name);
    size_t d = mf_space_weights(m->space, m->dim);
    mf_subspace V = {.s0 = o.s0, .basis = read_basis(L, where, o.s0, d)};
    V.work = mfl_array_vector(L, d)->data;
    double *x = push_same_weights(L, m, space, mf_space_dim(space));
    mfl_status(L, where, space->reduce(m, &V, x, &err), &err);
    return 1;
}

/* (a, b, m, r) of a multi-index law's directions. */
static int measure_multi_index(lua_State *L) {
    const char *where = "mf.measure:multi_index";
    const mf_measure *m = mfl_measure_check(L, 1);
    const mf_distribution *law = mfl_check(L, 2, MFL_DISTRIBUTION);
    const mf_space *space = mfl_space_find(L, "multi_index");
    size_t d = mf_space_weights(m->space, m->dim);
    mf_error err = {0};
    lua_settop(L, 2);
    if (law->ops != &mf_law_multi_index)
        return luaL_error(L,
                          "%s: a law of mf.distribution.multi_index expected, got one of "
                          "mf.distribution.%s",
                          where, law->ops->name);
    if (m->space != space->source)
        return luaL_error(L,
                          "%s: a measure in space '%s' expected, of neurons with a and b, got one "
                          "in space '%s'",
                          where, space->source->name, m->space->name);
    if (d != law->d)
        return luaL_error(L, "%s: its w has %I coordinates, the distribution d = %I", where,
                          (lua_Integer)d, (lua_Integer)law->d);
    mf_law_index at = mf_law_index_of(law);
    mf_subspace V = {.s0 = at.k, .basis = at.U, .work = mfl_array_vector(L, d)->data};
    double *x = push_same_weights(L, m, space, at.k + 3);
    mfl_status(L, where, space->reduce(m, &V, x, &err), &err);
    return 1;
}

/* ---- tables ------------------------------------------------------------------------------------ */

static int measure_n(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mfl_measure_check(L, 1)->n);
    return 1;
}

static int measure_dim(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mfl_measure_check(L, 1)->dim);
    return 1;
}

static int measure_space(lua_State *L) {
    lua_pushstring(L, mfl_measure_check(L, 1)->space->name);
    return 1;
}

static int measure_tostring(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    luaL_Buffer out;
    char text[96];
    luaL_buffinit(L, &out);
    snprintf(text, sizeof text, "mf.measure of %zu atoms in space '%s'", m->n, m->space->name);
    luaL_addstring(&out, text);
    for (size_t c = 0; c < m->dim && c < 4; ++c) {
        char name[32];
        mf_space_coordinate_name(m->space, m->dim, c, name);
        snprintf(text, sizeof text, "%s mean %s = %.6g", c ? "," : ":", name,
                 mf_measure_mean(m, c));
        luaL_addstring(&out, text);
    }
    if (m->dim > 4)
        luaL_addstring(&out, ", ...");
    luaL_pushresult(&out);
    return 1;
}

static const mfl_fn measure_methods[] = {
        {"__len", measure_n, NULL, NULL, NULL},
        {"__tostring", measure_tostring, NULL, NULL, NULL},
        {"atoms", measure_atoms, "m:atoms()", "The atoms, an n x dim array.", NULL},
        {"weights", measure_weights, "m:weights()", "The masses, n numbers of sum 1.", NULL},
        {"coordinate", measure_coordinate, "m:coordinate(which)",
         "One coordinate of every atom, by name (\"r\", \"a\", \"r1\", \"w3\") or number.", NULL},
        {"marginal", measure_marginal, "m:marginal(which)",
         "The law of one coordinate: a measure with that coordinate alone, in space 'length' if it "
         "is a radius: its densities stay on [0, inf).",
         NULL},
        {"mean", measure_mean, "m:mean(which or fn)",
         "int f d rho of a coordinate or of fn(x1, ..., xD); without an argument of the only "
         "coordinate, or the vector of all means.",
         NULL},
        {"std", measure_std, "m:std(which)",
         "Standard deviation of a coordinate under rho (a law: no n - 1), or the vector of all.",
         NULL},
        {"quantile", measure_quantile, "m:quantile(p, which)",
         "Smallest atom x of a coordinate with rho(<= x) >= p; p a number, or an array or table.",
         NULL},
        {"cdf", measure_cdf, "m:cdf(x, which)",
         "rho(coordinate <= x); x a number, or an array or table.", NULL},
        {"histogram", measure_histogram, "m:histogram{bins=, range=, density=, coordinate=}",
         "Edges (bins + 1), heights (bins) and the mass outside the range. Bins are [edge, next "
         "edge), the last one is closed; the area of all bins is the mass inside.",
         histogram_fields},
        {"density", measure_density, "m:density{points=, bandwidth=, range=, coordinate=}",
         "Points x, density p there, and the point masses { {x=, mass=}, ... }, which are no part "
         "of p: the area under p and the point masses have total 1. By default p is the density "
         "behind deterministic particles, whose distribution function is linear between "
         "neighbours, and x is dense where mass is. Atoms that are a random sample need a "
         "bandwidth, or a histogram. Point masses are mass at infinity and places with 8 times "
         "the mass of a neighbour, such as particles absorbed at r = 0; of fewer than 8 places "
         "all (then x and p are empty).",
         density_fields},
        {"push", measure_push, "m:push(fn, space)",
         "The image of the measure: atoms fn(x1, ..., xD) with the same weights, with as many "
         "coordinates as fn returns, in the space named (default 'free').",
         NULL},
        {"sample", measure_sample, "m:sample(n, {seed=})",
         "n independent draws from the measure, as a measure of equal weights.", sample_fields},
        {"radius", measure_radius, "m:radius()",
         "The law of |w|: a measure in space 'radial' from weights or radii.", NULL},
        {"radii", measure_radii, "m:radii{s0=, basis=}",
         "The law of r1 = |P_V w|, r2 = |w - P_V w|, with a and b of affine neurons: a measure in "
         "space 'two_radius', of affine neurons 'relu'.",
         radii_fields},
        {"multi_index", measure_multi_index, "m:multi_index(law)",
         "Neurons with weights w, a, b as a potential of that multi-index law sees them: (a, b, "
         "m1, .., "
         "mk, r), m = Uw and r the length of w across the directions; a measure in space "
         "'multi_index'.",
         NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property measure_properties[] = {
        {"n", measure_n, "number of atoms"},
        {"dim", measure_dim, "number of coordinates"},
        {"space", measure_space, "what the coordinates mean"},
        {NULL, NULL, NULL}};

static const mfl_class measure_class = {
        MFL_MEASURE,
        "Weighted atoms rho = sum_j weight_j delta_theta_j: what SGD's neurons, PDE particles and "
        "optima all are. #m is the number of atoms.",
        measure_methods, measure_properties, NULL};

static const mfl_fn measure_constructor = {
        "measure", measure_new, "mf.measure{x=, weights=, space=}",
        "A measure from atoms of one's own. mf.measure(array) is mf.measure{x = array}.",
        measure_fields};

void mfl_open_measure(lua_State *L) {
    mfl_space_register(L, &mf_space_free);
    mfl_space_register(L, &mf_space_length);
    mfl_space_register(L, &mf_space_plain);
    mfl_space_register(L, &mf_space_affine);
    mfl_class_register(L, &measure_class);
    lua_newtable(L);
    mfl_callable(L, "mf", &measure_constructor);
    lua_setfield(L, -2, "measure");
}
