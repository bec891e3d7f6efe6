/* proof.c: enclosures of Psi, of R_d^(1) and of their derivatives contain values computed another way.
 *
 * The other way knows no Hermite series. Given |x| = X, the mean of sigma(<w, x>) over the sphere is
 * h(|w| X) with h(s) = E sigma(s w_1), w_1 the first coordinate of a uniform unit vector: a polynomial
 * in 1/s between the knots if d is odd. The mean over X, a chi variable of d degrees of freedom, is
 * taken by Arb's rigorous integrator at 200 digits. At d = inf the means of both legs are taken
 * apart, in any dimension.                                                                  */
#include "check.h"
#include "core/proof/box.h"

#include <acb_calc.h>
#include <arb_hypgeom.h>
#include <math.h>

enum { PREC = 800, LEGS = 2, CUT = 40, ANY = 3, BREAKS = LEGS * MF_PROOF_KNOTS + 2 };

static slong goal; /* bits of an integral: 200 digits, or 40 */

/* (tau X)^order h^(order)(tau r X) + shift */
typedef struct {
    int order, shift;
} leg;

typedef struct {
    const mf_series *series; /* knots, kinks and sigma(0) are read, nothing else */
    slong d, half;           /* half = (d - 3)/2                                 */
    arb_t constant, density; /* factors of the densities of w_1 and of X          */
    arb_t scale[LEGS];       /* tau r */
    leg legs[LEGS];
    int count;
    arb_t middle; /* of the piece between two breaks that is at work */
} means;

/* int_b^1 (1 - w^2)^k dw. */
static void tail_integral(acb_t y, const acb_t b, slong k, slong prec) {
    acb_t power, term, square;
    fmpz_t choose;
    acb_init(power);
    acb_init(term);
    acb_init(square);
    fmpz_init(choose);
    acb_zero(y);
    acb_set(power, b);
    acb_sqr(square, b, prec);
    for (slong i = 0; i <= k; ++i) {
        fmpz_bin_uiui(choose, (ulong)k, (ulong)i);
        acb_sub_ui(term, power, 1, prec); /* (b^(2i+1) - 1) */
        acb_mul_fmpz(term, term, choose, prec);
        acb_div_si(term, term, 2 * i + 1, prec);
        if (i % 2)
            acb_add(y, y, term, prec);
        else
            acb_sub(y, y, term, prec);
        acb_mul(power, power, square, prec);
    }
    acb_clear(power);
    acb_clear(term);
    acb_clear(square);
    fmpz_clear(choose);
}

/* What one kink adds to h, h' or h'' at s > t, apart from kappa and the constant of the density. */
static void kink_part(acb_t y, const arb_t t, const acb_t s, slong k, int order, slong prec) {
    acb_t b, c, x;
    acb_init(b);
    acb_init(c);
    acb_init(x);
    acb_set_arb(x, t);
    if (!arb_is_zero(t)) /* else b = 0, at X = 0 too */
        acb_div(b, x, s, prec);
    acb_sqr(c, b, prec);
    acb_sub_si(c, c, 1, prec);
    acb_neg(c, c); /* 1 - b^2 */
    acb_pow_ui(c, c, (ulong)(order == 2 ? k : k + 1), prec);
    if (order == 2) { /* b^2/s (1 - b^2)^k */
        acb_zero(y);
        if (!arb_is_zero(t))
            acb_div(y, c, s, prec);
        acb_mul(y, y, b, prec);
        acb_mul(y, y, b, prec);
    } else { /* int_b^1 w (1 - w^2)^k dw */
        acb_div_si(y, c, 2 * (k + 1), prec);
    }
    if (order == 0) {
        acb_mul(y, y, s, prec);
        tail_integral(c, b, k, prec);
        acb_mul(c, c, x, prec);
        acb_sub(y, y, c, prec);
    }
    acb_clear(b);
    acb_clear(c);
    acb_clear(x);
}

/* One leg at X, on the piece at work. */
static void leg_at(acb_t y, const means *p, int i, const acb_t X, slong prec) {
    acb_t s, part;
    arb_t at;
    acb_init(s);
    acb_init(part);
    arb_init(at);
    acb_mul_arb(s, X, p->scale[i], prec);
    arb_mul(at, p->middle, p->scale[i], PREC);
    acb_zero(y);
    for (slong j = 0; j < p->series->knots; ++j) {
        if (arb_lt(at, p->series->knot + j))
            continue;
        kink_part(part, p->series->knot + j, s, p->half, p->legs[i].order, prec);
        acb_mul_arb(part, part, p->series->kink + j, prec);
        acb_add(y, y, part, prec);
    }
    acb_mul_arb(y, y, p->constant, prec);
    if (p->legs[i].order == 0)
        acb_add_arb(y, y, p->series->at_zero, prec);
    arb_add_si(acb_realref(y), acb_realref(y), p->legs[i].shift, prec);
    acb_clear(s);
    acb_clear(part);
    arb_clear(at);
}

/* The density of X times the legs; tau^order is left out. */
static int integrand(acb_ptr y, const acb_t X, void *context, slong order, slong prec) {
    const means *p = context;
    acb_t x;
    (void)order; /* analytic on each piece, but at X = 0, which is seen as a division by zero */
    acb_init(x);
    slong power = p->d - 1;
    for (int i = 0; i < p->count; ++i)
        power += p->legs[i].order;
    acb_sqr(y, X, prec);
    acb_mul_2exp_si(y, y, -1);
    acb_neg(y, y);
    acb_exp(y, y, prec);
    acb_pow_ui(x, X, (ulong)power, prec);
    acb_mul(y, y, x, prec);
    acb_mul_arb(y, y, p->density, prec);
    for (int i = 0; i < p->count; ++i) {
        leg_at(x, p, i, X, prec);
        acb_mul(y, y, x, prec);
    }
    acb_clear(x);
    return 0;
}

static void means_init(means *p, const mf_series *series, slong d) {
    acb_t zero, y;
    arb_t x;
    acb_init(zero);
    acb_init(y);
    arb_init(x);
    *p = (means){.series = series, .d = d, .half = (d - 3) / 2};
    arb_init(p->constant);
    arb_init(p->density);
    arb_init(p->middle);
    for (int i = 0; i < LEGS; ++i)
        arb_init(p->scale[i]);
    tail_integral(y, zero, p->half, PREC);
    arb_mul_2exp_si(p->constant, acb_realref(y), 1);
    arb_inv(p->constant, p->constant, PREC);
    arb_set_si(x, d); /* 2^(1 - d/2)/Gamma(d/2), and 2^(1/2 - k) = sqrt(2)/2^k */
    arb_mul_2exp_si(x, x, -1);
    arb_rgamma(p->density, x, PREC);
    arb_sqrt_ui(x, 2, PREC);
    arb_mul(p->density, p->density, x, PREC);
    arb_mul_2exp_si(p->density, p->density, -(d - 1) / 2);
    acb_clear(zero);
    acb_clear(y);
    arb_clear(x);
}

static void means_clear(means *p) {
    arb_clear(p->constant);
    arb_clear(p->density);
    arb_clear(p->middle);
    for (int i = 0; i < LEGS; ++i)
        arb_clear(p->scale[i]);
}

/* |legs| <= 10^4 (1 + X^2): what lies beyond X = CUT, P(chi_d > CUT) + d P(chi_(d+2) > CUT). */
static void allow_beyond(arb_t y, slong d) {
    arb_t a, z;
    arb_init(a);
    arb_init(z);
    for (int i = 0; i < 2; ++i) {
        arb_set_si(a, d + 2 * i);
        arb_mul_2exp_si(a, a, -1);
        arb_set_ui(z, CUT * CUT / 2);
        arb_hypgeom_gamma_upper(z, a, z, 1, PREC);
        arb_mul_ui(z, z, i ? 10000 * (ulong)d : 10000, PREC);
        arb_add_error(y, z);
    }
    arb_clear(a);
    arb_clear(z);
}

/* Where a leg passes a knot, sorted, with 0 and CUT: how many. */
static int find_breaks(const means *p, arb_ptr at) {
    int n = 1;
    for (int i = 0; i < p->count; ++i)
        for (slong j = 0; j < p->series->knots; ++j) {
            arb_div(at + n, p->series->knot + j, p->scale[i], PREC);
            if (!arb_is_zero(at + n) && arf_cmp_si(arb_midref(at + n), CUT) < 0)
                ++n;
        }
    arb_set_si(at + n++, CUT);
    for (int i = 1; i < n; ++i)
        for (int j = i; j > 0 && arf_cmp(arb_midref(at + j), arb_midref(at + j - 1)) < 0; --j)
            arb_swap(at + j, at + j - 1);
    return n;
}

/* E of the product of the legs. */
static void mean(arb_t y, means *p) {
    arb_ptr at = _arb_vec_init(BREAKS);
    acb_t low, high, part;
    mag_t tolerance;
    acb_init(low);
    acb_init(high);
    acb_init(part);
    mag_init(tolerance);
    mag_set_ui_2exp_si(tolerance, 1, -goal);
    arb_zero(y);
    int n = find_breaks(p, at);
    for (int i = 0; i + 1 < n; ++i) {
        if (arb_overlaps(at + i, at + i + 1) && i > 0)
            continue; /* the same break of both legs */
        arb_add(p->middle, at + i, at + i + 1, PREC);
        arb_mul_2exp_si(p->middle, p->middle, -1);
        acb_set_arb(low, at + i);
        acb_set_arb(high, at + i + 1);
        acb_calc_integrate(part, integrand, p, low, high, goal, tolerance, NULL, goal + goal / 4);
        arb_add(y, y, acb_realref(part), PREC);
    }
    allow_beyond(y, p->d);
    _arb_vec_clear(at, BREAKS);
    acb_clear(low);
    acb_clear(high);
    acb_clear(part);
    mag_clear(tolerance);
}

/* E of (tau X)^order h^(order)(tau r X) + shift, and of a product of two such; at d = inf the
 * product of both.                                                                         */
static void one_mean(arb_t y, means *p, int side, const arb_t r, leg a) {
    arb_srcptr tau = p->series->tau[side];
    p->count = 1;
    p->legs[0] = a;
    arb_mul(p->scale[0], tau, r, PREC);
    mean(y, p);
    for (int i = 0; i < a.order; ++i)
        arb_mul(y, y, tau, PREC);
}

static void two_means(arb_t y, means *p, int side, const arb_t r, leg a, const arb_t s, leg b) {
    arb_srcptr tau = p->series->tau[side];
    if (p->series->infinite) {
        arb_t z;
        arb_init(z);
        one_mean(z, p, side, r, a);
        one_mean(y, p, side, s, b);
        arb_mul(y, y, z, PREC);
        arb_clear(z);
        return;
    }
    p->count = 2;
    p->legs[0] = a;
    p->legs[1] = b;
    arb_mul(p->scale[0], tau, r, PREC);
    arb_mul(p->scale[1], tau, s, PREC);
    mean(y, p);
    for (int i = 0; i < a.order + b.order; ++i)
        arb_mul(y, y, tau, PREC);
}

/* ---- Psi(.; sphere of radius s) and R, with two derivatives, the other way ------------------------------ */

/* Psi = 1/2 sum_+- E h(tau r X) (h(tau s X) -+ 1). */
static void psi(arb_ptr y, means *p, const arb_t r, const arb_t s) {
    arb_t part;
    arb_init(part);
    for (int i = 0; i < 3; ++i) {
        arb_zero(y + i);
        for (int side = 0; side < 2; ++side) {
            two_means(part, p, side, r, (leg){i, 0}, s, (leg){0, side ? 1 : -1});
            arb_add(y + i, y + i, part, PREC);
        }
        arb_mul_2exp_si(y + i, y + i, -1);
    }
    arb_clear(part);
}

/* R = 1/2 sum_+- E (h(tau r X) -+ 1)^2. */
static void risk(arb_ptr y, means *p, const arb_t r) {
    arb_t part;
    arb_init(part);
    _arb_vec_zero(y, 3);
    for (int side = 0; side < 2; ++side) {
        leg off = {0, side ? 1 : -1};
        two_means(part, p, side, r, off, r, off);
        arb_mul_2exp_si(part, part, -1);
        arb_add(y, y, part, PREC);
        for (int i = 1; i < 3; ++i) {
            two_means(part, p, side, r, off, r, (leg){i, 0});
            arb_add(y + i, y + i, part, PREC);
        }
        two_means(part, p, side, r, (leg){1, 0}, r, (leg){1, 0});
        arb_add(y + 2, y + 2, part, PREC);
    }
    arb_clear(part);
}

/* Derivatives in r to such in x = 1/r: -r^2 f', r^4 f'' + 2 r^3 f'. */
static void turn(arb_ptr y, const arb_t r) {
    arb_t x;
    arb_init(x);
    arb_mul(y + 2, y + 2, r, PREC);
    arb_mul_2exp_si(x, y + 1, 1);
    arb_add(y + 2, y + 2, x, PREC);
    arb_pow_ui(x, r, 3, PREC);
    arb_mul(y + 2, y + 2, x, PREC);
    arb_sqr(x, r, PREC);
    arb_mul(y + 1, y + 1, x, PREC);
    arb_neg(y + 1, y + 1);
    arb_clear(x);
}

/* ---- random problems and boxes -------------------------------------------------------------------------- */

static unsigned long state = 12345;

static double uniform(void) {
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    return (double)(state >> 11) * 0x1p-53;
}

/* Centre even in r/(1 + r), the half-width from all of it to 10^-6. */
static mf_box random_box(double far) {
    double t = uniform(), width = pow(10, -6 * uniform());
    mf_chart chart = t / (1 - t) < far ? MF_NEAR : MF_FAR;
    double x = chart == MF_NEAR ? t / (1 - t) : (1 - t) / t;
    return (mf_box){chart, x - x * width, x + x * width};
}

typedef struct {
    arb_t value, slope, curvature, range;
} enclosures;

static void holds(const enclosures *e, arb_srcptr truth, bool centre, const char *what) {
    static const char *const claims[] = {"value", "slope", "curvature", "range"};
    char claim[80];
    arb_srcptr ball[] = {e->value, e->slope, e->curvature, e->range},
               of[] = {truth, truth + 1, truth + 2, truth};
    for (int i = centre ? 0 : 2; i < 4; ++i) {
        snprintf(claim, sizeof claim, "%s of %s agrees with the integral", claims[i], what);
        expect(arb_overlaps(ball[i], of[i]), claim);
        expect(mag_cmp_2exp_si(arb_radref(of[i]), 30 - goal) < 0,
               "integrals are as exact as asked for");
    }
}

/* Exact: a sum of two doubles. */
static void middle_of(arb_t x, mf_box box) {
    arb_t high;
    arb_init(high);
    arb_set_d(x, box.low);
    arb_set_d(high, box.high);
    arb_add(x, x, high, ARF_PREC_EXACT);
    arb_mul_2exp_si(x, x, -1);
    arb_clear(high);
}

/* The truth at the centre of the box and at another point of it, perhaps an end. */
static void compare(means *p, mf_box box, const arb_t s, const enclosures *of_psi,
                    const enclosures *of_risk) {
    arb_ptr y = _arb_vec_init(3);
    arb_t r;
    arb_init(r);
    for (int i = 0; i < 2; ++i) {
        arb_set_d(r, uniform() < 0.3 ? box.high : box.low + uniform() * (box.high - box.low));
        if (i == 0)
            middle_of(r, box);
        if (box.chart == MF_FAR)
            arb_inv(r, r, PREC);
        psi(y, p, r, s);
        if (box.chart == MF_FAR)
            turn(y, r);
        holds(of_psi, y, i == 0, "Psi");
        risk(y, p, r);
        if (box.chart == MF_FAR)
            turn(y, r);
        holds(of_risk, y, i == 0, "R");
    }
    _arb_vec_clear(y, 3);
    arb_clear(r);
}

static void enclosures_init(enclosures *e) {
    arb_init(e->value);
    arb_init(e->slope);
    arb_init(e->curvature);
    arb_init(e->range);
}

static void enclosures_clear(enclosures *e) {
    arb_clear(e->value);
    arb_clear(e->slope);
    arb_clear(e->curvature);
    arb_clear(e->range);
}

static void on_a_box(mf_boxes *boxes, means *p, mf_box box) {
    enclosures of_psi, of_risk;
    mf_force force;
    arb_t s, one;
    enclosures_init(&of_psi);
    enclosures_init(&of_risk);
    arb_init(s);
    arb_init(one);
    arb_one(one);
    arb_set_d(s, 0.2 + 3 * uniform());
    mf_force_init(&force, boxes->series);
    mf_force_add(&force, boxes, s, one);
    mf_boxes_move(boxes, box);
    mf_psi(boxes, &force, of_psi.value, of_psi.slope, of_psi.curvature);
    mf_range(of_psi.range, boxes, of_psi.value, of_psi.slope, of_psi.curvature);
    mf_risk(boxes, of_risk.value, of_risk.slope, of_risk.curvature);
    mf_range(of_risk.range, boxes, of_risk.value, of_risk.slope, of_risk.curvature);
    expect(mag_cmp_2exp_si(arb_radref(of_psi.value), -40) < 0, "Psi is known to 12 digits");
    expect(mag_cmp_2exp_si(arb_radref(of_risk.value), -40) < 0, "R is known to 12 digits");
    compare(p, box, s, &of_psi, &of_risk);
    mf_force_clear(&force, boxes->series);
    enclosures_clear(&of_psi);
    enclosures_clear(&of_risk);
    arb_clear(s);
    arb_clear(one);
}

typedef struct {
    double d;
    const char *delta;
    int knots;
    const char *t[4], *s[4];
    slong first; /* bits of the integrals for the first box */
} example;

/* Reads e with another Delta (NULL: its own). */
static void read_problem(mf_exact_problem *problem, const example *e, const char *delta,
                         bool all_below) {
    mf_proof_spec spec = {.d = e->d, .knots = (size_t)e->knots, .bits = 48, .all_below = all_below};
    snprintf(spec.delta.text, MF_EXACT_TEXT, "%s", delta ? delta : e->delta);
    for (int i = 0; i < e->knots; ++i) {
        snprintf(spec.t[i].text, MF_EXACT_TEXT, "%s", e->t[i]);
        snprintf(spec.s[i].text, MF_EXACT_TEXT, "%s", e->s[i]);
    }
    expect(mf_exact_problem_read(problem, &spec, NULL) == MF_OK, "the problem can be read");
}

static void try(const example *e) {
    mf_exact_problem problem;
    mf_series series, exact;
    mf_boxes boxes;
    means p;
    read_problem(&problem, e, NULL, false);
    mf_series_init(&series, &problem, 48, NULL);
    problem.infinite = true; /* a series of one term, for its knots at 700 bits */
    mf_series_init(&exact, &problem, PREC, NULL);
    exact.infinite = isinf(e->d);
    mf_boxes_init(&boxes, &series);
    means_init(&p, &exact, exact.infinite ? ANY : (slong)e->d);
    goal = e->first;
    on_a_box(&boxes, &p, random_box(4));
    goal = 130;
    for (int i = 0; i < 2; ++i)
        on_a_box(&boxes, &p, random_box(4));
    on_a_box(&boxes, &p, (mf_box){MF_FAR, 0, 0x1p-3});
    on_a_box(&boxes, &p, (mf_box){MF_NEAR, 0, 0.75});
    means_clear(&p);
    mf_boxes_clear(&boxes);
    mf_series_clear(&series);
    mf_series_clear(&exact);
    problem.infinite = isinf(e->d);
    mf_exact_problem_clear(&problem);
}

/* ---- d = inf: S and D for every Delta up to one, and the end of the interval ------------------------------- */

/* S and D with two derivatives, from the means of both sides. */
static void halves(arb_ptr sum, arb_ptr difference, means *p, const arb_t r) {
    arb_t x;
    arb_init(x);
    for (int i = 0; i < 3; ++i) {
        one_mean(sum + i, p, 0, r, (leg){i, 0});
        one_mean(x, p, 1, r, (leg){i, 0});
        arb_sub(difference + i, sum + i, x, PREC);
        arb_add(sum + i, sum + i, x, PREC);
        arb_mul_2exp_si(sum + i, sum + i, -1);
        arb_mul_2exp_si(difference + i, difference + i, -1);
        arb_div(difference + i, difference + i, p->series->delta, PREC);
    }
    arb_clear(x);
}

static void compare_halves(mf_boxes *boxes, means *p, mf_box box) {
    arb_ptr y = _arb_vec_init(8);
    arb_t r;
    arb_init(r);
    for (int i = 0; i < 2; ++i) {
        arb_set_d(r, box.high);
        if (i == 0)
            middle_of(r, box);
        if (box.chart == MF_FAR)
            arb_inv(r, r, PREC);
        halves(y, y + 3, p, r);
        if (box.chart == MF_FAR) {
            turn(y, r);
            turn(y + 3, r);
        }
        for (int k = i == 0 ? 0 : 2; k < 3; ++k) { /* curvatures hold on the whole box */
            mf_halves(boxes, k, y + 6, y + 7);
            expect(arb_overlaps(y + 6, y + k), "S agrees with the integral");
            expect(arb_overlaps(y + 7, y + 3 + k), "D agrees with the integral");
            expect(mag_cmp_2exp_si(arb_radref(y + 3 + k), -90) < 0, "the integral is exact enough");
            expect(k == 2 || mag_cmp_2exp_si(arb_radref(y + 7), -4) < 0, "D is known");
        }
    }
    _arb_vec_clear(y, 8);
    arb_clear(r);
}

/* Boxes of one Delta, or of all up to `delta`, against integrals at one of them. */
static void try_halves(const example *e, const char *delta, bool all_below, const char *at) {
    static const mf_box list[] = {
            {MF_NEAR, 0, 0.5}, {MF_NEAR, 1.25, 1.5}, {MF_NEAR, 3, 3.125}, {MF_FAR, 0, 0.125}};
    mf_exact_problem problem, point;
    mf_series series, exact;
    mf_boxes boxes;
    means p;
    goal = 160;
    read_problem(&problem, e, delta, all_below);
    read_problem(&point, e, at, false);
    mf_series_init(&series, &problem, 96, NULL);
    mf_series_init(&exact, &point, PREC, NULL);
    mf_boxes_init(&boxes, &series);
    means_init(&p, &exact, ANY);
    for (size_t i = 0; i < sizeof list / sizeof *list; ++i) {
        mf_boxes_move(&boxes, list[i]);
        compare_halves(&boxes, &p, list[i]);
    }
    means_clear(&p);
    mf_boxes_clear(&boxes);
    mf_series_clear(&series);
    mf_series_clear(&exact);
    mf_exact_problem_clear(&problem);
    mf_exact_problem_clear(&point);
}

/* Newton's method for q(s) = value, from a double. */
static void solve(arb_t s, means *p, double from, int value) {
    arb_t slope, y;
    arb_init(slope);
    arb_init(y);
    arb_set_d(s, from);
    p->count = 1;
    for (int i = 0; i < 12; ++i) {
        arb_set_round(p->scale[0], s, PREC);
        mag_zero(arb_radref(p->scale[0]));
        p->legs[0] = (leg){1, 0};
        mean(slope, p);
        p->legs[0] = (leg){0, -value};
        mean(y, p);
        arb_div(y, y, slope, PREC);
        arb_sub(s, p->scale[0], y, PREC);
    }
    arb_clear(slope);
    arb_clear(y);
}

/* Delta_inf = (s_+ - s_-)/(s_+ + s_-), q(s_+-) = +-1: there one sphere has risk 0. */
static void end_at_infinity(const example *e) {
    mf_exact_problem problem;
    mf_series exact;
    means p;
    arb_t up, down, y;
    arb_init(up);
    arb_init(down);
    arb_init(y);
    goal = 200;
    read_problem(&problem, e, NULL, false);
    mf_series_init(&exact, &problem, PREC, NULL);
    means_init(&p, &exact, ANY);
    solve(up, &p, 2.5, 1);
    solve(down, &p, 0.9, -1);
    arb_sub(y, up, down, PREC);
    arb_add(up, up, down, PREC);
    arb_div(y, y, up, PREC);
    arb_set_str(up, "0.474218951513623814666904672618782732660753833", PREC);
    arb_sub(y, y, up, PREC);
    expect(arb_is_finite(y) && arf_cmpabs_d(arb_midref(y), 1e-35) < 0 &&
                   mag_cmp_2exp_si(arb_radref(y), -116) < 0,
           "the end of the interval at d = inf in closed form");
    means_clear(&p);
    mf_series_clear(&exact);
    mf_exact_problem_clear(&problem);
    arb_clear(up);
    arb_clear(down);
    arb_clear(y);
}

int main(void) {
    static const example examples[] = {
            {13, "0.2", 2, {"0.5", "1.5"}, {"-2.5", "7.5"}, 664},
            {17, "1/3", 3, {"0", "0.5", "1.5"}, {"-2.5", "-4", "7.5"}, 130},
            {HUGE_VAL, "0.47", 2, {"0.5", "1.5"}, {"-2.5", "7.5"}, 664},
            {HUGE_VAL,
             "0x1p-4",
             4,
             {"-0.75", "0", "0.5", "1.5"},
             {"-1", "-2.5", "-4", "7.5"},
             130}};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; ++i)
        try(examples + i);
    try_halves(examples + 2, "0.4", false, "0.4");
    try_halves(examples + 3, "1e-9", false, "1e-9");
    try_halves(examples + 2, "1/10000", true, "1/10000");
    try_halves(examples + 3, "1/10000", true, "1e-7");
    end_at_infinity(examples + 2);
    flint_cleanup();
    return verdict();
}
