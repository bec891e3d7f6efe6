/* measure.c: mf.measure, the weighted atoms that SGD, PDE and optima all are. */
#include "measure.h"

#include "array.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const mfl_class measure_class;

static const char *const space_names[] = {
#define X(name, text) text,
        MF_SPACE_LIST(X)
#undef X
                NULL};

const mf_measure *mfl_measure_new(lua_State *L, mf_space space, size_t n, size_t dim, double **x,
                                  double **weight) {
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

void mfl_coordinate_name(const mf_measure *m, size_t c, char *text) {
    static const char *const relu[] = {"a", "b", "r1", "r2"}, *const after[] = {"a", "b"};
    if (m->space == MF_SPACE_RADIAL)
        snprintf(text, 32, "r");
    else if (m->space == MF_SPACE_TWO_RADIUS)
        snprintf(text, 32, "r%zu", c + 1);
    else if (m->space == MF_SPACE_RELU)
        snprintf(text, 32, "%s", relu[c]);
    else if (m->space == MF_SPACE_AFFINE && c + 2 >= m->dim)
        snprintf(text, 32, "%s", after[c + 2 - m->dim]);
    else
        snprintf(text, 32, "%c%zu", m->space == MF_SPACE_FREE ? 'x' : 'w', c + 1);
}

/* ---- construction ----------------------------------------------------------------- */

typedef struct {
    int space;
} measure_options;

static const mfl_field measure_fields[] = {
        {"x", MFL_ANY, 0, MFL_REQUIRED, 0, 0, 0, "an mf.array or table of numbers or rows",
         "atoms: n numbers, or n rows of coordinates"},
        {"weights", MFL_ANY, 0, MFL_OPTIONAL, 0, 0, 0, "an array or table of n numbers >= 0",
         "masses, normalised to total 1; default equal"},
        {"space", MFL_ENUM, offsetof(measure_options, space), 0, 0, 0, 0, space_names,
         "what the coordinates mean; default free"},
        MFL_END};

/* Fixed numbers of coordinates; 0: any. */
static size_t dimension_of(mf_space space) {
    switch (space) {
    case MF_SPACE_RADIAL:
        return 1;
    case MF_SPACE_TWO_RADIUS:
        return 2;
    case MF_SPACE_RELU:
        return 4;
    default:
        return 0;
    }
}

/* True if coordinate c is a radius, which may be infinite but not negative. */
static bool is_radius(mf_space space, size_t c) {
    return space == MF_SPACE_RADIAL || space == MF_SPACE_TWO_RADIUS ||
           (space == MF_SPACE_RELU && c >= 2);
}

static int measure_new(lua_State *L) {
    const char *where = "mf.measure";
    measure_options o = {MF_SPACE_FREE};
    lua_remove(L, 1); /* called through __call */
    lua_settop(L, 1);
    mfl_options(L, where, 1, measure_fields, &o);
    lua_getfield(L, -1, "x");
    if (!mfl_array_test(L, -1)) {
        if (!lua_istable(L, -1))
            return mfl_option_error(L, where, "x", "an mf.array or a table of numbers or rows", -1);
        lua_getglobal(L, "require");
        lua_pushliteral(L, "meanfield.native");
        lua_call(L, 1, 1);
        lua_getfield(L, -1, "array");
        lua_pushvalue(L, -3);
        lua_call(L, 1, 1);
    }
    const mfl_array *a = mfl_array_check(L, -1);
    size_t n = a->rows, dim = a->ndim == 1 ? 1 : a->cols, wanted = dimension_of((mf_space)o.space);
    if (n == 0 || dim == 0)
        return luaL_error(L, "%s: option 'x' must hold at least one atom", where);
    if (wanted && dim != wanted)
        return luaL_error(L,
                          "%s: option 'x' must have %I coordinates an atom in space '%s', got %I",
                          where, (lua_Integer)wanted, space_names[o.space], (lua_Integer)dim);
    size_t given = 0;
    const double *w = NULL;
    if (lua_getfield(L, 2, "weights") != LUA_TNIL) {
        w = mfl_array_doubles(L, -1, &given);
        if (given != n)
            return luaL_error(L, "%s: option 'weights' must have %I numbers like 'x', got %I",
                              where, (lua_Integer)n, (lua_Integer)given);
    }
    double *x, *weight = NULL, total = 0;
    mfl_measure_new(L, (mf_space)o.space, n, dim, &x, w ? &weight : NULL);
    for (size_t c = 0; c < dim; ++c)
        for (size_t j = 0; j < n; ++j) {
            double value = a->ndim == 1 ? a->data[j * a->stride] : a->data[j * a->stride + c];
            bool radius = is_radius((mf_space)o.space, c);
            if (isnan(value) || (isinf(value) && !radius) || (radius && value < 0))
                return luaL_error(L, "%s: option 'x': coordinate %I of atom %I must be %s, got %f",
                                  where, (lua_Integer)c + 1, (lua_Integer)j + 1,
                                  radius ? "in [0, inf]" : "finite", value);
            x[c * n + j] = value;
        }
    for (size_t j = 0; w && j < n; ++j) {
        if (!(w[j] >= 0) || isinf(w[j]))
            return luaL_error(L, "%s: option 'weights': number %I must be finite and >= 0, got %f",
                              where, (lua_Integer)j + 1, w[j]);
        total += w[j];
    }
    if (w && !(total > 0 && !isinf(total)))
        return luaL_error(L, "%s: option 'weights' must have a positive, finite sum", where);
    for (size_t j = 0; w && j < n; ++j)
        weight[j] = w[j] / total;
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
        mfl_coordinate_name(m, c, name);
        if (strcmp(name, wanted) == 0)
            return c;
    }
    mfl_coordinate_name(m, 0, name);
    luaL_error(L, "mf.measure: no coordinate '%s' in space '%s' (the first is '%s', there are %I)",
               wanted, mf_space_name(m->space), name, (lua_Integer)m->dim);
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

static int measure_coordinate(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    size_t c = check_coordinate(L, m, 2);
    memcpy(mfl_array_vector(L, m->n)->data, m->x + c * m->ld, m->n * sizeof(double));
    return 1;
}

static int measure_weights(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    mfl_array *a = mfl_array_vector(L, m->n);
    for (size_t j = 0; j < m->n; ++j)
        a->data[j] = mf_measure_weight(m, j);
    return 1;
}

/* ---- means and quantiles -------------------------------------------------------------- */

static double mean_of(const mf_measure *m, size_t c) {
    double sum = 0;
    for (size_t j = 0; j < m->n; ++j)
        sum += mf_measure_weight(m, j) * m->x[c * m->ld + j];
    return sum;
}

static int measure_mean(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    if (lua_isfunction(L, 2)) {
        luaL_checkstack(L, m->dim > 100000 ? 100000 : (int)m->dim + 2, "too many coordinates");
        double sum = 0;
        for (size_t j = 0; j < m->n; ++j) {
            lua_pushvalue(L, 2);
            for (size_t c = 0; c < m->dim; ++c)
                lua_pushnumber(L, m->x[c * m->ld + j]);
            lua_call(L, (int)m->dim, 1);
            if (lua_type(L, -1) != LUA_TNUMBER)
                return luaL_error(L, "mf.measure:mean: the function must return a number, got %s",
                                  luaL_typename(L, -1));
            sum += mf_measure_weight(m, j) * lua_tonumber(L, -1);
            lua_pop(L, 1);
        }
        lua_pushnumber(L, sum);
    } else if (lua_isnoneornil(L, 2) && m->dim > 1) {
        mfl_array *means = mfl_array_vector(L, m->dim);
        for (size_t c = 0; c < m->dim; ++c)
            means->data[c] = mean_of(m, c);
    } else {
        lua_pushnumber(L, mean_of(m, check_coordinate(L, m, 2)));
    }
    return 1;
}

static int measure_std(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    size_t c = check_coordinate(L, m, 2);
    double mean = mean_of(m, c), square = 0;
    for (size_t j = 0; j < m->n; ++j) {
        double x = m->x[c * m->ld + j] - mean;
        square += mf_measure_weight(m, j) * x * x;
    }
    lua_pushnumber(L, sqrt(square));
    return 1;
}

/* Pushes a userdata holding the sorted atoms of one coordinate. */
static const mf_atom *push_sorted(lua_State *L, const mf_measure *m, size_t c) {
    mf_atom *sorted = lua_newuserdatauv(L, m->n * sizeof *sorted, 0);
    mf_measure_sort(m, c, sorted);
    return sorted;
}

static int measure_quantile(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    double p = luaL_checknumber(L, 2);
    luaL_argcheck(L, p >= 0 && p <= 1, 2, "a probability in [0, 1] expected");
    const mf_atom *sorted = push_sorted(L, m, check_coordinate(L, m, 3));
    lua_pushnumber(L, mf_atoms_quantile(sorted, m->n, p));
    return 1;
}

static int measure_cdf(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    double x = luaL_checknumber(L, 2);
    const mf_atom *sorted = push_sorted(L, m, check_coordinate(L, m, 3));
    lua_pushnumber(L, mf_atoms_cdf(sorted, m->n, x));
    return 1;
}

/* ---- histograms and densities ----------------------------------------------------------- */

typedef struct {
    size_t cells;
    bool density;
} histogram_options;

#define RANGE_AND_COORDINATE                                                                       \
    {"range",                                                                                      \
     MFL_ANY,                                                                                      \
     0,                                                                                            \
     MFL_OPTIONAL,                                                                                 \
     0,                                                                                            \
     0,                                                                                            \
     0,                                                                                            \
     "{low, high}",                                                                                \
     "interval covered; default: all finite atoms"},                                               \
    {                                                                                              \
        "coordinate", MFL_ANY, 0, MFL_OPTIONAL, 0, 0, 0, "a name or a number",                     \
                "which coordinate, where there is more than one"                                   \
    }

static const mfl_field histogram_fields[] = {{"bins", MFL_COUNT, offsetof(histogram_options, cells),
                                              0, 1, 1e7, 40, NULL, "number of bins"},
                                             {"density", MFL_BOOLEAN,
                                              offsetof(histogram_options, density), 0, 0, 0, 1,
                                              NULL, "heights as mass per length; false: as mass"},
                                             RANGE_AND_COORDINATE,
                                             MFL_END};

static const mfl_field density_fields[] = {{"points", MFL_COUNT, offsetof(histogram_options, cells),
                                            0, 1, 1e7, 400, NULL, "number of cells"},
                                           RANGE_AND_COORDINATE,
                                           MFL_END};

static void read_range(lua_State *L, const char *where, int options, const mf_atom *sorted,
                       size_t n, double *low, double *high) {
    if (lua_getfield(L, options, "range") == LUA_TTABLE) {
        lua_geti(L, -1, 1);
        lua_geti(L, -2, 2);
        *low = lua_tonumber(L, -2);
        *high = lua_tonumber(L, -1);
        if (lua_type(L, -1) != LUA_TNUMBER || lua_type(L, -2) != LUA_TNUMBER || !(*low < *high) ||
            isinf(*low) || isinf(*high))
            luaL_error(L, "%s: option 'range' must be {low, high} with low < high, both finite",
                       where);
        lua_pop(L, 3);
        return;
    }
    if (!lua_isnil(L, -1))
        mfl_option_error(L, where, "range", "{low, high}", -1);
    lua_pop(L, 1);
    size_t last = n - 1;
    while (last > 0 && isinf(sorted[last].x))
        --last;
    *low = sorted[0].x;
    *high = sorted[last].x;
    if (isinf(*low) || isinf(*high))
        luaL_error(L, "%s: all mass is at infinity; give option 'range'", where);
    if (!(*high > *low)) { /* one atom: some width around it */
        double width = 0.5 * (fabs(*low) > 0 ? fabs(*low) : 1) * 1e-3;
        *low -= width;
        *high += width;
    }
}

static int push_cells(lua_State *L, const char *where, const mfl_field *fields, bool smooth) {
    const mf_measure *m = mfl_measure_check(L, 1);
    histogram_options o = {0, true};
    lua_settop(L, 2);
    mfl_options(L, where, 2, fields, &o); /* at 3 */
    lua_getfield(L, 3, "coordinate");
    const mf_atom *sorted = push_sorted(L, m, check_coordinate(L, m, 4));
    double low, high;
    read_range(L, where, 3, sorted, m->n, &low, &high);
    double *edge = mfl_array_vector(L, o.cells + 1)->data;
    double *mass = mfl_array_vector(L, o.cells)->data;
    for (size_t i = 0; i <= o.cells; ++i)
        edge[i] = i == o.cells ? high : low + (high - low) * (double)i / (double)o.cells;
    mf_atoms_masses(sorted, m->n, smooth, o.cells, edge, mass);
    for (size_t i = 0; o.density && i < o.cells; ++i)
        mass[i] /= edge[i + 1] - edge[i];
    if (smooth) { /* centres instead of edges */
        double *centre = mfl_array_vector(L, o.cells)->data;
        for (size_t i = 0; i < o.cells; ++i)
            centre[i] = (edge[i] + edge[i + 1]) / 2;
        lua_insert(L, -2);
    }
    return 2;
}

static int measure_histogram(lua_State *L) {
    return push_cells(L, "mf.measure:histogram", histogram_fields, false);
}

static int measure_density(lua_State *L) {
    return push_cells(L, "mf.measure:density", density_fields, true);
}

/* ---- reductions to radii ------------------------------------------------------------------- */

static double *push_same_weights(lua_State *L, const mf_measure *m, mf_space space, size_t dim) {
    double *x, *weight = NULL;
    mfl_measure_new(L, space, m->n, dim, &x, m->weight ? &weight : NULL);
    if (weight)
        memcpy(weight, m->weight, m->n * sizeof *weight);
    return x;
}

/* Adds the squares of coordinates first .. last-1 to out[0 .. n-1]. */
static void add_squares(const mf_measure *m, size_t first, size_t last, double *out) {
    for (size_t c = first; c < last; ++c)
        for (size_t j = 0; j < m->n; ++j)
            out[j] += m->x[c * m->ld + j] * m->x[c * m->ld + j];
}

static void take_roots(size_t n, double *x) {
    for (size_t j = 0; j < n; ++j)
        x[j] = sqrt(x[j]);
}

static int measure_radius(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    size_t first = m->space == MF_SPACE_RELU ? 2 : 0;
    size_t last = m->space == MF_SPACE_AFFINE ? m->dim - 2 : m->dim;
    luaL_argcheck(L, m->space != MF_SPACE_FREE, 1, "a measure of weights or radii expected");
    double *r = push_same_weights(L, m, MF_SPACE_RADIAL, 1);
    add_squares(m, first, last, r);
    take_roots(m->n, r);
    return 1;
}

typedef struct {
    size_t s0;
} radii_options;

static const mfl_field radii_fields[] = {
        {"s0", MFL_COUNT, offsetof(radii_options, s0), MFL_REQUIRED, 1, 1e9, 0, NULL,
         "dimension of the subspace V"},
        {"basis", MFL_ANY, 0, MFL_OPTIONAL, 0, 0, 0, "an mf.array of s0 orthonormal rows",
         "rows that span V; default: the first s0 coordinates"},
        MFL_END};

static int measure_radii(lua_State *L) {
    const char *where = "mf.measure:radii";
    const mf_measure *m = mfl_measure_check(L, 1);
    bool affine = m->space == MF_SPACE_AFFINE;
    luaL_argcheck(L, affine || m->space == MF_SPACE_PLAIN, 1, "a measure of weights expected");
    size_t d = affine ? m->dim - 2 : m->dim;
    radii_options o = {0};
    lua_settop(L, 2);
    mfl_options(L, where, 2, radii_fields, &o);
    if (o.s0 > d)
        return luaL_error(L, "%s: option 's0' must be an integer in [1, %I], got %I", where,
                          (lua_Integer)d, (lua_Integer)o.s0);
    lua_getfield(L, 3, "basis");
    const mfl_array *basis = lua_isnil(L, -1) ? NULL : mfl_array_check(L, -1);
    if (basis && (basis->ndim != 2 || basis->rows != o.s0 || basis->cols != d))
        return luaL_error(L, "%s: option 'basis' must be %I x %I", where, (lua_Integer)o.s0,
                          (lua_Integer)d);
    double *x =
            push_same_weights(L, m, affine ? MF_SPACE_RELU : MF_SPACE_TWO_RADIUS, affine ? 4 : 2);
    double *r1 = x + (affine ? 2 : 0) * m->n, *r2 = r1 + m->n;
    if (affine)
        for (size_t c = 0; c < 2; ++c)
            memcpy(x + c * m->n, m->x + (d + c) * m->ld, m->n * sizeof *x);
    if (basis) {
        double *along = mfl_array_vector(L, m->n)->data;
        add_squares(m, 0, d, r2);
        for (size_t i = 0; i < o.s0; ++i) {
            memset(along, 0, m->n * sizeof *along);
            for (size_t c = 0; c < d; ++c)
                for (size_t j = 0; j < m->n; ++j)
                    along[j] += basis->data[i * basis->stride + c] * m->x[c * m->ld + j];
            for (size_t j = 0; j < m->n; ++j)
                r1[j] += along[j] * along[j];
        }
        for (size_t j = 0; j < m->n; ++j)
            r2[j] = r2[j] > r1[j] ? r2[j] - r1[j] : 0;
        lua_pop(L, 1);
    } else {
        add_squares(m, 0, o.s0, r1);
        add_squares(m, o.s0, d, r2);
    }
    take_roots(m->n, r1);
    take_roots(m->n, r2);
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
    lua_pushstring(L, mf_space_name(mfl_measure_check(L, 1)->space));
    return 1;
}

static int measure_tostring(lua_State *L) {
    const mf_measure *m = mfl_measure_check(L, 1);
    luaL_Buffer out;
    char text[96];
    luaL_buffinit(L, &out);
    snprintf(text, sizeof text, "mf.measure of %zu atoms in space '%s'", m->n,
             mf_space_name(m->space));
    luaL_addstring(&out, text);
    for (size_t c = 0; c < m->dim && c < 4; ++c) {
        char name[32];
        mfl_coordinate_name(m, c, name);
        snprintf(text, sizeof text, "%s mean %s = %.6g", c ? "," : ":", name, mean_of(m, c));
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
        {"mean", measure_mean, "m:mean(which or fn)",
         "int f d rho: of a coordinate, of fn(coordinates...), or the vector of all means.", NULL},
        {"std", measure_std, "m:std(which)", "Standard deviation of a coordinate under rho.", NULL},
        {"quantile", measure_quantile, "m:quantile(p, which)",
         "Smallest atom x of a coordinate with rho(<= x) >= p.", NULL},
        {"cdf", measure_cdf, "m:cdf(x, which)", "rho(coordinate <= x).", NULL},
        {"histogram", measure_histogram, "m:histogram{bins=, range=, density=, coordinate=}",
         "Edges (bins + 1) and heights (bins). Bins are [edge, next edge), the last is closed.",
         histogram_fields},
        {"density", measure_density, "m:density{points=, range=, coordinate=}",
         "Centres and heights of cells, from a distribution function that is linear between "
         "atoms: the density behind deterministic particles. Mass is conserved; a point mass "
         "shows as one high cell.",
         density_fields},
        {"radius", measure_radius, "m:radius()",
         "The law of |w|: a measure in space 'radial' from weights or radii.", NULL},
        {"radii", measure_radii, "m:radii{s0=, basis=}",
         "The law of r1 = |P_V w|, r2 = |P_V^perp w| (and a, b of affine neurons): a measure in "
         "space 'two_radius' or 'relu'.",
         radii_fields},
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

static const mfl_fn measure_call[] = {{"__call", measure_new, "mf.measure{x=, weights=, space=}",
                                       "A measure from atoms of one's own.", measure_fields},
                                      {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_measure(lua_State *L) {
    mfl_class_register(L, &measure_class);
    lua_newtable(L);
    lua_newtable(L);
    mfl_functions(L, "mf.measure", measure_call);
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "measure");
}
