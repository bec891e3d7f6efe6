/* activation.c: values, Gaussian moments and Hermite coefficients of activations.
 *
 * Everything rests on p_k(x) = phi(x) h_k(x), phi the normal density and h_k the normalised
 * Hermite polynomials: |p_k| <= exp(-x^2/4), so the recurrence that starts from phi neither
 * overflows nor loses the small terms, however large k and x are.
 *   Piecewise linear:  integrals over segments are differences of p_k at the knots; where a
 *       segment is short (large s) the difference cancels, and a Gauss rule takes over.
 *   Polynomials:       Horner's rule on Hermite coefficients.
 *   erf:               the Gaussian product is known: powers times p_k.
 *   Others:            Gauss-Legendre panels between the breaks of sigma(s x + b), which
 *       gather at -b/s when s is large.                                                     */
#include "activation.h"

#include "core/base/chebyshev.h"
#include "core/base/gauss.h"

#include <float.h>
#include <math.h>
#include <string.h>

const char *const mf_activation_names[] = {[MF_ACT_PIECEWISE] = "piecewise",
                                           [MF_ACT_TANH] = "tanh",
                                           [MF_ACT_ERF] = "erf",
                                           [MF_ACT_SIGMOID] = "sigmoid",
                                           [MF_ACT_SOFTPLUS] = "softplus",
                                           [MF_ACT_POLYNOMIAL] = "polynomial",
                                           [MF_ACT_TABLE] = "table",
                                           [MF_ACT_TABLE + 1] = NULL};

enum { NODES = 20 };          /* of the Gauss-Legendre rule                                    */
static const double far = 13; /* p_k(x) < 1e-18 beyond, for every k                           */

/* Distances from 0, in units of the activation's scale, between which tanh and its kin are
 * resolved by one panel; beyond the last they equal their tails to machine precision.        */
static const double dyadic[] = {-32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32};
enum { DYADIC = sizeof dyadic / sizeof *dyadic };

/* ---- values -------------------------------------------------------------------------------- */

/* Segment i of a piecewise function ends at knot i (from 0); segment `knots` is the right tail. */
static double segment_slope(const mf_activation *a, size_t i) {
    if (i == 0)
        return a->slope_left;
    if (i == a->knots)
        return a->slope_right;
    return (a->s[i] - a->s[i - 1]) / (a->t[i] - a->t[i - 1]);
}

static void piecewise(const mf_activation *a, double t, double *value, double *slope) {
    size_t i = 0;
    while (i < a->knots && t >= a->t[i])
        ++i;
    size_t anchor = i ? i - 1 : 0;
    *slope = segment_slope(a, i);
    *value = *slope == 0 ? a->s[anchor] : a->s[anchor] + *slope * (t - a->t[anchor]);
}

static const double *table_coef(const mf_activation_table *table, size_t panel) {
    return table->data + table->panels + 1 + panel * (MF_TABLE_DEGREE + 1);
}

static void tabulated(const mf_activation_table *table, double t, double *value, double *slope) {
    const double *edge = table->data;
    size_t low = 0, high = table->panels;
    if (table->ranged && !(t >= edge[0] && t <= edge[high])) {
        *value = *slope = NAN;
        return;
    }
    if (!table->ranged && (t < edge[0] || t >= edge[high])) {
        const mf_activation_tails *tails = &table->tails;
        *slope = t < edge[0] ? tails->slope_left : tails->slope_right;
        *value = t < edge[0] ? tails->offset_left : tails->offset_right;
        if (*slope != 0)
            *value += *slope * t;
        return;
    }
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (t < edge[middle])
            high = middle;
        else
            low = middle;
    }
    double half = (edge[low + 1] - edge[low]) / 2;
    *value = mf_chebyshev_slope(MF_TABLE_DEGREE + 1, table_coef(table, low),
                                (t - edge[low]) / half - 1, slope);
    *slope /= half;
}

static void polynomial(const mf_activation *a, double t, double *value, double *slope) {
    *value = *slope = 0;
    for (size_t j = a->knots; j-- > 0;) {
        *slope = *slope * t + *value;
        *value = *value * t + a->s[j];
    }
}

static double sigmoid(double t) {
    double e = exp(-fabs(t));
    return (t >= 0 ? 1 : e) / (1 + e);
}

static void evaluate(const mf_activation *a, double t, double *value, double *slope) {
    switch (a->kind) {
    case MF_ACT_PIECEWISE:
        piecewise(a, t, value, slope);
        return;
    case MF_ACT_TANH: {
        double c = 1 / cosh(t);
        *value = tanh(t);
        *slope = c * c;
        return;
    }
    case MF_ACT_ERF:
        *value = erf(t);
        *slope = M_2_SQRTPI * exp(-t * t);
        return;
    case MF_ACT_SIGMOID:
        *value = sigmoid(t);
        *slope = *value * sigmoid(-t);
        return;
    case MF_ACT_SOFTPLUS:
        *value = fmax(t, 0) + log1p(exp(-fabs(t)));
        *slope = sigmoid(t);
        return;
    case MF_ACT_POLYNOMIAL:
        polynomial(a, t, value, slope);
        return;
    case MF_ACT_TABLE:
        break;
    }
    tabulated(a->table, t, value, slope);
}

double mf_activation_value(const mf_activation *a, double t) {
    double value, slope;
    evaluate(a, t, &value, &slope);
    return value;
}

double mf_activation_derivative(const mf_activation *a, double t) {
    double value, slope;
    evaluate(a, t, &value, &slope);
    return slope;
}

void mf_activation_apply(const mf_activation *a, size_t n, const double *z, double *value,
                         double *derivative) {
    for (size_t i = 0; i < n; ++i) {
        double v, slope;
        evaluate(a, z[i], &v, &slope);
        if (derivative)
            derivative[i] = slope;
        if (value)
            value[i] = v;
    }
}

mf_activation_tails mf_activation_tails_of(const mf_activation *a) {
    mf_activation_tails tails = {0, -1, 0, 1};
    switch (a->kind) {
    case MF_ACT_PIECEWISE:
        tails.slope_left = a->slope_left;
        tails.slope_right = a->slope_right;
        tails.offset_left = a->s[0] - a->slope_left * a->t[0];
        tails.offset_right = a->s[a->knots - 1] - a->slope_right * a->t[a->knots - 1];
        break;
    case MF_ACT_TANH:
    case MF_ACT_ERF:
        break;
    case MF_ACT_SIGMOID:
        tails.offset_left = 0;
        break;
    case MF_ACT_SOFTPLUS:
        tails = (mf_activation_tails){0, 0, 1, 0};
        break;
    case MF_ACT_TABLE:
        tails = a->table->tails;
        if (a->table->ranged)
            tails = (mf_activation_tails){NAN, NAN, NAN, NAN};
        break;
    case MF_ACT_POLYNOMIAL: {
        double slope = a->knots > 1 ? a->s[1] : 0, top = a->s[a->knots - 1];
        tails = (mf_activation_tails){slope, a->s[0], slope, a->s[0]};
        if (a->knots > 2) {
            tails.slope_right = copysign(HUGE_VAL, top);
            tails.slope_left = a->knots % 2 ? -tails.slope_right : tails.slope_right;
        }
        break;
    }
    }
    return tails;
}

bool mf_activation_has_tails(const mf_activation *a) {
    return (a->kind != MF_ACT_POLYNOMIAL || a->knots <= 2) &&
           (a->kind != MF_ACT_TABLE || !a->table->ranged);
}

mf_status mf_activation_check_tails(const mf_activation *a, mf_error *err) {
    if (mf_activation_has_tails(a))
        return MF_OK;
    return mf_fail(
            err, MF_EUNSUPPORTED,
            a->kind == MF_ACT_TABLE
                    ? "this needs sigma on the whole line, and it is known on a range only: "
                      "take the sampled potential"
                    : "a polynomial sigma grows faster than |t|: take the sampled potential");
}

bool mf_activation_range(const mf_activation *a, double *low, double *high) {
    *low = -HUGE_VAL;
    *high = HUGE_VAL;
    if (a->kind != MF_ACT_TABLE || !a->table->ranged)
        return false;
    *low = a->table->data[0];
    *high = a->table->data[a->table->panels];
    return true;
}

mf_status mf_activation_check(const mf_activation *a, size_t n, const double *z, mf_error *err) {
    double low, high, worst = 0, by = 0;
    bool ranged = mf_activation_range(a, &low, &high);
    for (size_t i = 0; ranged && i < n && !isnan(by); ++i) {
        double beyond = z[i] < low ? low - z[i] : z[i] > high ? z[i] - high : z[i] - z[i];
        if (beyond > by || isnan(beyond)) {
            by = beyond;
            worst = z[i];
        }
    }
    return by == 0 ? MF_OK
                   : mf_fail(err, MF_EDOMAIN,
                             "sigma is asked for at t = %g, beyond its range [%g, %g]", worst, low,
                             high);
}

bool mf_activation_is_bounded(const mf_activation *a) {
    mf_activation_tails tails = mf_activation_tails_of(a);
    return tails.slope_left == 0 && tails.slope_right == 0;
}

double mf_activation_error(const mf_activation *a) {
    return a->kind == MF_ACT_TABLE ? a->table->error : 0;
}

double mf_activation_scale(const mf_activation *a) {
    bool bounded = mf_activation_is_bounded(a);
    double sup = 0;
    for (int i = -512; i <= 512; ++i) { /* t over the whole line */
        double x = i / 512.5, t = x / (1 - fabs(x)), value = fabs(mf_activation_value(a, t));
        sup = fmax(sup, bounded ? value : value / (1 + fabs(t)));
    }
    for (size_t i = 0; a->kind == MF_ACT_TABLE && i < 8 * a->table->panels; ++i) {
        const double *edge = a->table->data + i / 8; /* narrow panels between those points */
        double t = edge[0] + (edge[1] - edge[0]) * ((double)(i % 8) + 0.5) / 8;
        double value = fabs(mf_activation_value(a, t));
        sup = fmax(sup, bounded ? value : value / (1 + fabs(t)));
    }
    for (size_t j = 0; a->kind == MF_ACT_PIECEWISE && j < a->knots; ++j)
        sup = fmax(sup, bounded ? fabs(a->s[j]) : fabs(a->s[j]) / (1 + fabs(a->t[j])));
    return fmax(1, sup * sup);
}

/* The breaks as an array and the scale that multiplies it. */
static size_t breaks_of(const mf_activation *a, const double **at, double *scale) {
    *scale = 1;
    switch (a->kind) {
    case MF_ACT_PIECEWISE:
        *at = a->t;
        return a->knots;
    case MF_ACT_TABLE:
        *at = a->table->data;
        return a->table->panels + 1;
    case MF_ACT_POLYNOMIAL:
        *at = NULL;
        return 0;
    case MF_ACT_SIGMOID:
    case MF_ACT_SOFTPLUS:
        *scale = 2;
        break;
    case MF_ACT_TANH:
    case MF_ACT_ERF:
        break;
    }
    *at = dyadic;
    return DYADIC;
}

size_t mf_activation_breaks(const mf_activation *a, double *breaks, size_t room) {
    const double *at;
    double scale;
    size_t n = breaks_of(a, &at, &scale);
    for (size_t i = 0; i < n && i < room; ++i)
        breaks[i] = scale * at[i];
    return n;
}

double mf_activation_reach(const mf_activation *a) {
    const double *at;
    double scale;
    size_t n = breaks_of(a, &at, &scale);
    return n ? scale * fmax(fabs(at[0]), fabs(at[n - 1])) : 0;
}

/* ---- Hermite functions ----------------------------------------------------------------------- */

static double density(double x) {
    return exp(-x * x / 2) * (M_2_SQRTPI / 2 * M_SQRT1_2);
}

/* P(low < G < high), without cancellation in the upper tail. */
static double probability(double low, double high) {
    if (low > 0)
        return (erfc(low * M_SQRT1_2) - erfc(high * M_SQRT1_2)) / 2;
    return (erfc(-high * M_SQRT1_2) - erfc(-low * M_SQRT1_2)) / 2;
}

/* p_k at m points x: `now` holds p_k, `before` p_{k-1}; start sets k = 0. */
typedef struct {
    size_t m, k;
    double x[NODES], now[NODES], before[NODES];
} hermite;

static void hermite_start(hermite *h) {
    h->k = 0;
    for (size_t i = 0; i < h->m; ++i) {
        h->now[i] = density(h->x[i]);
        h->before[i] = 0;
    }
}

static void hermite_next(hermite *h) {
    double root = sqrt((double)h->k), scale = 1 / sqrt((double)(h->k + 1));
    for (size_t i = 0; i < h->m; ++i) {
        double next = (h->x[i] * h->now[i] - root * h->before[i]) * scale;
        h->before[i] = h->now[i];
        h->now[i] = next;
    }
    ++h->k;
}

/* ---- piecewise linear -------------------------------------------------------------------------- */

typedef struct {
    double node[NODES], weight[NODES]; /* Gauss-Legendre on [0, 1] */
} gauss;

/* What one projection computes: c_k, dc_k/ds (or NULL) for k < n, and E sigma'(s G + b); or, of
 * sigma'^2 instead of sigma, c_k alone.                                                        */
typedef struct {
    const mf_activation *a;
    double s, b;
    size_t n;
    double *c, *dc, slope;
    bool squares;
    gauss rule; /* where it is needed */
} projection;

/* Knot t as a value of G; clamped where phi has long vanished, so that no infinity enters. */
static double knot_at(const projection *p, double t) {
    if (t == p->b || isinf(p->s))
        return 0;
    return fmin(fmax((t - p->b) / p->s, -40), 40);
}

/* A segment from x to x + width in G, over which sigma rises by `rise` from `value`. */
static void short_segment(projection *p, double x, double width, double value, double rise) {
    hermite h = {.m = NODES};
    for (size_t i = 0; i < NODES; ++i)
        h.x[i] = x + width * p->rule.node[i];
    hermite_start(&h);
    for (size_t k = 0; k < p->n; ++k, hermite_next(&h)) {
        double sum = 0;
        if (k == 0)
            for (size_t i = 0; i < NODES; ++i)
                sum += p->rule.weight[i] * h.now[i] * width * (value + rise * p->rule.node[i]);
        else
            for (size_t i = 0; i < NODES; ++i)
                sum += p->rule.weight[i] * h.before[i] * rise / sqrt((double)k);
        p->c[k] += sum;
    }
}

/* Adds `factor` times the part of c_k, k >= 2, that knot x bounds from below: with p_{k-2}
 * at hand, factor p_{k-2} / sqrt(k (k-1)). One root and one division for each k.           */
static void knot_terms(projection *p, double x, double factor) {
    double now = density(x), before = 0, root = 0, next_root = 1, inverse = 1;
    for (size_t k = 2; k < p->n; ++k) { /* root = sqrt(k-2), inverse = 1/sqrt(k-1) */
        double high = sqrt((double)k), low = 1 / high;
        p->c[k] += factor * now * inverse * low;
        double next = (x * now - root * before) * inverse;
        before = now;
        now = next;
        root = next_root;
        next_root = high;
        inverse = low;
    }
}

/* A segment between any two points, in closed form. `anchor` is where sigma is `value`. */
static void long_segment(projection *p, double low, double high, double anchor, double value,
                         double slope) {
    double mass = probability(low, high), edge = density(low) - density(high);
    p->c[0] += value * mass;
    if (slope == 0)
        return;
    p->c[0] += slope * (p->s * edge + (p->b - anchor) * mass);
    if (p->n > 1)
        p->c[1] += p->s * slope * mass;
    knot_terms(p, low, p->s * slope);
    knot_terms(p, high, -p->s * slope);
}

static void project_piecewise(projection *p) {
    const mf_activation *a = p->a;
    size_t m = a->knots;
    for (size_t i = 0; i <= m; ++i) {
        double low = i ? knot_at(p, a->t[i - 1]) : -40, high = i < m ? knot_at(p, a->t[i]) : 40;
        double slope = segment_slope(a, i), step = i && i < m ? a->t[i] - a->t[i - 1] : HUGE_VAL;
        size_t anchor = i ? i - 1 : 0;
        p->slope += slope * probability(low, high);
        if (step * sqrt((double)p->n) < 4 * p->s)
            short_segment(p, low, step / p->s, a->s[anchor], a->s[i] - a->s[anchor]);
        else
            long_segment(p, low, high, a->t[anchor], a->s[anchor], slope);
    }
    if (!p->dc || isinf(p->s))
        return;
    if (p->n > 1)
        p->dc[1] += p->slope;
    for (size_t j = 0; j < m; ++j) {
        double turn = segment_slope(a, j + 1) - segment_slope(a, j), two_before = 0;
        hermite h = {.m = 1, .x = {knot_at(p, a->t[j])}};
        hermite_start(&h);
        for (size_t k = 0; k < p->n; ++k) {
            double ratio = k > 1 ? sqrt((double)k / (double)(k - 1)) : 0;
            p->dc[k] += turn * (h.now[0] + ratio * two_before);
            two_before = h.before[0];
            hermite_next(&h);
        }
    }
}

/* Of sigma'^2, which has steps. */
static void project_steps(projection *p) {
    const mf_activation *a = p->a;
    for (size_t i = 0; i <= a->knots; ++i) {
        double low = i ? knot_at(p, a->t[i - 1]) : -40,
               high = i < a->knots ? knot_at(p, a->t[i]) : 40;
        double slope = segment_slope(a, i), next = i < a->knots ? segment_slope(a, i + 1) : slope;
        hermite h = {.m = 1, .x = {high}};
        p->c[0] += slope * slope * probability(low, high);
        hermite_start(&h);
        for (size_t k = 1; k < p->n && i < a->knots; ++k, hermite_next(&h))
            p->c[k] += (next * next - slope * slope) * h.now[0] / sqrt((double)k);
    }
}

/* ---- erf --------------------------------------------------------------------------------------- */

/* c_k = 2 (-1)^(k-1) rho^k p_{k-1}(y) / sqrt(k), v^2 = 1 + 2 s^2, rho = sqrt(2) s/v, y = sqrt(2) b/v;
 * s dc_k/ds = k c_k + sqrt((k+1)(k+2)) c_{k+2}.                                                    */
static void project_erf(projection *p) {
    double v = hypot(1, M_SQRT2 * p->s), rho = M_SQRT2 * p->s / v;
    hermite h = {.m = 1, .x = {M_SQRT2 * p->b / v}};
    hermite_start(&h); /* now: p_0; at step k it is p_k, before is p_{k-1} */
    double power = 0;  /* 2 (-1)^(k-1) rho^(k-1), from k = 1 on */
    for (size_t k = 0; k < p->n; ++k) {
        p->c[k] = k ? power * rho * h.before[0] / sqrt((double)k) : erf(p->b / v);
        double lower = sqrt((double)k) * h.before[0];
        hermite_next(&h); /* now: p_{k+1} */
        double higher = sqrt((double)k + 1) * h.now[0];
        if (p->dc)
            p->dc[k] = M_SQRT2 / v * (k ? power * (lower + rho * rho * higher) : -2 * rho * higher);
        power = k ? -power * rho : 2;
    }
    p->slope = 2 * M_SQRT2 / v * density(M_SQRT2 * p->b / v);
}

/* ---- polynomials --------------------------------------------------------------------------------- */

/* q = (s G + b) q for a polynomial q in G, given and returned by its Hermite coefficients (n of them,
 * one more after): G h_k = sqrt(k + 1) h_{k+1} + sqrt(k) h_{k-1}.                                  */
static void times_argument(double *q, size_t n, double s, double b) {
    double before = 0; /* q_{k-1} as it was */
    q[n] = 0;
    for (size_t k = 0; k <= n; ++k) {
        double now = q[k], after = k < n ? q[k + 1] : 0;
        q[k] = b * now + s * (sqrt((double)k) * before + sqrt((double)k + 1) * after);
        before = now;
    }
}

/* Horner's rule for sigma and sigma'; dc_k/ds = E sigma'(s G + b) G h_k(G). */
static void project_polynomial(projection *p) {
    double q[MF_KNOTS_MAX + 2] = {0}, dq[MF_KNOTS_MAX + 2] = {0};
    size_t n = p->a->knots;
    for (size_t j = n; j-- > 0;) { /* both have n - j - 1 coefficients */
        size_t have = n - j - 1;
        times_argument(dq, have, p->s, p->b);
        for (size_t k = 0; k < have; ++k)
            dq[k] += q[k];
        times_argument(q, have, p->s, p->b);
        q[0] += p->a->s[j];
    }
    p->slope = dq[0];
    times_argument(dq, n, 1, 0);
    for (size_t k = 0; k < p->n && k < n; ++k) {
        p->c[k] = q[k];
        if (p->dc)
            p->dc[k] = dq[k];
    }
}

/* ---- quadrature ---------------------------------------------------------------------------------- */

static void panel(projection *p, double from, double to) {
    double weight[NODES], rise[NODES], tangent[NODES], value;
    hermite h = {.m = NODES};
    for (size_t i = 0; i < NODES; ++i) {
        h.x[i] = from + (to - from) * p->rule.node[i];
        evaluate(p->a, p->s * h.x[i] + p->b, &value, &tangent[i]);
        weight[i] = (to - from) * p->rule.weight[i] * value;
        rise[i] = (to - from) * p->rule.weight[i] * tangent[i];
        if (p->squares)
            weight[i] = rise[i] * tangent[i];
    }
    hermite_start(&h);
    for (size_t i = 0; i < NODES; ++i)
        p->slope += rise[i] * h.now[i];
    for (size_t k = 0; k < p->n; ++k, hermite_next(&h)) {
        double c = 0, dc = 0;
        for (size_t i = 0; i < NODES; ++i) {
            c += weight[i] * h.now[i];
            dc += rise[i] * h.x[i] * h.now[i];
        }
        p->c[k] += c;
        if (p->dc)
            p->dc[k] += dc;
    }
}

/* Panels end at the breaks of sigma(s x + b) and are short enough for h_n to be resolved. */
static void project_panels(projection *p) {
    const double *at;
    double scale, widest = fmin(1.5, 12 / sqrt((double)p->n));
    size_t n = breaks_of(p->a, &at, &scale), i = 0;
    for (double from = -far, to; from < far; from = to) {
        while (i < n && (scale * at[i] - p->b) / p->s <= from)
            ++i;
        to = fmin(far, from + widest);
        if (i < n)
            to = fmin(to, (scale * at[i] - p->b) / p->s);
        panel(p, from, to);
    }
}

/* ---- the ends s = 0 and s = inf ---------------------------------------------------------------------- */

/* s G + b sees only a corner at b: slope `left` before, `right` after. */
static void project_corner(projection *p) {
    double value;
    evaluate(p->a, p->b, &value, &p->slope);
    double left = p->slope, right = p->slope;
    if (p->a->kind == MF_ACT_TABLE)
        evaluate(p->a, nextafter(p->b, -HUGE_VAL), &value, &left);
    mf_activation corner = {.kind = MF_ACT_PIECEWISE,
                            .knots = 1,
                            .slope_left = left,
                            .slope_right = right,
                            .t = {p->b},
                            .s = {mf_activation_value(p->a, p->b)}};
    const mf_activation *a = p->a;
    p->a = &corner;
    p->slope = 0;
    (p->squares ? project_steps : project_piecewise)(p);
    p->a = a;
}

/* What is `left` or `right` on the side of G's sign: sigma(s G + b) where it is bounded. */
static void project_signs(projection *p, double left, double right) {
    hermite h = {.m = 1, .x = {0}};
    hermite_start(&h);
    p->c[0] = (left + right) / 2;
    for (size_t k = 1; k < p->n; ++k, hermite_next(&h))
        p->c[k] = (right - left) * h.now[0] / sqrt((double)k);
}

/* ---- public ------------------------------------------------------------------------------------------ */

static mf_status make_rule(gauss *rule, mf_error *err) {
    return mf_gauss(NODES, 0, 1, rule->node, rule->weight, err);
}

static mf_status check(const projection *p, mf_error *err) {
    if (!(p->s >= 0))
        return mf_fail(err, MF_EDOMAIN, "s = %g must be in [0, inf]", p->s);
    if (!isfinite(p->b))
        return mf_fail(err, MF_EDOMAIN, "b = %g must be finite", p->b);
    double low, high, reach = p->s > 0 ? far * p->s : 0;
    if (mf_activation_range(p->a, &low, &high) && !(p->b - reach > low && p->b + reach < high))
        return mf_fail(err, MF_EDOMAIN,
                       "E sigma(s G + b) with s = %g, b = %g reaches beyond the range [%g, %g] of "
                       "sigma: %d deviations are needed",
                       p->s, p->b, low, high, (int)far);
    if (isinf(p->s) &&
        !(p->squares ? mf_activation_has_tails(p->a) : mf_activation_is_bounded(p->a)))
        return mf_fail(err, MF_EDOMAIN, "s = inf, but the activation is unbounded");
    memset(p->c, 0, p->n * sizeof *p->c);
    if (p->dc)
        memset(p->dc, 0, p->n * sizeof *p->dc);
    return MF_OK;
}

static mf_status project(projection *p, mf_error *err) {
    mf_status status = check(p, err);
    if (status < 0 || p->n == 0)
        return status;
    bool closed = p->a->kind == MF_ACT_ERF || p->a->kind == MF_ACT_POLYNOMIAL;
    if (!closed && (p->a->kind != MF_ACT_PIECEWISE || p->a->knots > 1)) /* else it is not needed */
        status = make_rule(&p->rule, err);
    if (status < 0)
        return status;
    if (isinf(p->s)) {
        mf_activation_tails tails = mf_activation_tails_of(p->a);
        project_signs(p, tails.offset_left, tails.offset_right);
    } else if (p->a->kind == MF_ACT_PIECEWISE)
        project_piecewise(p);
    else if (p->a->kind == MF_ACT_POLYNOMIAL)
        project_polynomial(p);
    else if (p->s == 0)
        project_corner(p);
    else if (p->a->kind == MF_ACT_ERF)
        project_erf(p);
    else
        project_panels(p);
    return MF_OK;
}

mf_status mf_activation_hermite(const mf_activation *a, double s, double b, size_t n, double *c,
                                double *dc_ds, mf_error *err) {
    projection p = {.a = a, .s = s, .b = b, .n = n, .c = c, .dc = dc_ds};
    return project(&p, err);
}

mf_status mf_activation_moment(const mf_activation *a, double s, double b, double *q, double *dq_ds,
                               double *dq_db, mf_error *err) {
    double c = 0, dc = 0;
    projection p = {.a = a, .s = s, .b = b, .n = 1, .c = &c, .dc = dq_ds ? &dc : NULL};
    mf_status status = project(&p, err);
    if (status < 0)
        return status;
    *q = c;
    if (dq_ds)
        *dq_ds = dc;
    if (dq_db)
        *dq_db = p.slope;
    return MF_OK;
}

mf_status mf_activation_slope_squares(const mf_activation *a, double s, double b, size_t n,
                                      double *c, mf_error *err) {
    mf_activation_tails tails = mf_activation_tails_of(a);
    projection p = {.a = a, .s = s, .b = b, .n = n, .c = c, .squares = true};
    mf_status status = check(&p, err);
    if (status < 0 || n == 0)
        return status;
    if (isinf(s))
        project_signs(&p, tails.slope_left * tails.slope_left,
                      tails.slope_right * tails.slope_right);
    else if (a->kind == MF_ACT_PIECEWISE)
        project_steps(&p);
    else if (s == 0)
        project_corner(&p);
    else if ((status = make_rule(&p.rule, err)) >= 0)
        project_panels(&p);
    return status;
}
