/* plan.c: which algorithm and which block a run takes. */
#include "state.h"

#include <math.h>

const char *const mf_sgd_algorithm_names[] = {"auto", "plain", "blocked", NULL};
const char *const mf_precision_names[] = {"double", "single", NULL};

bool mf_sgd_is_noisy(const mf_sgd_spec *spec) {
    return isfinite(spec->beta) || spec->lambda > 0;
}

/* Measured (docs/blocked-sgd.md): the optimum is flat. */
static size_t default_block(const mf_sgd_spec *spec) {
    if (mf_sgd_is_noisy(spec))
        return spec->law.d <= 100 ? 40 : 80;
    if (spec->law.d <= 60)
        return 15;
    return spec->N >= MF_SGD_THREADED ? 60 : 40;
}

bool mf_sgd_is_thin(const mf_sgd_spec *spec) {
    return spec->N < MF_SGD_LANES_D && spec->law.d >= 100000;
}

/* Decay over a block divides by its own product: it must stay far from 0. */
static bool decays_fast(const mf_sgd_spec *spec, size_t block) {
    double s = spec->xi.kind == MF_SCHEDULE_CUSTOM
                       ? spec->eps
                       : spec->eps * mf_schedule_xi(&spec->xi, spec->eps);
    size_t batch = spec->batch ? spec->batch : 1;
    return 2 * spec->lambda * s * (double)block / (double)batch > 1;
}

mf_status mf_sgd_plan(mf_sgd_spec *spec, mf_error *err) {
    size_t block = spec->block ? spec->block : default_block(spec);
    if (block > MF_SGD_BLOCK_MAX)
        return mf_fail(err, MF_EINVAL, "block = %zu must be at most %d", block, MF_SGD_BLOCK_MAX);
    bool custom = mf_law_is_fed(&spec->law);
    if (custom && spec->algorithm == MF_SGD_BLOCKED)
        return mf_fail(err, MF_EUNSUPPORTED,
                       "a custom distribution takes the plain loop: algorithm = 'plain' or 'auto'");
    mf_status labels = mf_loss_check_law(&spec->loss, &spec->law, err);
    if (labels < 0)
        return labels;
    if (spec->batch == 0)
        spec->batch = 1;
    if (spec->block == 0) /* whole batches */
        block = mf_sgd_round_up(block, spec->batch);
    bool large = block > MF_SGD_BLOCK_MAX;
    if (spec->algorithm == MF_SGD_AUTO)
        spec->algorithm = custom || large || mf_sgd_is_thin(spec) || decays_fast(spec, block)
                                  ? MF_SGD_PLAIN
                                  : MF_SGD_BLOCKED;
    if (spec->algorithm == MF_SGD_BLOCKED && (large || block % spec->batch != 0))
        return mf_fail(err, MF_EUNSUPPORTED,
                       "batch = %zu: a block of at most %d samples must be a whole number of "
                       "batches; choose the block, or algorithm = 'plain'",
                       spec->batch, MF_SGD_BLOCK_MAX);
    spec->block = spec->algorithm == MF_SGD_PLAIN ? spec->batch : block;
    return MF_OK;
}
