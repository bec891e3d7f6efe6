/* shells.c: features of k_d(s, s') = E h_d(s rho) h_d(s' rho) for few dimensions d.
 *
 * h_d itself is a curve (curves.h), made by quadrature in the angle. As a function of rho,
 * h_d(s rho) has a singularity (rho - t/s)^((d+1)/2) for every knot t of a piecewise linear
 * sigma, whose place moves with s; elsewhere it is smooth in log rho. So the shells are parts
 * of octaves with polynomials of degree 15 each, cut in the quadrature where a knot falls into
 * them, and their number follows from the accuracy: what n shells of an octave lose of the
 * kernel falls like n^-(d+2). The loss is then measured, and the shells refined if need be.  */
#include "shells.h"

#include "compress.h"
#include "core/base/gauss.h"
#include "core/base/special.h"
#include "core/model/directions.h"
#include "kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MODES = 16, /* Legendre polynomials a shell             */
    NODES = 20, /* Gauss-Legendre                           */
    SHELLS_MAX = 400,
    BREAKS = 4096,
    PROBES = 160 /* radii at which the loss is measured      */
};

typedef struct {
    double node[NODES], weight[NODES]; /* Gauss-Legendre on [0, 1]                             */
    double project[MODES][NODES];      /* node values to coefficients of sqrt(2k+1) P_k(2x-1)  */
} rule;

/* Everything about E h(s rho) h(s' rho). */
typedef struct {
    const mf_activation *a;
    double d, log_norm; /* chi density: exp(log_norm + (d-1) log rho - rho^2/2)          */
    bool growth;
    const mf_flag *stop;
    rule gauss;
    mf_directions directions;
    size_t kinks; /* breaks where h is singular: the first `kinks`, or none        */
    mf_curves h;  /* one curve                                                     */
    size_t shells;
    double *edge;          /* shells + 1                                        */
    double (*root)[NODES]; /* shells: sqrt(density x width) at the nodes        */
} conditioned;

struct mf_shells {
    double delta, error;
    bool growth;
    mf_curves features; /* of k_d, in s */
};

/* ---- h_d ------------------------------------------------------------------------------------- */

static void sample_h(const void *context, double s, double *out) {
    const conditioned *c = context;
    *out = mf_directions_value(&c->directions, s) / (c->growth ? 1 + s : 1);
}

static mf_status make_h(conditioned *c, double tol, mf_error *err) {
    mf_status status = mf_directions_init(&c->directions, c->a, c->d, err);
    if (status < 0)
        return status;
    c->kinks =
            c->a->kind == MF_ACT_PIECEWISE || c->a->kind == MF_ACT_TABLE ? c->directions.breaks : 0;
    mf_curve_samples samples;
    status = mf_curves_sample(sample_h, c, 1, tol, 2 * mf_activation_reach(c->a), &samples, c->stop,
                              err);
    if (status < 0)
        return status;
    status = mf_curves_fit(&samples, 1, samples.sample, c->growth, &c->h, err);
    mf_curve_samples_free(&samples);
    return status;
}

/* ---- shells --------------------------------------------------------------------------------------- */

static double density(const conditioned *c, double rho) {
    return exp(c->log_norm + (c->d - 1) * log(rho) - rho * rho / 2);
}

/* Edges from far out, where no mass is left, down to a ball of negligible mass: per octave as
 * many shells as its mass calls for. Returns their number, more than SHELLS_MAX if they do not
 * fit into down (decreasing).                                                                 */
static size_t place_shells(const conditioned *c, double scale, double tol, double effort,
                           double *down) {
    double far = 8 + sqrt(c->d) + sqrt(c->d + 2 * log(scale / tol)) / 2, top = far;
    size_t n = 0;
    down[0] = far;
    while (top > sqrt(c->d) || scale * density(c, top) * top > 0.1 * tol * c->d) {
        double peak = fmin(fmax(sqrt(c->d), top / 2), top), mass = density(c, peak) * top;
        double parts = effort * pow(scale * mass / tol, 1 / (c->d + 2));
        size_t m = parts < 2 ? 2 : (size_t)ceil(parts);
        if (n + m > SHELLS_MAX)
            return SHELLS_MAX + 1;
        for (size_t i = 1; i <= m; ++i)
            down[n + i] = top * exp2(-(double)i / (double)m);
        n += m;
        top /= 2;
    }
    return n;
}

static mf_status make_shells(conditioned *c, size_t n, const double *down, mf_error *err) {
    free(c->edge);
    free(c->root);
    c->shells = n;
    c->edge = malloc((n + 1) * sizeof *c->edge);
    c->root = malloc(n * sizeof *c->root);
    if (!c->edge || !c->root)
        return mf_fail(err, MF_ENOMEM, "no memory for %zu shells", n);
    for (size_t i = 0; i <= n; ++i)
        c->edge[i] = down[n - i];
    for (size_t p = 0; p < n; ++p)
        for (size_t j = 0; j < NODES; ++j) {
            double width = c->edge[p + 1] - c->edge[p];
            c->root[p][j] = sqrt(density(c, c->edge[p] + width * c->gauss.node[j]) * width);
        }
    return MF_OK;
}

/* Coefficients of h(s rho) sqrt(density) in a shell with knots inside: between them the nodes
 * crowd towards both ends, where h is singular.                                              */
static void cut_shell(const conditioned *c, const mf_curve_kernels *kernels, double s, size_t p,
                      double *out, double *square) {
    double low = c->edge[p], high = c->edge[p + 1], width = high - low;
    size_t i = 0;
    for (double from = low, to; from < high; from = to) {
        while (i < c->kinks && c->directions.at[i] <= from * s)
            ++i;
        to = i < c->kinks ? fmin(high, c->directions.at[i] / s) : high;
        if (!(to > from))
            to = high;
        double x[NODES], f[NODES];
        for (size_t j = 0; j < NODES; ++j) {
            double v = c->gauss.node[j];
            x[j] = s * (from + (to - from) * v * v * (3 - 2 * v));
        }
        kernels->curve_values(&c->h.grid, c->h.coef, NODES, x, f, NULL);
        for (size_t j = 0; j < NODES; ++j) {
            double rho = x[j] / s, v = c->gauss.node[j], u = 2 * (rho - low) / width - 1;
            double weight = c->gauss.weight[j] * 6 * v * (1 - v) * (to - from);
            double value = f[j] * sqrt(density(c, rho)), before = 0, now = 1;
            *square += weight * value * value;
            for (size_t k = 0; k < MODES; ++k) {
                double kk = (double)k, next = ((2 * kk + 1) * u * now - kk * before) / (kk + 1);
                out[k] += weight * value * now * sqrt((2 * kk + 1) / width);
                before = now;
                now = next;
            }
        }
    }
}

static bool has_kink(const conditioned *c, double low, double high) {
    for (size_t i = 0; i < c->kinks && c->directions.at[i] < high; ++i)
        if (c->directions.at[i] > low)
            return true;
    return false;
}

/* out: shells x MODES coefficients of h(s rho) sqrt(density); returns what the projection loses
 * of the square of its norm.                                                                  */
static double project(const conditioned *c, double s, double *out) {
    const mf_curve_kernels *kernels = mf_curve_kernels_best();
    double square = 0, kept = 0;
    memset(out, 0, c->shells * MODES * sizeof *out);
    for (size_t p = 0; p < c->shells; ++p, out += MODES) {
        double low = c->edge[p], width = c->edge[p + 1] - low, x[NODES], f[NODES];
        if (has_kink(c, s * low, s * c->edge[p + 1])) {
            cut_shell(c, kernels, s, p, out, &square);
        } else {
            for (size_t j = 0; j < NODES; ++j)
                x[j] = s * (low + width * c->gauss.node[j]);
            kernels->curve_values(&c->h.grid, c->h.coef, NODES, x, f, NULL);
            for (size_t j = 0; j < NODES; ++j) {
                f[j] *= c->root[p][j];
                square += c->gauss.weight[j] * f[j] * f[j];
            }
            for (size_t k = 0; k < MODES; ++k)
                for (size_t j = 0; j < NODES; ++j)
                    out[k] += c->gauss.project[k][j] * f[j];
        }
        for (size_t k = 0; k < MODES; ++k)
            kept += out[k] * out[k];
    }
    return square - kept;
}

/* out: q(s), then the coefficients, divided by 1 + s where there is growth. */
static void sample_kernel(const void *context, double s, double *out) {
    const conditioned *c = context;
    size_t width = c->shells * MODES;
    project(c, s, out + 1);
    if (mf_activation_moment(c->a, s, 0, &out[0], NULL, NULL, NULL) < 0)
        out[0] = NAN;
    for (size_t i = 0; c->growth && i <= width; ++i)
        out[i] /= 1 + s;
}

/* Largest loss over radii s spread in log s. */
static double largest_loss(const conditioned *c, double *work) {
    double worst = 0;
    for (size_t i = 0; i < PROBES && !mf_flag_is_set(c->stop); ++i) {
        double s = exp(-4 + 12 * ((double)i + 0.5) / PROBES);
        worst = fmax(worst, project(c, s, work) / (c->growth ? (1 + s) * (1 + s) : 1));
    }
    return worst;
}

/* ---- construction -------------------------------------------------------------------------------------- */

static mf_status make_rule(rule *gauss, mf_error *err) {
    mf_status status = mf_gauss(NODES, 0, 1, gauss->node, gauss->weight, err);
    for (size_t j = 0; j < NODES && status >= 0; ++j) {
        double u = 2 * gauss->node[j] - 1, before = 0, now = 1;
        for (size_t k = 0; k < MODES; ++k) {
            double kk = (double)k, next = ((2 * kk + 1) * u * now - kk * before) / (kk + 1);
            gauss->project[k][j] = gauss->weight[j] * now * sqrt(2 * kk + 1);
            before = now;
            now = next;
        }
    }
    return status;
}

/* Shells fine enough for tol, or as many as are allowed; *loss is what they lose. */
static mf_status resolve(conditioned *c, double tol, double *loss, mf_error *err) {
    double *work = malloc((SHELLS_MAX * (size_t)MODES + SHELLS_MAX + 1) * sizeof *work);
    if (!work)
        return mf_fail(err, MF_ENOMEM, "no memory for %d shells", SHELLS_MAX);
    double *down = work + SHELLS_MAX * (size_t)MODES, scale = mf_activation_scale(c->a);
    mf_status status = MF_OK;
    *loss = HUGE_VAL;
    for (double effort = 0.15; status >= 0 && *loss > tol / 2; effort *= 1.4) {
        size_t n = place_shells(c, scale, tol, effort, down);
        while (n > SHELLS_MAX && isinf(*loss)) /* not even the first try fits */
            n = place_shells(c, scale, tol *= 10, effort, down);
        if (n > SHELLS_MAX)
            break;
        status = make_shells(c, n, down, err);
        if (status >= 0)
            status = mf_poll(c->stop, err);
        *loss = status < 0 ? 0 : largest_loss(c, work);
    }
    free(work);
    return status;
}

static mf_status build(conditioned *c, double tol, mf_shells *out, mf_error *err) {
    double loss = 0, residual;
    mf_curve_samples samples;
    mf_status status = make_rule(&c->gauss, err);
    if (status >= 0)
        status = make_h(c, 1e-3 * tol, err);
    if (status >= 0)
        status = resolve(c, tol / 4, &loss, err);
    if (status < 0)
        return status;
    tol = fmax(tol / 4, 2 * loss); /* the projection is not smooth beyond what it loses */
    status = mf_curves_sample(sample_kernel, c, 1 + c->shells * MODES, tol,
                              mf_activation_reach(c->a), &samples, c->stop, err);
    if (status < 0)
        return status;
    status = mf_compress(&samples, tol, c->growth, &out->features, &residual, c->stop, err);
    out->error = 2 * loss + residual + samples.error;
    mf_curve_samples_free(&samples);
    return status;
}

mf_status mf_shells_new(const mf_activation *a, double delta, double d, double tol, mf_shells **out,
                        const mf_flag *stop, mf_error *err) {
    conditioned c = {.a = a, .d = d, .growth = !mf_activation_is_bounded(a), .stop = stop};
    c.log_norm = (1 - d / 2) * M_LN2 - mf_lgamma(d / 2);
    *out = calloc(1, sizeof **out);
    if (!*out)
        return mf_fail(err, MF_ENOMEM, "no memory for shells");
    (*out)->delta = delta;
    (*out)->growth = c.growth;
    mf_status status = build(&c, tol, *out, err);
    mf_curves_free(&c.h);
    mf_directions_free(&c.directions);
    free(c.edge);
    free(c.root);
    if (status < 0) {
        mf_shells_free(*out);
        *out = NULL;
    }
    return status;
}

void mf_shells_free(mf_shells *shells) {
    mf_curves_free(&shells->features);
    free(shells);
}

/* ---- the radial potential's samples ------------------------------------------------------------------------ */

size_t mf_shells_width(const mf_shells *shells) {
    return 1 + 2 * shells->features.count;
}

double mf_shells_error(const mf_shells *shells) {
    return shells->error;
}

void mf_shells_sample(const void *context, double r, double *out) {
    const mf_shells *shells = context;
    const mf_curves *c = &shells->features;
    double factor = shells->growth ? 1 / (1 + r) : 1, value[MF_CURVE_TERMS], slope[MF_CURVE_TERMS];
    size_t length = mf_curve_length(&c->grid);
    for (size_t side = 0; side < 2; ++side) {
        double tau = side ? 1 - shells->delta : 1 + shells->delta;
        const double *coef = c->coef + mf_curve_basis(&c->grid, tau * r, value, slope);
        double *to = out + 1 + side * c->count;
        for (size_t k = 0; k < c->count; ++k, coef += length) {
            double sum = 0;
            for (size_t i = 0; i < MF_CURVE_TERMS; ++i)
                sum += coef[i] * value[i];
            to[k] = M_SQRT1_2 * factor * sum;
        }
    }
    out[0] = (out[1] - out[1 + c->count]) * M_SQRT1_2;
}
