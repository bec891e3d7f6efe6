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
    s *= spec->rate[MF_GROUP_W] / (spec->scale * spec->scale);
    return 2 * spec->lambda * s * (double)block / (double)batch > 1;
}

bool mf_sgd_shares_rate(const mf_sgd_spec *spec) {
    return spec->neuron == MF_NEURON_PLAIN || !mf_sgd_learns(spec, MF_GROUP_B) ||
           spec->rate[MF_GROUP_B] == spec->rate[MF_GROUP_W];
}

/* What the algebra of blocks does not know; NULL: nothing of this run. Decay and noise of a block are one
 * factor and one Brownian motion for all rows of W that move; decay and momentum together
 * are no geometric series.                                                                   */
static const char *beyond_blocks(const mf_sgd_spec *spec) {
    if (mf_law_is_fed(&spec->law))
        return "a custom distribution";
    if (spec->momentum > 0 && spec->lambda > 0)
        return "momentum together with lambda";
    if (mf_sgd_is_noisy(spec) && (!mf_sgd_shares_rate(spec) || !mf_sgd_learns(spec, MF_GROUP_W)))
        return "decay or noise with different rates of w and b, or with w fixed,";
    return NULL;
}

static mf_status check_options(const mf_sgd_spec *spec, mf_error *err) {
    const double no_class = 0.4142135623730951;
    if (spec->momentum > 0 && isfinite(spec->beta))
        return mf_fail(err, MF_EUNSUPPORTED,
                       "options 'momentum' and 'beta' do not go together: the noise of Eq. 11 is "
                       "that of steps without momentum");
    if (spec->label_noise > 0 && mf_loss_check(&spec->loss, 1, &no_class, NULL) < 0)
        return mf_fail(err, MF_EINVAL,
                       "option 'label_noise' makes labels that are no classes, which the %s loss "
                       "does not know",
                       mf_loss_name(&spec->loss));
    return mf_loss_check_law(&spec->loss, &spec->law, err);
}

mf_status mf_sgd_plan(mf_sgd_spec *spec, mf_error *err) {
    size_t block = spec->block ? spec->block : default_block(spec);
    if (block > MF_SGD_BLOCK_MAX)
        return mf_fail(err, MF_EINVAL, "block = %zu must be at most %d", block, MF_SGD_BLOCK_MAX);
    if (spec->scale == 0)
        spec->scale = 1;
    for (size_t i = 0; !spec->has_rates && i < MF_GROUPS; ++i)
        spec->rate[i] = 1;
    spec->has_rates = true;
    const char *beyond = beyond_blocks(spec);
    if (beyond && spec->algorithm == MF_SGD_BLOCKED)
        return mf_fail(err, MF_EUNSUPPORTED,
                       "%s takes the plain loop: algorithm = 'plain' or 'auto'", beyond);
    mf_status status = check_options(spec, err);
    if (status < 0)
        return status;
    if (spec->batch == 0)
        spec->batch = 1;
    if (spec->block == 0) /* whole batches */
        block = mf_sgd_round_up(block, spec->batch);
    bool large = block > MF_SGD_BLOCK_MAX;
    if (spec->algorithm == MF_SGD_AUTO)
        spec->algorithm = beyond || large || mf_sgd_is_thin(spec) || decays_fast(spec, block)
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
