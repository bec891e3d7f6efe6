/* potential_sampled.c: mf.potential.sampled, the mean-field limit of a model of one's own. */
#include "core/potentials/sampled.h"
#include "lua/model/distribution.h"
#include "lua/model/loss.h"
#include "potential.h"

typedef struct {
    const mf_distribution *law;
    const mf_activation *activation;
    const mf_loss *loss;
    int neuron;
    uint64_t seed;
    mf_sampled_spec spec;
} sampled_options;

const mfl_field mfl_sampled_fields[] = {
        {"distribution", MFL_OBJECT, offsetof(sampled_options, law), .flags = MFL_REQUIRED,
         .aux = MFL_DISTRIBUTION, .text = "law of one example (x, y), native or custom"},
        {"activation", MFL_OBJECT, offsetof(sampled_options, activation), .flags = MFL_REQUIRED,
         .aux = "mf.activation", .text = "sigma"},
        MFL_LOSS_FIELD(sampled_options, loss, ", averaged over the examples"),
        {"neuron", MFL_ENUM, offsetof(sampled_options, neuron), .aux = mf_neuron_names,
         .text = "plain: theta = w; affine: theta = (w, a, b)"},
        {"samples", MFL_COUNT, offsetof(sampled_options, spec.n), .flags = MFL_OPTIONAL, .low = 1,
         .high = 1e9,
         .text = "number of examples n; the error against the population is of order n^(-1/2). "
                 "Required but for a data set, which is taken whole"},
        {"seed", MFL_SEED, offsetof(sampled_options, seed), .fallback = 1,
         .text = "seed of the examples; different from those of an SGD run with the same seed"},
        {"fix_a", MFL_BOOLEAN, offsetof(sampled_options, spec.fix_a),
         .text = "affine neurons: do not train the output weights"},
        {"fix_b", MFL_BOOLEAN, offsetof(sampled_options, spec.fix_b),
         .text = "affine neurons: do not train the offsets"},
        MFL_END};

/* The examples, in slices between which Ctrl-C is looked at; the law is at 4. */
static void draw(lua_State *L, const char *where, const sampled_options *o, double *x, double *y) {
    size_t n = o->spec.n, d = o->spec.d, slice = 1000000 / d + 1;
    mfl_task *task = mfl_task_push(L, "samples", 0, (double)n);
    for (size_t k = 0; k < n && !mfl_task_tick(task, (double)k); k += slice)
        mfl_distribution_sample(L, 4, (mf_key){o->seed, MF_STREAM_SAMPLED}, k + 1,
                                n - k < slice ? n - k : slice, x + k * d, d, y + k);
    mfl_task_end(task);
    mfl_task_raise(L, where);
}

/* A data set is taken as it is. */
static void take_dataset(lua_State *L, const char *where, sampled_options *o) {
    o->spec.examples = o->law->examples;
    if (!o->spec.examples && o->spec.n == 0)
        luaL_error(L, "%s: option 'samples' is missing", where);
    if (o->spec.examples && o->spec.n != 0 && o->spec.n != o->spec.examples->n)
        luaL_error(L, "%s: a data set is taken whole: leave out 'samples' (it has %I, got %I)",
                   where, (lua_Integer)o->spec.examples->n, (lua_Integer)o->spec.n);
    if (o->spec.examples)
        o->spec.n = o->spec.examples->n;
    lua_pushinteger(L, (lua_Integer)o->spec.n);
    lua_setfield(L, 2, "samples");
}

int mfl_potential_sampled(lua_State *L) {
    const char *where = "mf.potential.sampled";
    sampled_options o = {0};
    lua_settop(L, 1);
    mfl_options(L, where, 1, mfl_sampled_fields, &o); /* at 2 */
    take_dataset(L, where, &o);
    o.spec.d = o.law->d;
    o.spec.activation = *o.activation;
    o.spec.loss = mfl_loss_option(o.loss);
    o.spec.affine = o.neuron == MF_NEURON_AFFINE;
    o.spec.stop = mfl_stop();
    if (!o.spec.affine && (o.spec.fix_a || o.spec.fix_b))
        return luaL_error(L, "%s: options 'fix_a' and 'fix_b' are for neuron = 'affine'", where);
    lua_pushvalue(L, 2);
    mf_potential **box = mfl_potential_push(L); /* at 3, closed */
    mf_error err = {MF_OK, ""};
    mfl_status(L, where, mf_sampled_new(&o.spec, box, &err), &err);
    lua_getfield(L, 2, "distribution");
    if (!o.spec.examples)
        draw(L, where, &o, mf_sampled_x(*box), mf_sampled_y(*box));
    mfl_status(L, where, mf_sampled_finish(*box, &err), &err);
    lua_settop(L, 3);
    return 1;
}
