/* radial_nodes.c: one curve, the answer to one |x|, seen at the scales of all nodes. */
#include "radial_nodes.h"

#include "core/base/gauss.h"
#include "kernels.h"

#include <math.h>
#include <stdlib.h>

static const double NOTHING = 1e-20; /* weights below it are no nodes */

typedef struct {
    const mf_curves *answer;
    const mf_radial_nodes *nodes;
    double scale[2 * MF_RADIAL_NODES_MAX]; /* of r, in units of the answer's curve */
} sampling;

/* Component 0 is <y, phi>, as everywhere (curves.h). */
static void sample(const void *context, double r, double *out) {
    const sampling *at = context;
    size_t n = at->nodes->count;
    double s[2 * MF_RADIAL_NODES_MAX], near = at->answer->grid.growth ? 1 / (1 + r) : 1;
    for (size_t k = 0; k < n; ++k)
        s[k] = at->scale[k] * r;
    mf_curve_kernels_best()->curve_values(&at->answer->grid, at->answer->coef, n, s, out + 1, NULL);
    out[0] = 0;
    for (size_t k = 0; k < n; ++k) {
        double root = sqrt(at->nodes->weight[k]);
        out[1 + k] *= root * near;
        out[0] += at->nodes->y[k] * root * out[1 + k];
    }
}

static mf_status place_nodes(const mf_radial_noise *noise, double d, size_t nodes, sampling *at,
                             mf_radial_nodes *out, mf_error *err) {
    double rho[MF_RADIAL_NODES_MAX] = {1}, weight[MF_RADIAL_NODES_MAX] = {1};
    mf_status status = isinf(d) ? MF_OK : mf_gauss_chi(nodes, d, rho, weight, err);
    out->count = 0;
    for (size_t side = 0; side < 2 && status >= 0; ++side)
        for (size_t k = 0; k < (isinf(d) ? 1 : nodes); ++k) {
            if (weight[k] < NOTHING)
                continue;
            out->y[out->count] = side ? -1 : 1;
            out->weight[out->count] = weight[k] / 2;
            at->scale[out->count++] = noise->tau[side] * rho[k] / (isinf(d) ? 1 : sqrt(d));
        }
    return status;
}

mf_status mf_radial_nodes_new(const mf_radial_noise *noise, double d, size_t nodes, bool growth,
                              double tol, double reach, mf_radial_nodes *out, const mf_flag *stop,
                              mf_error *err) {
    sampling at = {.answer = &noise->answer, .nodes = out};
    mf_curve_samples samples;
    mf_status status = place_nodes(noise, d, nodes, &at, out, err);
    if (status >= 0)
        status = mf_curves_sample(sample, &at, 1 + out->count, tol, reach, &samples, stop, err);
    if (status < 0)
        return status;
    size_t length = samples.panels * MF_CURVE_TERMS;
    double *values = malloc(length * out->count * sizeof *values);
    for (size_t k = 0; values && k < out->count; ++k)
        for (size_t i = 0; i < length; ++i)
            values[k * length + i] = samples.sample[i * samples.width + 1 + k];
    status = values ? mf_curves_fit(&samples, out->count, values, growth, &out->curves, err)
                    : mf_fail(err, MF_ENOMEM, "no memory for %zu features", out->count);
    out->error = samples.error;
    free(values);
    mf_curve_samples_free(&samples);
    return status;
}
