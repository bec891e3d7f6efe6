/* sgd.c: mf.sgd, stochastic gradient descent: in one pass, or on a data set in epochs. */
#include "core/sgd/sgd.h"

#include "core/model/dataset.h"
#include "core/network/risk.h"
#include "core/network/start.h"

#include "lua/base/array.h"
#include "lua/base/checkpoint.h"
#include "lua/bind/bind.h"
#include "lua/measure/measure.h"
#include "lua/measure/rates.h"
#include "lua/model/distribution.h"
#include "lua/model/init.h"
#include "lua/model/loss.h"
#include "lua/model/schedule.h"

#include <math.h>
#include <string.h>

#define MFL_SGD "mf.sgd"

static const mfl_class sgd_class;

/* The userdata: the workspace lies behind it. What only Lua knows is handed over in batches. */
typedef struct {
    mf_sgd *run;
    bool busy; /* stepping: its callbacks must not use it */
} sgd_box;

enum { BATCH = 64, ASKED = 65536 }; /* examples at a time; labels from Lua */
#define MOST_STEPS 0x1p53

typedef struct {
    const mf_distribution *law;
    const mf_activation *activation;
    const mf_init *init;
    const mf_measure *measure;
    const mf_loss *loss;
    int neuron, noise, algorithm, precision;
    bool fix[MF_GROUPS];
    mf_sgd_spec spec;
} sgd_options;

static const char *const noise_names[] = {"diffusion", "printed", NULL};

static const mfl_field sgd_fields[] = {
        {"distribution", MFL_OBJECT, offsetof(sgd_options, law), .flags = MFL_REQUIRED,
         .aux = MFL_DISTRIBUTION, .text = "law of one example (x, y)"},
        {"activation", MFL_OBJECT, offsetof(sgd_options, activation), .flags = MFL_REQUIRED,
         .aux = "mf.activation", .text = "sigma"},
        MFL_LOSS_FIELD(sgd_options, loss, ". -1/2 dl/dyhat takes the place of y - yhat in Eq. 3"),
        {"neuron", MFL_ENUM, offsetof(sgd_options, neuron), .aux = mf_neuron_names,
         .text = "plain: sigma(<w,x>); affine: a sigma(<w,x> + b) (Eq. 2)"},
        {"N", MFL_COUNT, offsetof(sgd_options, spec.N), .flags = MFL_REQUIRED, .low = 1,
         .high = 1e9, .text = "number of neurons"},
        {"init", MFL_OBJECT, offsetof(sgd_options, init), .flags = MFL_OPTIONAL, .aux = MFL_INIT,
         .text = "law rho_0 of the initial weights"},
        {"measure", MFL_OBJECT, offsetof(sgd_options, measure), .flags = MFL_OPTIONAL,
         .aux = MFL_MEASURE,
         .text = "start from the atoms of this law instead of `init`: full weights, or radii (and "
                 "a, "
                 "b), whose directions are then drawn. Neuron i takes the atom at the quantile (i "
                 "- "
                 "u)/N, u from the seed: N p_j copies of each, up to rounding. Copies with full "
                 "weights stay copies unless there is noise"},
        {"eps", MFL_NUMBER, offsetof(sgd_options, spec.eps), .flags = MFL_REQUIRED | MFL_OPEN_LOW,
         .high = MFL_LARGE, .text = "step size epsilon: s_k = eps xi(k eps), t = k eps"},
        {"xi", MFL_ANY, .flags = MFL_OPTIONAL, .aux = "an mf.schedule or a function t -> xi(t)",
         .text = "step schedule; default constant 1"},
        {"batch", MFL_COUNT, offsetof(sgd_options, spec.batch), .low = 1, .high = 1e6,
         .fallback = 1,
         .text = "fresh examples a step, whose gradients are averaged; time stays t = k eps"},
        {"seed", MFL_SEED, offsetof(sgd_options, spec.seed), .fallback = 1,
         .text = "seed of all random numbers of the run"},
        {"beta", MFL_NUMBER, offsetof(sgd_options, spec.beta), .flags = MFL_INF, .low = MFL_SMALL,
         .high = HUGE_VAL, .fallback = HUGE_VAL,
         .text = "inverse temperature of noisy SGD (Eq. 11, Eq. 12); inf: no noise"},
        {"lambda", MFL_NUMBER, offsetof(sgd_options, spec.lambda), .high = MFL_LARGE,
         .text = "l2 regularisation (Eq. 11)"},
        {"noise", MFL_ENUM, offsetof(sgd_options, noise), .aux = noise_names,
         .text = "diffusion: variance 4 s_k/beta, the beta of Eq. 12; printed: 2 s_k/beta, Eq. 11 "
                 "as printed"},
        MFL_RATES_FIELD(", decay and noise; 0 is the same as fix_a, fix_b or fix_w"),
        {"fix_a", MFL_BOOLEAN, offsetof(sgd_options, fix[MF_GROUP_A]),
         .text = "affine neurons: do not train the output weights: rates = {a = 0}"},
        {"fix_b", MFL_BOOLEAN, offsetof(sgd_options, fix[MF_GROUP_B]),
         .text = "affine neurons: do not train the offsets: rates = {b = 0}"},
        {"fix_w", MFL_BOOLEAN, offsetof(sgd_options, fix[MF_GROUP_W]),
         .text = "do not train the weights w: rates = {w = 0}, random features"},
        {"momentum", MFL_NUMBER, offsetof(sgd_options, spec.momentum), .high = 1,
         .flags = MFL_OPEN_HIGH,
         .text = "mu of the heavy ball: V <- mu V + the step of Eq. 3 (and the decay), theta <- "
                 "theta + V, V = 0 at first, and the same for the log p_i of birth_death. For "
                 "small eps that is the dynamics without momentum "
                 "in "
                 "the time t/(1 - mu). Not with beta"},
        {"scale", MFL_NUMBER, offsetof(sgd_options, spec.scale), .low = MFL_SMALL,
         .high = MFL_LARGE, .fallback = 1,
         .text = "output scale A: yhat = A/N sum sigma_*, and s_k is divided by A^2; A -> inf is "
                 "the kernel regime"},
        {"birth_death", MFL_NUMBER, offsetof(sgd_options, spec.birth_death), .high = MFL_LARGE,
         .text = "rate alpha of birth and death: neurons have masses p_i, 1/N at first, in the "
                 "place of 1/N, and p_i <- p_i exp(2 alpha s_k A (y - yhat) sigma_*(x; theta_i)) "
                 "/ Z"},
        {"label_noise", MFL_NUMBER, offsetof(sgd_options, spec.label_noise), .high = MFL_LARGE,
         .text = "standard deviation of N(0, label_noise^2), drawn from a stream of its own and "
                 "added to y; it counts in the risk"},
        {"algorithm", MFL_ENUM, offsetof(sgd_options, algorithm), .aux = mf_sgd_algorithm_names,
         .text = "plain: one step at a time; blocked: the same steps as matrix products; auto: "
                 "blocked unless the law is custom, or momentum comes with lambda, or lambda or "
                 "beta with different rates of w and b"},
        {"block", MFL_COUNT, offsetof(sgd_options, spec.block), .flags = MFL_OPTIONAL, .low = 1,
         .high = MF_SGD_BLOCK_MAX,
         .text = "samples a block; default by d and N; part of the run's identity (last bits)"},
        {"precision", MFL_ENUM, offsetof(sgd_options, precision), .aux = mf_precision_names,
         .text = "of weights and products; sums over neurons and risks are in double in both"},
        MFL_END};

/* What says that rates are these, into the options at `index`. */
static void describe_rates(lua_State *L, int index, const double rate[MF_GROUPS]) {
    static const char *const fix[] = {"fix_a", "fix_b", "fix_w"};
    mfl_rates_push(L, rate);
    lua_setfield(L, index, "rates");
    for (size_t i = 0; i < MF_GROUPS; ++i) {
        lua_pushboolean(L, rate[i] == 0);
        lua_setfield(L, index, fix[i]);
    }
}

static mf_sgd *check_run(lua_State *L) {
    sgd_box *box = mfl_check(L, 1, MFL_SGD);
    mfl_check_idle(L, MFL_SGD, box->busy);
    return box->run;
}

/* For what may be asked at any time. */
static mf_sgd *check_any(lua_State *L) {
    return ((sgd_box *)mfl_check(L, 1, MFL_SGD))->run;
}

/* From the options at 2, where all that say the same are put. */
static void read_rates(lua_State *L, const char *where, sgd_options *o) {
    static const char *const fix[] = {"fix_a", "fix_b", "fix_w"};
    double *rate = o->spec.rate;
    bool given = lua_getfield(L, 2, "rates") != LUA_TNIL;
    bool affine = o->spec.neuron == MF_NEURON_AFFINE;
    for (size_t i = 0; i < MF_GROUPS; ++i) {
        bool named = given && lua_getfield(L, -1, mf_group_names[i]) != LUA_TNIL;
        lua_settop(L, 3);
        if (named && o->fix[i])
            luaL_error(L, "%s: option '%s' is rates = {%s = 0}: give one of them", where, fix[i],
                       mf_group_names[i]);
    }
    lua_pop(L, 1);
    mfl_rates_option(L, where, 2, rate);
    o->spec.has_rates = true;
    for (size_t i = 0; i < MF_GROUPS; ++i)
        rate[i] = o->fix[i] ? 0 : rate[i];
    if (!affine && (rate[MF_GROUP_A] != 1 || rate[MF_GROUP_B] != 1))
        luaL_error(L, "%s: rates of a and b, and 'fix_a' and 'fix_b', are for neuron = 'affine'",
                   where);
    describe_rates(L, 2, rate);
}

/* Reads the options table at 1 (left at 2, filled) into a planned spec. */
static void read_spec(lua_State *L, const char *where, sgd_options *o) {
    mf_error err = {MF_OK, ""};
    mfl_options(L, where, 1, sgd_fields, o); /* at 2 */
    lua_getfield(L, 2, "xi");
    o->spec.xi = *mfl_schedule_option(L, where);
    lua_setfield(L, 2, "xi");
    o->spec.law = *o->law;
    o->spec.sigma = *o->activation;
    o->spec.loss = mfl_loss_option(o->loss);
    o->spec.neuron = (mf_neuron)o->neuron;
    o->spec.noise_factor = o->noise ? 2 : 4;
    o->spec.algorithm = (mf_sgd_algorithm)o->algorithm;
    o->spec.precision = (mf_precision)o->precision;
    read_rates(L, where, o);
    mfl_status(L, where, mf_sgd_plan(&o->spec, &err), &err);
    lua_pushstring(L,
                   mf_sgd_algorithm_names[o->spec.algorithm]); /* as resolved: part of the record */
    lua_setfield(L, 2, "algorithm");
    lua_pushinteger(L, (lua_Integer)o->spec.block);
    lua_setfield(L, 2, "block");
}

/* Pushes the object, with a workspace of `bytes` bytes behind the box. */
static void *new_box(lua_State *L, const char *where, size_t bytes, sgd_box **box) {
    const size_t head = 64;
    if (!bytes || bytes > SIZE_MAX - head)
        luaL_error(L, "%s: the run does not fit in memory", where);
    *box = mfl_new(L, &sgd_class, head + bytes);
    return (char *)*box + head;
}

/* The subspace whose radii the law's classes have, or the directions that it depends on. */
static mf_subspace subspace_of(const mf_distribution *law, double *work) {
    if (law->ops == &mf_law_multi_index)
        return (mf_subspace){mf_law_index_of(law).k, mf_law_index_of(law).U, work};
    if (law->ops != &mf_law_anisotropic)
        return (mf_subspace){.work = work};
    return (mf_subspace){mf_law_s0(law), law->numbers > 2 ? law->number + 2 : NULL, work};
}

/* Initial weights from the atoms of a measure. */
static void set_from_measure(lua_State *L, const mf_measure *rho, mf_sgd *run) {
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    int top = lua_gettop(L);
    size_t d = spec->law.d;
    double *w = mfl_array_vector(L, 2 * d)->data, a, b;
    mf_start start = {.rho = rho,
                      .d = d,
                      .N = spec->N,
                      .affine = spec->neuron == MF_NEURON_AFFINE,
                      .V = subspace_of(&spec->law, w + d),
                      .key = {spec->seed, MF_STREAM_INIT}};
    mf_error err = {MF_OK, ""};
    mfl_status(L, "mf.sgd: option 'measure'", mf_start_check(&start, &err), &err);
    size_t *atom = lua_newuserdatauv(L, spec->N * sizeof *atom, 0);
    mf_start_atoms(&start, atom);
    mfl_task *task = mfl_task_push(L, "init", 0, (double)spec->N);
    for (size_t i = 0; i < spec->N && !mfl_task_tick(task, (double)i); ++i) {
        mf_start_neuron(&start, i, atom[i], w, &a, &b);
        mf_sgd_set(run, i, w, a, b);
    }
    mfl_task_end(task);
    mfl_task_raise(L, "mf.sgd");
    lua_settop(L, top);
}

/* Initial weights: the law at index `init`. */
static void set_neurons(lua_State *L, int init, mf_sgd *run) {
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    int top = lua_gettop(L);
    size_t d = spec->law.d;
    double *w = mfl_array_vector(L, d)->data, a, b;
    mfl_task *task = mfl_task_push(L, "init", 0, (double)spec->N);
    for (size_t i = 0; i < spec->N && !mfl_task_tick(task, (double)i); ++i) {
        mfl_init_neuron(L, init, (mf_key){spec->seed, MF_STREAM_INIT}, i, d, w, &a, &b);
        mf_sgd_set(run, i, w, a, b);
    }
    mfl_task_end(task);
    mfl_task_raise(L, "mf.sgd");
    lua_settop(L, top);
}

static int sgd_new(lua_State *L) {
    sgd_options o = {0};
    sgd_box *box;
    lua_remove(L, 1); /* called through __call */
    lua_settop(L, 1);
    read_spec(L, "mf.sgd", &o);
    if (!o.init == !o.measure)
        return luaL_error(L,
                          "mf.sgd: exactly one of the options 'init' and 'measure' must be given");
    if (o.init && o.spec.neuron == MF_NEURON_PLAIN)
        mfl_init_check_plain(L, "mf.sgd", o.init);
    lua_pushvalue(L, 2);
    void *memory = new_box(L, "mf.sgd", mf_sgd_bytes(&o.spec), &box); /* at 3 */
    box->run = mf_sgd_init(memory, &o.spec);
    lua_getfield(L, 2, "init");
    if (o.measure)
        set_from_measure(L, o.measure, box->run);
    else
        set_neurons(L, 4, box->run);
    lua_settop(L, 3);
    return 1;
}

/* ---- steps ----------------------------------------------------------------------------- */

/* The option `name` of the object at 1, pushed. */
static int push_option(lua_State *L, const char *name) {
    lua_getiuservalue(L, 1, 1);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
    return lua_gettop(L);
}

/* s_k of steps first+1 .. last of a custom schedule, in a new array on the stack. */
static const double *step_sizes(lua_State *L, mf_sgd *run, uint64_t first, uint64_t last) {
    double eps = mf_sgd_spec_of(run)->eps;
    double *s = mfl_array_vector(L, last > first ? (size_t)(last - first) : 1)->data;
    int xi = push_option(L, "xi");
    for (uint64_t k = first; k < last; ++k)
        s[k - first] = eps * mfl_schedule_xi(L, xi, (double)(k + 1) * eps);
    lua_pop(L, 1);
    return s;
}

/* Samples first .. first+n-1 of the law at index `other`, or if that is 0 of the run's own, which a
 * loaded run has for itself.                                                                  */
static void draw(lua_State *L, mf_sgd *run, int other, mf_key key, uint64_t first, size_t n,
                 double *X, double *y) {
    const mf_distribution *law = &mf_sgd_spec_of(run)->law;
    if (other) {
        mfl_distribution_sample(L, other, key, first, n, X, law->d, y);
        return;
    }
    if (!mf_law_is_fed(law) && !mf_law_is_unlabelled(law)) {
        mf_error err = {0};
        mfl_status(L, "mf.sgd", mf_distribution_sample(law, key, first, n, X, law->d, y, &err),
                   &err);
        return;
    }
    mfl_distribution_sample(L, push_option(L, "distribution"), key, first, n, X, law->d, y);
    lua_pop(L, 1);
}

/* The labels of the samples of steps first+1 .. last, where only Lua knows them, in a new array on
 * the stack.                                                                                  */
static const double *labels(lua_State *L, mf_sgd *run, uint64_t first, uint64_t last) {
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    size_t n = (size_t)(last - first) * spec->batch;
    double *y = mfl_array_vector(L, n ? n : 1)->data;
    mfl_distribution_labels(L, push_option(L, "distribution"), (mf_key){spec->seed, MF_STREAM_DATA},
                            first * spec->batch + 1, n, y);
    lua_pop(L, 1);
    return y;
}

/* Some steps towards step `to`, the whole way if that is short. */
static mf_status some_steps(lua_State *L, mf_sgd *run, uint64_t to, mf_error *err) {
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    bool custom_xi = spec->xi.kind == MF_SCHEDULE_CUSTOM;
    uint64_t k = mf_sgd_k(run);
    int top = lua_gettop(L);
    const double *s = NULL, *known = NULL;
    mf_status status;
    if (mf_law_is_fed(&spec->law)) {
        size_t batch = spec->batch, d = spec->law.d, n = batch < BATCH ? BATCH / batch : 1;
        if (n > to - k)
            n = (size_t)(to - k);
        double *X = mfl_array_vector(L, n * batch * (d + 1))->data, *y = X + n * batch * d;
        draw(L, run, 0, (mf_key){spec->seed, MF_STREAM_DATA}, k * batch + 1, n * batch, X, y);
        if (custom_xi)
            s = step_sizes(L, run, k, k + n);
        status = mf_sgd_feed(run, n, X, d, y, s, mfl_stop(), err);
    } else {
        double slice = 1e8 / (4 * (double)spec->N * (double)spec->law.d * (double)spec->batch);
        bool asks = mf_law_is_unlabelled(&spec->law);
        slice = asks ? fmin(slice, ASKED / (double)spec->batch) : slice;
        if ((double)(to - k) > slice + 1)
            to = k + 1 + (uint64_t)slice;
        if (custom_xi)
            s = step_sizes(L, run, mf_sgd_first(run), mf_sgd_last(run, to));
        if (asks)
            known = labels(L, run, mf_sgd_first(run), mf_sgd_last(run, to));
        status = mf_sgd_run(run, to, s, known, mfl_stop(), err);
    }
    lua_settop(L, top);
    return status;
}

static void run_to(lua_State *L, const char *where, uint64_t goal) {
    mf_sgd *run = check_run(L);
    double eps = mf_sgd_spec_of(run)->eps;
    mf_error err = {MF_OK, ""};
    mf_status status = MF_OK;
    mfl_task *task = mfl_task_push(L, "sgd", (double)mf_sgd_k(run) * eps, (double)goal * eps);
    mfl_task_time(task, "steps", 1 / eps);
    mfl_task_hold(task, &((sgd_box *)mfl_check(L, 1, MFL_SGD))->busy);
    while (status == MF_OK && mf_sgd_k(run) < goal) {
        status = some_steps(L, run, goal, &err);
        bool stopped = mfl_task_tick(task, (double)mf_sgd_k(run) * eps);
        if (status >= 0 && mf_sgd_k(run) < goal)
            mfl_keep_tick(L, task, 0, 0);
        if (stopped)
            break;
    }
    mfl_task_end(task);
    mfl_status(L, where, status, &err);
    mfl_task_raise(L, where);
    lua_settop(L, 1);
}

/* The same as a call of the user's, which an experiment may keep: it is known by its goal. */
static int call_to(lua_State *L, const char *where, uint64_t goal) {
    lua_settop(L, 1);
    lua_pushinteger(L, (lua_Integer)goal);
    if (!mfl_keep_begin(L, "step")) {
        run_to(L, where, goal);
        mfl_keep_end(L, 0);
    }
    lua_settop(L, 1);
    return 1;
}

static int sgd_step(lua_State *L) {
    mf_sgd *run = check_run(L);
    lua_Integer steps = luaL_optinteger(L, 2, 1);
    if (steps < 0)
        return luaL_error(L, "sgd:step: a number of steps >= 0 expected, got %I", steps);
    if ((double)steps + (double)mf_sgd_k(run) > MOST_STEPS)
        return luaL_error(L, "sgd:step: %I steps are too many to be counted (2^53)", steps);
    return call_to(L, "sgd:step", mf_sgd_k(run) + (uint64_t)steps);
}

static int sgd_advance(lua_State *L) {
    mf_sgd *run = check_run(L);
    double t = luaL_checknumber(L, 2), eps = mf_sgd_spec_of(run)->eps;
    if (!(t >= 0 && isfinite(t)))
        return mfl_error(L, "sgd:advance: a finite time t >= 0 expected, got %f", t);
    if (!(t / eps < MOST_STEPS))
        return mfl_error(L,
                         "sgd:advance: t = %f takes t / eps = %f steps of eps = %f, too many to "
                         "be counted (2^53)",
                         t, t / eps, eps);
    uint64_t goal = (uint64_t)llround(t / eps);
    if (goal < mf_sgd_k(run))
        return mfl_error(L,
                         "sgd:advance: t = %f lies before the present t = %f; time only runs "
                         "forward",
                         t, (double)mf_sgd_k(run) * eps);
    return call_to(L, "sgd:advance", goal);
}

/* ---- observers ----------------------------------------------------------------------------- */

/* The weights after step k as a network: pushes the array that holds them. */
static mf_network push_network(lua_State *L, mf_sgd *run) {
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    bool affine = spec->neuron == MF_NEURON_AFFINE;
    size_t N = spec->N, d = spec->law.d;
    double *w = mfl_array_vector(L, N * (d + 2))->data, *a = w + N * d, *b = a + N;
    mf_sgd_weights(run, w, N, a, b);
    return (mf_network){N, d, N, w, affine ? a : NULL, affine ? b : NULL};
}

/* The same as yhat sees it: its output weights are A N p_i a_i. */
static mf_network push_predictor(lua_State *L, mf_sgd *run) {
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    const double *p = mf_sgd_masses(run);
    mf_network net = push_network(L, run);
    if (!p && spec->scale == 1)
        return net;
    double *a = mfl_array_vector(L, net.N)->data;
    for (size_t i = 0; i < net.N; ++i)
        a[i] = spec->scale * (net.a ? net.a[i] : 1) * (p ? (double)net.N * p[i] : 1);
    net.a = a;
    return net;
}

static int sgd_measure(lua_State *L) {
    mf_sgd *run = check_run(L);
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    bool affine = spec->neuron == MF_NEURON_AFFINE;
    size_t N = spec->N, d = spec->law.d;
    double *x, *weight;
    const double *p = mf_sgd_masses(run);
    mfl_measure_new(L, affine ? &mf_space_affine : &mf_space_plain, N, d + (affine ? 2 : 0), &x,
                    p ? &weight : NULL);
    if (p)
        memcpy(weight, p, N * sizeof *p);
    mf_sgd_weights(run, x, N, affine ? x + d * N : NULL, affine ? x + (d + 1) * N : NULL);
    return 1;
}

static int sgd_weights(lua_State *L) {
    mf_network net = push_network(L, check_run(L));
    mfl_array *W = mfl_array_matrix(L, net.N, net.d);
    for (size_t i = 0; i < net.N; ++i)
        for (size_t c = 0; c < net.d; ++c)
            W->data[i * net.d + c] = net.W[c * net.ld + i];
    if (!net.a)
        return 1;
    memcpy(mfl_array_vector(L, net.N)->data, net.a, net.N * sizeof(double));
    memcpy(mfl_array_vector(L, net.N)->data, net.b, net.N * sizeof(double));
    return 3;
}

typedef struct {
    const mf_distribution *law;
    size_t samples;
    uint64_t seed;
} risk_options;

static const mfl_field risk_fields[] = {
        {"distribution", MFL_OBJECT, offsetof(risk_options, law), .flags = MFL_OPTIONAL,
         .aux = MFL_DISTRIBUTION,
         .text = "risk under this law of the same d, examples held out say; default: the run's"},
        {"samples", MFL_COUNT, offsetof(risk_options, samples), .flags = MFL_OPTIONAL, .low = 2,
         .high = 1e12,
         .text = "estimate from this many fresh examples; left out: exact, where the law is a data "
                 "set, or Gaussian and the loss the square"},
        {"seed", MFL_SEED, offsetof(risk_options, seed), .fallback = 1,
         .text = "seed of the fresh examples"},
        MFL_END};

/* Mean and standard error of the loss over fresh examples. */
static int monte_carlo(lua_State *L, mf_sgd *run, const risk_options *o) {
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    int other = 0;
    if (o->law) {
        lua_getfield(L, 3, "distribution");
        other = lua_gettop(L);
    }
    mf_network net = push_predictor(L, run);
    double *X = mfl_array_vector(L, BATCH * (net.d + 2) + net.N)->data;
    double *y = X + BATCH * net.d, *yhat = y + BATCH, *z = yhat + BATCH, mean = 0, square = 0;
    mfl_task *task = mfl_task_push(L, "risk", 0, (double)o->samples);
    size_t done = 0;
    mf_error err = {MF_OK, ""};
    while (done < o->samples) {
        size_t n = o->samples - done < BATCH ? o->samples - done : BATCH;
        draw(L, run, other, (mf_key){o->seed, MF_STREAM_RISK}, done, n, X, y);
        mf_sgd_label_noise(spec, (mf_key){o->seed, MF_SGD_RISK_LABELS}, done, n, y);
        mfl_status(L, "sgd:risk", mf_loss_check(&spec->loss, n, y, &err), &err);
        mfl_status(L, "sgd:risk",
                   mf_network_predict(&net, &spec->sigma, n, X, net.d, z, yhat, &err), &err);
        for (size_t k = 0; k < n; ++k) { /* Welford's update */
            double loss = mf_loss_value(&spec->loss, y[k], yhat[k]), change = loss - mean;
            mean += change / (double)++done;
            square += change * (loss - mean);
        }
        if (mfl_task_tick(task, (double)done))
            break;
    }
    mfl_task_end(task);
    mfl_task_raise(L, "sgd:risk");
    lua_pushnumber(L, mean);
    lua_pushnumber(L, sqrt(square / ((double)done - 1) / (double)done));
    return 2;
}

/* The exact risk of a network by its kind of law: a mean over examples, or Gaussian integrals. */
static mf_status exact_risk(lua_State *L, const mf_sgd_spec *spec, const mf_distribution *law,
                            const mf_network *net, double *risk, double *error, mf_error *err) {
    if (mf_law_is_dataset(law))
        return mf_risk_empirical(net, &spec->sigma, &spec->loss, law->examples->n, law->examples->X,
                                 law->examples->y, mfl_stop(), risk, error, err);
    size_t bytes = mf_risk_scratch(law, net->N);
    if (!bytes)
        luaL_error(L, "sgd:risk: the exact risk of N = %I neurons does not fit in memory",
                   (lua_Integer)net->N);
    double *scratch = mfl_array_vector(L, bytes / sizeof(double) + 1)->data;
    return mf_risk_exact(law, &spec->sigma, net, scratch, mfl_stop(), risk, error, err);
}

/* Whether this law, or this loss, has the risk that is asked for. */
static void check_risk(lua_State *L, const mf_sgd_spec *spec, const mf_distribution *law,
                       const risk_options *o) {
    mf_error err = {MF_OK, ""};
    bool set = mf_law_is_dataset(law);
    if (law->d != spec->law.d)
        luaL_error(L, "sgd:risk: option 'distribution' must have the run's d = %I, got d = %I",
                   (lua_Integer)spec->law.d, (lua_Integer)law->d);
    mfl_status(L, "sgd:risk", mf_loss_check_law(&spec->loss, law, &err), &err);
    if (set && o->samples)
        luaL_error(L, "sgd:risk: the risk over a data set is a mean over all of it, and exact: "
                      "leave out 'samples'");
    if (set && spec->label_noise > 0 && !mf_loss_is_square(&spec->loss))
        luaL_error(L,
                   "sgd:risk: the exact risk with label_noise is known for the square loss only");
    if (!set && !o->samples && !mf_loss_is_square(&spec->loss))
        luaL_error(L,
                   "sgd:risk: the exact risk is known for the square loss only, and this run "
                   "has the %s loss; give 'samples' for an estimate",
                   mf_loss_name(&spec->loss));
}

static int sgd_risk(lua_State *L) {
    mf_sgd *run = check_run(L);
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    risk_options o = {NULL, 0, 1};
    lua_settop(L, 2);
    mfl_options(L, "sgd:risk", 2, risk_fields, &o); /* at 3 */
    const mf_distribution *law = o.law ? o.law : &spec->law;
    check_risk(L, spec, law, &o);
    if (o.samples)
        return monte_carlo(L, run, &o);
    mf_network net = push_predictor(L, run);
    double risk, error;
    mf_error err = {MF_OK, ""};
    mfl_task *task = mfl_task_push(L, "risk", 0, 1);
    mf_status status = exact_risk(L, spec, law, &net, &risk, &error, &err);
    mfl_task_end(task);
    mfl_status(L, "sgd:risk", status, &err);
    mfl_task_raise(L, "sgd:risk");
    risk += spec->label_noise * spec->label_noise;
    if (!isfinite(risk))
        mfl_error(L, "sgd:risk: labels or outputs are too large for their squares: the sum is %f",
                  risk);
    lua_pushnumber(L, risk);
    lua_pushnumber(L, error);
    return 2;
}

/* Examples as rows of an array or table; one example as a vector (*single). */
static const mfl_array *check_examples(lua_State *L, int arg, size_t d, bool *single) {
    const mfl_array *X = mfl_array_convert(L, arg);
    *single = X->ndim == 1;
    size_t cols = *single ? X->rows : X->cols, n = X->rows * X->cols;
    if (cols != d)
        luaL_argerror(L, arg,
                      lua_pushfstring(L, "examples of d = %I numbers expected, got %I",
                                      (lua_Integer)d, (lua_Integer)cols));
    for (size_t i = 0; i < n; ++i)
        if (!isfinite(X->data[i]))
            luaL_argerror(L, arg,
                          mfl_format(L, "x[%I] of example %I must be finite, got %f",
                                     (lua_Integer)(i % d) + 1, (lua_Integer)(i / d) + 1,
                                     X->data[i]));
    return X;
}

static int sgd_predict(lua_State *L) {
    mf_sgd *run = check_run(L);
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    bool single;
    lua_settop(L, 2);
    const mfl_array *X = check_examples(L, 2, spec->law.d, &single);
    size_t n = single ? 1 : X->rows;
    mf_network net = push_predictor(L, run);
    double *z = mfl_array_vector(L, net.N)->data, *yhat = mfl_array_vector(L, n)->data;
    int at = lua_gettop(L);
    mf_error err = {MF_OK, ""};
    mf_status status = MF_OK;
    mfl_task *task = mfl_task_push(L, "predict", 0, (double)n);
    for (size_t k = 0; k < n && status >= 0; k += BATCH) {
        size_t rows = n - k < BATCH ? n - k : BATCH;
        status = mf_network_predict(&net, &spec->sigma, rows, X->data + k * net.d, net.d, z,
                                    yhat + k, &err);
        if (mfl_task_tick(task, (double)(k + rows)))
            break;
    }
    mfl_task_end(task);
    mfl_status(L, "sgd:predict", status, &err);
    mfl_task_raise(L, "sgd:predict");
    if (single)
        lua_pushnumber(L, yhat[0]);
    else
        lua_pushvalue(L, at);
    return 1;
}

static int sgd_k(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mf_sgd_k(check_any(L)));
    return 1;
}

static int sgd_t(lua_State *L) {
    mf_sgd *run = check_any(L);
    lua_pushnumber(L, (double)mf_sgd_k(run) * mf_sgd_spec_of(run)->eps);
    return 1;
}

static int sgd_epoch(lua_State *L) {
    mf_sgd *run = check_any(L);
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    if (mf_law_is_dataset(&spec->law))
        lua_pushnumber(L,
                       (double)mf_sgd_k(run) * (double)spec->batch / (double)spec->law.examples->n);
    else
        lua_pushnil(L);
    return 1;
}

static int sgd_N(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mf_sgd_spec_of(check_any(L))->N);
    return 1;
}

static int sgd_yhat(lua_State *L) {
    lua_pushnumber(L, mf_sgd_yhat(check_any(L)));
    return 1;
}

/* ---- checkpoints -------------------------------------------------------------------------------- */

/* The bytes of a checkpoint, in an array that is pushed. */
static const char *push_packed(lua_State *L, size_t *size) {
    mf_sgd *run = check_run(L);
    *size = mf_sgd_packed_bytes(run);
    double *room = mfl_array_vector(L, *size / sizeof(double) + 1)->data;
    mf_sgd_pack(run, room);
    return (const char *)room;
}

static int sgd_save(lua_State *L) {
    const char *path = mfl_path(L, 2);
    size_t size;
    const char *bytes = push_packed(L, &size);
    mfl_checkpoint_write(L, "sgd:save", path, bytes, size);
    lua_settop(L, 1);
    return 1;
}

/* For those who keep runs: what sgd:save writes, as a string. */
static int sgd_image(lua_State *L) {
    size_t size;
    const char *bytes = push_packed(L, &size);
    lua_pushlstring(L, bytes, size);
    return 1;
}

/* The run at 1 takes over the state of that at 2, a loaded one, which must outlive it. */
static int sgd_become(lua_State *L) {
    sgd_box *box = mfl_check(L, 1, MFL_SGD);
    box->run = ((sgd_box *)mfl_check(L, 2, MFL_SGD))->run;
    return 0;
}

/* The options of a loaded run, as far as they are data: into the table at `index`. */
static void describe_options(lua_State *L, int index, const mf_sgd_spec *spec) {
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"eps", spec->eps},
                   {"beta", spec->beta},
                   {"lambda", spec->lambda},
                   {"momentum", spec->momentum},
                   {"scale", spec->scale},
                   {"birth_death", spec->birth_death},
                   {"label_noise", spec->label_noise}};
    const struct {
        const char *name, *value;
    } names[] = {{"neuron", mf_neuron_names[spec->neuron]},
                 {"noise", noise_names[spec->noise_factor == 2]},
                 {"algorithm", mf_sgd_algorithm_names[spec->algorithm]},
                 {"precision", mf_precision_names[spec->precision]}};
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
            {"N", spec->N}, {"batch", spec->batch}, {"seed", spec->seed}, {"block", spec->block}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
        lua_pushnumber(L, numbers[i].value);
        lua_setfield(L, index, numbers[i].name);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        lua_pushstring(L, names[i].value);
        lua_setfield(L, index, names[i].name);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; ++i) {
        lua_pushinteger(L, (lua_Integer)counts[i].value);
        lua_setfield(L, index, counts[i].name);
    }
    mfl_loss_push(L, &spec->loss);
    lua_setfield(L, index, "loss");
    describe_rates(L, index, spec->rate);
}

typedef struct {
    const mf_distribution *law;
} load_options;

static const mfl_field load_fields[] = {{"distribution", MFL_OBJECT, offsetof(load_options, law),
                                         .flags = MFL_OPTIONAL, .aux = MFL_DISTRIBUTION,
                                         .text = "the law again, if it or its target is a Lua "
                                                 "function, or a data set (files hold neither)"},
                                        {"xi", MFL_ANY, .flags = MFL_OPTIONAL,
                                         .aux = "a function t -> xi(t)",
                                         .text = "the schedule again, if it is a Lua function"},
                                        MFL_END};

/* What only Lua knows must be given again. */
static void check_given(lua_State *L, const char *where, const mf_sgd_spec *spec,
                        const load_options *o, const mf_schedule *xi) {
    bool law = mf_law_is_fed(&spec->law), schedule = spec->xi.kind == MF_SCHEDULE_CUSTOM;
    if (law && (!o->law || !mf_law_is_fed(o->law) || o->law->d != spec->law.d))
        luaL_error(L,
                   "%s: the run was made with a Lua distribution: give it again as option "
                   "'distribution' (d = %I)",
                   where, (lua_Integer)spec->law.d);
    if (mf_law_is_unlabelled(&spec->law) && (!o->law || !mfl_distribution_is(o->law, &spec->law)))
        luaL_error(L,
                   "%s: the run was made with a law whose target is a Lua function: give it again "
                   "as option 'distribution' (multi_index, d = %I, directions = %I, with the same "
                   "inputs, noise and U)",
                   where, (lua_Integer)spec->law.d, (lua_Integer)mf_law_index_of(&spec->law).k);
    if (schedule && xi->kind != MF_SCHEDULE_CUSTOM)
        luaL_error(L, "%s: the run was made with a Lua schedule: give it again as option 'xi'",
                   where);
}

static int sgd_load(lua_State *L) {
    const char *where = "mf.sgd.load", *path = mfl_path(L, 1);
    load_options o = {NULL};
    mf_error err = {MF_OK, ""};
    size_t size = 0, bytes = 0;
    uint64_t k = 0;
    sgd_box *box;
    lua_settop(L, 2);
    mfl_options(L, where, 2, load_fields, &o); /* at 3 */
    lua_getfield(L, 3, "xi");
    const mf_schedule *xi = mfl_schedule_option(L, where);
    lua_setfield(L, 3, "xi");
    void *data = mfl_checkpoint_read(L, path, MFL_SGD, &size, &err);          /* at 4 */
    void *room = data ? lua_newuserdatauv(L, mf_sgd_unpack_room(), 0) : NULL; /* at 5 */
    mf_status status = data ? mf_sgd_unpack_size(data, size, room, o.law, &bytes, &err) : MF_EIO;
    if (status == MF_EINVAL) /* the caller's fault, not the file's */
        mfl_status(L, where, status, &err);
    if (status < 0)
        return mfl_checkpoint_failure(L, path, &err);
    lua_pushvalue(L, 3);
    void *memory = new_box(L, where, bytes, &box); /* at 6 */
    mfl_status(L, where, mf_sgd_unpack(data, size, room, o.law, memory, &box->run, &k, &err), &err);
    const mf_sgd_spec *spec = mf_sgd_spec_of(box->run);
    check_given(L, where, spec, &o, xi);
    lua_getiuservalue(L, 6, 1); /* at 7 */
    describe_options(L, 7, spec);
    lua_settop(L, 6);
    lua_replace(L, 1);
    lua_settop(L, 1);
    run_to(L, where, k);
    return 1;
}

/* ---- tables ----------------------------------------------------------------------------------- */

static const mfl_fn sgd_methods[] = {
        {"advance", sgd_advance, "sgd:advance(t)",
         "Steps until t = k eps (k the nearest integer to t/eps; the first step is k = 1); returns "
         "the "
         "run. Raises 'diverged at step k', at the state before it, when the prediction is beyond "
         "1e12 in size or no number.",
         NULL},
        {"step", sgd_step, "sgd:step(n)", "n more steps (default 1); returns the run.", NULL},
        {"measure", sgd_measure, "sgd:measure()",
         "The empirical law of the neurons, with their masses if there is birth_death: a measure "
         "in "
         "space 'plain' (w) or 'affine' (w, a, b).",
         NULL},
        {"weights", sgd_weights, "sgd:weights()",
         "W, an N x d array; with affine neurons also a and b.", NULL},
        {"risk", sgd_risk, "sgd:risk{distribution=, samples=, seed=}",
         "Population risk R_N (Eq. 4, the mean of the loss) of the present weights, under the "
         "run's law "
         "or another: that of a data set held out is the test error. Without samples: exact for "
         "mixtures of Gaussians (isotropic, anisotropic, mixture) and the square loss, and for "
         "data sets and every loss, with a bound on its numerical "
         "error. With samples: a Monte Carlo estimate and its standard error, for every other law "
         "and loss.",
         risk_fields},
        {"predict", sgd_predict, "sgd:predict(X)",
         "yhat of the present weights at the rows of X (an n x d array or a table of rows): an "
         "array "
         "of n numbers; at one example, a list of d numbers: a number.",
         NULL},
        {"save", sgd_save, "sgd:save(path)",
         "Writes the run to a file, whole or not at all; returns the run. Loaded and advanced, it "
         "has the bits of a run that was never interrupted.",
         NULL},
        {"__image", sgd_image, NULL, NULL, NULL},
        {"__become", sgd_become, NULL, NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_fn sgd_functions[] = {
        {"load", sgd_load, "mf.sgd.load(path, {distribution=, xi=})",
         "The run saved at path, or nil and a message if the file is missing, damaged or of "
         "another kind. Lua functions and data sets are not in the file and are given again.",
         load_fields},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property sgd_properties[] = {
        {"k", sgd_k, "steps done"},
        {"t", sgd_t, "time t = k eps"},
        {"epoch", sgd_epoch, "passes over a data set so far, k batch / n; nil for other laws"},
        {"N", sgd_N, "number of neurons"},
        {"yhat", sgd_yhat,
         "prediction yhat_k of the latest step, made "
         "before its update"},
        {NULL, NULL, NULL}};

static const mfl_class sgd_class = {
        MFL_SGD,
        "A run of stochastic gradient descent (Eq. 3; with beta or lambda Eq. 11): in one pass "
        "over fresh "
        "examples, or in epochs over those of a mf.distribution.dataset.",
        sgd_methods, sgd_properties, NULL};

static const mfl_fn sgd_call[] = {
        {"__call", sgd_new, "mf.sgd{distribution=, activation=, N=, init=, eps=, ...}",
         "A network of N neurons at its initial weights, ready to be trained by SGD.", sgd_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_sgd(lua_State *L) {
    mfl_class_register(L, &sgd_class);
    lua_newtable(L);
    mfl_functions(L, MFL_SGD, sgd_functions);
    lua_newtable(L);
    mfl_functions(L, MFL_SGD, sgd_call);
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "sgd");
}
