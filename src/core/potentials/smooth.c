/* smooth.c: closed forms and tables of c_l(r, c). */
#include "smooth.h"

#include "core/base/chebyshev.h"
#include "core/base/parallel.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TERMS = 12, /* polynomials in x and in v: roots of T_12               */
    CHECKS = 4, /* .. and CHECKS x CHECKS points between them              */
    POINTS = TERMS * TERMS + CHECKS * CHECKS,
    PANELS = 128,   /* of one band at most; more: two bands                     */
    CELLS = 256,    /* equal parts of [-1, 1], which say where panels begin     */
    NARROWEST = 40, /* panels of v: 2^-40 of it                                */
    BANDS = 512,    /* at most                                              */
    SQUARE = TERMS * TERMS
};

static const double THINNEST = 0x1p-30; /* band of x */

typedef enum { DIRECT, ERF, KNOTS, TABLE } route;

/* x in [low, high]. coef[(order * panels + panel) * SQUARE + k * TERMS + i] is that of T_k in x times the
 * i-th power in v, both counted from -1 to 1 over band and panel.                                   */
typedef struct {
    double low, high;
    size_t panels;
    double edge[PANELS + 1];
    unsigned char cell[CELLS];
    double *coef;
} band;

struct mf_smooth {
    mf_activation activation;
    route route;
    bool squares, growth;
    int parity;                 /* of what is tabulated in c: 1 even, -1 odd, 0 neither */
    double span;                /* KNOTS: beyond such r differences of knots cancel       */
    size_t orders, bands, most; /* panels of a band at most */
    double factor[MF_SMOOTH_ORDERS];
    double tol, error;
    band *band;
};

double mf_smooth_error(const mf_smooth *s) {
    return s->error;
}

/* ---- closed forms ---------------------------------------------------------------------------------- */

static double density(double x) {
    return exp(-x * x / 2) * (M_2_SQRTPI / 2 * M_SQRT1_2);
}

/* p_k, Hermite functions h_k times the normal density, at x: now = p_k, before = p_(k-1). */
typedef struct {
    double x, now, before;
    size_t k;
} hermite;

static hermite hermite_start(double x) {
    return (hermite){x, density(x), 0, 0};
}

static void hermite_next(hermite *h) {
    double k = (double)h->k++;
    double next = (h->x * h->now - sqrt(k) * h->before) / sqrt(k + 1);
    h->before = h->now;
    h->now = next;
}

/* c_k = 2 (-1)^(k-1) rho^k p_(k-1)(y)/sqrt(k), c_0 = erf(c/v), with v^2 = 1 + 2 r^2, rho = sqrt(2) r/v,
 * y = sqrt(2) c/v; the derivatives follow from dc_k/dc = sqrt(k+1) c_(k+1)/r.                       */
static void erf_rows(const mf_smooth *s, double r, size_t n, const double *c, double *value,
                     double *dc, double *dr) {
    double inverse = isinf(r) ? 0 : 1 / hypot(1, M_SQRT2 * r),
           rho = isinf(r) ? 1 : M_SQRT2 * r * inverse;
    double step = isinf(r) ? 0 : M_SQRT2 * inverse; /* rho/r */
    for (size_t i = 0; i < n; ++i) {
        hermite h = hermite_start(M_SQRT2 * inverse * c[i]);
        double power = 2; /* (-1)^k 2 rho^k */
        value[i] = s->factor[0] * erf(inverse * c[i]);
        for (size_t k = 0; k < 2 * s->orders - 1; ++k, power *= -rho) {
            double lower = sqrt((double)k) * h.before, at = s->factor[k / 2];
            if (k > 0 && k % 2 == 0)
                value[k / 2 * n + i] = at * (-power * h.before / sqrt((double)k));
            double p = h.now;
            hermite_next(&h);
            if (!dc || k % 2)
                continue;
            double higher = sqrt((double)k + 1) * h.now; /* p_(k+1) */
            dc[k / 2 * n + i] = at * power * step * p;
            dr[k / 2 * n + i] = k ? at * step * (-power / rho) * (lower + rho * rho * higher)
                                  : at * step * (-2 * rho * higher);
            if (k && rho == 0)
                dr[k / 2 * n + i] = 0;
        }
    }
}

static double slope_after(const mf_activation *a, size_t knot) {
    return knot + 1 < a->knots ? (a->s[knot + 1] - a->s[knot]) / (a->t[knot + 1] - a->t[knot])
                               : a->slope_right;
}

/* sigma is a line and, from every knot t on, turn (z - t)_+: c_0 of that is (c - t) Phi(-x) + r p_0(x) with
 * x = (t - c)/r, and c_k = r p_(k-2)(x)/sqrt(k (k-1)).                                             */
static void knot_rows(const mf_smooth *s, double r, size_t n, const double *c, double *value,
                      double *dc, double *dr) {
    const mf_activation *a = &s->activation;
    size_t count = s->orders * n;
    memset(value, 0, count * sizeof *value);
    if (dc) {
        memset(dc, 0, count * sizeof *dc);
        memset(dr, 0, count * sizeof *dr);
    }
    for (size_t i = 0; i < n; ++i) {
        value[i] = a->s[0] + a->slope_left * (c[i] - a->t[0]);
        if (dc)
            dc[i] = a->slope_left;
    }
    for (size_t knot = 0; knot < a->knots; ++knot) {
        double turn = slope_after(a, knot) - (knot ? slope_after(a, knot - 1) : a->slope_left);
        for (size_t i = 0; i < n; ++i) {
            double x = a->t[knot] == c[i] ? 0 : fmin(fmax((a->t[knot] - c[i]) / r, -40), 40);
            double above = erfc(x * M_SQRT1_2) / 2;
            hermite h = hermite_start(x);
            value[i] += turn * ((c[i] - a->t[knot]) * above + r * h.now);
            if (dc) {
                dc[i] += turn * above;
                dr[i] += turn * h.now;
            }
            for (size_t k = 2; k < 2 * s->orders - 1; k += 2) { /* now: p_(k-2) */
                double lower = h.now, root = sqrt((double)k / (double)(k - 1));
                value[k / 2 * n + i] +=
                        s->factor[k / 2] * turn * r * lower / sqrt((double)(k * (k - 1)));
                hermite_next(&h);
                double middle = h.now;
                hermite_next(&h);
                if (!dc)
                    continue;
                dc[k / 2 * n + i] += s->factor[k / 2] * turn * middle / sqrt((double)k);
                dr[k / 2 * n + i] += s->factor[k / 2] * turn * (h.now + root * lower);
            }
        }
    }
}

/* ---- by quadrature, or what the activation itself has in closed form ------------------------------------ */

/* All orders at one c, by the activation: value[j], dc[j], dr[j]. */
static mf_status direct(const mf_smooth *s, double r, double c, double *value, double *dc,
                        double *dr, mf_error *err) {
    double coef[2 * MF_SMOOTH_ORDERS], slope[2 * MF_SMOOTH_ORDERS], q, tilt = 0;
    size_t n = 2 * s->orders;
    mf_status status =
            s->squares
                    ? mf_activation_slope_squares(&s->activation, r, c, n - 1, coef, err)
                    : mf_activation_hermite(&s->activation, r, c, n, coef, dc ? slope : NULL, err);
    if (status >= 0 && dc)
        status = mf_activation_moment(&s->activation, r, c, &q, NULL, &tilt, err);
    for (size_t j = 0; j < s->orders && status >= 0; ++j) {
        value[j] = s->factor[j] * coef[2 * j];
        if (!dc)
            continue;
        bool inside = r > 0 && isfinite(r);
        double across = inside ? sqrt(2 * (double)j + 1) * coef[2 * j + 1] / r : 0;
        dc[j] = isinf(r) ? 0 : s->factor[j] * (j ? across : tilt);
        dr[j] = isinf(r) ? 0 : s->factor[j] * slope[2 * j];
    }
    return status;
}

static mf_status direct_rows(const mf_smooth *s, double r, size_t n, const double *c, double *value,
                             double *dc, double *dr, mf_error *err) {
    mf_status status = MF_OK;
    for (size_t i = 0; i < n && status >= 0; ++i) {
        double v[MF_SMOOTH_ORDERS], vc[MF_SMOOTH_ORDERS], vr[MF_SMOOTH_ORDERS];
        status = direct(s, r, c[i], v, dc ? vc : NULL, dc ? vr : NULL, err);
        for (size_t j = 0; j < s->orders && status >= 0; ++j) {
            value[j * n + i] = v[j];
            if (dc) {
                dc[j * n + i] = vc[j];
                dr[j * n + i] = vr[j];
            }
        }
    }
    return status;
}

/* ---- tables ------------------------------------------------------------------------------------------- */

/* Powers of u in the place of Chebyshev's polynomials: P[k * TERMS + i] is that of u^i in T_k. */
static void powers(double P[SQUARE]) {
    memset(P, 0, SQUARE * sizeof *P);
    P[0] = P[TERMS + 1] = 1;
    for (size_t k = 2; k < TERMS; ++k)
        for (size_t i = 0; i < TERMS; ++i)
            P[k * TERMS + i] = (i ? 2 * P[(k - 1) * TERMS + i - 1] : 0) - P[(k - 2) * TERMS + i];
}

/* One panel of one band on trial. */
typedef struct {
    const mf_smooth *s;
    double x[2], v[2];
    double *sample;   /* POINTS x orders: roots (x the slower), then check points */
    mf_error *errors; /* one a point */
} trial;

static double between(const double ends[2], double u) {
    return ends[0] + (ends[1] - ends[0]) * (1 + u) / 2;
}

/* Of the check points two lie between roots, two at the panel's ends: a corner of sigma at c = 0, which is an
 * end of panels, is felt for small r next to it only. Ends of v at infinity are not reached.            */
static double check_at(size_t i) {
    return i == 0 ? 1 : i + 1 == CHECKS ? -1 : mf_chebyshev_between(TERMS, 4 * i);
}

/* Check point i of a panel with these ends, from -1 to 1; those at +-1, which stand for infinity, are not
 * reached.                                                                                        */
static double check_in_unit(const double ends[2], size_t i) {
    return fabs(between(ends, check_at(i))) < 1 ? check_at(i) : 0.99 * check_at(i);
}

static double check_in(const double ends[2], size_t i) {
    return between(ends, check_in_unit(ends, i));
}

static void sample_point(void *context, size_t point) {
    const trial *t = context;
    const mf_smooth *s = t->s;
    bool root = point < SQUARE;
    size_t side = root ? TERMS : CHECKS, at = root ? point : point - SQUARE;
    double x =
            root ? between(t->x, mf_chebyshev_root(TERMS, at / side)) : check_in(t->x, at / side);
    double v =
            root ? between(t->v, mf_chebyshev_root(TERMS, at % side)) : check_in(t->v, at % side);
    double far = 1 / ((1 - x) * (1 - fabs(v))); /* 1 + r + |c| */
    double *out = t->sample + point * s->orders;
    t->errors[point].status = MF_OK;
    if (direct(s, x / (1 - x), v * far, out, NULL, NULL, &t->errors[point]) < 0)
        return;
    if (s->activation.kind == MF_ACT_SIGMOID && !s->squares)
        out[0] -= s->factor[0] / 2; /* what is left is odd */
    for (size_t j = 0; s->growth && j < s->orders; ++j)
        out[j] /= far;
}

/* The largest of the last two coefficients in x, in all powers of v, less that of the last two in v. */
static double excess_in_x(const double *C) {
    double x = 0, v = 0;
    for (size_t i = 0; i < TERMS; ++i) {
        x = fmax(x, fmax(fabs(C[(TERMS - 1) * TERMS + i]), fabs(C[(TERMS - 2) * TERMS + i])));
        v = fmax(v, fmax(fabs(C[i * TERMS + TERMS - 1]), fabs(C[i * TERMS + TERMS - 2])));
    }
    return x - v;
}

/* The polynomials through the roots' values, into coef: of order j at j * stride; returns the worst that they
 * differ from the check points. *thick: it is more a matter of x than of v.                                                                  */
static double fit(const trial *t, double *coef, size_t stride, bool *thick) {
    double A[SQUARE], P[SQUARE], half[SQUARE], values[SQUARE], worst = 0;
    double X[CHECKS][TERMS], V[CHECKS][TERMS], slope[TERMS];
    size_t orders = t->s->orders;
    mf_chebyshev_from_roots(TERMS, A);
    powers(P);
    for (size_t i = 0; i < CHECKS; ++i) {
        mf_chebyshev_basis(TERMS, check_in_unit(t->x, i), X[i], slope);
        mf_chebyshev_basis(TERMS, check_in_unit(t->v, i), V[i], slope);
    }
    double excess = 0;
    for (size_t j = 0; j < orders; ++j) {
        double *out = coef + j * stride;
        for (size_t i = 0; i < SQUARE; ++i)
            values[i] = t->sample[i * orders + j];
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, TERMS, TERMS, TERMS, 1, A, TERMS,
                    values, TERMS, 0, half, TERMS);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, TERMS, TERMS, TERMS, 1, half, TERMS, A,
                    TERMS, 0, values, TERMS);
        double here = excess_in_x(values);
        excess = fabs(here) > fabs(excess) ? here : excess;
        for (size_t p = 0; p < CHECKS * CHECKS; ++p) {
            double sum = 0;
            for (size_t k = 0; k < TERMS; ++k)
                sum += X[p / CHECKS][k] *
                       cblas_ddot(TERMS, values + k * TERMS, 1, V[p % CHECKS], 1);
            worst = fmax(worst, fabs(sum - t->sample[(SQUARE + p) * orders + j]));
        }
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, TERMS, TERMS, TERMS, 1, values,
                    TERMS, P, TERMS, 0, out, TERMS);
    }
    *thick = excess > t->s->tol / 10;
    return worst;
}

static void find_cells(band *b) {
    size_t p = 0;
    for (size_t i = 0; i < CELLS; ++i) {
        while (p + 1 < b->panels && b->edge[p + 1] <= 2 * (double)i / CELLS - 1)
            ++p;
        b->cell[i] = (unsigned char)p;
    }
}

/* Panels of v for the band of the trial, by bisection from left to right; MF_EACCURACY where there would
 * be too many, and `forced` does not take what there is. room: PANELS x orders x SQUARE.          */
static mf_status fill_band(trial *t, bool forced, double *room, band *b, double *error,
                           const mf_flag *stop, mf_error *err) {
    const mf_smooth *s = t->s;
    int level = 2, first = s->parity ? 1 << (level - 1) : 0;
    size_t index = (size_t)first; /* the panel is [index, index + 1]/2^level of [-1, 1] */
    *b = (band){.low = t->x[0], .high = t->x[1], .edge = {s->parity ? 0 : -1}};
    *error = 0;
    while (index < (size_t)1 << level) {
        t->v[0] = ldexp((double)index, 1 - level) - 1;
        t->v[1] = ldexp((double)index + 1, 1 - level) - 1;
        if (mf_flag_is_set(stop))
            return mf_poll(stop, err);
        mf_parallel(POINTS, sample_point, t);
        for (size_t i = 0; i < POINTS; ++i)
            if (t->errors[i].status < 0)
                return mf_fail(err, t->errors[i].status, "%s", t->errors[i].text);
        if (b->panels == PANELS)
            return MF_EACCURACY;
        bool thick;
        double worst = fit(t, room + b->panels * s->orders * SQUARE, SQUARE, &thick);
        if (!isfinite(worst))
            return mf_fail(err, MF_EDOMAIN, "sigma is not finite near t = %g",
                           t->v[0] / ((1 - t->x[0]) * (1 - fabs(t->v[0]) + 1e-300)));
        if (worst > s->tol && thick && !forced)
            return MF_EACCURACY;
        if (worst > s->tol && level < (forced ? 6 : NARROWEST)) {
            ++level;
            index *= 2;
            continue;
        }
        if (worst > s->tol && !forced)
            return MF_EACCURACY;
        *error = fmax(*error, worst);
        b->edge[++b->panels] = t->v[1];
        for (++index; index % 2 == 0 && level > 2; --level)
            index /= 2;
    }
    find_cells(b);
    return MF_OK;
}

/* Keeps a band: its coefficients are `room`'s, order by order. */
static mf_status keep_band(mf_smooth *s, const band *b, const double *room, mf_error *err) {
    band *more = s->bands < BANDS ? realloc(s->band, (s->bands + 1) * sizeof *more) : NULL;
    if (more)
        s->band = more;
    double *coef = malloc(s->orders * b->panels * SQUARE * sizeof *coef);
    if (!more || !coef) {
        free(coef);
        return mf_fail(err, MF_ENOMEM, "no memory for a table of sigma in %zu bands", s->bands);
    }
    for (size_t j = 0; j < s->orders; ++j)
        for (size_t p = 0; p < b->panels; ++p)
            memcpy(coef + (j * b->panels + p) * SQUARE, room + (p * s->orders + j) * SQUARE,
                   SQUARE * sizeof *coef);
    s->band[s->bands] = *b;
    s->band[s->bands++].coef = coef;
    s->most = b->panels > s->most ? b->panels : s->most;
    return MF_OK;
}

/* Bands from left to right. */
static mf_status tabulate(mf_smooth *s, double least, double most, double *room,
                          const mf_flag *stop, mf_error *err) {
    double sample[POINTS * MF_SMOOTH_ORDERS], low = floor(4 * least / (1 + least)) / 4,
                                              width = 0.25;
    double end = most > 0 ? most / (1 + most) : 1;
    mf_error errors[POINTS];
    trial t = {.s = s, .sample = sample, .errors = errors};
    mf_status status = MF_OK;
    while (low < end && status >= 0) {
        band b;
        double error;
        t.x[0] = low;
        t.x[1] = low + width;
        status = fill_band(&t, width <= THINNEST, room, &b, &error, stop, err);
        if (status == MF_EACCURACY && width > THINNEST) {
            width /= 2;
            status = MF_OK;
            continue;
        }
        if (status >= 0)
            status = keep_band(s, &b, room, err);
        if (status < 0)
            return status == MF_EACCURACY
                           ? mf_fail(err, status, "sigma is too rough to be tabulated to %g",
                                     s->tol)
                           : status;
        s->error = fmax(s->error, error);
        low += width;
        while (width < 0.25 && fmod(low, 2 * width) == 0)
            width *= 2;
    }
    return status;
}

/* One order on one panel at one r: powers of v, of the value, then of its derivative in x. */
typedef struct {
    double value[TERMS], slope[TERMS];
} curve;

static void contract(const band *b, const double *coef, double x, curve *out) {
    double T[TERMS], dT[TERMS], scale = 2 / (b->high - b->low);
    mf_chebyshev_basis(TERMS, (x - b->low) * scale - 1, T, dT);
    memset(out, 0, sizeof *out);
    for (size_t k = 0; k < TERMS; ++k)
        for (size_t i = 0; i < TERMS; ++i) {
            out->value[i] += T[k] * coef[k * TERMS + i];
            out->slope[i] += scale * dT[k] * coef[k * TERMS + i];
        }
}

static double horner(const double *c, double u) {
    double sum = c[TERMS - 1];
    for (size_t i = TERMS - 1; i-- > 0;)
        sum = sum * u + c[i];
    return sum;
}

static double horner_slope(const double *c, double u, double *first) {
    double sum = c[TERMS - 1], slope = 0;
    for (size_t i = TERMS - 1; i-- > 0;) {
        slope = slope * u + sum;
        sum = sum * u + c[i];
    }
    *first = slope;
    return sum;
}

static const band *band_of(const mf_smooth *s, double x) {
    size_t low = 0, high = s->bands - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (x < s->band[middle].high)
            high = middle;
        else
            low = middle + 1;
    }
    return s->band + low;
}

/* What is known of the panels of one band: room begins with a flag for each. */
static curve *curves_in(const mf_smooth *s, double *room) {
    return (curve *)(void *)(room + s->most);
}

/* One c. F in (x, v) becomes c_2j in (r, c), growth and parity included. */
static void table_at(const mf_smooth *s, const band *b, double r, double x, double c, double *room,
                     size_t n, double *value, double *dc, double *dr) {
    double side = c < 0 ? -1 : 1, flip = s->parity && c < 0 ? s->parity : 1;
    double reach = 1 + r, near = 1 / (reach + fabs(c)), v = s->parity ? fabs(c) * near : c * near;
    size_t p = b->cell[(size_t)fmin(fmax((v + 1) * (CELLS / 2), 0), CELLS - 1)];
    while (p + 1 < b->panels && v >= b->edge[p + 1])
        ++p;
    double scale = 2 / (b->edge[p + 1] - b->edge[p]), u = (v - b->edge[p]) * scale - 1;
    curve *all = curves_in(s, room) + p * s->orders;
    if (room[p] == 0) {
        for (size_t j = 0; j < s->orders; ++j)
            contract(b, b->coef + (j * b->panels + p) * SQUARE, x, all + j);
        room[p] = 1;
    }
    /* v_c = reach near^2 (of |c| where there is a parity), v_r = -v near */
    double turn = s->parity ? side : 1, vc = isinf(r) ? 0 : turn * reach * near * near,
           vr = -v * near;
    for (size_t j = 0; j < s->orders; ++j) {
        double F, Fv = 0, Fx = 0;
        if (dc) {
            F = horner_slope(all[j].value, u, &Fv);
            Fv *= scale;
            Fx = isinf(r) ? 0 : horner(all[j].slope, u) / (reach * reach);
        } else {
            F = horner(all[j].value, u);
        }
        double grown = s->growth ? 1 / near : 1;
        value[j * n] = flip * F * grown;
        if (dc) {
            dc[j * n] = flip * (Fv * vc * grown + (s->growth ? side * F : 0));
            dr[j * n] = flip * ((Fx + Fv * vr) * grown + (s->growth ? F : 0));
        }
    }
    if (s->activation.kind == MF_ACT_SIGMOID && !s->squares)
        value[0] += s->factor[0] / 2;
}

static mf_status table_rows(const mf_smooth *s, double r, bool fresh, size_t n, const double *c,
                            double *value, double *dc, double *dr, double *room, mf_error *err) {
    double x = r > 1 ? 1 - 1 / (1 + r) : r / (1 + r);
    const band *b = band_of(s, x);
    if (s->growth && isinf(r))
        return mf_fail(err, MF_EDOMAIN, "r = inf, but the activation is unbounded");
    if (fresh)
        memset(room, 0, s->most * sizeof *room);
    for (size_t i = 0; i < n; ++i)
        table_at(s, b, r, x, c[i], room, n, value + i, dc ? dc + i : NULL, dr ? dr + i : NULL);
    return MF_OK;
}

/* ---- from outside --------------------------------------------------------------------------------------- */

size_t mf_smooth_room(const mf_smooth *s) {
    return s->route == TABLE ? s->most * (1 + s->orders * (sizeof(curve) / sizeof(double))) : 1;
}

mf_status mf_smooth_rows(const mf_smooth *s, double r, bool fresh, size_t n, const double *c,
                         double *value, double *dc, double *dr, double *room, mf_error *err) {
    switch (s->route) {
    case ERF:
        erf_rows(s, r, n, c, value, dc, dr);
        return MF_OK;
    case KNOTS:
        if (r <= s->span) {
            knot_rows(s, r, n, c, value, dc, dr);
            return MF_OK;
        }
        break;
    case TABLE:
        return table_rows(s, r, fresh, n, c, value, dc, dr, room, err);
    case DIRECT:
        break;
    }
    return direct_rows(s, r, n, c, value, dc, dr, err);
}

static void choose(mf_smooth *s) {
    const mf_activation *a = &s->activation;
    double low, high;
    bool odd = a->kind == MF_ACT_TANH || a->kind == MF_ACT_ERF || a->kind == MF_ACT_SIGMOID;
    s->parity = !odd ? 0 : s->squares ? 1 : -1;
    s->growth = !s->squares && !mf_activation_is_bounded(a);
    s->span = a->knots > 1 ? 1e3 * (a->t[a->knots - 1] - a->t[0]) : 1e300;
    if (mf_activation_range(a, &low, &high) || a->kind == MF_ACT_POLYNOMIAL)
        s->route = DIRECT;
    else if (s->squares) /* steps of sigma' can be tabulated by nobody */
        s->route = a->kind == MF_ACT_PIECEWISE || a->kind == MF_ACT_TABLE ? DIRECT : TABLE;
    else
        s->route = a->kind == MF_ACT_ERF ? ERF : a->kind == MF_ACT_PIECEWISE ? KNOTS : TABLE;
}

mf_status mf_smooth_new(const mf_smooth_spec *spec, mf_smooth **out, const mf_flag *stop,
                        mf_error *err) {
    mf_smooth *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return mf_fail(err, MF_ENOMEM, "no memory for a table of sigma");
    s->activation = *spec->activation;
    s->squares = spec->squares;
    s->orders = spec->orders;
    memcpy(s->factor, spec->factor, spec->orders * sizeof *s->factor);
    s->tol = spec->tol * sqrt(mf_activation_scale(spec->activation));
    if (s->activation.kind == MF_ACT_TABLE) /* dear to integrate, and may have kinks */
        s->tol = fmax(s->tol, 1e-8);
    choose(s);
    mf_status status = MF_OK;
    if (s->route == TABLE) {
        double *room = malloc(s->orders * PANELS * SQUARE * sizeof *room);
        status = room ? tabulate(s, spec->least, spec->most, room, stop, err)
                      : mf_fail(err, MF_ENOMEM, "no memory for a table of sigma");
        free(room);
    }
    if (status < 0)
        mf_smooth_free(s);
    else
        *out = s;
    return status;
}

void mf_smooth_free(mf_smooth *s) {
    for (size_t i = 0; s && i < s->bands; ++i)
        free(s->band[i].coef);
    if (s)
        free(s->band);
    free(s);
}
