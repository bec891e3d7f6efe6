/* flow.c: solvers in files, as named fields: what all have in common. */
#include "flow.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Of numbers that other instruction sets may give other last bits. */
static const double ROUNDING = 1e-9;

/* ---- writing ------------------------------------------------------------------------------- */

void mf_flow_save(const mf_flow *flow, const mf_potential *pot, const double *mean,
                  mf_fields_writer *to) {
    mf_measure law = flow->ops->measure(flow);
    mf_fields_text(to, "kind", flow->ops->name);
    mf_fields_text(to, "potential", pot->ops->name);
    mf_fields_text(to, "space", pot->space->name);
    mf_fields_integer(to, "coordinates", (int64_t)pot->dim);
    mf_fields_integer(to, "rank", (int64_t)pot->rank);
    mf_loss loss = mf_potential_loss(pot);
    mf_fields_text(to, "loss", mf_loss_name(&loss));
    mf_fields_double(to, "loss parameter", loss.parameter);
    mf_fields_double(to, "R_#", pot->risk0);
    mf_fields_doubles(to, "b", pot->rank, pot->b);
    mf_fields_doubles(to, "mean", pot->rank, mean);
    mf_fields_integer(to, "atoms", (int64_t)law.n);
    double *theta = mf_fields_room(to, "theta", law.dim, law.n);
    for (size_t c = 0; theta && c < law.dim; ++c)
        memcpy(theta + c * law.n, law.x + c * law.ld, law.n * sizeof *theta);
    if (law.weight)
        mf_fields_doubles(to, "weight", law.n, law.weight);
    mf_fields_double(to, "clock", flow->clock);
    mf_fields_integer(to, "steps", (int64_t)flow->steps);
    if (!isnan(flow->error))
        mf_fields_double(to, "error", flow->error);
    flow->ops->save(flow, to);
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool sums_to_one(const mf_measure *law) {
    double sum = 0;
    for (size_t j = 0; j < law->n; ++j)
        sum += mf_measure_weight(law, j);
    return fabs(sum - 1) < 1e-6;
}

mf_status mf_flow_saved_law(mf_fields *from, const mf_potential *pot, mf_measure *law,
                            mf_error *err) {
    const char *space = mf_fields_string(from, "space");
    int64_t dim = mf_fields_count(from, "coordinates", 1, INT32_MAX);
    size_t n = (size_t)mf_fields_count(from, "atoms", 1, 1000000000);
    if (from->status < 0)
        return from->status;
    if (strcmp(space, pot->space->name) != 0 || (size_t)dim != pot->dim)
        return mf_fail(
                err, MF_EINVAL,
                "the run was saved with a potential in space '%.24s' (%lld coordinates), got "
                "one in '%s' (%zu)",
                space, (long long)dim, pot->space->name, pot->dim);
    *law = (mf_measure){pot->space, n, pot->dim, n, NULL, NULL};
    law->x = mf_fields_extended(from, "theta", law->dim, n);
    if (mf_fields_has(from, "weight"))
        law->weight = mf_fields_find(from, "weight", n, 1);
    if (from->status < 0)
        return from->status;
    mf_status status = mf_measure_check(law, err);
    if (status >= 0)
        mf_fields_require(from, "weight", sums_to_one(law));
    return status < 0 ? mf_fail(err, MF_EFORMAT, "its law makes no sense") : from->status;
}

/* Whether the field's numbers are these times a factor, up to rounding. */
static bool holds(mf_fields *from, const char *name, size_t n, const double *x, double factor) {
    const double *y = mf_fields_find(from, name, n, 1);
    double size = 1, apart = 0;
    for (size_t i = 0; y && i < n; ++i) {
        size = fmax(size, fabs(factor * x[i]));
        apart = fmax(apart, fabs(factor * x[i] - y[i]));
    }
    return y && apart <= ROUNDING * size; /* NaN is no number of a file's potential */
}

mf_status mf_flow_same_potential(mf_fields *from, const mf_potential *pot, const double *mean,
                                 mf_error *err) {
    const char *name = mf_fields_string(from, "potential");
    int64_t rank = mf_fields_count(from, "rank", 1, INT32_MAX);
    if (from->status < 0)
        return from->status;
    if (strcmp(name, pot->ops->name) != 0 || (size_t)rank != pot->rank)
        return mf_fail(err, MF_EINVAL,
                       "the run was saved with another potential: '%.24s' with %lld features, got "
                       "'%s' with %zu",
                       name, (long long)rank, pot->ops->name, pot->rank);
    mf_loss loss = mf_potential_loss(pot);
    const char *saved = mf_fields_string(from, "loss");
    bool same = from->status >= 0 && strcmp(saved, mf_loss_name(&loss)) == 0 &&
                holds(from, "loss parameter", 1, &loss.parameter, 1);
    if (from->status >= 0 && !same)
        return mf_fail(err, MF_EINVAL,
                       "the run was saved with another potential: with the %.24s loss, got the %s "
                       "loss%s",
                       saved, mf_loss_name(&loss),
                       loss.parameter > 0 ? " or another parameter" : "");
    bool risk = holds(from, "R_#", 1, &pot->risk0, 1);
    bool V = holds(from, "b", pot->rank, pot->b, 1), U = holds(from, "mean", pot->rank, mean, 1);
    if (from->status < 0 || (risk && V && U))
        return from->status;
    return mf_fail(err, MF_EINVAL,
                   "the run was saved with another potential: of the same kind, with another %s",
                   !risk ? "R_#"
                   : !V  ? "V"
                         : "V or U at the saved law");
}

mf_status mf_flow_load(mf_flow *flow, mf_fields *from, mf_error *err) {
    mf_fields_require(from, "kind", strcmp(mf_fields_string(from, "kind"), flow->ops->name) == 0);
    flow->clock = mf_fields_number(from, "clock", 0, DBL_MAX);
    flow->steps = (uint64_t)mf_fields_count(from, "steps", 0, (int64_t)1 << 53);
    if (!isnan(flow->error))
        flow->error = mf_fields_number(from, "error", 0, HUGE_VAL);
    if (mf_fields_has(from, "m")) { /* those a solver carries are the law's */
        size_t rank = (size_t)mf_fields_count(from, "rank", 1, INT32_MAX);
        const double *mean = mf_fields_find(from, "mean", rank, 1);
        mf_fields_require(from, "m",
                          mean && holds(from, "m", rank, mean, flow->scale > 0 ? flow->scale : 1));
    }
    return from->status < 0 ? from->status : flow->ops->load(flow, from, err);
}
