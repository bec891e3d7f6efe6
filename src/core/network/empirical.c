/* empirical.c: the mean loss of a finite network over given examples, with what rounding and a
 * tabulated sigma may have done to it.
 *
 * Pre-activations are matrix products, tiles of EXAMPLES x NEURONS that stay in the second-level
 * cache; blocks of EXAMPLES go to the threads and their sums are added in order.            */
#include "risk.h"

#include "core/base/blas.h"
#include "core/base/parallel.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXAMPLES = 64, NEURONS = 64 };

static const double ROUNDING = 4e-14;  /* of a mean, relative to the sizes of its summands      */
static const double PRODUCT = 0x1p-50; /* of <w, x>, relative to |w| |x|                        */

typedef struct {
    const mf_network *net;
    const mf_activation *act;
    const mf_loss *loss;
    const double *X, *y;
    size_t n;
    const mf_flag *stop;
    double *norm;         /* |w_i|                                     */
    double *risk, *error; /* a block's sums                             */
} job;

/* Of the examples of a block: yhat, and how far it may be off; N times both. */
typedef struct {
    double yhat[EXAMPLES], off[EXAMPLES];
} outputs;

/* Adds the neurons first .. first + n - 1. */
static void add_neurons(const job *j, const double *X, size_t examples, const double *length,
                        size_t first, size_t n, outputs *out) {
    const mf_network *net = j->net;
    double z[EXAMPLES * NEURONS], value[NEURONS], slope[NEURONS];
    const double table = mf_activation_error(j->act);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)examples, (int)n, (int)net->d, 1, X,
                (int)net->d, net->W + first, (int)net->ld, 0, z, NEURONS);
    for (size_t k = 0; k < examples; ++k) {
        double *row = z + k * NEURONS;
        for (size_t i = 0; net->b && i < n; ++i)
            row[i] += net->b[first + i];
        mf_activation_apply(j->act, n, row, value, slope);
        for (size_t i = 0; i < n; ++i) {
            double a = net->a ? net->a[first + i] : 1, size = fabs(value[i]);
            double inner = PRODUCT * fabs(slope[i]) * j->norm[first + i] * length[k];
            out->yhat[k] += a * value[i];
            out->off[k] += fabs(a) * (ROUNDING * size + inner + table * fmax(1, size));
        }
    }
}

/* Sums over a block. Where yhat moves by `off` a convex loss moves by no more than off times the
 * steeper of its slopes at the two ends.                                                     */
static void sum_block(void *context, size_t block) {
    const job *j = context;
    size_t d = j->net->d, N = j->net->N, from = block * EXAMPLES;
    size_t examples = j->n - from < EXAMPLES ? j->n - from : EXAMPLES;
    const double *X = j->X + from * d;
    double length[EXAMPLES], risk = 0, error = 0;
    outputs out = {.yhat = {0}};
    for (size_t k = 0; k < examples; ++k)
        length[k] = cblas_dnrm2((int)d, X + k * d, 1);
    for (size_t i = 0; i < N && !mf_flag_is_set(j->stop); i += NEURONS)
        add_neurons(j, X, examples, length, i, N - i < NEURONS ? N - i : NEURONS, &out);
    for (size_t k = 0; k < examples; ++k) {
        double y = j->y[from + k], f = out.yhat[k] / (double)N, off = out.off[k] / (double)N;
        double value = mf_loss_value(j->loss, y, f);
        off += ROUNDING * fabs(y);
        risk += value;
        error += ROUNDING * fabs(value) + off * fmax(fabs(mf_loss_slope(j->loss, y, f - off)),
                                                     fabs(mf_loss_slope(j->loss, y, f + off)));
    }
    j->risk[block] = risk;
    j->error[block] = error;
}

/* MF_EDOMAIN if a block has no risk because it asks sigma beyond its range. */
static mf_status check_block(const job *j, size_t block, mf_error *err) {
    double low, high, yhat[EXAMPLES];
    size_t from = block * EXAMPLES, left = j->n - from;
    if (!isnan(j->risk[block]) || !mf_activation_range(j->act, &low, &high))
        return MF_OK;
    double *z = malloc(j->net->N * sizeof *z);
    if (!z)
        return mf_fail(err, MF_ENOMEM, "out of memory for %zu neurons", j->net->N);
    mf_status status = mf_network_predict(j->net, j->act, left < EXAMPLES ? left : EXAMPLES,
                                          j->X + from * j->net->d, j->net->d, z, yhat, err);
    free(z);
    return status;
}

mf_status mf_risk_empirical(const mf_network *net, const mf_activation *act, const mf_loss *loss,
                            size_t n, const double *X, const double *y, const mf_flag *stop,
                            double *risk, double *error, mf_error *err) {
    size_t blocks = (n + EXAMPLES - 1) / EXAMPLES;
    if (n == 0 || !mf_blas_fits(net->d) || !mf_blas_fits(net->ld))
        return mf_fail(err, MF_EINVAL, "%zu examples of %zu numbers, %zu neurons", n, net->d,
                       net->N);
    double *room = malloc((net->N + 2 * blocks) * sizeof *room);
    if (!room)
        return mf_fail(err, MF_ENOMEM, "out of memory for %zu neurons and %zu examples", net->N, n);
    job j = {net, act, loss, X, y, n, stop, room, room + net->N, room + net->N + blocks};
    for (size_t i = 0; i < net->N; ++i)
        j.norm[i] = cblas_dnrm2((int)net->d, net->W + i, (int)net->ld);
    mf_parallel(blocks, sum_block, &j);
    mf_status status = mf_flag_is_set(stop) ? MF_STOPPED : MF_OK;
    *risk = *error = 0;
    for (size_t block = 0; block < blocks && status == MF_OK; ++block) {
        status = check_block(&j, block, err);
        *risk += j.risk[block] / (double)n;
        *error += j.error[block] / (double)n;
    }
    free(room);
    return status;
}
