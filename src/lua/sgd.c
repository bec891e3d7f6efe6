/* sgd.c: mf.sgd, one-pass stochastic gradient descent. */
#include "core/sgd.h"

#include "array.h"
#include "bind.h"
#include "distribution.h"
#include "init.h"
#include "measure.h"
#include "schedule.h"

#include <math.h>
#include <string.h>

#define MFL_SGD "mf.sgd"

static const mfl_class sgd_class;

/* The userdata: what the core needs, and the batches that custom pieces are fed through. */
typedef struct {
    mf_sgd *run;
    bool fed; /* the law or the schedule is known to Lua only */
} sgd_box;

typedef struct {
    const mf_distribution *law;
    const mf_activation *activation;
    const mf_init *init;
    int neuron, noise;
    mf_sgd_spec spec;
} sgd_options;

static const char *const neuron_names[] = {"plain", "affine", NULL};
static const char *const noise_names[] = {"diffusion", "printed", NULL};

static const mfl_field sgd_fields[] = {
        {"distribution", MFL_OBJECT, offsetof(sgd_options, law), MFL_REQUIRED, 0, 0, 0,
         MFL_DISTRIBUTION, "law of one example (x, y)"},
        {"activation", MFL_OBJECT, offsetof(sgd_options, activation), MFL_REQUIRED, 0, 0, 0,
         "mf.activation", "sigma"},
        {"neuron", MFL_ENUM, offsetof(sgd_options, neuron), 0, 0, 0, 0, neuron_names,
         "plain: sigma(<w,x>); affine: a sigma(<w,x> + b) (Eq. 2)"},
        {"N", MFL_COUNT, offsetof(sgd_options, spec.N), MFL_REQUIRED, 1, 1e9, 0, NULL,
         "number of neurons"},
        {"init", MFL_OBJECT, offsetof(sgd_options, init), MFL_REQUIRED, 0, 0, 0, MFL_INIT,
         "law rho_0 of the initial weights"},
        {"eps", MFL_NUMBER, offsetof(sgd_options, spec.eps), MFL_REQUIRED | MFL_OPEN_LOW, 0,
         HUGE_VAL, 0, NULL, "step size epsilon: s_k = eps xi(k eps), t = k eps"},
        {"xi", MFL_ANY, 0, MFL_OPTIONAL, 0, 0, 0, "an mf.schedule or a function t -> xi(t)",
         "step schedule; default constant 1"},
        {"seed", MFL_SEED, offsetof(sgd_options, spec.seed), 0, 0, 0, 1, NULL,
         "seed of all random numbers of the run"},
        {"beta", MFL_NUMBER, offsetof(sgd_options, spec.beta), MFL_OPEN_LOW | MFL_INF, 0, HUGE_VAL,
         HUGE_VAL, NULL, "inverse temperature of noisy SGD (Eq. 11, Eq. 12); inf: no noise"},
        {"lambda", MFL_NUMBER, offsetof(sgd_options, spec.lambda), 0, 0, HUGE_VAL, 0, NULL,
         "l2 regularisation (Eq. 11)"},
        {"noise", MFL_ENUM, offsetof(sgd_options, noise), 0, 0, 0, 0, noise_names,
         "diffusion: variance 4 s_k/beta, the beta of Eq. 12; printed: 2 s_k/beta, Eq. 11 as "
         "printed"},
        {"fix_a", MFL_BOOLEAN, offsetof(sgd_options, spec.fix_a), 0, 0, 0, 0, NULL,
         "affine neurons: do not train the output weights"},
        {"fix_b", MFL_BOOLEAN, offsetof(sgd_options, spec.fix_b), 0, 0, 0, 0, NULL,
         "affine neurons: do not train the offsets"},
        MFL_END};

static mf_sgd *check_run(lua_State *L) {
    return ((sgd_box *)mfl_check(L, 1, MFL_SGD))->run;
}

static int sgd_new(lua_State *L) {
    const char *where = "mf.sgd";
    sgd_options o = {0};
    lua_remove(L, 1); /* called through __call */
    lua_settop(L, 1);
    mfl_options(L, where, 1, sgd_fields, &o); /* at 2 */
    lua_getfield(L, 2, "xi");
    o.spec.xi = *mfl_schedule_option(L, where);
    lua_setfield(L, 2, "xi");
    o.spec.law = *o.law;
    o.spec.activation = *o.activation;
    o.spec.init = *o.init;
    o.spec.neuron = (mf_neuron)o.neuron;
    o.spec.noise = (mf_noise)o.noise;
    if (o.spec.neuron == MF_NEURON_PLAIN && (o.spec.fix_a || o.spec.fix_b))
        return luaL_error(L, "%s: options 'fix_a' and 'fix_b' are for neuron = 'affine'", where);
    size_t bytes = mf_sgd_bytes(&o.spec), head = 64;
    if (!bytes)
        return luaL_error(L, "%s: N = %I neurons in dimension %I do not fit in memory", where,
                          (lua_Integer)o.spec.N, (lua_Integer)o.spec.law.d);
    lua_pushvalue(L, 2);
    sgd_box *box = mfl_new(L, &sgd_class, head + bytes); /* at 3 */
    box->run = mf_sgd_init((char *)box + head, &o.spec);
    box->fed = o.spec.law.kind == MF_LAW_CUSTOM || o.spec.xi.kind == MF_SCHEDULE_CUSTOM;
    if (o.spec.init.kind == MF_INIT_CUSTOM) {
        lua_getfield(L, 2, "init");
        double *w = mfl_array_vector(L, o.spec.law.d)->data, a, b;
        for (size_t i = 0; i < o.spec.N; ++i) {
            mfl_init_neuron(L, 4, (mf_key){o.spec.seed, MF_STREAM_INIT}, i, o.spec.law.d, w, &a,
                            &b);
            mf_sgd_set_neuron(box->run, i, w, a, b);
        }
        lua_settop(L, 3);
    }
    return 1;
}

/* ---- steps ----------------------------------------------------------------------------- */

/* One batch of at most `steps` steps with Lua's samples or schedule; returns how many. */
static size_t feed(lua_State *L, mf_sgd *run, uint64_t steps, double *X, double *y, double *s) {
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    size_t n = steps < MF_SGD_BATCH ? (size_t)steps : MF_SGD_BATCH;
    uint64_t k = mf_sgd_steps(run) + 1;
    lua_getiuservalue(L, 1, 1);
    lua_getfield(L, -1, "distribution");
    mfl_distribution_sample(L, -1, (mf_key){spec->seed, MF_STREAM_DATA}, k, n, X, spec->law.d, y);
    lua_getfield(L, -2, "xi");
    for (size_t j = 0; j < n; ++j)
        s[j] = spec->eps * mfl_schedule_xi(L, -1, (double)(k + j) * spec->eps);
    lua_pop(L, 3);
    return n;
}

static void run_to(lua_State *L, const char *where, uint64_t goal) {
    sgd_box *box = mfl_check(L, 1, MFL_SGD);
    mf_sgd *run = box->run;
    double eps = mf_sgd_spec_of(run)->eps;
    size_t d = mf_sgd_spec_of(run)->law.d;
    double *X = box->fed ? mfl_array_vector(L, MF_SGD_BATCH * (d + 2))->data : NULL;
    double *y = X ? X + MF_SGD_BATCH * d : NULL, *s = y ? y + MF_SGD_BATCH : NULL;
    mf_error err = {MF_OK, ""};
    mf_status status = MF_OK;
    mfl_task task;
    mfl_task_begin(L, &task, "sgd", (double)mf_sgd_steps(run) * eps, (double)goal * eps);
    while (status == MF_OK && mf_sgd_steps(run) < goal) {
        uint64_t left = goal - mf_sgd_steps(run);
        if (box->fed) {
            size_t n = feed(L, run, left, X, y, s);
            status = mf_sgd_feed(run, n, X, y, s, &err);
        } else {
            status = mf_sgd_step(run, left < 1000 ? left : 1000, mfl_stop(), &err);
        }
        if (mfl_task_tick(&task, (double)mf_sgd_steps(run) * eps))
            break;
    }
    mfl_task_end(&task);
    mfl_status(L, where, status, &err);
    mfl_task_raise(L, where);
    lua_settop(L, 1);
}

static int sgd_step(lua_State *L) {
    mf_sgd *run = check_run(L);
    lua_Integer steps = luaL_optinteger(L, 2, 1);
    luaL_argcheck(L, steps >= 0, 2, "a number of steps >= 0 expected");
    run_to(L, "sgd:step", mf_sgd_steps(run) + (uint64_t)steps);
    return 1;
}

static int sgd_advance(lua_State *L) {
    mf_sgd *run = check_run(L);
    double t = luaL_checknumber(L, 2), eps = mf_sgd_spec_of(run)->eps;
    luaL_argcheck(L, t >= 0 && t / eps < 0x1p53, 2, "a finite time t >= 0 expected");
    uint64_t goal = (uint64_t)llround(t / eps);
    if (goal < mf_sgd_steps(run))
        return luaL_error(L,
                          "sgd:advance: t = %f lies before the present t = %f; time only runs "
                          "forward",
                          t, (double)mf_sgd_steps(run) * eps);
    run_to(L, "sgd:advance", goal);
    return 1;
}

/* ---- observers ----------------------------------------------------------------------------- */

static int sgd_measure(lua_State *L) {
    mf_sgd *run = check_run(L);
    mf_network net = mf_sgd_network(run);
    double *x;
    mfl_measure_new(L, net.a ? MF_SPACE_AFFINE : MF_SPACE_PLAIN, net.N, net.d + (net.a ? 2 : 0), &x,
                    NULL);
    for (size_t c = 0; c < net.d; ++c)
        memcpy(x + c * net.N, net.W + c * net.ld, net.N * sizeof *x);
    if (net.a) {
        memcpy(x + net.d * net.N, net.a, net.N * sizeof *x);
        memcpy(x + (net.d + 1) * net.N, net.b, net.N * sizeof *x);
    }
    return 1;
}

static int sgd_weights(lua_State *L) {
    mf_network net = mf_sgd_network(check_run(L));
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
    size_t samples;
    uint64_t seed;
} risk_options;

static const mfl_field risk_fields[] = {
        {"samples", MFL_COUNT, offsetof(risk_options, samples), MFL_OPTIONAL, 2, 1e12, 0, NULL,
         "estimate from this many fresh examples; left out: exact, where the law is Gaussian"},
        {"seed", MFL_SEED, offsetof(risk_options, seed), 0, 0, 0, 1, NULL,
         "seed of the fresh examples"},
        MFL_END};

/* Mean and standard error of (y - yhat)^2 over fresh examples. */
static int monte_carlo(lua_State *L, mf_sgd *run, const risk_options *o) {
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    mf_network net = mf_sgd_network(run);
    enum { BATCH = 64 };
    double *X = mfl_array_vector(L, BATCH * (net.d + 2) + net.N)->data;
    double *y = X + BATCH * net.d, *yhat = y + BATCH, *z = yhat + BATCH, mean = 0, square = 0;
    lua_getiuservalue(L, 1, 1);
    lua_getfield(L, -1, "distribution");
    mfl_task task;
    mfl_task_begin(L, &task, "risk", 0, (double)o->samples);
    size_t done = 0;
    while (done < o->samples) {
        size_t n = o->samples - done < BATCH ? o->samples - done : BATCH;
        mfl_distribution_sample(L, -1, (mf_key){o->seed, MF_STREAM_RISK}, done, n, X, net.d, y);
        mf_network_predict(&net, &spec->activation, n, X, net.d, z, yhat);
        for (size_t k = 0; k < n; ++k) { /* Welford's update */
            double loss = (y[k] - yhat[k]) * (y[k] - yhat[k]), change = loss - mean;
            mean += change / (double)++done;
            square += change * (loss - mean);
        }
        if (mfl_task_tick(&task, (double)done))
            break;
    }
    mfl_task_end(&task);
    mfl_task_raise(L, "sgd:risk");
    lua_pushnumber(L, mean);
    lua_pushnumber(L, sqrt(square / ((double)done - 1) / (double)done));
    return 2;
}

static int sgd_risk(lua_State *L) {
    mf_sgd *run = check_run(L);
    risk_options o = {0, 1};
    lua_settop(L, 2);
    mfl_options(L, "sgd:risk", 2, risk_fields, &o);
    if (o.samples)
        return monte_carlo(L, run, &o);
    const mf_sgd_spec *spec = mf_sgd_spec_of(run);
    mf_network net = mf_sgd_network(run);
    size_t bytes = mf_risk_scratch(&spec->law, net.N);
    if (!bytes)
        return luaL_error(L, "sgd:risk: the exact risk of N = %I neurons does not fit in memory",
                          (lua_Integer)net.N);
    double *scratch = mfl_array_vector(L, bytes / sizeof(double) + 1)->data;
    double risk, error;
    mf_error err = {MF_OK, ""};
    mfl_task task;
    mfl_task_begin(L, &task, "risk", 0, 1);
    mf_status status = mf_risk_exact(&spec->law, &spec->activation, &net, scratch, mfl_stop(),
                                     &risk, &error, &err);
    mfl_task_end(&task);
    mfl_status(L, "sgd:risk", status, &err);
    mfl_task_raise(L, "sgd:risk");
    lua_pushnumber(L, risk);
    lua_pushnumber(L, error);
    return 2;
}

static int sgd_k(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mf_sgd_steps(check_run(L)));
    return 1;
}

static int sgd_t(lua_State *L) {
    mf_sgd *run = check_run(L);
    lua_pushnumber(L, (double)mf_sgd_steps(run) * mf_sgd_spec_of(run)->eps);
    return 1;
}

static int sgd_N(lua_State *L) {
    lua_pushinteger(L, (lua_Integer)mf_sgd_spec_of(check_run(L))->N);
    return 1;
}

/* ---- tables ----------------------------------------------------------------------------------- */

static const mfl_fn sgd_methods[] = {
        {"advance", sgd_advance, "sgd:advance(t)",
         "Steps until t = k eps (k the nearest integer to t/eps); returns the run. Raises "
         "'diverged at step k' when the prediction is no longer finite.",
         NULL},
        {"step", sgd_step, "sgd:step(n)", "n more steps (default 1); returns the run.", NULL},
        {"measure", sgd_measure, "sgd:measure()",
         "The empirical law of the neurons: a measure in space 'plain' (w) or 'affine' (w, a, b).",
         NULL},
        {"weights", sgd_weights, "sgd:weights()",
         "W, an N x d array; with affine neurons also a and b.", NULL},
        {"risk", sgd_risk, "sgd:risk{samples=, seed=}",
         "Population risk R_N (Eq. 4) of the present weights. Without options: exact for Gaussian "
         "laws, with a bound on its numerical error. With samples: a Monte Carlo estimate and its "
         "standard error.",
         risk_fields},
        {NULL, NULL, NULL, NULL, NULL}};

static const mfl_property sgd_properties[] = {{"k", sgd_k, "steps done"},
                                              {"t", sgd_t, "time t = k eps"},
                                              {"N", sgd_N, "number of neurons"},
                                              {NULL, NULL, NULL}};

static const mfl_class sgd_class = {
        MFL_SGD,
        "A run of one-pass stochastic gradient descent (Eq. 3; with beta or lambda Eq. 11).",
        sgd_methods, sgd_properties, NULL};

static const mfl_fn sgd_call[] = {
        {"__call", sgd_new, "mf.sgd{distribution=, activation=, N=, init=, eps=, ...}",
         "A network of N neurons at its initial weights, ready to be trained by one-pass SGD.",
         sgd_fields},
        {NULL, NULL, NULL, NULL, NULL}};

void mfl_open_sgd(lua_State *L) {
    mfl_class_register(L, &sgd_class);
    lua_newtable(L);
    lua_newtable(L);
    mfl_functions(L, MFL_SGD, sgd_call);
    lua_setmetatable(L, -2);
    lua_setfield(L, -2, "sgd");
}
